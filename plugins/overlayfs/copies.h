/* SPDX-License-Identifier: Apache-2.0
 *
 * Copying a folder of the image into the tmpfs that hides it ("tmpcopyup").
 */
#ifndef OVERLAYFS_COPIES_H
#define OVERLAYFS_COPIES_H

/* Copy what is in the folder behind FROM_FD (O_PATH will do) into the one behind TO_FD, with
 * modes, owners and times; sockets are left out. 0 or -errno. */
int overlayfs_copy_folder(int from_fd, int to_fd);

#endif
