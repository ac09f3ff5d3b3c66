/* SPDX-License-Identifier: Apache-2.0 */
#include "masks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "instance.h"
#include "targets.h"

#define FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* What hides files or folders: the first place that is covered is bound at all others, with one
 * call each, and with its flags. */
struct cover {
    char source[OVERLAYFS_TARGET_TEXT]; /* for mount(2); "": none is covered yet */
    int fd;                             /* behind source, or -1 */
};

struct covers {
    struct overlayfs_tree null; /* the host's /dev/null, until it is attached */
    struct cover file, folder;
};

/* Names of procfs's root that are links. */
static bool is_proc_link(const char *name)
{
    static const char *const names[] = {"mounts", "net", "self", "thread-self"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* 1: TARGET is where PATH is, 0: there is no such path. A name below our procfs is not looked
 * up: using it tells whether it is there. */
static int find(struct overlayfs *self, const char *path, struct overlayfs_target *target,
                struct barrer_error *err)
{
    const char *name = overlayfs_name_below(path, "/proc");
    int proc_fd, r;

    if (name != NULL && !is_proc_link(name)) {
        proc_fd = overlayfs_fresh_fd(self, &self->proc, "/proc");
        if (proc_fd >= 0) {
            *target =
                (struct overlayfs_target){.fd = -1, .dir_fd = proc_fd, .name = name, .path = path};
            return 1;
        }
    }
    r = overlayfs_target_find(self, path, target, err);
    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    return r < 0 ? r : 1;
}

/* TARGET is covered: from now on it is the source. */
static int remember(struct overlayfs *self, struct cover *cover,
                    const struct overlayfs_target *target)
{
    struct overlayfs_target mounted = *target;

    /* A descriptor of the place was opened below what now is mounted there. */
    if (target->fd >= 0) {
        cover->fd = overlayfs_target_reopen(self, target);
        if (cover->fd < 0)
            return cover->fd;
        mounted.fd = cover->fd;
    }
    overlayfs_target_text(&mounted, cover->source);
    return 0;
}

static int bind_cover(const struct cover *cover, const struct overlayfs_target *target)
{
    char place[OVERLAYFS_TARGET_TEXT];

    overlayfs_target_text(target, place);
    return mount(cover->source, place, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

/* The host's /dev/null, since the container's may be anything, as a mount that cannot be used to
 * change its owner or mode. */
static int open_null(struct overlayfs *self, struct overlayfs_tree *tree)
{
    struct stat st;
    int r;

    tree->all = (struct mount_attr){.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
    r = overlayfs_tree_open(self, tree, AT_FDCWD, "/dev/null", 0);
    if (r < 0)
        return r;
    if (fstat(tree->fd, &st) < 0)
        return -errno;
    return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) ? 0 : -ENODEV;
}

static int cover_file(struct overlayfs *self, struct covers *covers,
                      const struct overlayfs_target *target)
{
    int r;

    if (covers->file.source[0] != '\0')
        return bind_cover(&covers->file, target);
    if (covers->null.fd < 0) {
        r = open_null(self, &covers->null);
        if (r < 0)
            return r;
    }
    r = overlayfs_tree_attach(self, &covers->null, target);
    return r < 0 ? r : remember(self, &covers->file, target);
}

/* An empty, read-only tmpfs. */
static int cover_folder(struct overlayfs *self, struct covers *covers,
                        const struct overlayfs_target *target)
{
    char place[OVERLAYFS_TARGET_TEXT];

    if (covers->folder.source[0] != '\0')
        return bind_cover(&covers->folder, target);
    overlayfs_target_text(target, place);
    if (mount("tmpfs", place, "tmpfs", FLAGS, "mode=755") < 0)
        return -errno;
    return remember(self, &covers->folder, target);
}

static int mask(struct overlayfs *self, struct covers *covers, const char *path,
                struct barrer_error *err)
{
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;
    int r = find(self, path, &target, err);

    if (r <= 0)
        return r;
    r = cover_file(self, covers, &target);
    /* A file cannot be mounted on a folder: EINVAL from move_mount(2), ENOTDIR from mount(2). */
    if (r == -EINVAL || r == -ENOTDIR)
        r = cover_folder(self, covers, &target);
    overlayfs_leave_fd(self, &target.fd);
    return r < 0 && r != -ENOENT ? barrer_fail(self->host, err, -r, "mask \"%s\"", path) : 0;
}

static int make_readonly(struct overlayfs *self, const char *path, struct barrer_error *err)
{
    struct overlayfs_tree tree = {.fd = -1, .is_recursive = true};
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;
    int r = find(self, path, &target, err);

    if (r <= 0)
        return r;
    tree.all.attr_set = MOUNT_ATTR_RDONLY;
    if (target.fd >= 0)
        r = overlayfs_tree_open(self, &tree, target.fd, "", AT_EMPTY_PATH);
    else
        r = overlayfs_tree_open(self, &tree, target.dir_fd, target.name, AT_SYMLINK_NOFOLLOW);
    if (r == 0)
        r = overlayfs_tree_attach(self, &tree, &target);
    overlayfs_leave_fd(self, &tree.fd);
    overlayfs_leave_fd(self, &target.fd);
    return r < 0 && r != -ENOENT ? barrer_fail(self->host, err, -r, "make \"%s\" read-only", path)
                                 : 0;
}

/* Once is enough: a second cover would only hide the first one. */
static bool is_repeated(const char *const *paths, const char *const *path)
{
    for (; paths < path; paths++)
        if (strcmp(*paths, *path) == 0)
            return true;
    return false;
}

int overlayfs_masks_apply(struct overlayfs *self, const struct barrer_filesystem_request *request,
                          struct barrer_error *err)
{
    struct covers covers = {.null = OVERLAYFS_NO_TREE, .file = {.fd = -1}, .folder = {.fd = -1}};
    int r = 0;

    for (const char *const *path = request->readonly_paths; path && *path && r == 0; path++)
        r = make_readonly(self, *path, err);
    for (const char *const *path = request->masked_paths; path && *path && r == 0; path++)
        r = is_repeated(request->masked_paths, path) ? 0 : mask(self, &covers, *path, err);
    overlayfs_leave_fd(self, &covers.null.fd);
    overlayfs_leave_fd(self, &covers.file.fd);
    overlayfs_leave_fd(self, &covers.folder.fd);
    return r;
}
