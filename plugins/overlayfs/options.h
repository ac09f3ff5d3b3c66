/* SPDX-License-Identifier: Apache-2.0
 *
 * The options of a mount in config.json, by name.
 */
#ifndef OVERLAYFS_OPTIONS_H
#define OVERLAYFS_OPTIONS_H

#include <stdbool.h>
#include <sys/mount.h>

#include <barrer/filesystem.h>

enum overlayfs_idmap { OVERLAYFS_NO_IDMAP, OVERLAYFS_IDMAP, OVERLAYFS_RIDMAP };

struct overlayfs_options {
    unsigned long flags;   /* MS_* for mount(2) of a new file system */
    struct mount_attr top; /* of a bind mount: for the mount itself */
    struct mount_attr all; /* for it and what is mounted below it */
    unsigned propagation;  /* MS_SHARED ... with MS_REC; 0: none asked for */
    bool is_bind, is_recursive, is_remount, copies_up;
    bool copies_link, source_is_link, target_is_link; /* copy-symlink, src-nofollow, dest-nofollow */
    enum overlayfs_idmap idmap;
    const char *ranges;  /* the maps of "idmap=MAPS", borrowed; or NULL */
    const char *ignored; /* one that a bind mount cannot have, for the log; or NULL */
    char *data;          /* the options of the file system, separated by commas; owned; or NULL */
};

/* 0 or -ENOMEM. */
int overlayfs_options_parse(const char *const *names, struct overlayfs_options *ret_options);
void overlayfs_options_fini(struct overlayfs_options *options);

#endif
