/* SPDX-License-Identifier: Apache-2.0
 *
 * Mounts of the host's files for containers with CAP_SYS_ADMIN, which may make any mount of theirs
 * writable. These show the files through an overlay without an upper layer: its superblock is
 * read-only, and the kernel refuses to make it anything else.
 */
#ifndef CORE_FLOW_SEALED_H
#define CORE_FLOW_SEALED_H

#include <stddef.h>

#include "base/error.h"

/* A detached mount, in FDS, of each of the N files and folders at PATHS. The caller may mount
 * (CAP_SYS_ADMIN over its mount namespace); nothing is seen of it in that namespace. */
int sealed_open_mounts(const char *const *paths, size_t n, int *fds, struct barrer_error *err);

#endif
