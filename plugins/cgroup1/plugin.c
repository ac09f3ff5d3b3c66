/* SPDX-License-Identifier: Apache-2.0
 *
 * The descriptor of the plugin "cgroup1".
 */
#include "cgroup1.h"

static const struct barrer_option options[] = {
    {"mount", "path", "/sys/fs/cgroup", "the folder that holds the mounts of the hierarchies"},
    {"parent", "string", NULL,
     "the group, below the caller's own, for containers without an absolute cgroupsPath"},
    {"controllers", "enum(needed|accounting|all)", "accounting",
     "in which hierarchies a container gets a group"},
    {"timeout", "duration", "10s", "how long to wait for processes to freeze or to end"},
    {NULL, NULL, NULL, NULL},
};

static const char *const honours[] = {
    "linux.cgroupsPath",
    "linux.resources.blockIO.throttleReadBpsDevice",
    "linux.resources.blockIO.throttleReadIOPSDevice",
    "linux.resources.blockIO.throttleWriteBpsDevice",
    "linux.resources.blockIO.throttleWriteIOPSDevice",
    "linux.resources.blockIO.weight",
    "linux.resources.blockIO.weightDevice",
    "linux.resources.cpu.burst",
    "linux.resources.cpu.cpus",
    "linux.resources.cpu.idle",
    "linux.resources.cpu.mems",
    "linux.resources.cpu.period",
    "linux.resources.cpu.quota",
    "linux.resources.cpu.realtimePeriod",
    "linux.resources.cpu.realtimeRuntime",
    "linux.resources.cpu.shares",
    "linux.resources.devices",
    "linux.resources.hierarchy=v1",
    "linux.resources.hugepageLimits",
    "linux.resources.memory.checkBeforeUpdate",
    "linux.resources.memory.disableOOMKiller",
    "linux.resources.memory.kernel",
    "linux.resources.memory.kernelTCP",
    "linux.resources.memory.limit",
    "linux.resources.memory.reservation",
    "linux.resources.memory.swap",
    "linux.resources.memory.swappiness",
    "linux.resources.memory.useHierarchy",
    "linux.resources.network.classID",
    "linux.resources.network.priorities",
    "linux.resources.pids.limit",
    "linux.resources.rdma",
    NULL,
};

BARRER_PLUGIN(cgroup1) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RESOURCES,
    .name = "cgroup1",
    .version = "0.1",
    .summary = "limits, accounting, freezing and killing through cgroup v1",
    .options = options,
    .honours = honours,
    .open = cgroup1_plugin_open,
    .close = cgroup1_plugin_close,
    .ops = &cgroup1_ops,
};
