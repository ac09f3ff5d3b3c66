/* SPDX-License-Identifier: Apache-2.0
 *
 * Control groups as a part of another plugin: the files of plugins/cgroup and plugins/cgroup1, but
 * for their descriptors, are libraries that plugins/systemd is linked with as well. It has systemd
 * make the group; from then on everything is done here.
 */
#ifndef PLUGINS_CGROUP_BACKEND_H
#define PLUGINS_CGROUP_BACKEND_H

#include <barrer/resources.h>

struct cgroup_backend {
    const struct barrer_resources_ops *ops;
    int (*open)(const struct barrer_host *host, void **ret_self, struct barrer_error *err);
    void (*close)(void *self);
    /* In the place of prepare: the plan for the group PATH, below each hierarchy's root, which
     * somebody else is going to make; that nobody lives there is checked, and it is recorded. */
    int (*locate)(void *self, const char *path, const struct barrer_resources_request *request,
                  struct barrer_resources_plan *plan, struct barrer_error *err);
    /* In the place of attach: the group is there and holds PID. Set the limits. */
    int (*adopt)(void *self, pid_t pid, const struct barrer_resources_request *request,
                 struct barrer_error *err);
    const char *fact; /* the name of what locate records */
};

extern const struct cgroup_backend cgroup_backend, cgroup1_backend;

/* cpu.shares of v1 as cpu.weight of v2, and blkio.weight as io.weight. */
uint64_t cgroup_shares_to_weight(uint64_t shares);
int64_t cgroup_io_weight(int64_t weight);

/* What the descriptor of a plugin that uses cgroup v2 declares, besides where its groups are. */
#define CGROUP_HONOURS \
    "linux.resources.blockIO.throttleReadBpsDevice", \
    "linux.resources.blockIO.throttleReadIOPSDevice", \
    "linux.resources.blockIO.throttleWriteBpsDevice", \
    "linux.resources.blockIO.throttleWriteIOPSDevice", \
    "linux.resources.blockIO.weight", \
    "linux.resources.blockIO.weightDevice", \
    "linux.resources.cpu.burst", \
    "linux.resources.cpu.cpus", \
    "linux.resources.cpu.idle", \
    "linux.resources.cpu.mems", \
    "linux.resources.cpu.period", \
    "linux.resources.cpu.quota", \
    "linux.resources.cpu.shares", \
    "linux.resources.devices", \
    "linux.resources.hugepageLimits", \
    "linux.resources.memory.checkBeforeUpdate", \
    "linux.resources.memory.limit", \
    "linux.resources.memory.reservation", \
    "linux.resources.memory.swap", \
    "linux.resources.pids.limit", \
    "linux.resources.rdma", \
    "linux.resources.unified"

#endif
