/* SPDX-License-Identifier: Apache-2.0
 *
 * Making the root the root.
 */
#ifndef OVERLAYFS_PIVOT_H
#define OVERLAYFS_PIVOT_H

#include <barrer/filesystem.h>

struct overlayfs;

int overlayfs_pivot(struct overlayfs *self, const struct barrer_filesystem_request *request,
                    struct barrer_error *err);

#endif
