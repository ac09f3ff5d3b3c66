/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin ABI 0_1, written by freeze.sh. Do not edit.
 */
#ifndef TESTS_ABI_0_1_H
#define TESTS_ABI_0_1_H

#include <barrer/filesystem.h>
#include <barrer/isolation.h>
#include <barrer/process.h>
#include <barrer/resources.h>
#include <barrer/runtime.h>

/* clang-format off */
struct abi_0_1_number {
    uint32_t is_set;
    uint32_t reserved;
    int64_t value;
};

struct abi_0_1_pair {
    const char *key;
    const char *value;
};

struct abi_0_1_id_map {
    uint32_t container_id;
    uint32_t host_id;
    uint32_t count;
};

struct abi_0_1_target {
    uint32_t size;
    pid_t pid;
    int pidfd;
};

struct abi_0_1_host {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    void *priv;
    void (*vlog)(const struct barrer_host *host, int level, const char *fmt, va_list ap);
    int (*vfail)(const struct barrer_host *host, struct barrer_error *err, int errnum,
                 const char *fmt, va_list ap);
    const char *(*option)(const struct barrer_host *host, const char *key);
    const char *(*annotation)(const struct barrer_host *host, const char *key);
    int (*put_fact)(const struct barrer_host *host, const char *name, const char *value,
                    struct barrer_error *err);
    const char *(*get_fact)(const struct barrer_host *host, const char *name);
    int (*put_fd)(const struct barrer_host *host, const char *name, int fd,
                  struct barrer_error *err);
    int (*get_fd)(const struct barrer_host *host, const char *name);
    int (*open_proc)(const struct barrer_host *host, const char *path, int flags,
                     struct barrer_error *err);
    int (*open_in_root)(const struct barrer_host *host, int root_fd, const char *path, int flags,
                        uint32_t mode, struct barrer_error *err);
    int (*open_userns)(const struct barrer_host *host, const struct barrer_id_map *uid_maps,
                       size_t n_uid_maps, const struct barrer_id_map *gid_maps, size_t n_gid_maps,
                       struct barrer_error *err);
    int (*run_program)(const struct barrer_host *host, const char *const *argv,
                       struct barrer_error *err);
    int (*open_netlink)(const struct barrer_host *host, int netns_fd, struct barrer_error *err);
};

struct abi_0_1_option {
    const char *key;
    const char *type;
    const char *fallback;
    const char *help;
};

struct abi_0_1_plugin {
    uint32_t magic;
    uint32_t size;
    uint16_t abi_major, abi_minor;
    uint16_t need_minor;
    uint16_t kind;
    uint32_t flags;
    uint32_t reserved;
    const char *name;
    const char *version;
    const char *summary;
    const struct barrer_option *options;
    const char *const *honours;
    const char *const *annotations;
    int (*open)(const struct barrer_host *host, void **ret_self, struct barrer_error *err);
    void (*close)(void *self);
    const void *ops;
};

struct abi_0_1_namespace {
    uint32_t type;
    const char *path;
};

struct abi_0_1_time_offset {
    const char *clock;
    int64_t seconds;
    uint32_t nanoseconds;
};

struct abi_0_1_net_device {
    const char *name;
    const char *name_inside;
};

struct abi_0_1_isolation_request {
    uint32_t size;
    uint32_t flags;
    const struct barrer_namespace *namespaces;
    size_t n_namespaces;
    const struct barrer_id_map *uid_maps;
    size_t n_uid_maps;
    const struct barrer_id_map *gid_maps;
    size_t n_gid_maps;
    const char *hostname;
    const char *domainname;
    const struct barrer_pair *sysctl;
    size_t n_sysctl;
    const struct barrer_time_offset *time_offsets;
    size_t n_time_offsets;
    const struct barrer_net_device *net_devices;
    size_t n_net_devices;
};

struct abi_0_1_join {
    int fd;
    uint32_t type;
};

struct abi_0_1_isolation_plan {
    uint32_t size;
    uint32_t create;
    const struct barrer_join *joins;
    size_t n_joins;
    const struct barrer_time_offset *time_offsets;
    size_t n_time_offsets;
};

struct abi_0_1_isolation_ops {
    uint32_t size;
    int (*probe)(void *self, struct barrer_error *err);
    int (*prepare)(void *self, const struct barrer_isolation_request *request,
                   struct barrer_isolation_plan *plan, struct barrer_error *err);
    int (*attach)(void *self, const struct barrer_isolation_request *request,
                  const struct barrer_target *target, struct barrer_error *err);
    int (*enter)(void *self, const struct barrer_isolation_request *request,
                 struct barrer_error *err);
    int (*join)(void *self, const struct barrer_target *target, struct barrer_isolation_plan *plan,
                struct barrer_error *err);
    int (*release)(void *self, struct barrer_error *err);
};

