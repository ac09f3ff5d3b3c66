/* SPDX-License-Identifier: Apache-2.0
 *
 * Device nodes and the links of /dev. Inside.
 */
#ifndef OVERLAYFS_DEVICES_H
#define OVERLAYFS_DEVICES_H

#include <barrer/filesystem.h>

struct overlayfs;

int overlayfs_devices_make(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err);

#endif
