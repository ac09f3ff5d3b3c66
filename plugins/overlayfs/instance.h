/* SPDX-License-Identifier: Apache-2.0
 *
 * One instance of the overlayfs plugin: what prepare, on the host, leaves for enter and pivot, in
 * the container's first process, which works on a copy of this memory.
 */
#ifndef OVERLAYFS_INSTANCE_H
#define OVERLAYFS_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <barrer/filesystem.h>
#include <barrer/util.h>

#include "layers.h"
#include "trees.h"

struct overlayfs_mount;

/* The annotation that names the option by which linux.mountLabel is given (mount(8)). */
#define OVERLAYFS_CONTEXT_TYPE "run.oci.mount_context_type"

/* System calls that this kernel, or a seccomp filter, has answered with ENOSYS. */
#define OVERLAYFS_LACKS_OPEN_TREE (1u << 0)
#define OVERLAYFS_LACKS_OPEN_TREE_ATTR (1u << 1)
#define OVERLAYFS_LACKS_MOUNT_SETATTR (1u << 2)
#define OVERLAYFS_LACKS_FSOPEN (1u << 3)

/* A file system that enter mounted at a well-known place. Nothing in it is the image's, so that a
 * single name below it needs no walk through the root. */
struct overlayfs_fresh {
    bool is_mounted;
    int fd; /* its root; -1: not opened yet */
};

struct overlayfs {
    const struct barrer_host *host;
    uint32_t lacks;
    bool is_inside;  /* in the container's process, with the working directory at fds_fd */
    int fds_fd;      /* /proc/self/fd, so that mount(2) can be told a descriptor by its number */
    unsigned n_left; /* descriptors that are left open inside, see targets.h */
    struct overlayfs_tree root; /* what prepare opened */
    int root_fd;                /* the root, mounted; enter and pivot */
    struct overlayfs_fresh proc, dev;
    bool is_dev_readonly; /* at last: what a container needs below /dev is put there before */
    int *nodes; /* nodes.h */
    size_t n_nodes;
    struct overlayfs_layers layers;
    struct overlayfs_mount *mounts;
    size_t n_mounts;
};

#endif
