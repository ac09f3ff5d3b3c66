/* SPDX-License-Identifier: Apache-2.0
 *
 * From the properties of config.json to the files of cgroup v1. One row per property: which
 * controller it needs, whether it is set, how it is written.
 */
#include "cgroup1.h"

#include <inttypes.h>
#include <stdio.h>

struct place {
    const struct cgroup1 *self;
    const struct cgroup1_hierarchy *h;
    struct barrer_error *err;
};

typedef int is_set_fn(const struct barrer_resources_request *r);
typedef int apply_fn(const struct place *p, const struct barrer_resources_request *r);

/* In memory and cpu properties 0 means "not set", as engines send it for that. */
static int is_asked(const struct barrer_number *number)
{
    return number->is_set && number->value != 0;
}

static int put(const struct place *p, const char *file, const char *value)
{
    return cgroup1_write(p->self, p->h, file, value, p->err);
}

static int put_number(const struct place *p, const char *file, int64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    return put(p, file, text);
}

static int put_asked(const struct place *p, const char *file, const struct barrer_number *number)
{
    return is_asked(number) ? put_number(p, file, number->value) : 0;
}

static int has_weight(const struct barrer_resources_request *r)
{
    return is_asked(&r->cpu.shares) || r->cpu.idle.is_set;
}

/* Shares are refused while idle is 1, and idle replaces them. */
static int apply_weight(const struct place *p, const struct barrer_resources_request *r)
{
    int e = r->cpu.idle.is_set && r->cpu.idle.value == 0 ? put(p, "cpu.idle", "0") : 0;

    if (e == 0)
        e = put_asked(p, "cpu.shares", &r->cpu.shares);
    if (e == 0 && r->cpu.idle.is_set && r->cpu.idle.value != 0)
        e = put_number(p, "cpu.idle", r->cpu.idle.value);
    return e;
}

static int has_bandwidth(const struct barrer_resources_request *r)
{
    return is_asked(&r->cpu.quota) || is_asked(&r->cpu.period) || r->cpu.burst.is_set;
}

/* Each file is checked against what the others hold at that moment: what is refused at first is
 * tried again behind the others. */
static int apply_bandwidth(const struct place *p, const struct barrer_resources_request *r)
{
    int period = put_asked(p, "cpu.cfs_period_us", &r->cpu.period);
    int burst = r->cpu.burst.is_set ? put_number(p, "cpu.cfs_burst_us", r->cpu.burst.value) : 0,
        e = 0;

    if (period < 0 && period != -EINVAL)
        return period;
    if (burst < 0 && burst != -EINVAL)
        return burst;
    e = put_asked(p, "cpu.cfs_quota_us", &r->cpu.quota);
    if (e == 0 && period < 0)
        e = put_asked(p, "cpu.cfs_period_us", &r->cpu.period);
    if (e == 0 && burst < 0)
        e = put_number(p, "cpu.cfs_burst_us", r->cpu.burst.value);
    return e;
}

static int has_realtime(const struct barrer_resources_request *r)
{
    return is_asked(&r->cpu.realtime_period) || is_asked(&r->cpu.realtime_runtime);
}

static int apply_realtime(const struct place *p, const struct barrer_resources_request *r)
{
    int period = put_asked(p, "cpu.rt_period_us", &r->cpu.realtime_period), e;

    if (period < 0 && period != -EINVAL)
        return period;
    e = put_asked(p, "cpu.rt_runtime_us", &r->cpu.realtime_runtime);
    if (e == 0 && period < 0)
        e = put_asked(p, "cpu.rt_period_us", &r->cpu.realtime_period);
    return e;
}

static int has_cpuset(const struct barrer_resources_request *r)
{
    return (r->cpu.cpus != NULL && *r->cpu.cpus) || (r->cpu.mems != NULL && *r->cpu.mems);
}

