/* SPDX-License-Identifier: Apache-2.0
 *
 * From the properties of config.json, most of which were made for cgroup v1, to the files of
 * cgroup v2. One row per property: what it needs, whether it is set, how it is written.
 */
#include "cgroup.h"

#include <inttypes.h>
#include <stdio.h>

typedef int is_set_fn(const struct barrer_resources_request *r);
typedef int apply_fn(const struct cgroup_group *group, const struct barrer_resources_request *r,
                     struct barrer_error *err);

/* In memory and cpu properties 0 means "not set", as engines send it for that. */
static int is_asked(const struct barrer_number *number)
{
    return number->is_set && number->value != 0;
}

static int write_number(const struct cgroup_group *group, const char *file, int64_t value,
                        struct barrer_error *err)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    return cgroup_write(group, file, value < 0 ? "max" : text, err);
}

/* log2 of 2 <= X <= 2^18, to 2^-32: square and compare, so that no libm is loaded for it. */
static double log2_of(double x)
{
    double result = 0, bit = 1;

    while (x >= 2) {
        x /= 2;
        result += 1;
    }
    for (int i = 0; i < 32; i++) {
        bit /= 2;
        x *= x;
        if (x >= 2) {
            x /= 2;
            result += bit;
        }
    }
    return result;
}

/* 10 to the X, 0 <= X <= 4: the power series of e^y, y = x * ln 10 / 16, to the 16th power. */
static double ten_to_the(double x)
{
    double y = x * 2.302585092994045684 / 16, term = 1, sum = 1;

    for (int i = 1; i < 20; i++) {
        term *= y / i;
        sum += term;
    }
    for (int i = 0; i < 4; i++)
        sum *= sum;
    return sum;
}

/* The curve that crun and runc use since 2025: it takes the smallest, the default and the largest
 * share (2, 1024, 262144) to the smallest, the default and the largest weight (1, 100, 10000). */
uint64_t cgroup_shares_to_weight(uint64_t shares)
{
    double l, weight;
    uint64_t whole;

    if (shares <= 2)
        return 1;
    if (shares >= 262144)
        return 10000;
    l = log2_of((double)shares);
    weight = ten_to_the((l * l + 125 * l) / 612 - 7.0 / 34);
    whole = (uint64_t)weight;
    /* Round up; what is above a whole number by less than the error of the series is not above. */
    return weight - (double)whole > 1e-6 ? whole + 1 : whole;
}

static int has_shares(const struct barrer_resources_request *r)
{
    return is_asked(&r->cpu.shares) || r->cpu.idle.is_set;
}

static int apply_shares(const struct cgroup_group *group, const struct barrer_resources_request *r,
                        struct barrer_error *err)
{
    char text[32];
    int e = 0;

    /* A weight is refused while idle is 1, and idle replaces the weight. */
    if (r->cpu.idle.is_set && r->cpu.idle.value == 0)
        e = cgroup_write(group, "cpu.idle", "0", err);
    if (e == 0 && is_asked(&r->cpu.shares)) {
        (void)snprintf(text, sizeof(text), "%" PRIu64,
                       cgroup_shares_to_weight((uint64_t)r->cpu.shares.value));
        e = cgroup_write(group, "cpu.weight", text, err);
    }
    if (e == 0 && r->cpu.idle.is_set && r->cpu.idle.value != 0)
        e = write_number(group, "cpu.idle", r->cpu.idle.value, err);
    return e;
}

static int has_cpu_max(const struct barrer_resources_request *r)
{
    return is_asked(&r->cpu.quota) || is_asked(&r->cpu.period);
}

/* cpu.max is "QUOTA PERIOD". The kernel keeps the period when it is left out; a quota that is not
 * given has to be read back. */
static int apply_cpu_max(const struct cgroup_group *group, const struct barrer_resources_request *r,
                         struct barrer_error *err)
{
    char quota[64], text[128];

    if (is_asked(&r->cpu.quota)) {
        if (r->cpu.quota.value < 0)
            (void)strcpy(quota, "max");
        else
            (void)snprintf(quota, sizeof(quota), "%" PRId64, r->cpu.quota.value);
    } else {
        if (cgroup_read(group, "cpu.max", quota, sizeof(quota)) <= 0)
            (void)strcpy(quota, "max");
        quota[strcspn(quota, " \n")] = '\0';
    }
    if (is_asked(&r->cpu.period))
        (void)snprintf(text, sizeof(text), "%s %" PRId64, quota, r->cpu.period.value);
    else
        (void)snprintf(text, sizeof(text), "%s", quota);
    return cgroup_write(group, "cpu.max", text, err);
}

static int has_burst(const struct barrer_resources_request *r)
{
    return r->cpu.burst.is_set;
}

/* The burst may not be larger than the quota: neither the old one with the new quota, nor the new
 * one with the old quota. */
