/* SPDX-License-Identifier: Apache-2.0 */
#include "trees.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "instance.h"
#include "remounts.h"
#include "targets.h"

/* Linux 6.15; the same number on all architectures but alpha. */
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static bool is_empty(const struct mount_attr *attr)
{
    return (attr->attr_set | attr->attr_clr | attr->propagation) == 0;
}

/* The answers of a kernel that lacks a call, and of seccomp filters that know it as little. Each
 * may also mean the call's arguments: then the other way fails as well and says why. */
static bool is_unknown(int r)
{
    return r == -ENOSYS || r == -EPERM || r == -EINVAL;
}

/* What a tree of one mount is to get: `top` after `all`, in one. */
static void merge(struct overlayfs_tree *tree)
{
    struct mount_attr *all = &tree->all, *top = &tree->top;

    all->attr_set = (all->attr_set & ~top->attr_clr) | top->attr_set;
    all->attr_clr = (all->attr_clr & ~top->attr_set) | top->attr_clr;
    /* The bits of an access time mode are set only together with clearing all of them. */
    if ((all->attr_set & MOUNT_ATTR__ATIME) != 0)
        all->attr_clr |= MOUNT_ATTR__ATIME;
    if (top->propagation != 0)
        all->propagation = top->propagation;
    if (top->attr_set & MOUNT_ATTR_IDMAP)
        all->userns_fd = top->userns_fd;
    *top = (struct mount_attr){0};
}

static int open_with_attr(struct overlayfs *self, struct overlayfs_tree *tree, int dir_fd,
                          const char *path, unsigned flags)
{
    long fd;

    if ((self->lacks & OVERLAYFS_LACKS_OPEN_TREE_ATTR) || is_empty(&tree->all))
        return -ENOSYS;
    fd = syscall(SYS_open_tree_attr, dir_fd, path, flags, &tree->all, sizeof(tree->all));
    if (fd < 0) {
        if (errno == ENOSYS)
            self->lacks |= OVERLAYFS_LACKS_OPEN_TREE_ATTR;
        return -errno;
    }
    tree->all = (struct mount_attr){0};
    return (int)fd;
}

static int open_detached(struct overlayfs *self, struct overlayfs_tree *tree, int dir_fd,
                         const char *path, int at_flags)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (unsigned)at_flags;
    int fd;

    if (self->lacks & OVERLAYFS_LACKS_OPEN_TREE)
        return -ENOSYS;
    if (tree->is_recursive)
        flags |= AT_RECURSIVE;
    fd = open_with_attr(self, tree, dir_fd, path, flags);
    if (fd >= 0 || !is_unknown(fd))
        return fd;
    fd = open_tree(dir_fd, path, flags);
    if (fd < 0 && errno == ENOSYS)
        self->lacks |= OVERLAYFS_LACKS_OPEN_TREE;
    return fd < 0 ? -errno : fd;
}

/* -ENOSYS: not possible before the tree is attached. */
static int set_by_setattr(struct overlayfs *self, int fd, bool is_recursive,
                          const struct mount_attr *wanted)
{
    unsigned flags = AT_EMPTY_PATH | (is_recursive ? AT_RECURSIVE : 0);
    struct mount_attr attr = *wanted;

    if (self->lacks & OVERLAYFS_LACKS_MOUNT_SETATTR)
        return -ENOSYS;
    if (mount_setattr(fd, "", flags, &attr, sizeof(attr)) == 0)
        return 0;
    if (errno == EPERM && attr.attr_clr != 0 && !(attr.attr_set & MOUNT_ATTR_IDMAP)) {
        /* In a user namespace the flags of a mount from outside are locked: what the source has
         * stays (mount_namespaces(7)). */
        attr.attr_clr = 0;
        attr.attr_set &= ~(uint64_t)MOUNT_ATTR__ATIME;
        if (is_empty(&attr) || mount_setattr(fd, "", flags, &attr, sizeof(attr)) == 0) {
            barrer_log(self->host, BARRER_LOG_NOTICE,
                       "a mount keeps flags of its source, which are locked here");
            return 0;
        }
    }
    if (errno == ENOSYS)
        self->lacks |= OVERLAYFS_LACKS_MOUNT_SETATTR;
    return -errno;
}