struct abi_0_1_cpu {
    struct abi_0_1_number shares, quota, burst, period, realtime_runtime, realtime_period, idle;
    const char *cpus, *mems;
};

struct abi_0_1_memory {
    struct abi_0_1_number limit, reservation, swap, kernel, kernel_tcp, swappiness;
    struct abi_0_1_number disable_oom_killer, use_hierarchy, check_before_update;
};

struct abi_0_1_block_weight {
    int64_t major, minor;
    struct abi_0_1_number weight, leaf_weight;
};

struct abi_0_1_block_throttle {
    int64_t major, minor;
    uint64_t rate;
};

struct abi_0_1_block_io {
    struct abi_0_1_number weight, leaf_weight;
    const struct barrer_block_weight *weight_device;
    size_t n_weight_device;
    const struct barrer_block_throttle *read_bps, *write_bps, *read_iops, *write_iops;
    size_t n_read_bps, n_write_bps, n_read_iops, n_write_iops;
};

struct abi_0_1_hugepage_limit {
    const char *page_size;
    uint64_t limit;
};

struct abi_0_1_network_priority {
    const char *name;
    uint32_t priority;
};

struct abi_0_1_rdma_limit {
    const char *device;
    struct abi_0_1_number hca_handles, hca_objects;
};

struct abi_0_1_intel_rdt {
    const char *clos_id;
    const char *l3_cache_schema, *mem_bw_schema;
    const char *const *schemata;
    uint32_t enable_monitoring;
    uint32_t reserved;
};

struct abi_0_1_device_rule {
    uint32_t allow;
    char type;
    int64_t major, minor;
    const char *access;
};

struct abi_0_1_resources_request {
    uint32_t size;
    uint32_t flags;
    const char *path;
    const char *id;
    struct abi_0_1_cpu cpu;
    struct abi_0_1_memory memory;
    struct abi_0_1_number pids_limit;
    struct abi_0_1_block_io block_io;
    const struct barrer_hugepage_limit *hugepage_limits;
    size_t n_hugepage_limits;
    struct abi_0_1_number network_class_id;
    const struct barrer_network_priority *network_priorities;
    size_t n_network_priorities;
    const struct barrer_rdma_limit *rdma;
    size_t n_rdma;
    const struct barrer_device_rule *devices;
    size_t n_devices;
    const struct barrer_pair *unified;
    size_t n_unified;
    const struct barrer_intel_rdt *intel_rdt;
};

struct abi_0_1_cgroup_view {
    const char *name;
    const char *path;
};

struct abi_0_1_resources_plan {
    uint32_t size;
    int cgroup_fd;
    const char *cgroup_path;
    const char *paused_file;
    const char *paused_line;
    const struct barrer_cgroup_view *views;
    size_t n_views;
};

struct abi_0_1_block_count {
    int64_t major, minor;
    const char *op;
    uint64_t value;
};

struct abi_0_1_hugepage_stats {
    const char *page_size;
    uint64_t usage, max, failcnt;
};

struct abi_0_1_named_value {
    const char *name;
    uint64_t value;
};

struct abi_0_1_pressure {
    uint32_t is_set, reserved;
    uint32_t some_avg10, some_avg60, some_avg300, full_avg10, full_avg60, full_avg300;
    uint64_t some_total, full_total;
};

struct abi_0_1_cpuset_stats {
    const char *cpus, *mems;
    uint64_t cpu_exclusive, mem_exclusive, mem_hardwall, memory_migrate, memory_spread_page;
    uint64_t memory_spread_slab, memory_pressure, sched_load_balance;
    int64_t sched_relax_domain_level;
};

struct abi_0_1_rdt_count {
    uint64_t mbm_total_bytes, mbm_local_bytes, llc_occupancy;
};

struct abi_0_1_rdt_stats {
    const char *schemata;
    const char *l3_cache_schema_root, *l3_cache_schema, *mem_bw_schema_root, *mem_bw_schema;
    const char *cbm_mask;
    uint64_t min_cbm_bits, l3_num_closids;
    uint64_t bandwidth_gran, delay_linear, min_bandwidth, mem_bw_num_closids;
    const struct barrer_rdt_count *counts;
    size_t n_counts;
};