static int apply_cpuset(const struct place *p, const struct barrer_resources_request *r)
{
    int e = 0;

    if (r->cpu.cpus != NULL && *r->cpu.cpus)
        e = put(p, "cpuset.cpus", r->cpu.cpus);
    if (e == 0 && r->cpu.mems != NULL && *r->cpu.mems)
        e = put(p, "cpuset.mems", r->cpu.mems);
    return e;
}

static int has_memory(const struct barrer_resources_request *r)
{
    const struct barrer_memory *m = &r->memory;

    return is_asked(&m->limit) || is_asked(&m->reservation) || is_asked(&m->swap) ||
           is_asked(&m->kernel) || is_asked(&m->kernel_tcp) || m->swappiness.is_set || m->disable_oom_killer.is_set ||
           is_asked(&m->use_hierarchy);
}

static int check_usage(const struct place *p, const struct barrer_memory *m)
{
    static const char *const files[] = {"memory.usage_in_bytes", "memory.memsw.usage_in_bytes"};
    const struct barrer_number *const limits[] = {&m->limit, &m->swap};

    for (size_t i = 0; i < 2 && is_asked(&m->check_before_update); i++) {
        uint64_t usage = cgroup1_read_number(p->h, files[i]);

        if (is_asked(limits[i]) && limits[i]->value > 0 && usage > (uint64_t)limits[i]->value)
            return barrer_fail(p->self->host, p->err, EBUSY,
                               "limit memory%s to %" PRId64 " bytes while %" PRIu64 " are in use",
                               i == 1 ? " plus swap" : "", limits[i]->value, usage);
    }
    return 0;
}

static int put_swap(const struct place *p, int64_t swap)
{
    int e = put_number(p, "memory.memsw.limit_in_bytes", swap);

    /* A kernel without accounting of swap has no such file, and nothing to take a limit from. */
    return e == -ENOTSUP && swap < 0 ? 0 : e;
}

/* The limit of memory may never be above that of memory plus swap: a larger pair is written in
 * the other order. */
static int apply_memory_and_swap(const struct place *p, const struct barrer_memory *m)
{
    int64_t swap = m->swap.value;
    int has_swap = is_asked(&m->swap), e;

    if (!has_swap && is_asked(&m->limit) && m->limit.value < 0) {
        has_swap = 1;
        swap = -1;
    }
    e = put_asked(p, "memory.limit_in_bytes", &m->limit);
    if (!has_swap || (e < 0 && e != -EINVAL))
        return e;
    if (e == 0)
        return put_swap(p, swap);
    e = put_swap(p, swap);
    return e < 0 ? e : put_asked(p, "memory.limit_in_bytes", &m->limit);
}

/* Linux 5.16 refuses it, and 6.7 takes it without effect. */
static int put_kernel(const struct place *p, const struct barrer_number *limit)
{
    static const char file[] = "memory.kmem.limit_in_bytes";
    int e = put_asked(p, file, limit);

    if (!is_asked(limit) || limit->value < 0 || (e < 0 && e != -ENOTSUP))
        return e == -ENOTSUP ? 0 : e;
    if (e < 0 || cgroup1_read_number(p->h, file) > (uint64_t)limit->value)
        barrer_log(p->self->host, BARRER_LOG_WARNING,
                   "linux.resources.memory.kernel: this kernel has no limit of its own for that; "
                   "memory.limit counts it, too");
    return 0;
}

static int apply_memory(const struct place *p, const struct barrer_resources_request *r)
{
    const struct barrer_memory *m = &r->memory;
    int e = is_asked(&m->use_hierarchy) ? put(p, "memory.use_hierarchy", "1") : 0;

    if (e == 0)
        e = check_usage(p, m);
    if (e == 0)
        e = apply_memory_and_swap(p, m);
    if (e == 0)
        e = put_asked(p, "memory.soft_limit_in_bytes", &m->reservation);
    if (e == 0)
        e = put_kernel(p, &m->kernel);
    if (e == 0)
        e = put_asked(p, "memory.kmem.tcp.limit_in_bytes", &m->kernel_tcp);
    if (e == 0 && m->swappiness.is_set)
        e = put_number(p, "memory.swappiness", m->swappiness.value);
    if (e == 0 && m->disable_oom_killer.is_set)
        e = put(p, "memory.oom_control", m->disable_oom_killer.value ? "1" : "0");
    return e;
}

