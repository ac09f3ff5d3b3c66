/* SPDX-License-Identifier: Apache-2.0
 *
 * Resources plugins: limits, accounting, freezing and killing of all processes of a container.
 */
#ifndef BARRER_RESOURCES_H
#define BARRER_RESOURCES_H

#include <barrer/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Members are those of runtime-spec 1.3 `linux.resources`, with its units. A number that is not
 * set is left as the kernel has it. -1 means "no limit" where the specification says so. */
struct barrer_cpu {
    struct barrer_number shares, quota, burst, period, realtime_runtime, realtime_period, idle;
    const char *cpus, *mems; /* cpuset lists, or NULL */
};

struct barrer_memory {
    struct barrer_number limit, reservation, swap, kernel, kernel_tcp, swappiness;
    struct barrer_number disable_oom_killer, use_hierarchy, check_before_update; /* 0 or 1 */
};

struct barrer_block_weight {
    int64_t major, minor;
    struct barrer_number weight, leaf_weight;
};

struct barrer_block_throttle {
    int64_t major, minor;
    uint64_t rate;
};

struct barrer_block_io {
    struct barrer_number weight, leaf_weight;
    const struct barrer_block_weight *weight_device;
    size_t n_weight_device;
    const struct barrer_block_throttle *read_bps, *write_bps, *read_iops, *write_iops;
    size_t n_read_bps, n_write_bps, n_read_iops, n_write_iops;
};

struct barrer_hugepage_limit {
    const char *page_size; /* "2MB" */
    uint64_t limit;
};

struct barrer_network_priority {
    const char *name;
    uint32_t priority;
};

struct barrer_rdma_limit {
    const char *device;
    struct barrer_number hca_handles, hca_objects;
};

/* linux.intelRdt. */
struct barrer_intel_rdt {
    const char *clos_id; /* "/": the root of the file system; NULL: a class of the container's own */
    const char *l3_cache_schema, *mem_bw_schema; /* or NULL */
    const char *const *schemata;                 /* NULL ends it; never NULL itself */
    uint32_t enable_monitoring;                  /* 0 or 1 */
    uint32_t reserved;
};

/* One rule of the device white-list; later rules win. */
struct barrer_device_rule {
    uint32_t allow;       /* 0 or 1 */
    char type;            /* 'a', 'b' or 'c' */
    int64_t major, minor; /* -1: any */
    const char *access;   /* some of "rwm" */
};

#define BARRER_RESOURCES_ROOTLESS (1u << 0) /* as BARRER_ISOLATION_ROOTLESS */
#define BARRER_RESOURCES_CGROUPNS (1u << 1) /* the container gets a cgroup namespace of its own */
#define BARRER_RESOURCES_ADOPT (1u << 2)    /* the group `path` is the caller's, who made it, may
                                               have processes in it, and removes it: only set its
                                               limits */

struct barrer_resources_request {
    uint32_t size;
    uint32_t flags;
    const char *path;       /* linux.cgroupsPath, or NULL: the plugin chooses, from `id` */
    const char *id;         /* the container's; unique below the state root only */
    struct barrer_cpu cpu;
    struct barrer_memory memory;
    struct barrer_number pids_limit;
    struct barrer_block_io block_io;
    const struct barrer_hugepage_limit *hugepage_limits;
    size_t n_hugepage_limits;
    struct barrer_number network_class_id;
    const struct barrer_network_priority *network_priorities;
    size_t n_network_priorities;
    const struct barrer_rdma_limit *rdma;
    size_t n_rdma;
    const struct barrer_device_rule *devices; /* in the order of config.json; in prepare, rules
                                                 for the devices that every container gets follow,
                                                 unless all devices are allowed anyway */
    size_t n_devices;
    const struct barrer_pair *unified;
    size_t n_unified;
    const struct barrer_intel_rdt *intel_rdt; /* or NULL */
};

/* One hierarchy as the container is to see it when config.json mounts type "cgroup". */
struct barrer_cgroup_view {
    const char *name; /* "" for the unified hierarchy, else the folder's name ("memory") */
    const char *path; /* the container's cgroup in the host's mount of that hierarchy */
};

struct barrer_resources_plan {
    uint32_t size;
    int cgroup_fd;             /* for CLONE_INTO_CGROUP (Linux 5.7); -1: none */
    const char *cgroup_path;   /* for people: the path below the hierarchy's mount; or NULL */
    const char *paused_file;   /* `state` calls the container paused while a line of this file ... */
    const char *paused_line;   /* ... equals this; or both NULL */
    const struct barrer_cgroup_view *views;
    size_t n_views;
};

struct barrer_block_count {
    int64_t major, minor;
    const char *op; /* "Read", "Write", ... */
    uint64_t value;
};

struct barrer_hugepage_stats {
    const char *page_size;
    uint64_t usage, max, failcnt;
};

struct barrer_named_value {
    const char *name;
    uint64_t value;
};

/* Pressure stall information of one resource: averages in hundredths of a percent, totals in
 * microseconds. */
struct barrer_pressure {
    uint32_t is_set, reserved;
    uint32_t some_avg10, some_avg60, some_avg300, full_avg10, full_avg60, full_avg300;
    uint64_t some_total, full_total;
};