static int set_pending(struct overlayfs *self, struct overlayfs_tree *tree, int fd)
{
    int r = 0;

    if (!is_empty(&tree->all))
        r = set_by_setattr(self, fd, tree->is_recursive, &tree->all);
    if (r < 0)
        return r;
    tree->all = (struct mount_attr){0};
    if (!is_empty(&tree->top))
        r = set_by_setattr(self, fd, false, &tree->top);
    if (r == 0)
        tree->top = (struct mount_attr){0};
    return r;
}

int overlayfs_tree_open(struct overlayfs *self, struct overlayfs_tree *tree, int dir_fd,
                        const char *path, int at_flags)
{
    barrer_auto_fd int fd = -1;
    struct overlayfs_tree wanted;
    int r;

    if (!tree->is_recursive)
        merge(tree);
    wanted = *tree;
    fd = open_detached(self, tree, dir_fd, path, at_flags);
    if (is_unknown(fd)) {
        if (!self->is_inside)
            return 0;
        /* mount(2) needs no more than the place, but the very place that was opened here. */
        if (at_flags & AT_EMPTY_PATH)
            tree->fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
        else
            tree->fd =
                openat(dir_fd, path,
                       O_PATH | O_CLOEXEC | (at_flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
        return tree->fd < 0 ? -errno : 0;
    }
    if (fd < 0)
        return fd;
    r = set_pending(self, tree, fd);
    if ((r == -EPERM || r == -EINVAL) && !self->is_inside) {
        *tree = wanted;
        return 0;
    }
    /* What the call does not do here is left for mount(2), once the tree is attached. */
    if (r < 0 && !is_unknown(r))
        return r;
    tree->is_mount = true;
    tree->fd = barrer_take_fd(&fd);
    return 0;
}

static int bind_by_mount(struct overlayfs *self, struct overlayfs_tree *tree,
                         const struct overlayfs_target *target)
{
    char source[OVERLAYFS_FD_TEXT], place[OVERLAYFS_TARGET_TEXT];
    int fd;

    overlayfs_target_text(target, place);
    (void)snprintf(source, sizeof(source), "%d", tree->fd);
    if (mount(source, place, NULL, MS_BIND | (tree->is_recursive ? MS_REC : 0), NULL) < 0)
        return -errno;
    fd = overlayfs_target_reopen(self, target);
    if (fd < 0)
        return fd;
    (void)close(tree->fd);
    tree->fd = fd;
    return 0;
}

static int attach_pending(struct overlayfs *self, struct overlayfs_tree *tree)
{
    int r = 0;

    if (!is_empty(&tree->all))
        r = overlayfs_tree_set(self, tree->fd, tree->is_recursive, &tree->all);
    if (r == 0 && !is_empty(&tree->top))
        r = overlayfs_tree_set(self, tree->fd, false, &tree->top);
    return r;
}

int overlayfs_tree_attach(struct overlayfs *self, struct overlayfs_tree *tree,
                          const struct overlayfs_target *target)
{
    int r;

    if (tree->is_mount) {
        int dir_fd = target->fd >= 0 ? target->fd : target->dir_fd;
        const char *name = target->fd >= 0 ? "" : target->name;

        if (move_mount(tree->fd, "", dir_fd, name,
                       MOVE_MOUNT_F_EMPTY_PATH | (*name == '\0' ? MOVE_MOUNT_T_EMPTY_PATH : 0)) < 0)
            return -errno;
    } else {
        r = bind_by_mount(self, tree, target);
        if (r < 0)
            return r;
    }
    return attach_pending(self, tree);
}

int overlayfs_tree_set(struct overlayfs *self, int fd, bool is_recursive,
                       const struct mount_attr *attr)
{
    int r = set_by_setattr(self, fd, is_recursive, attr), by_mount;

    if (!is_unknown(r))
        return r;
    by_mount = overlayfs_remount(self, fd, is_recursive, attr);
    return by_mount == -ENOSYS ? r : by_mount;
}
