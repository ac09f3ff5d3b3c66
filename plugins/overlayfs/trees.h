/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of mounts ("bind mounts"), from being opened, detached, with their flags, to being
 * attached at a target: open_tree(2) and move_mount(2), else mount(2) by descriptor.
 */
#ifndef OVERLAYFS_TREES_H
#define OVERLAYFS_TREES_H

#include <stdbool.h>
#include <sys/mount.h>

#include <barrer/plugin.h>

struct overlayfs;
struct overlayfs_target;

struct overlayfs_tree {
    int fd;            /* -1: not opened */
    bool is_mount;     /* fd is a mount of its own, else (O_PATH) what is to be bound */
    bool is_recursive; /* with what is mounted below it */
    /* Not applied yet: to the whole tree, then to its topmost mount. */
    struct mount_attr all, top;
};

#define OVERLAYFS_NO_TREE ((struct overlayfs_tree){.fd = -1})

/* Open PATH below DIR_FD. AT_FLAGS: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. On the host side a caller
 * without the privilege gets 0 and tree->fd == -1, and is to try again inside. Fills no error:
 * 0 or -errno. */
int overlayfs_tree_open(struct overlayfs *self, struct overlayfs_tree *tree, int dir_fd,
                        const char *path, int at_flags);
/* Attach TREE at TARGET and apply what is not applied yet; tree->fd is then the root of the
 * attached mount. Fills no error: 0 or -errno. Inside only. */
int overlayfs_tree_attach(struct overlayfs *self, struct overlayfs_tree *tree,
                          const struct overlayfs_target *target);
/* Change the flags and propagation of the mount whose root is FD. 0 or -errno. */
int overlayfs_tree_set(struct overlayfs *self, int fd, bool is_recursive,
                       const struct mount_attr *attr);

#endif
