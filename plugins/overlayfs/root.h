/* SPDX-License-Identifier: Apache-2.0
 *
 * The root itself: the bundle's folder, or an overlay, as a mount of its own.
 */
#ifndef OVERLAYFS_ROOT_H
#define OVERLAYFS_ROOT_H

#include <barrer/filesystem.h>

struct overlayfs;

int overlayfs_root_prepare(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err);
/* Cut the mounts off the host's and mount the root; the working directory becomes
 * /proc/self/fd. */
int overlayfs_root_enter(struct overlayfs *self, const struct barrer_filesystem_request *request,
                         struct barrer_error *err);
/* In the container that runs, whose root is the working directory: the same as root_enter leaves. */
int overlayfs_root_join(struct overlayfs *self, struct barrer_error *err);

#endif
