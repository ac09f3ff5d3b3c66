/* SPDX-License-Identifier: Apache-2.0
 *
 * Filesystem plugins: the container's root, its mounts and devices. One provider comes first in
 * `filesystem =`; further plugins of the list are additions, which implement `enter` only.
 */
#ifndef BARRER_FILESYSTEM_H
#define BARRER_FILESYSTEM_H

#include <barrer/plugin.h>
#include <barrer/resources.h>

#ifdef __cplusplus
extern "C" {
#endif

struct barrer_mount {
    const char *destination;
    const char *type;   /* or NULL */
    const char *source; /* absolute, resolved against the bundle where config.json has a relative
                           path of a bind mount; or NULL */
    const char *const *options; /* as in config.json; NULL ends it; never NULL itself */
    const struct barrer_id_map *uid_maps;
    size_t n_uid_maps;
    const struct barrer_id_map *gid_maps;
    size_t n_gid_maps;
};

struct barrer_device {
    const char *path;
    char type; /* 'b', 'c', 'u' or 'p' */
    int64_t major, minor;
    uint32_t mode, uid, gid;
};

#define BARRER_FILESYSTEM_READONLY (1u << 0)   /* root.readonly */
#define BARRER_FILESYSTEM_NO_PIVOT (1u << 1)   /* --no-pivot: MS_MOVE and chroot(2) */
#define BARRER_FILESYSTEM_TERMINAL (1u << 2)   /* the process gets a terminal: /dev/console must
                                                  exist as a file when the root is read-only */
#define BARRER_FILESYSTEM_ROOTLESS (1u << 3)   /* as BARRER_ISOLATION_ROOTLESS */

struct barrer_filesystem_request {
    uint32_t size;
    uint32_t flags;
    const char *id;       /* the container's */
    const char *bundle;   /* absolute path of the bundle */
    const char *root;     /* absolute path of root.path; or NULL */
    int state_fd;         /* the container's folder below the state root, mode 0700; for upper and
                             work folders of an overlay. Valid in prepare, attach and release; -1
                             in the others */
    const char *state_path; /* its absolute path */
    const struct barrer_mount *mounts; /* in the order of config.json */
    size_t n_mounts;
    const struct barrer_device *devices; /* of config.json; the default ones are the plugin's job */
    size_t n_devices;
    const char *const *masked_paths; /* NULL ends it */
    const char *const *readonly_paths;
    uint64_t propagation;    /* of the root: MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, with
                                MS_REC; 0: not set, which means MS_PRIVATE | MS_REC */
    const char *mount_label; /* linux.mountLabel, or NULL */
    const struct barrer_id_map *uid_maps; /* of the container's new user namespace */
    size_t n_uid_maps;
    const struct barrer_id_map *gid_maps;
    size_t n_gid_maps;
    uint32_t namespaces; /* CLONE_NEW* of those that are new or joined by path: the container does
                            not share these with the host */
    uint32_t created;    /* CLONE_NEW* of those that are new */
    const struct barrer_cgroup_view *views; /* united from the resources plans; set from attach on */
    size_t n_views;
    const char *cwd; /* process.cwd: a provider that makes the root read-only makes this folder
                        before, as far as it can; the process plugin goes there later */
};

struct barrer_filesystem_ops {
    uint32_t size;
    /* Host side, no effects: 1 usable here, 0 not usable here (err says why), <0 broken. NULL: 1. */
    int (*probe)(void *self, struct barrer_error *err);
    /* Host side, before clone: open sources of bind mounts and the root, make the overlay's
     * folders. Required of a provider. */
    int (*prepare)(void *self, const struct barrer_filesystem_request *request,
                   struct barrer_error *err);
    /* Host side: the process exists and waits, with its id maps written. */
    int (*attach)(void *self, const struct barrer_filesystem_request *request,
                  const struct barrer_target *target, struct barrer_error *err);
    /* In the container's first process, new namespaces, old root still visible: the root, mounts,
     * devices, links, masks; the umask is 0. createContainer hooks run after this. Required of a
     * provider, which leaves the working directory at the container's root, where additions find
     * it. */
    int (*enter)(void *self, const struct barrer_filesystem_request *request,
                 struct barrer_error *err);
    /* In the same process: make the root the root and let go of the old one. Required of a
     * provider. From here on no file of the host can be opened. */
    int (*pivot)(void *self, const struct barrer_filesystem_request *request,
                 struct barrer_error *err);
    /* Host side, for a container that runs: open the sources of the request's further mounts.
     * `created` is 0, and no path is to be opened later: it would be the container's. */
    int (*open_mounts)(void *self, const struct barrer_filesystem_request *request,
                       struct barrer_error *err);
    /* In a process of the host that has joined the container's mount namespace, its root and
     * working directory the container's root: mount what open_mounts has opened. */
    int (*add_mounts)(void *self, const struct barrer_filesystem_request *request,
                      struct barrer_error *err);
    /* In such a process: unmount the destinations of the request's mounts. */
    int (*remove_mounts)(void *self, const struct barrer_filesystem_request *request,
                         struct barrer_error *err);
    /* Host side, in any later process: as in isolation.h. The request carries size, id,
     * state_fd and state_path only. */
    int (*release)(void *self, const struct barrer_filesystem_request *request,
                   struct barrer_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
