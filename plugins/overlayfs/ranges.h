/* SPDX-License-Identifier: Apache-2.0
 *
 * The id maps that the option of a mount spells out: "uids=0-1-10#@10-11-10;gids=0-100-10". Each
 * range is the first id of the file system, the first one that is shown for it, and a count; "@"
 * before a range makes the second an id of the container's user namespace.
 */
#ifndef OVERLAYFS_RANGES_H
#define OVERLAYFS_RANGES_H

#include <barrer/filesystem.h>

#define OVERLAYFS_MAX_RANGES 32

struct overlayfs_ranges {
    struct barrer_id_map uids[OVERLAYFS_MAX_RANGES], gids[OVERLAYFS_MAX_RANGES];
    size_t n_uids, n_gids;
};

/* 0; -EINVAL: TEXT is something else; -ENOENT: a range with "@" lies in none of the container's. */
int overlayfs_ranges_parse(const char *text, const struct barrer_filesystem_request *request,
                           struct overlayfs_ranges *ret_ranges);

#endif
