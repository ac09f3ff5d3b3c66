/* SPDX-License-Identifier: Apache-2.0
 *
 * Removing a folder that a container could fill.
 */
#ifndef OVERLAYFS_REMOVALS_H
#define OVERLAYFS_REMOVALS_H

/* Remove the folder NAME below DIR_FD with everything in it, neither following links nor entering
 * mounts, with a fixed number of descriptors however deep it is. 0 when there is no such folder;
 * -EXDEV when something is mounted in it; or -errno. */
int overlayfs_remove_folder(int dir_fd, const char *name);

#endif
