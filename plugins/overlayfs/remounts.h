/* SPDX-License-Identifier: Apache-2.0
 *
 * Changing the flags of mounts where mount_setattr(2) does not exist (before Linux 5.12).
 */
#ifndef OVERLAYFS_REMOUNTS_H
#define OVERLAYFS_REMOUNTS_H

#include <stdbool.h>
#include <sys/mount.h>

struct overlayfs;

/* As overlayfs_tree_set, by mount(2); what is mounted below FD is found in mountinfo. -ENOSYS for
 * id maps, which mount(2) does not know. Inside only. */
int overlayfs_remount(struct overlayfs *self, int fd, bool is_recursive,
                      const struct mount_attr *attr);

#endif
