/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stats.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

static void add_number(struct json_object *object, const char *key, uint64_t value)
{
    json_object_object_add(object, key, json_object_new_uint64(value));
}

static struct json_object *add_object(struct json_object *parent, const char *key)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(parent, key, object);
    return object;
}

static void add_pressure_line(struct json_object *parent, const char *key, uint32_t avg10,
                              uint32_t avg60, uint32_t avg300, uint64_t total)
{
    struct json_object *object = add_object(parent, key);

    json_object_object_add(object, "avg10", json_object_new_double(avg10 / 100.0));
    json_object_object_add(object, "avg60", json_object_new_double(avg60 / 100.0));
    json_object_object_add(object, "avg300", json_object_new_double(avg300 / 100.0));
    add_number(object, "total", total);
}

static void add_pressure(struct json_object *parent, const struct barrer_pressure *p)
{
    struct json_object *psi;

    if (!p->is_set)
        return;
    psi = add_object(parent, "psi");
    add_pressure_line(psi, "some", p->some_avg10, p->some_avg60, p->some_avg300, p->some_total);
    add_pressure_line(psi, "full", p->full_avg10, p->full_avg60, p->full_avg300, p->full_total);
}

static void add_percpu(struct json_object *usage, const char *key, const uint64_t *values, size_t n)
{
    struct json_object *array;

    if (n == 0)
        return;
    array = json_object_new_array();
    json_object_object_add(usage, key, array);
    for (size_t i = 0; i < n; i++)
        json_object_array_add(array, json_object_new_uint64(values[i]));
}

static void add_cpu(struct json_object *data, const struct barrer_stats *stats)
{
    struct json_object *cpu = add_object(data, "cpu"), *usage = add_object(cpu, "usage");
    struct json_object *throttling = add_object(cpu, "throttling");

    add_number(usage, "total", stats->cpu_usage);
    add_percpu(usage, "percpu", stats->cpu_percpu, stats->n_cpu_percpu);
    add_percpu(usage, "percpu_kernel", stats->cpu_percpu_kernel, stats->n_cpu_percpu_split);
    add_percpu(usage, "percpu_user", stats->cpu_percpu_user, stats->n_cpu_percpu_split);
    add_number(usage, "kernel", stats->cpu_kernel);
    add_number(usage, "user", stats->cpu_user);
    add_number(throttling, "periods", stats->cpu_periods);
    add_number(throttling, "throttledPeriods", stats->cpu_throttled_periods);
    add_number(throttling, "throttledTime", stats->cpu_throttled_time);
    add_pressure(cpu, &stats->cpu_pressure);
}

/* "0-2,7" as [0, 1, 2, 7]. */
static void add_list(struct json_object *object, const char *key, const char *list)
{
    struct json_object *array = json_object_new_array();

    json_object_object_add(object, key, array);
    while (list != NULL && *list >= '0' && *list <= '9') {
        char *end;
        unsigned long first = strtoul(list, &end, 10);
        unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

        for (; first <= last && last < 65536; first++)
            json_object_array_add(array, json_object_new_int64((int64_t)first));
        list = *end == ',' ? end + 1 : NULL;
    }
}

static void add_cpuset(struct json_object *data, const struct barrer_cpuset_stats *stats)
{
    struct json_object *cpuset = add_object(data, "cpuset");

    add_list(cpuset, "cpus", stats->cpus);
    add_number(cpuset, "cpu_exclusive", stats->cpu_exclusive);
    add_list(cpuset, "mems", stats->mems);
    add_number(cpuset, "mem_hardwall", stats->mem_hardwall);
    add_number(cpuset, "mem_exclusive", stats->mem_exclusive);
    add_number(cpuset, "memory_migrate", stats->memory_migrate);
    add_number(cpuset, "memory_spread_page", stats->memory_spread_page);
    add_number(cpuset, "memory_spread_slab", stats->memory_spread_slab);
    add_number(cpuset, "memory_pressure", stats->memory_pressure);
    add_number(cpuset, "sched_load_balance", stats->sched_load_balance);
    json_object_object_add(cpuset, "sched_relax_domain_level",
                           json_object_new_int64(stats->sched_relax_domain_level));
}

