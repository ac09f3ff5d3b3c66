/* SPDX-License-Identifier: Apache-2.0
 *
 * Id-mapped mounts: the user namespace that says which ids a mount shows (Linux 5.12).
 */
#ifndef OVERLAYFS_IDMAP_H
#define OVERLAYFS_IDMAP_H

#include <barrer/filesystem.h>

struct overlayfs;
struct overlayfs_mount;

/* When MOUNT is to be id-mapped, make its user namespace and set the flags of its tree. EARLIER
 * mounts with the same maps share theirs. Host side. */
int overlayfs_idmap_prepare(struct overlayfs *self, const struct barrer_filesystem_request *request,
                            struct overlayfs_mount *mount, struct barrer_error *err);

#endif
