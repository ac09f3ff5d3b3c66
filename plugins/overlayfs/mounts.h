/* SPDX-License-Identifier: Apache-2.0
 *
 * The mounts of config.json: sources opened on the host, targets mounted inside.
 */
#ifndef OVERLAYFS_MOUNTS_H
#define OVERLAYFS_MOUNTS_H

#include <barrer/filesystem.h>

#include "options.h"
#include "ranges.h"
#include "trees.h"

struct overlayfs;
struct overlayfs_target;

struct overlayfs_mount {
    const struct barrer_mount *spec;
    struct overlayfs_options options;
    struct overlayfs_tree tree; /* of a bind mount */
    int userns_fd;              /* of an id-mapped one */
    struct overlayfs_ranges *ranges; /* its option's own maps; or NULL */
    char *link;                 /* what its source points to, with copy-symlink; or NULL */
};

/* Read the options of all mounts and open the sources of bind mounts. Host side. */
int overlayfs_mounts_prepare(struct overlayfs *self,
                             const struct barrer_filesystem_request *request,
                             struct barrer_error *err);
/* Mount all of them, in order. Inside. */
int overlayfs_mounts_enter(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err);
/* Unmount their destinations, in reverse order. Inside. */
int overlayfs_mounts_remove(struct overlayfs *self,
                            const struct barrer_filesystem_request *request,
                            struct barrer_error *err);
/* What has to come after everything else that is put into the root. Inside. */
int overlayfs_mounts_finish(struct overlayfs *self, struct barrer_error *err);
void overlayfs_mounts_fini(struct overlayfs *self);

/* What copies of host mounts become: MS_PRIVATE, MS_SLAVE, or 0 to leave them as they are. */
unsigned overlayfs_default_propagation(const struct barrer_filesystem_request *request);
/* Whether a mount or the root wants to keep its tie to the host's mounts. */
bool overlayfs_mounts_want_slaves(const struct overlayfs *self,
                                  const struct barrer_filesystem_request *request);
/* Bind PATH of the old root, with the flags of MOUNT, where its file system cannot be mounted. */
int overlayfs_mount_host_path(struct overlayfs *self, const struct overlayfs_mount *mount,
                              const char *path, bool is_recursive,
                              const struct overlayfs_target *target, struct barrer_error *err);
/* "mount SOURCE on DESTINATION", with what the kernel says. */
int overlayfs_mount_fail(struct overlayfs *self, const struct overlayfs_mount *mount, int errnum,
                         const char *hint, struct barrer_error *err);
/* Which of SELinux's options the container's label is given by: "context". */
const char *overlayfs_context_type(const struct overlayfs *self);

#endif