static void add_memory_entry(struct json_object *memory, const char *key, uint64_t usage,
                             uint64_t limit, uint64_t max, uint64_t failcnt)
{
    struct json_object *entry = add_object(memory, key);

    add_number(entry, "limit", limit);
    add_number(entry, "usage", usage);
    add_number(entry, "max", max);
    add_number(entry, "failcnt", failcnt);
}

static void add_memory(struct json_object *data, const struct barrer_stats *s)
{
    struct json_object *memory = add_object(data, "memory"), *raw;

    add_number(memory, "cache", s->memory_cache);
    add_memory_entry(memory, "usage", s->memory_usage, s->memory_limit, s->memory_max,
                     s->memory_failcnt);
    add_memory_entry(memory, "swap", s->swap_usage, s->swap_limit, s->swap_max, s->swap_failcnt);
    add_memory_entry(memory, "kernel", s->kernel_usage, s->kernel_limit, s->kernel_max,
                     s->kernel_failcnt);
    add_memory_entry(memory, "kernelTCP", s->kernel_tcp_usage, s->kernel_tcp_limit,
                     s->kernel_tcp_max, s->kernel_tcp_failcnt);
    raw = add_object(memory, "raw");
    for (size_t i = 0; i < s->n_memory_raw; i++)
        add_number(raw, s->memory_raw[i].name, s->memory_raw[i].value);
    add_pressure(memory, &s->memory_pressure);
}

static void add_block_counts(struct json_object *blkio, const char *key,
                             const struct barrer_block_count *counts, size_t n)
{
    struct json_object *array = json_object_new_array();

    json_object_object_add(blkio, key, array);
    for (size_t i = 0; i < n; i++) {
        struct json_object *entry = json_object_new_object();

        add_number(entry, "major", (uint64_t)counts[i].major);
        add_number(entry, "minor", (uint64_t)counts[i].minor);
        json_object_object_add(entry, "op", json_object_new_string(counts[i].op));
        add_number(entry, "value", counts[i].value);
        json_object_array_add(array, entry);
    }
}

static void add_blkio(struct json_object *data, const struct barrer_stats *stats)
{
    struct json_object *blkio = add_object(data, "blkio");

    add_block_counts(blkio, "ioServiceBytesRecursive", stats->io_bytes, stats->n_io_bytes);
    add_block_counts(blkio, "ioServicedRecursive", stats->io_operations, stats->n_io_operations);
    add_block_counts(blkio, "ioQueueRecursive", stats->io_queued, stats->n_io_queued);
    add_block_counts(blkio, "ioServiceTimeRecursive", stats->io_service_time,
                     stats->n_io_service_time);
    add_block_counts(blkio, "ioWaitTimeRecursive", stats->io_wait_time, stats->n_io_wait_time);
    add_block_counts(blkio, "ioMergedRecursive", stats->io_merged, stats->n_io_merged);
    add_block_counts(blkio, "ioTimeRecursive", stats->io_time, stats->n_io_time);
    add_block_counts(blkio, "sectorsRecursive", stats->io_sectors, stats->n_io_sectors);
    add_pressure(blkio, &stats->io_pressure);
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
    if (text != NULL)
        json_object_object_add(object, key, json_object_new_string(text));
}

static void add_rdt_info(struct json_object *rdt, const struct barrer_rdt_stats *stats)
{
    struct json_object *info;

    if (stats->cbm_mask != NULL) {
        info = add_object(rdt, "l3_cache_info");
        add_text(info, "cbm_mask", stats->cbm_mask);
        add_number(info, "min_cbm_bits", stats->min_cbm_bits);
        add_number(info, "num_closids", stats->l3_num_closids);
    }
    if (stats->mem_bw_num_closids > 0) {
        info = add_object(rdt, "mem_bw_info");
        add_number(info, "bandwidth_gran", stats->bandwidth_gran);
        add_number(info, "delay_linear", stats->delay_linear);
        add_number(info, "min_bandwidth", stats->min_bandwidth);
        add_number(info, "num_closids", stats->mem_bw_num_closids);
    }
}

