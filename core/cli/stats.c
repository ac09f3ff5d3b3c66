/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stats.h"

#include <json-c/json.h>

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

static void add_cpu(struct json_object *data, const struct barrer_stats *stats)
{
    struct json_object *cpu = add_object(data, "cpu"), *usage = add_object(cpu, "usage");
    struct json_object *throttling = add_object(cpu, "throttling"), *percpu;

    add_number(usage, "total", stats->cpu_usage);
    if (stats->n_cpu_percpu > 0) {
        percpu = json_object_new_array();
        json_object_object_add(usage, "percpu", percpu);
        for (size_t i = 0; i < stats->n_cpu_percpu; i++)
            json_object_array_add(percpu, json_object_new_uint64(stats->cpu_percpu[i]));
    }
    add_number(usage, "kernel", stats->cpu_kernel);
    add_number(usage, "user", stats->cpu_user);
    add_number(throttling, "periods", stats->cpu_periods);
    add_number(throttling, "throttledPeriods", stats->cpu_throttled_periods);
    add_number(throttling, "throttledTime", stats->cpu_throttled_time);
    add_pressure(cpu, &stats->cpu_pressure);
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

struct json_object *stats_json(const struct barrer_stats *stats)
{
    struct json_object *data = json_object_new_object(), *pids, *blkio, *hugetlb;

    add_cpu(data, stats);
    add_memory(data, stats);
    pids = add_object(data, "pids");
    add_number(pids, "current", stats->pids_current);
    add_number(pids, "limit", stats->pids_limit);
    blkio = add_object(data, "blkio");
    add_block_counts(blkio, "ioServiceBytesRecursive", stats->io_bytes, stats->n_io_bytes);
    add_block_counts(blkio, "ioServicedRecursive", stats->io_operations, stats->n_io_operations);
    add_pressure(blkio, &stats->io_pressure);
    hugetlb = add_object(data, "hugetlb");
    for (size_t i = 0; i < stats->n_hugepages; i++) {
        const struct barrer_hugepage_stats *pages = &stats->hugepages[i];
        struct json_object *entry = add_object(hugetlb, pages->page_size);

        add_number(entry, "usage", pages->usage);
        add_number(entry, "max", pages->max);
        add_number(entry, "failcnt", pages->failcnt);
    }
    return data;
}
