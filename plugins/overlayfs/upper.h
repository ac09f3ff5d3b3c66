/* SPDX-License-Identifier: Apache-2.0
 *
 * The writable layer of an overlay: its folders, and their removal.
 */
#ifndef OVERLAYFS_UPPER_H
#define OVERLAYFS_UPPER_H

#include <stdbool.h>

#include <barrer/filesystem.h>

struct overlayfs;

struct overlayfs_upper {
    char *upper, *work; /* absolute paths */
};

/* Record the folder as a fact unless it is to be kept, and make it. Sets *ret_is_user_xattr where
 * only "user." attributes can be used. Host side. */
int overlayfs_upper_make(struct overlayfs *self, const struct barrer_filesystem_request *request,
                         struct overlayfs_upper *upper, bool *ret_is_user_xattr,
                         struct barrer_error *err);
/* Remove what the fact names. Idempotent. Host side. */
int overlayfs_upper_remove(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err);
void overlayfs_upper_fini(struct overlayfs_upper *upper);

#endif