struct abi_0_1_stats {
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
    uint64_t pids_current, pids_limit;
    const struct barrer_block_count *io_bytes, *io_operations;
    size_t n_io_bytes, n_io_operations;
    const struct barrer_hugepage_stats *hugepages;
    size_t n_hugepages;
    struct abi_0_1_pressure cpu_pressure, memory_pressure, io_pressure;
    const uint64_t *cpu_percpu_user, *cpu_percpu_kernel;
    size_t n_cpu_percpu_split;
    struct abi_0_1_cpuset_stats cpuset;
    const struct barrer_block_count *io_queued, *io_service_time, *io_wait_time, *io_merged;
    const struct barrer_block_count *io_time, *io_sectors;
    size_t n_io_queued, n_io_service_time, n_io_wait_time, n_io_merged, n_io_time, n_io_sectors;
    struct abi_0_1_rdt_stats rdt;
};

struct abi_0_1_resources_ops {
    uint32_t size;
    int (*probe)(void *self, struct barrer_error *err);
    int (*prepare)(void *self, const struct barrer_resources_request *request,
                   struct barrer_resources_plan *plan, struct barrer_error *err);
    int (*attach)(void *self, const struct barrer_target *target, struct barrer_error *err);
    int (*join)(void *self, const char *path, struct barrer_resources_plan *plan,
                struct barrer_error *err);
    int (*update)(void *self, const struct barrer_resources_request *request,
                  struct barrer_error *err);
    int (*pause)(void *self, struct barrer_error *err);
    int (*resume)(void *self, struct barrer_error *err);
    int (*kill)(void *self, int signal, struct barrer_error *err);
    int (*processes)(void *self, void (*each)(void *arg, pid_t pid), void *arg,
                     struct barrer_error *err);
    int (*stats)(void *self, struct barrer_stats *stats, struct barrer_error *err);
    int (*open_events)(void *self, struct barrer_error *err);
    int (*read_events)(void *self, int fd, uint64_t *ret_oom, struct barrer_error *err);
    int (*release)(void *self, struct barrer_error *err);
};

struct abi_0_1_mount {
    const char *destination;
    const char *type;
    const char *source;
    const char *const *options;
    const struct barrer_id_map *uid_maps;
    size_t n_uid_maps;
    const struct barrer_id_map *gid_maps;
    size_t n_gid_maps;
};

struct abi_0_1_device {
    const char *path;
    char type;
    int64_t major, minor;
    uint32_t mode, uid, gid;
};

struct abi_0_1_filesystem_request {
    uint32_t size;
    uint32_t flags;
    const char *id;
    const char *bundle;
    const char *root;
    int state_fd;
    const char *state_path;
    const struct barrer_mount *mounts;
    size_t n_mounts;
    const struct barrer_device *devices;
    size_t n_devices;
    const char *const *masked_paths;
    const char *const *readonly_paths;
    uint64_t propagation;
    const char *mount_label;
    const struct barrer_id_map *uid_maps;
    size_t n_uid_maps;
    const struct barrer_id_map *gid_maps;
    size_t n_gid_maps;
    uint32_t namespaces;
    uint32_t created;
    const struct barrer_cgroup_view *views;
    size_t n_views;
    const char *cwd;
};

struct abi_0_1_filesystem_ops {
    uint32_t size;
    int (*probe)(void *self, struct barrer_error *err);
    int (*prepare)(void *self, const struct barrer_filesystem_request *request,
                   struct barrer_error *err);
    int (*attach)(void *self, const struct barrer_filesystem_request *request,
                  const struct barrer_target *target, struct barrer_error *err);
    int (*enter)(void *self, const struct barrer_filesystem_request *request,
                 struct barrer_error *err);
    int (*pivot)(void *self, const struct barrer_filesystem_request *request,
                 struct barrer_error *err);
    int (*open_mounts)(void *self, const struct barrer_filesystem_request *request,
                       struct barrer_error *err);
    int (*add_mounts)(void *self, const struct barrer_filesystem_request *request,
                      struct barrer_error *err);
    int (*remove_mounts)(void *self, const struct barrer_filesystem_request *request,
                         struct barrer_error *err);
    int (*release)(void *self, const struct barrer_filesystem_request *request,
                   struct barrer_error *err);
};

struct abi_0_1_rlimit {
    const char *type;
    uint64_t soft, hard;
};

struct abi_0_1_capabilities {
    const char *const *bounding;
    const char *const *effective;
    const char *const *inheritable;
    const char *const *permitted;
    const char *const *ambient;
};

struct abi_0_1_scheduler {
    const char *policy;
    const char *const *flags;
    int32_t nice, priority;
    uint64_t runtime, deadline, period;
};

struct abi_0_1_io_priority {
    const char *priority_class;
    int32_t priority;
    int32_t reserved;
};

struct abi_0_1_seccomp_arg {
    uint32_t index;
    uint32_t reserved;
    uint64_t value, value_two;
    const char *op;
};

