/* SPDX-License-Identifier: Apache-2.0
 *
 * Mounts of type "cgroup": the hierarchies as the resources plugins say the container sees them.
 */
#ifndef OVERLAYFS_CGROUPS_H
#define OVERLAYFS_CGROUPS_H

#include <barrer/filesystem.h>

struct overlayfs;
struct overlayfs_mount;
struct overlayfs_target;

int overlayfs_cgroups_mount(struct overlayfs *self, const struct barrer_filesystem_request *request,
                            const struct overlayfs_mount *mount,
                            const struct overlayfs_target *target, struct barrer_error *err);

#endif
