/* SPDX-License-Identifier: Apache-2.0
 *
 * Device nodes for a container in a new user namespace, in which mknod(2) makes none: a privileged
 * caller makes them on the host side, in a file system that nobody else sees, with the owner and
 * mode that config.json names. enter binds them in place.
 */
#ifndef OVERLAYFS_NODES_H
#define OVERLAYFS_NODES_H

#include <barrer/filesystem.h>

struct overlayfs;

/* Where the kernel or the caller's rights do not suffice none is made, and the host's are shown. */
int overlayfs_nodes_prepare(struct overlayfs *self, const struct barrer_filesystem_request *request,
                            struct barrer_error *err);
/* Device I of the request, as the root of a detached mount that is the caller's to close; -1: none
 * was made. */
int overlayfs_nodes_take(struct overlayfs *self, size_t i);
void overlayfs_nodes_fini(struct overlayfs *self);

#endif