struct abi_0_1_seccomp_rule {
    const char *const *names;
    const char *action;
    struct abi_0_1_number errno_ret;
    const struct barrer_seccomp_arg *args;
    size_t n_args;
};

struct abi_0_1_seccomp {
    const char *default_action;
    struct abi_0_1_number default_errno_ret;
    const char *const *architectures;
    const char *const *flags;
    const char *listener_path;
    const char *listener_metadata;
    const struct barrer_seccomp_rule *rules;
    size_t n_rules;
};

struct abi_0_1_memory_policy {
    const char *mode;
    const char *nodes;
    const char *const *flags;
};

struct abi_0_1_process_request {
    uint32_t size;
    uint32_t flags;
    const char *id;
    uint32_t uid, gid;
    const uint32_t *additional_gids;
    size_t n_additional_gids;
    struct abi_0_1_number umask;
    const char *cwd;
    const char *const *args;
    const char *const *environment;
    const struct barrer_capabilities *capabilities;
    const struct barrer_rlimit *rlimits;
    size_t n_rlimits;
    struct abi_0_1_number oom_score_adj;
    const struct barrer_scheduler *scheduler;
    const struct barrer_io_priority *io_priority;
    const char *cpu_affinity_initial;
    const char *cpu_affinity_final;
    const char *personality;
    const char *apparmor_profile;
    const char *selinux_label;
    uint32_t console_width, console_height;
    int console_socket_fd;
    uint32_t reserved;
    const struct barrer_seccomp *seccomp;
    const char *state_json;
    const struct barrer_memory_policy *memory_policy;
};

struct abi_0_1_process_ops {
    uint32_t size;
    int (*probe)(void *self, struct barrer_error *err);
    int (*prepare)(void *self, const struct barrer_process_request *request,
                   struct barrer_error *err);
    int (*attach)(void *self, const struct barrer_process_request *request,
                  const struct barrer_target *target, struct barrer_error *err);
    int (*confine)(void *self, const struct barrer_process_request *request,
                   struct barrer_error *err);
    int (*drop)(void *self, const struct barrer_process_request *request,
                struct barrer_error *err);
    int (*release)(void *self, struct barrer_error *err);
};

struct abi_0_1_runtime_request {
    uint32_t size;
    uint32_t flags;
    const char *const *args;
    const char *const *environment;
    const char *cwd;
    int root_fd;
    uint32_t uid;
    int64_t memory_limit;
    const char *plugin_dir;
};

struct abi_0_1_layer_entry {
    uint32_t type;
    uint32_t reserved;
    const char *path;
    const char *content;
};

struct abi_0_1_payload {
    uint32_t size;
    int fd;
    const char *path;
    const char *const *args;
    const char *const *environment;
    const struct barrer_layer_entry *layer;
    size_t n_layer;
    const char *summary;
};

struct abi_0_1_runtime_ops {
    uint32_t size;
    int (*probe)(void *self, struct barrer_error *err);
    int (*match)(void *self, const struct barrer_runtime_request *request,
                 struct barrer_error *err);
    int (*resolve)(void *self, const struct barrer_runtime_request *request,
                   struct barrer_payload *payload, struct barrer_error *err);
    int (*release)(void *self, struct barrer_error *err);
    int (*plan)(void *self, const struct barrer_runtime_request *request,
                struct barrer_payload *payload, struct barrer_error *err);
};

#define ABI_0_1_STRUCTS(x) \
    x(number) \
    x(pair) \
    x(id_map) \
    x(target) \
    x(host) \
    x(option) \
    x(plugin) \
    x(namespace) \
    x(time_offset) \
    x(net_device) \
    x(isolation_request) \
    x(join) \
    x(isolation_plan) \
    x(isolation_ops) \
    x(cpu) \
    x(memory) \
    x(block_weight) \
    x(block_throttle) \
    x(block_io) \
    x(hugepage_limit) \
    x(network_priority) \
    x(rdma_limit) \
    x(intel_rdt) \
    x(device_rule) \
    x(resources_request) \
    x(cgroup_view) \
    x(resources_plan) \
    x(block_count) \
    x(hugepage_stats) \
    x(named_value) \
    x(pressure) \
    x(cpuset_stats) \
    x(rdt_count) \
    x(rdt_stats) \
    x(stats) \
    x(resources_ops) \
    x(mount) \
    x(device) \
    x(filesystem_request) \
    x(filesystem_ops) \
    x(rlimit) \
    x(capabilities) \
    x(scheduler) \
    x(io_priority) \
    x(seccomp_arg) \
    x(seccomp_rule) \
    x(seccomp) \
    x(memory_policy) \
    x(process_request) \
    x(process_ops) \
    x(runtime_request) \
    x(layer_entry) \
    x(payload) \
    x(runtime_ops)