static int has_pids(const struct barrer_resources_request *r)
{
    return r->pids_limit.is_set;
}

static int apply_pids(const struct place *p, const struct barrer_resources_request *r)
{
    return r->pids_limit.value < 0 ? put(p, "pids.max", "max")
                                   : put_number(p, "pids.max", r->pids_limit.value);
}

static int has_blkio(const struct barrer_resources_request *r)
{
    const struct barrer_block_io *io = &r->block_io;

    return is_asked(&io->weight) || io->n_weight_device || io->n_read_bps || io->n_write_bps ||
           io->n_read_iops || io->n_write_iops;
}

/* The file of the scheduler BFQ, or that of CFQ, which Linux 5.0 removed. */
static int put_blkio_weight(const struct place *p, const char *suffix, const char *value)
{
    char file[64];
    int e;

    (void)snprintf(file, sizeof(file), "blkio.weight%s", suffix);
    e = barrer_write_at(p->h->fd, file, value);
    if (e == 0)
        return 0;
    (void)snprintf(file, sizeof(file), "blkio.bfq.weight%s", suffix);
    return put(p, file, value);
}

static int put_throttles(const struct place *p, const char *file,
                         const struct barrer_block_throttle *throttle, size_t n)
{
    char text[96];
    int e = 0;

    for (size_t i = 0; i < n && e == 0; i++) {
        (void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRIu64, throttle[i].major,
                       throttle[i].minor, throttle[i].rate);
        e = put(p, file, text);
    }
    return e;
}

static int apply_blkio(const struct place *p, const struct barrer_resources_request *r)
{
    const struct barrer_block_io *io = &r->block_io;
    char text[96];
    int e = 0;

    if (is_asked(&io->weight)) {
        (void)snprintf(text, sizeof(text), "%" PRId64, io->weight.value);
        e = put_blkio_weight(p, "", text);
    }
    for (size_t i = 0; i < io->n_weight_device && e == 0; i++) {
        (void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRId64,
                       io->weight_device[i].major, io->weight_device[i].minor,
                       io->weight_device[i].weight.value);
        if (is_asked(&io->weight_device[i].weight))
            e = put_blkio_weight(p, "_device", text);
    }
    if (e == 0)
        e = put_throttles(p, "blkio.throttle.read_bps_device", io->read_bps, io->n_read_bps);
    if (e == 0)
        e = put_throttles(p, "blkio.throttle.write_bps_device", io->write_bps, io->n_write_bps);
    if (e == 0)
        e = put_throttles(p, "blkio.throttle.read_iops_device", io->read_iops, io->n_read_iops);
    if (e == 0)
        e = put_throttles(p, "blkio.throttle.write_iops_device", io->write_iops, io->n_write_iops);
    return e;
}

static int has_hugetlb(const struct barrer_resources_request *r)
{
    return r->n_hugepage_limits > 0;
}

static int apply_hugetlb(const struct place *p, const struct barrer_resources_request *r)
{
    char file[96], text[32];
    int e = 0;

    for (size_t i = 0; i < r->n_hugepage_limits && e == 0; i++) {
        const char *page_size = r->hugepage_limits[i].page_size;

        if (strchr(page_size, '/') != NULL || strlen(page_size) > 32)
            return barrer_fail(p->self->host, p->err, 0,
                               "\"%s\" is no size of a huge page (\"2MB\")", page_size);
        (void)snprintf(text, sizeof(text), "%" PRIu64, r->hugepage_limits[i].limit);
        (void)snprintf(file, sizeof(file), "hugetlb.%s.limit_in_bytes", page_size);
        e = put(p, file, text);
        /* Reservations too (Linux 5.7): otherwise what mmap promises, a page fault refuses. */
        (void)snprintf(file, sizeof(file), "hugetlb.%s.rsvd.limit_in_bytes", page_size);
        if (e == 0 && (e = put(p, file, text)) == -ENOTSUP)
            e = 0;
    }
    return e;
}

