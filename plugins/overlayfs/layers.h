/* SPDX-License-Identifier: Apache-2.0
 *
 * A root assembled from layers by the kernel's overlayfs.
 */
#ifndef OVERLAYFS_LAYERS_H
#define OVERLAYFS_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include <barrer/filesystem.h>

#include "upper.h"

struct overlayfs;

struct overlayfs_layers {
    char *paths; /* the option "layers", cut into strings */
    char *names; /* the annotation, cut into strings below layer-root */
    size_t n_paths, n_names;
    const char *layer_root;
    struct overlayfs_upper upper;
    bool is_user_xattr; /* "user.overlay." attributes, as a user namespace needs them */
};

/* Read what options and annotation ask for; 1: an overlay, 0: the root is not one. */
int overlayfs_layers_read(struct overlayfs *self, struct barrer_error *err);
/* On the host: assemble the overlay as a detached mount, *ret_fd. -1 there when that has to be
 * done inside. */
int overlayfs_layers_prepare(struct overlayfs *self,
                             const struct barrer_filesystem_request *request, int *ret_fd,
                             struct barrer_error *err);
/* Inside: mount it on the root's path and return its root as a new descriptor. */
int overlayfs_layers_enter(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err);
void overlayfs_layers_fini(struct overlayfs_layers *layers);

#endif