#define ABI_0_1_MEMBERS(x, nested) \
    x(number, is_set) \
    x(number, reserved) \
    x(number, value) \
    x(pair, key) \
    x(pair, value) \
    x(id_map, container_id) \
    x(id_map, host_id) \
    x(id_map, count) \
    x(target, size) \
    x(target, pid) \
    x(target, pidfd) \
    x(host, size) \
    x(host, abi_major) \
    x(host, abi_minor) \
    x(host, priv) \
    x(host, vlog) \
    x(host, vfail) \
    x(host, option) \
    x(host, annotation) \
    x(host, put_fact) \
    x(host, get_fact) \
    x(host, put_fd) \
    x(host, get_fd) \
    x(host, open_proc) \
    x(host, open_in_root) \
    x(host, open_userns) \
    x(host, run_program) \
    x(host, open_netlink) \
    x(option, key) \
    x(option, type) \
    x(option, fallback) \
    x(option, help) \
    x(plugin, magic) \
    x(plugin, size) \
    x(plugin, abi_major) \
    x(plugin, abi_minor) \
    x(plugin, need_minor) \
    x(plugin, kind) \
    x(plugin, flags) \
    x(plugin, reserved) \
    x(plugin, name) \
    x(plugin, version) \
    x(plugin, summary) \
    x(plugin, options) \
    x(plugin, honours) \
    x(plugin, annotations) \
    x(plugin, open) \
    x(plugin, close) \
    x(plugin, ops) \
    x(namespace, type) \
    x(namespace, path) \
    x(time_offset, clock) \
    x(time_offset, seconds) \
    x(time_offset, nanoseconds) \
    x(net_device, name) \
    x(net_device, name_inside) \
    x(isolation_request, size) \
    x(isolation_request, flags) \
    x(isolation_request, namespaces) \
    x(isolation_request, n_namespaces) \
    x(isolation_request, uid_maps) \
    x(isolation_request, n_uid_maps) \
    x(isolation_request, gid_maps) \
    x(isolation_request, n_gid_maps) \
    x(isolation_request, hostname) \
    x(isolation_request, domainname) \
    x(isolation_request, sysctl) \
    x(isolation_request, n_sysctl) \
    x(isolation_request, time_offsets) \
    x(isolation_request, n_time_offsets) \
    x(isolation_request, net_devices) \
    x(isolation_request, n_net_devices) \
    x(join, fd) \
    x(join, type) \
    x(isolation_plan, size) \
    x(isolation_plan, create) \
    x(isolation_plan, joins) \
    x(isolation_plan, n_joins) \
    x(isolation_plan, time_offsets) \
    x(isolation_plan, n_time_offsets) \
    x(isolation_ops, size) \
    x(isolation_ops, probe) \
    x(isolation_ops, prepare) \
    x(isolation_ops, attach) \
    x(isolation_ops, enter) \
    x(isolation_ops, join) \
    x(isolation_ops, release) \
    nested(cpu, shares) \
    nested(cpu, quota) \
    nested(cpu, burst) \
    nested(cpu, period) \
    nested(cpu, realtime_runtime) \
    nested(cpu, realtime_period) \
    nested(cpu, idle) \
    x(cpu, cpus) \
    x(cpu, mems) \
    nested(memory, limit) \
    nested(memory, reservation) \
    nested(memory, swap) \
    nested(memory, kernel) \
    nested(memory, kernel_tcp) \
    nested(memory, swappiness) \
    nested(memory, disable_oom_killer) \
    nested(memory, use_hierarchy) \
    nested(memory, check_before_update) \
    x(block_weight, major) \
    x(block_weight, minor) \
    nested(block_weight, weight) \
    nested(block_weight, leaf_weight) \
    x(block_throttle, major) \
    x(block_throttle, minor) \
    x(block_throttle, rate) \
    nested(block_io, weight) \
    nested(block_io, leaf_weight) \
    x(block_io, weight_device) \
    x(block_io, n_weight_device) \
    x(block_io, read_bps) \
    x(block_io, write_bps) \
    x(block_io, read_iops) \
    x(block_io, write_iops) \
    x(block_io, n_read_bps) \
    x(block_io, n_write_bps) \
    x(block_io, n_read_iops) \
    x(block_io, n_write_iops) \
    x(hugepage_limit, page_size) \
    x(hugepage_limit, limit) \
    x(network_priority, name) \
    x(network_priority, priority) \
    x(rdma_limit, device) \
    nested(rdma_limit, hca_handles) \
    nested(rdma_limit, hca_objects) \
    x(intel_rdt, clos_id) \
    x(intel_rdt, l3_cache_schema) \
    x(intel_rdt, mem_bw_schema) \
    x(intel_rdt, schemata) \
    x(intel_rdt, enable_monitoring) \
    x(intel_rdt, reserved) \
    x(device_rule, allow) \
    x(device_rule, type) \
    x(device_rule, major) \
    x(device_rule, minor) \
    x(device_rule, access) \
    x(resources_request, size) \
    x(resources_request, flags) \
    x(resources_request, path) \
    x(resources_request, id) \
    nested(resources_request, cpu) \
    nested(resources_request, memory) \
    nested(resources_request, pids_limit) \
    nested(resources_request, block_io) \
    x(resources_request, hugepage_limits) \
    x(resources_request, n_hugepage_limits) \
    nested(resources_request, network_class_id) \
    x(resources_request, network_priorities) \
    x(resources_request, n_network_priorities) \
    x(resources_request, rdma) \
    x(resources_request, n_rdma) \
    x(resources_request, devices) \
    x(resources_request, n_devices) \
    x(resources_request, unified) \
    x(resources_request, n_unified) \
    x(resources_request, intel_rdt) \
    x(cgroup_view, name) \
    x(cgroup_view, path) \
    x(resources_plan, size) \
    x(resources_plan, cgroup_fd) \
    x(resources_plan, cgroup_path) \
    x(resources_plan, paused_file) \
    x(resources_plan, paused_line) \
    x(resources_plan, views) \
    x(resources_plan, n_views) \
    x(block_count, major) \
    x(block_count, minor) \
    x(block_count, op) \
    x(block_count, value) \
    x(hugepage_stats, page_size) \
    x(hugepage_stats, usage) \
    x(hugepage_stats, max) \
    x(hugepage_stats, failcnt) \
    x(named_value, name) \
    x(named_value, value) \
    x(pressure, is_set) \
    x(pressure, reserved) \
    x(pressure, some_avg10) \
    x(pressure, some_avg60) \
    x(pressure, some_avg300) \
    x(pressure, full_avg10) \
    x(pressure, full_avg60) \
    x(pressure, full_avg300) \
    x(pressure, some_total) \
    x(pressure, full_total) \
    x(cpuset_stats, cpus) \
    x(cpuset_stats, mems) \
    x(cpuset_stats, cpu_exclusive) \
    x(cpuset_stats, mem_exclusive) \
    x(cpuset_stats, mem_hardwall) \
    x(cpuset_stats, memory_migrate) \
    x(cpuset_stats, memory_spread_page) \
    x(cpuset_stats, memory_spread_slab) \
    x(cpuset_stats, memory_pressure) \
    x(cpuset_stats, sched_load_balance) \
    x(cpuset_stats, sched_relax_domain_level) \
    x(rdt_count, mbm_total_bytes) \
    x(rdt_count, mbm_local_bytes) \
    x(rdt_count, llc_occupancy) \
    x(rdt_stats, schemata) \
    x(rdt_stats, l3_cache_schema_root) \
    x(rdt_stats, l3_cache_schema) \
    x(rdt_stats, mem_bw_schema_root) \
    x(rdt_stats, mem_bw_schema) \
    x(rdt_stats, cbm_mask) \
    x(rdt_stats, min_cbm_bits) \
    x(rdt_stats, l3_num_closids) \
    x(rdt_stats, bandwidth_gran) \
    x(rdt_stats, delay_linear) \
    x(rdt_stats, min_bandwidth) \
    x(rdt_stats, mem_bw_num_closids) \
    x(rdt_stats, counts) \
    x(rdt_stats, n_counts) \
    x(stats, size) \
    x(stats, reserved) \
    x(stats, cpu_usage) \
    x(stats, cpu_user) \
    x(stats, cpu_kernel) \
    x(stats, cpu_percpu) \
    x(stats, n_cpu_percpu) \
    x(stats, cpu_periods) \
    x(stats, cpu_throttled_periods) \
    x(stats, cpu_throttled_time) \
    x(stats, memory_usage) \
    x(stats, memory_limit) \
    x(stats, memory_max) \
    x(stats, memory_failcnt) \
    x(stats, memory_cache) \
    x(stats, swap_usage) \
    x(stats, swap_limit) \
    x(stats, swap_max) \
    x(stats, swap_failcnt) \
    x(stats, kernel_usage) \
    x(stats, kernel_limit) \
    x(stats, kernel_max) \
    x(stats, kernel_failcnt) \
    x(stats, kernel_tcp_usage) \
    x(stats, kernel_tcp_limit) \
    x(stats, kernel_tcp_max) \
    x(stats, kernel_tcp_failcnt) \
    x(stats, memory_raw) \
    x(stats, n_memory_raw) \
    x(stats, pids_current) \
    x(stats, pids_limit) \
    x(stats, io_bytes) \
    x(stats, io_operations) \
    x(stats, n_io_bytes) \
    x(stats, n_io_operations) \
    x(stats, hugepages) \
    x(stats, n_hugepages) \
    nested(stats, cpu_pressure) \
    nested(stats, memory_pressure) \
    nested(stats, io_pressure) \
    x(stats, cpu_percpu_user) \
    x(stats, cpu_percpu_kernel) \
    x(stats, n_cpu_percpu_split) \
    nested(stats, cpuset) \
    x(stats, io_queued) \
    x(stats, io_service_time) \
    x(stats, io_wait_time) \
    x(stats, io_merged) \
    x(stats, io_time) \
    x(stats, io_sectors) \
    x(stats, n_io_queued) \
    x(stats, n_io_service_time) \
    x(stats, n_io_wait_time) \
    x(stats, n_io_merged) \
    x(stats, n_io_time) \
    x(stats, n_io_sectors) \
    nested(stats, rdt) \
    x(resources_ops, size) \
    x(resources_ops, probe) \
    x(resources_ops, prepare) \
    x(resources_ops, attach) \
    x(resources_ops, join) \
    x(resources_ops, update) \
    x(resources_ops, pause) \
    x(resources_ops, resume) \
    x(resources_ops, kill) \
    x(resources_ops, processes) \
    x(resources_ops, stats) \
    x(resources_ops, open_events) \
    x(resources_ops, read_events) \
    x(resources_ops, release) \
    x(mount, destination) \
    x(mount, type) \
    x(mount, source) \
    x(mount, options) \
    x(mount, uid_maps) \
    x(mount, n_uid_maps) \
    x(mount, gid_maps) \
    x(mount, n_gid_maps) \
    x(device, path) \
    x(device, type) \
    x(device, major) \
    x(device, minor) \
    x(device, mode) \
    x(device, uid) \
    x(device, gid) \
    x(filesystem_request, size) \
    x(filesystem_request, flags) \
    x(filesystem_request, id) \
    x(filesystem_request, bundle) \
    x(filesystem_request, root) \
    x(filesystem_request, state_fd) \
    x(filesystem_request, state_path) \
    x(filesystem_request, mounts) \
    x(filesystem_request, n_mounts) \
    x(filesystem_request, devices) \
    x(filesystem_request, n_devices) \
    x(filesystem_request, masked_paths) \
    x(filesystem_request, readonly_paths) \
    x(filesystem_request, propagation) \
    x(filesystem_request, mount_label) \
    x(filesystem_request, uid_maps) \
    x(filesystem_request, n_uid_maps) \
    x(filesystem_request, gid_maps) \
    x(filesystem_request, n_gid_maps) \
    x(filesystem_request, namespaces) \
    x(filesystem_request, created) \
    x(filesystem_request, views) \
    x(filesystem_request, n_views) \
    x(filesystem_request, cwd) \
    x(filesystem_ops, size) \
    x(filesystem_ops, probe) \
    x(filesystem_ops, prepare) \
    x(filesystem_ops, attach) \
    x(filesystem_ops, enter) \
    x(filesystem_ops, pivot) \
    x(filesystem_ops, open_mounts) \
    x(filesystem_ops, add_mounts) \
    x(filesystem_ops, remove_mounts) \
    x(filesystem_ops, release) \
    x(rlimit, type) \
    x(rlimit, soft) \
    x(rlimit, hard) \
    x(capabilities, bounding) \
    x(capabilities, effective) \
    x(capabilities, inheritable) \
    x(capabilities, permitted) \
    x(capabilities, ambient) \
    x(scheduler, policy) \
    x(scheduler, flags) \
    x(scheduler, nice) \
    x(scheduler, priority) \
    x(scheduler, runtime) \
    x(scheduler, deadline) \
    x(scheduler, period) \
    x(io_priority, priority_class) \
    x(io_priority, priority) \
    x(io_priority, reserved) \
    x(seccomp_arg, index) \
    x(seccomp_arg, reserved) \
    x(seccomp_arg, value) \
    x(seccomp_arg, value_two) \
    x(seccomp_arg, op) \
    x(seccomp_rule, names) \
    x(seccomp_rule, action) \
    nested(seccomp_rule, errno_ret) \
    x(seccomp_rule, args) \
    x(seccomp_rule, n_args) \
    x(seccomp, default_action) \
    nested(seccomp, default_errno_ret) \
    x(seccomp, architectures) \
    x(seccomp, flags) \
    x(seccomp, listener_path) \
    x(seccomp, listener_metadata) \
    x(seccomp, rules) \
    x(seccomp, n_rules) \
    x(memory_policy, mode) \
    x(memory_policy, nodes) \
    x(memory_policy, flags) \
    x(process_request, size) \
    x(process_request, flags) \
    x(process_request, id) \
    x(process_request, uid) \
    x(process_request, gid) \
    x(process_request, additional_gids) \
    x(process_request, n_additional_gids) \
    nested(process_request, umask) \
    x(process_request, cwd) \
    x(process_request, args) \
    x(process_request, environment) \
    x(process_request, capabilities) \
    x(process_request, rlimits) \
    x(process_request, n_rlimits) \
    nested(process_request, oom_score_adj) \
    x(process_request, scheduler) \
    x(process_request, io_priority) \
    x(process_request, cpu_affinity_initial) \
    x(process_request, cpu_affinity_final) \
    x(process_request, personality) \
    x(process_request, apparmor_profile) \
    x(process_request, selinux_label) \
    x(process_request, console_width) \
    x(process_request, console_height) \
    x(process_request, console_socket_fd) \
    x(process_request, reserved) \
    x(process_request, seccomp) \
    x(process_request, state_json) \
    x(process_request, memory_policy) \
    x(process_ops, size) \
    x(process_ops, probe) \
    x(process_ops, prepare) \
    x(process_ops, attach) \
    x(process_ops, confine) \
    x(process_ops, drop) \
    x(process_ops, release) \
    x(runtime_request, size) \
    x(runtime_request, flags) \
    x(runtime_request, args) \
    x(runtime_request, environment) \
    x(runtime_request, cwd) \
    x(runtime_request, root_fd) \
    x(runtime_request, uid) \
    x(runtime_request, memory_limit) \
    x(runtime_request, plugin_dir) \
    x(layer_entry, type) \
    x(layer_entry, reserved) \
    x(layer_entry, path) \
    x(layer_entry, content) \
    x(payload, size) \
    x(payload, fd) \
    x(payload, path) \
    x(payload, args) \
    x(payload, environment) \
    x(payload, layer) \
    x(payload, n_layer) \
    x(payload, summary) \
    x(runtime_ops, size) \
    x(runtime_ops, probe) \
    x(runtime_ops, match) \
    x(runtime_ops, resolve) \
    x(runtime_ops, release) \
    x(runtime_ops, plan)