static int has_class(const struct barrer_resources_request *r)
{
    return is_asked(&r->network_class_id);
}

static int apply_class(const struct place *p, const struct barrer_resources_request *r)
{
    return put_number(p, "net_cls.classid", r->network_class_id.value);
}

static int has_priorities(const struct barrer_resources_request *r)
{
    return r->n_network_priorities > 0;
}

static int apply_priorities(const struct place *p, const struct barrer_resources_request *r)
{
    char text[96];
    int e = 0;

    for (size_t i = 0; i < r->n_network_priorities && e == 0; i++) {
        (void)snprintf(text, sizeof(text), "%.64s %" PRIu32, r->network_priorities[i].name,
                       r->network_priorities[i].priority);
        e = put(p, "net_prio.ifpriomap", text);
    }
    return e;
}

static int has_rdma(const struct barrer_resources_request *r)
{
    return r->n_rdma > 0;
}

static int apply_rdma(const struct place *p, const struct barrer_resources_request *r)
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
        e = put(p, "rdma.max", text);
    }
    return e;
}

static const struct {
    const char *controller;
    is_set_fn *is_set;
    apply_fn *apply;
} table[] = {
    {"cpu", has_weight, apply_weight},     {"cpu", has_bandwidth, apply_bandwidth},
    {"cpu", has_realtime, apply_realtime}, {"cpuset", has_cpuset, apply_cpuset},
    {"memory", has_memory, apply_memory},  {"pids", has_pids, apply_pids},
    {"blkio", has_blkio, apply_blkio},     {"hugetlb", has_hugetlb, apply_hugetlb},
    {"net_cls", has_class, apply_class},   {"net_prio", has_priorities, apply_priorities},
    {"rdma", has_rdma, apply_rdma},
};

#define N_TABLE (sizeof(table) / sizeof(*table))

int cgroup1_has_limits(const struct barrer_resources_request *request)
{
    for (size_t i = 0; i < N_TABLE; i++)
        if (table[i].is_set(request))
            return 1;
    return 0;
}

int cgroup1_needs(const struct cgroup1_hierarchy *h, const struct barrer_resources_request *request)
{
    for (size_t i = 0; i < N_TABLE; i++)
        if (cgroup1_has_controller(h, table[i].controller) && table[i].is_set(request))
            return 1;
    return 0;
}

static int has_hierarchy(const struct cgroup1 *self, const char *controller, int with_group)
{
    for (size_t i = 0; i < self->n_hierarchies; i++)
        if (cgroup1_has_controller(&self->hierarchies[i], controller) &&
            (!with_group || self->hierarchies[i].path != NULL))
            return 1;
    return 0;
}

const char *cgroup1_missing(const struct cgroup1 *self,
                            const struct barrer_resources_request *request, int with_group)
{
    for (size_t i = 0; i < N_TABLE; i++)
        if (table[i].is_set(request) && !has_hierarchy(self, table[i].controller, with_group))
            return table[i].controller;
    if (cgroup1_needs_devices(request) && !(request->flags & BARRER_RESOURCES_ROOTLESS) &&
        !has_hierarchy(self, "devices", with_group))
        return "devices";
    return NULL;
}

int cgroup1_set_limits(struct cgroup1 *self, const struct barrer_resources_request *request,
                       struct barrer_error *err)
{
    for (size_t i = 0; i < N_TABLE; i++) {
        struct place place = {self, NULL, err};
        int e;

        if (!table[i].is_set(request))
            continue;
        place.h = cgroup1_of(self, table[i].controller);
        if (place.h == NULL)
            return barrer_fail(self->host, err, ENOTSUP,
                               "limit resources: the container's cgroup of the controller \"%s\" "
                               "is gone",
                               table[i].controller);
        e = table[i].apply(&place, request);
        if (e < 0)
            return e;
    }
    return 0;
}
