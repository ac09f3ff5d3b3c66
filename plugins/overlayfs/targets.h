/* SPDX-License-Identifier: Apache-2.0
 *
 * Places in the container's root, which may be hostile: found and made without ever leaving it.
 * Inside only.
 */
#ifndef OVERLAYFS_TARGETS_H
#define OVERLAYFS_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include <barrer/plugin.h>

struct overlayfs;
struct overlayfs_fresh;

/* The place itself by descriptor, or a single NAME (never a link) in a file system of ours. */
struct overlayfs_target {
    int fd;     /* O_PATH; -1: use dir_fd and name */
    int dir_fd; /* borrowed */
    const char *name;
    const char *path; /* as config.json writes it */
};

#define OVERLAYFS_NO_TARGET ((struct overlayfs_target){.fd = -1, .dir_fd = -1})

/* Text for mount(2), while the working directory is /proc/self/fd. */
#define OVERLAYFS_FD_TEXT 16
#define OVERLAYFS_TARGET_TEXT (OVERLAYFS_FD_TEXT + 256)
void overlayfs_target_text(const struct overlayfs_target *target, char *text);

/* Find PATH. -ENOENT fills `err` as every error does; a caller for whom it is none ignores it. */
int overlayfs_target_find(struct overlayfs *self, const char *path, struct overlayfs_target *target,
                          struct barrer_error *err);
/* The same for PATH itself where that is a link. */
int overlayfs_target_find_link(struct overlayfs *self, const char *path,
                               struct overlayfs_target *target, struct barrer_error *err);
/* Make PATH a link to CONTENT, and the folders above it; one that is there must be such a link. */
int overlayfs_target_make_link(struct overlayfs *self, const char *path, const char *content,
                               struct barrer_error *err);
/* Find PATH, or make it, a folder or an empty file, and the folders above it. */
int overlayfs_target_make(struct overlayfs *self, const char *path, bool is_folder,
                          struct overlayfs_target *target, struct barrer_error *err);
/* Find or make a folder, for procfs and sysfs: no component of PATH may be a link. */
int overlayfs_target_make_plain(struct overlayfs *self, const char *path,
                                struct overlayfs_target *target, struct barrer_error *err);
/* What is now mounted on TARGET: its root as a new O_PATH descriptor, or -errno. */
int overlayfs_target_reopen(struct overlayfs *self, const struct overlayfs_target *target);
/* Done with *FD, which becomes -1. The core closes all descriptors at once before the payload is
 * executed, which saves a system call for each; only when there are many they are closed here. */
void overlayfs_leave_fd(struct overlayfs *self, int *fd);

/* The root of a fresh file system, borrowed; -1: there is none. */
int overlayfs_fresh_fd(struct overlayfs *self, struct overlayfs_fresh *fresh, const char *path);
/* Whether PATH, an absolute one, is below FOLDER, which is not the root. */
bool overlayfs_is_below(const char *path, const char *folder);
/* The single name that PATH is below the folder PREFIX ("/dev"); NULL if it is not. */
const char *overlayfs_name_below(const char *path, const char *prefix);
/* Whether PATH, however it is written, is the folder NAME ("dev") of the root; "": the root. */
bool overlayfs_is_path(const char *path, const char *name);
/* Whether a component of PATH is "..". */
bool overlayfs_has_dots(const char *path);

#endif