#define ABI_0_1_VALUES(x) \
    x(BARRER_MAGIC, 0x31525242u) \
    x(BARRER_ISOLATION, 1u) \
    x(BARRER_RESOURCES, 2u) \
    x(BARRER_FILESYSTEM, 3u) \
    x(BARRER_PROCESS, 4u) \
    x(BARRER_RUNTIME, 5u) \
    x(BARRER_LOG_ERROR, 3) \
    x(BARRER_LOG_WARNING, 4) \
    x(BARRER_LOG_NOTICE, 5) \
    x(BARRER_LOG_INFO, 6) \
    x(BARRER_LOG_DEBUG, 7) \
    x(BARRER_ISOLATION_ROOTLESS, (1u << 0)) \
    x(BARRER_RESOURCES_ROOTLESS, (1u << 0)) \
    x(BARRER_RESOURCES_CGROUPNS, (1u << 1)) \
    x(BARRER_RESOURCES_ADOPT, (1u << 2)) \
    x(BARRER_FILESYSTEM_READONLY, (1u << 0)) \
    x(BARRER_FILESYSTEM_NO_PIVOT, (1u << 1)) \
    x(BARRER_FILESYSTEM_TERMINAL, (1u << 2)) \
    x(BARRER_FILESYSTEM_ROOTLESS, (1u << 3)) \
    x(BARRER_PROCESS_TERMINAL, (1u << 0)) \
    x(BARRER_PROCESS_NO_NEW_PRIVS, (1u << 1)) \
    x(BARRER_PROCESS_NEW_KEYRING, (1u << 2)) \
    x(BARRER_PROCESS_EXEC, (1u << 3)) \
    x(BARRER_PROCESS_ROOTLESS, (1u << 4)) \
    x(BARRER_PROCESS_USERNS, (1u << 5)) \
    x(BARRER_RUNTIME_EXEC, (1u << 0)) \
    x(BARRER_RUNTIME_TERMINAL, (1u << 1)) \
    x(BARRER_RUNTIME_SHARED_PIDS, (1u << 2)) \
    x(BARRER_RUNTIME_NAMED, (1u << 3)) \
    x(BARRER_LAYER_FOLDER, 1u) \
    x(BARRER_LAYER_FILE, 2u) \
    x(BARRER_LAYER_MOUNT, 3u)

/* clang-format on */

#endif