static int apply_burst_and_max(const struct cgroup_group *group,
                               const struct barrer_resources_request *r, struct barrer_error *err)
{
    int e = write_number(group, "cpu.max.burst", r->cpu.burst.value, err);

    if (!has_cpu_max(r))
        return e;
    if (e == 0)
        return apply_cpu_max(group, r, err);
    e = apply_cpu_max(group, r, err);
    return e < 0 ? e : write_number(group, "cpu.max.burst", r->cpu.burst.value, err);
}

static int has_only_cpu_max(const struct barrer_resources_request *r)
{
    return has_cpu_max(r) && !has_burst(r);
}

static int has_cpuset(const struct barrer_resources_request *r)
{
    return (r->cpu.cpus != NULL && *r->cpu.cpus) || (r->cpu.mems != NULL && *r->cpu.mems);
}

static int apply_cpuset(const struct cgroup_group *group, const struct barrer_resources_request *r,
                        struct barrer_error *err)
{
    int e = 0;

    if (r->cpu.cpus != NULL && *r->cpu.cpus)
        e = cgroup_write(group, "cpuset.cpus", r->cpu.cpus, err);
    if (e == 0 && r->cpu.mems != NULL && *r->cpu.mems)
        e = cgroup_write(group, "cpuset.mems", r->cpu.mems, err);
    return e;
}

static int has_memory(const struct barrer_resources_request *r)
{
    return is_asked(&r->memory.limit) || is_asked(&r->memory.reservation) ||
           is_asked(&r->memory.swap);
}

/* config.json counts memory and swap together, as v1 does; v2 counts swap alone. */
static int apply_swap(const struct cgroup_group *group, const struct barrer_resources_request *r,
                      struct barrer_error *err)
{
    int64_t swap = r->memory.swap.value, limit = r->memory.limit.value;
    int e;

    if (!is_asked(&r->memory.swap)) {
        /* Without any limit of memory, a limit of swap would be all that is left of the old one. */
        if (!is_asked(&r->memory.limit) || limit >= 0)
            return 0;
        swap = -1;
    }
    if (swap >= 0) {
        if (!is_asked(&r->memory.limit)) {
            uint64_t max = cgroup_read_number(group, "memory.max");

            if (max == UINT64_MAX)
                return barrer_fail(group->host, err, EINVAL,
                                   "limit memory plus swap to %" PRId64 " bytes without a limit of "
                                   "memory (set linux.resources.memory.limit too)",
                                   swap);
            limit = (int64_t)max;
        }
        if (limit >= 0 && swap < limit)
            return barrer_fail(group->host, err, EINVAL,
                               "limit memory plus swap to %" PRId64
                               " bytes, which is less than the "
                               "%" PRId64 " bytes of the memory alone",
                               swap, limit);
        swap -= limit >= 0 ? limit : 0;
    }
    e = write_number(group, "memory.swap.max", swap, err);
    /* A kernel without accounting of swap has no such file; then nothing is what it limits to, or
     * what it need not limit. */
    return e == -ENOTSUP && swap <= 0 ? 0 : e;
}

static int apply_memory(const struct cgroup_group *group, const struct barrer_resources_request *r,
                        struct barrer_error *err)
{
    int e = apply_swap(group, r, err);

    if (e == 0 && is_asked(&r->memory.limit))
        e = write_number(group, "memory.max", r->memory.limit.value, err);
    if (e == 0 && is_asked(&r->memory.reservation))
        e = write_number(group, "memory.low", r->memory.reservation.value, err);
    return e;
}

static int has_pids(const struct barrer_resources_request *r)
{
    return r->pids_limit.is_set;
}

static int apply_pids(const struct cgroup_group *group, const struct barrer_resources_request *r,
                      struct barrer_error *err)
{
    return write_number(group, "pids.max", r->pids_limit.value, err);
}

static int has_io(const struct barrer_resources_request *r)
{
    const struct barrer_block_io *io = &r->block_io;

    return is_asked(&io->weight) || io->n_weight_device || io->n_read_bps || io->n_write_bps ||
           io->n_read_iops || io->n_write_iops;
}

/* [10, 1000] to [1, 10000]. */
int64_t cgroup_io_weight(int64_t weight)
{
    if (weight < 10 || weight > 1000)
        return weight; /* refused by the kernel, with its reason */
    return 1 + (weight - 10) * 9999 / 990;
}

/* The scheduler BFQ has a file of its own, in the units of config.json. */
static int apply_io_weight(const struct cgroup_group *group, const char *device, int64_t weight,
                           struct barrer_error *err)
{
    char text[96];
    int e;

