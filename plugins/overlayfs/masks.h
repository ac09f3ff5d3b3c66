/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths that the container must not see, or not change. Inside.
 */
#ifndef OVERLAYFS_MASKS_H
#define OVERLAYFS_MASKS_H

#include <barrer/filesystem.h>

struct overlayfs;

int overlayfs_masks_apply(struct overlayfs *self, const struct barrer_filesystem_request *request,
                          struct barrer_error *err);

#endif