/* Files of a cpuset. The lists are as the kernel writes them ("0-3"), or NULL. */
struct barrer_cpuset_stats {
    const char *cpus, *mems;
    uint64_t cpu_exclusive, mem_exclusive, mem_hardwall, memory_migrate, memory_spread_page;
    uint64_t memory_spread_slab, memory_pressure, sched_load_balance;
    int64_t sched_relax_domain_level;
};

/* What one domain of a cache has counted. */
struct barrer_rdt_count {
    uint64_t mbm_total_bytes, mbm_local_bytes, llc_occupancy;
};

/* The class of service of linux.intelRdt. Texts are those of the file system, or NULL. */
struct barrer_rdt_stats {
    const char *schemata; /* all lines */
    const char *l3_cache_schema_root, *l3_cache_schema, *mem_bw_schema_root, *mem_bw_schema;
    const char *cbm_mask;
    uint64_t min_cbm_bits, l3_num_closids;
    uint64_t bandwidth_gran, delay_linear, min_bandwidth, mem_bw_num_closids;
    const struct barrer_rdt_count *counts; /* of the group that is monitored */
    size_t n_counts;
};

/* Filled by stats; what a hierarchy does not tell stays 0. Times in nanoseconds, sizes in bytes.
 * Arrays belong to the plugin and live until the next call. */
struct barrer_stats {
    uint32_t size;
    uint32_t reserved;
    uint64_t cpu_usage, cpu_user, cpu_kernel;
    const uint64_t *cpu_percpu;
    size_t n_cpu_percpu;
    uint64_t cpu_periods, cpu_throttled_periods, cpu_throttled_time;
    uint64_t memory_usage, memory_limit, memory_max, memory_failcnt, memory_cache;
    uint64_t swap_usage, swap_limit, swap_max, swap_failcnt;
    uint64_t kernel_usage, kernel_limit, kernel_max, kernel_failcnt;
    uint64_t kernel_tcp_usage, kernel_tcp_limit, kernel_tcp_max, kernel_tcp_failcnt;
    const struct barrer_named_value *memory_raw;
    size_t n_memory_raw;
    uint64_t pids_current, pids_limit; /* limit 0: none */
    const struct barrer_block_count *io_bytes, *io_operations;
    size_t n_io_bytes, n_io_operations;
    const struct barrer_hugepage_stats *hugepages;
    size_t n_hugepages;
    struct barrer_pressure cpu_pressure, memory_pressure, io_pressure;
    const uint64_t *cpu_percpu_user, *cpu_percpu_kernel;
    size_t n_cpu_percpu_split; /* of both */
    struct barrer_cpuset_stats cpuset;
    const struct barrer_block_count *io_queued, *io_service_time, *io_wait_time, *io_merged;
    const struct barrer_block_count *io_time, *io_sectors; /* op is "" */
    size_t n_io_queued, n_io_service_time, n_io_wait_time, n_io_merged, n_io_time, n_io_sectors;
    struct barrer_rdt_stats rdt; /* schemata NULL: the container has no class of service */
};

/* All host side, with the caller's privileges. Every operation except prepare works in a fresh
 * process, from recorded facts alone. */
struct barrer_resources_ops {
    uint32_t size;
    /* No effects: 1 usable here, 0 not usable here (err says why), <0 broken. NULL: 1. */
    int (*probe)(void *self, struct barrer_error *err);
    /* Create the group and set the limits; fill the plan. Required. */
    int (*prepare)(void *self, const struct barrer_resources_request *request,
                   struct barrer_resources_plan *plan, struct barrer_error *err);
    /* The container's first process exists and waits: place it where CLONE_INTO_CGROUP did not. */
    int (*attach)(void *self, const struct barrer_target *target, struct barrer_error *err);
    /* `exec`: the plan into which a further process is cloned; `path` names a sub-group
     * (`exec --cgroup`; with version 1 also "CONTROLLER[,...]:PATH", and more of them, one a line)
     * or is NULL; must not lead out of the container's group. Required. attach is then called with
     * that process. */
    int (*join)(void *self, const char *path, struct barrer_resources_plan *plan,
                struct barrer_error *err);
    /* Change the limits that the request sets. */
    int (*update)(void *self, const struct barrer_resources_request *request,
                  struct barrer_error *err);
    /* Freeze; returns when all processes are frozen. */
    int (*pause)(void *self, struct barrer_error *err);
    int (*resume)(void *self, struct barrer_error *err);
    /* Send a signal to every process of the group, new ones included. */
    int (*kill)(void *self, int signal, struct barrer_error *err);
    /* Call `each` with every process of the group and its sub-groups. */
    int (*processes)(void *self, void (*each)(void *arg, pid_t pid), void *arg,
                     struct barrer_error *err);
    int (*stats)(void *self, struct barrer_stats *stats, struct barrer_error *err);
    /* A new descriptor, owned by the caller, that polls readable (POLLIN or POLLPRI) when
     * something happened; read_events consumes that, and adds the number of times the group ran
     * out of memory since open_events to *ret_oom; it returns 1 while the group exists, else 0. */
    int (*open_events)(void *self, struct barrer_error *err);
    int (*read_events)(void *self, int fd, uint64_t *ret_oom, struct barrer_error *err);
    /* Kill what is left in the group, and remove it and its sub-groups; idempotent; as in
     * isolation.h. */
    int (*release)(void *self, struct barrer_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