    (void)snprintf(text, sizeof(text), "%s%" PRId64, device, weight);
    e = barrer_write_at(group->fd, "io.bfq.weight", text);
    if (e == 0)
        return 0;
    if (e != -ENOENT)
        return cgroup_write(group, "io.bfq.weight", text, err);
    (void)snprintf(text, sizeof(text), "%s%" PRId64, device, cgroup_io_weight(weight));
    return cgroup_write(group, "io.weight", text, err);
}

static int apply_throttles(const struct cgroup_group *group, const char *key,
                           const struct barrer_block_throttle *throttle, size_t n,
                           struct barrer_error *err)
{
    char text[128];
    int e = 0;

    for (size_t i = 0; i < n && e == 0; i++) {
        /* A rate of 0 takes the limit away, as in v1. */
        if (throttle[i].rate == 0)
            (void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %s=max", throttle[i].major,
                           throttle[i].minor, key);
        else
            (void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %s=%" PRIu64,
                           throttle[i].major, throttle[i].minor, key, throttle[i].rate);
        e = cgroup_write(group, "io.max", text, err);
    }
    return e;
}

static int apply_io(const struct cgroup_group *group, const struct barrer_resources_request *r,
                    struct barrer_error *err)
{
    const struct barrer_block_io *io = &r->block_io;
    char device[64];
    int e = 0;

    if (is_asked(&io->weight))
        e = apply_io_weight(group, "", io->weight.value, err);
    for (size_t i = 0; i < io->n_weight_device && e == 0; i++) {
        (void)snprintf(device, sizeof(device), "%" PRId64 ":%" PRId64 " ",
                       io->weight_device[i].major, io->weight_device[i].minor);
        if (is_asked(&io->weight_device[i].weight))
            e = apply_io_weight(group, device, io->weight_device[i].weight.value, err);
    }
    if (e == 0)
        e = apply_throttles(group, "rbps", io->read_bps, io->n_read_bps, err);
    if (e == 0)
        e = apply_throttles(group, "wbps", io->write_bps, io->n_write_bps, err);
    if (e == 0)
        e = apply_throttles(group, "riops", io->read_iops, io->n_read_iops, err);
    if (e == 0)
        e = apply_throttles(group, "wiops", io->write_iops, io->n_write_iops, err);
    return e;
}

static int has_hugetlb(const struct barrer_resources_request *r)
{
    return r->n_hugepage_limits > 0;
}

static int apply_hugetlb(const struct cgroup_group *group, const struct barrer_resources_request *r,
                         struct barrer_error *err)
{
    char file[96], text[32];
    int e = 0;

    for (size_t i = 0; i < r->n_hugepage_limits && e == 0; i++) {
        const char *page_size = r->hugepage_limits[i].page_size;

        if (strchr(page_size, '/') != NULL || strlen(page_size) > 32)
            return barrer_fail(group->host, err, 0, "\"%s\" is no size of a huge page (\"2MB\")",
                               page_size);
        (void)snprintf(text, sizeof(text), "%" PRIu64, r->hugepage_limits[i].limit);
        (void)snprintf(file, sizeof(file), "hugetlb.%s.max", page_size);
        e = cgroup_write(group, file, text, err);
        /* Reservations too (Linux 5.7): otherwise what mmap promises, a page fault refuses. */
        (void)snprintf(file, sizeof(file), "hugetlb.%s.rsvd.max", page_size);
        if (e == 0 && (e = cgroup_write(group, file, text, err)) == -ENOTSUP)
            e = 0;
    }
    return e;
}

static int has_rdma(const struct barrer_resources_request *r)
{
    return r->n_rdma > 0;
}

static int apply_rdma(const struct cgroup_group *group, const struct barrer_resources_request *r,
                      struct barrer_error *err)
{
    char text[256];
    int e = 0;

    for (size_t i = 0; i < r->n_rdma && e == 0; i++) {
        const struct barrer_rdma_limit *rdma = &r->rdma[i];
        size_t used = (size_t)snprintf(text, sizeof(text), "%.100s", rdma->device);

        if (rdma->hca_handles.is_set)
            used += (size_t)snprintf(text + used, sizeof(text) - used, " hca_handle=%" PRId64,
                                     rdma->hca_handles.value);
        if (rdma->hca_objects.is_set)
            (void)snprintf(text + used, sizeof(text) - used, " hca_object=%" PRId64,
                           rdma->hca_objects.value);
        e = cgroup_write(group, "rdma.max", text, err);
    }
    return e;
}

static int has_unified(const struct barrer_resources_request *r)
{
    return r->n_unified > 0;
}

/* Files such as io.max take one line per write(2). */
static int write_lines(const struct cgroup_group *group, const char *file, const char *value,
                       struct barrer_error *err)
{
    do {
        size_t length = strcspn(value, "\n");
        barrer_auto_free char *line = strndup(value, length);
        int e;

        if (line == NULL)
            return barrer_fail(group->host, err, ENOMEM, "write \"%s\"", file);
        e = cgroup_write(group, file, line, err);
        if (e < 0)
            return e;
        value += length + (value[length] == '\n');
    } while (*value != '\0');
    return 0;
}

