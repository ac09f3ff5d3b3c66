/* SPDX-License-Identifier: Apache-2.0
 *
 * Isolation plugins: which namespaces a container gets. The plugin states them as data in a plan;
 * the core unites the plans of all isolation plugins, and only the core clones, unshares and
 * joins.
 */
#ifndef BARRER_ISOLATION_H
#define BARRER_ISOLATION_H

#include <barrer/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

struct barrer_namespace {
    uint32_t type;    /* one CLONE_NEW* of <sched.h> (CLONE_NEWTIME included) */
    const char *path; /* join the namespace at this path; NULL: create a new one */
};

struct barrer_time_offset {
    const char *clock; /* "monotonic" or "boottime" */
    int64_t seconds;
    uint32_t nanoseconds;
};

/* linux.netDevices: a network device of the host that moves into the container's network
 * namespace. */
struct barrer_net_device {
    const char *name;        /* on the host */
    const char *name_inside; /* may contain "%d"; NULL: the same */
};

#define BARRER_ISOLATION_ROOTLESS (1u << 0) /* the caller is not root of the initial user
                                               namespace */

struct barrer_isolation_request {
    uint32_t size;
    uint32_t flags;
    const struct barrer_namespace *namespaces;
    size_t n_namespaces;
    const struct barrer_id_map *uid_maps;
    size_t n_uid_maps;
    const struct barrer_id_map *gid_maps;
    size_t n_gid_maps;
    const char *hostname;   /* or NULL */
    const char *domainname; /* or NULL */
    const struct barrer_pair *sysctl;
    size_t n_sysctl;
    const struct barrer_time_offset *time_offsets;
    size_t n_time_offsets;
    const struct barrer_net_device *net_devices;
    size_t n_net_devices;
};

/* One setns(2). `type` is the CLONE_NEW* of the namespace behind `fd`; where `fd` is a pidfd
 * (setns on a pidfd: Linux 5.8) it may be several. */
struct barrer_join {
    int fd;
    uint32_t type;
};

/* What the core is to do; filled by prepare or join. Arrays and descriptors belong to the plugin
 * and live until close(). */
struct barrer_isolation_plan {
    uint32_t size;
    uint32_t create; /* CLONE_NEW* to create */
    const struct barrer_join *joins; /* in this order */
    size_t n_joins;
    const struct barrer_time_offset *time_offsets; /* for a time namespace in `create`; the core
                                                      writes them before a process enters it */
    size_t n_time_offsets;
};

struct barrer_isolation_ops {
    uint32_t size;
    /* Host side, no effects: 1 usable here, 0 not usable here (err says why), <0 broken. NULL: 1. */
    int (*probe)(void *self, struct barrer_error *err);
    /* Host side, before clone, with the caller's privileges: fill the plan. Required. */
    int (*prepare)(void *self, const struct barrer_isolation_request *request,
                   struct barrer_isolation_plan *plan, struct barrer_error *err);
    /* Host side: the process exists in its new namespaces (those to join it has not joined yet)
     * and waits: write the id maps, move network devices. */
    int (*attach)(void *self, const struct barrer_isolation_request *request,
                  const struct barrer_target *target, struct barrer_error *err);
    /* In the container's first process, in its new namespaces, with the old root still visible:
     * host name, sysctl. */
    int (*enter)(void *self, const struct barrer_isolation_request *request,
                 struct barrer_error *err);
    /* Host side, `exec`: fill the plan with the namespaces of the running container whose first
     * process is `target`. Required. */
    int (*join)(void *self, const struct barrer_target *target, struct barrer_isolation_plan *plan,
                struct barrer_error *err);
    /* Host side, in any later process, also after a kill -9: undo what the facts of this instance
     * tell; idempotent. Called only when the instance recorded a fact. What cannot be undone is
     * returned as an error, which the core logs. */
    int (*release)(void *self, struct barrer_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