static void add_rdt_counts(struct json_object *rdt, const struct barrer_rdt_stats *stats)
{
    struct json_object *bandwidth, *occupancy;

    if (stats->n_counts == 0)
        return;
    bandwidth = json_object_new_array();
    occupancy = json_object_new_array();
    json_object_object_add(rdt, "mbm_stats", bandwidth);
    json_object_object_add(rdt, "cmt_stats", occupancy);
    for (size_t i = 0; i < stats->n_counts; i++) {
        struct json_object *mbm = json_object_new_object(), *cmt = json_object_new_object();

        add_number(mbm, "mbm_total_bytes", stats->counts[i].mbm_total_bytes);
        add_number(mbm, "mbm_local_bytes", stats->counts[i].mbm_local_bytes);
        add_number(cmt, "llc_occupancy", stats->counts[i].llc_occupancy);
        json_object_array_add(bandwidth, mbm);
        json_object_array_add(occupancy, cmt);
    }
}

void stats_add_rdt(struct json_object *data, const struct barrer_stats *stats)
{
    const struct barrer_rdt_stats *from = &stats->rdt;
    struct json_object *rdt = json_object_object_get(data, "intel_rdt");

    add_rdt_info(rdt, from);
    add_text(rdt, "l3_cache_schema_root", from->l3_cache_schema_root);
    add_text(rdt, "l3_cache_schema", from->l3_cache_schema);
    add_text(rdt, "mem_bw_schema_root", from->mem_bw_schema_root);
    add_text(rdt, "mem_bw_schema", from->mem_bw_schema);
    add_text(rdt, "schemata", from->schemata);
    add_rdt_counts(rdt, from);
}

static struct json_object *parse_interface(char *line)
{
    static const char *const keys[] = {"RxBytes", "RxPackets", "RxErrors", "RxDropped", NULL,
                                       NULL,      NULL,        NULL,       "TxBytes",   "TxPackets",
                                       "TxErrors", "TxDropped"};
    char *colon = strchr(line, ':'), *next = colon;
    struct json_object *object;

    if (colon == NULL)
        return NULL;
    *colon = '\0';
    object = json_object_new_object();
    add_text(object, "Name", line + strspn(line, " "));
    next++;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        uint64_t value = strtoull(next, &next, 10);

        if (keys[i] != NULL)
            add_number(object, keys[i], value);
    }
    return object;
}

void stats_add_interfaces(struct json_object *data, char *text)
{
    struct json_object *array = json_object_object_get(data, "network_interfaces");

    for (char *next = text, *line; (line = strsep(&next, "\n")) != NULL;) {
        struct json_object *interface = parse_interface(line);

        if (interface != NULL)
            json_object_array_add(array, interface);
    }
}

struct json_object *stats_json(const struct barrer_stats *stats)
{
    struct json_object *data = json_object_new_object(), *pids, *hugetlb;

    add_cpu(data, stats);
    add_cpuset(data, &stats->cpuset);
    add_memory(data, stats);
    pids = add_object(data, "pids");
    add_number(pids, "current", stats->pids_current);
    add_number(pids, "limit", stats->pids_limit);
    add_blkio(data, stats);
    hugetlb = add_object(data, "hugetlb");
    for (size_t i = 0; i < stats->n_hugepages; i++) {
        const struct barrer_hugepage_stats *pages = &stats->hugepages[i];
        struct json_object *entry = add_object(hugetlb, pages->page_size);

        add_number(entry, "usage", pages->usage);
        add_number(entry, "max", pages->max);
        add_number(entry, "failcnt", pages->failcnt);
    }
    (void)add_object(data, "intel_rdt");
    json_object_object_add(data, "network_interfaces", json_object_new_array());
    return data;
}