static int apply_unified(const struct cgroup_group *group, const struct barrer_resources_request *r,
                         struct barrer_error *err)
{
    for (size_t i = 0; i < r->n_unified; i++) {
        int e = write_lines(group, r->unified[i].key, r->unified[i].value, err);

        if (e < 0)
            return e;
    }
    return 0;
}

static const struct {
    const char *controller;
    is_set_fn *is_set;
    apply_fn *apply;
} table[] = {
    {"cpu", has_shares, apply_shares},
    {"cpu", has_only_cpu_max, apply_cpu_max},
    {"cpu", has_burst, apply_burst_and_max},
    {"cpuset", has_cpuset, apply_cpuset},
    {"memory", has_memory, apply_memory},
    {"pids", has_pids, apply_pids},
    {"io", has_io, apply_io},
    {"hugetlb", has_hugetlb, apply_hugetlb},
    {"rdma", has_rdma, apply_rdma},
    {"", has_unified, apply_unified}, /* last: what is said in v2's own words wins */
};

#define N_TABLE (sizeof(table) / sizeof(*table))

int cgroup_has_limits(const struct barrer_resources_request *request)
{
    for (size_t i = 0; i < N_TABLE; i++)
        if (table[i].is_set(request))
            return 1;
    return 0;
}

static void add_word(char *list, size_t size, const char *word, size_t length)
{
    size_t used = strlen(list);
    char copy[32];

    (void)snprintf(copy, sizeof(copy), "%.*s", (int)length, word);
    if (*copy != '\0' && !cgroup_has_word(list, copy))
        (void)snprintf(list + used, size - used, "%s%s", used > 0 ? " " : "", copy);
}

void cgroup_needed_controllers(const struct barrer_resources_request *request, char *list,
                               size_t size)
{
    list[0] = '\0';
    for (size_t i = 0; i < N_TABLE; i++)
        if (table[i].is_set(request))
            add_word(list, size, table[i].controller, strlen(table[i].controller));
    for (size_t i = 0; i < request->n_unified; i++)
        add_word(list, size, request->unified[i].key, strcspn(request->unified[i].key, "."));
}

/* What must hold before the first write. */
int cgroup_check_limits(const struct cgroup_group *group,
                        const struct barrer_resources_request *request, struct barrer_error *err)
{
    const struct barrer_memory *memory = &request->memory;
    uint64_t usage;

    for (size_t i = 0; i < request->n_unified; i++) {
        const char *key = request->unified[i].key;

        if (strchr(key, '/') != NULL || strchr(key, '.') == NULL || *key == '.' ||
            strlen(key) > 200 || strncmp(key, "cgroup.", 7) == 0)
            return barrer_fail(group->host, err, 0,
                               "linux.resources.unified: the specified key has not the form "
                               "CONTROLLER.VALUE `%s` (such as \"memory.high\")",
                               key);
    }
    if (!memory->check_before_update.is_set || memory->check_before_update.value == 0 ||
        group->fd < 0)
        return 0;
    usage = cgroup_read_number(group, "memory.current");
    if (is_asked(&memory->limit) && memory->limit.value > 0 &&
        usage > (uint64_t)memory->limit.value)
        return barrer_fail(group->host, err, EBUSY,
                           "limit memory to %" PRId64 " bytes while %" PRIu64 " are in use",
                           memory->limit.value, usage);
    usage += cgroup_read_number(group, "memory.swap.current");
    if (is_asked(&memory->swap) && memory->swap.value > 0 && usage > (uint64_t)memory->swap.value)
        return barrer_fail(group->host, err, EBUSY,
                           "limit memory plus swap to %" PRId64 " bytes while %" PRIu64
                           " are in use",
                           memory->swap.value, usage);
    return 0;
}

/* clone(2) into a group counts against its limit, moving a process there does not: with the few
 * that the container's own process needs, the limit waits until that one exists. */
int cgroup_has_late_limits(const struct barrer_resources_request *request)
{
    return has_pids(request) && request->pids_limit.value >= 0 && request->pids_limit.value < 4;
}

int cgroup_set_late_limits(struct cgroup_group *group,
                           const struct barrer_resources_request *request, struct barrer_error *err)
{
    return apply_pids(group, request, err);
}

int cgroup_set_limits(struct cgroup_group *group, const struct barrer_resources_request *request,
                      int is_new, struct barrer_error *err)
{
    for (size_t i = 0; i < N_TABLE; i++) {
        int e;

        if (!table[i].is_set(request) ||
            (is_new && table[i].is_set == has_pids && cgroup_has_late_limits(request)))
            continue;
        e = table[i].apply(group, request, err);
        if (e < 0)
            return e;
    }
    return 0;
}
