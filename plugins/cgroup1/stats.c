/* SPDX-License-Identifier: Apache-2.0
 *
 * What the groups have used. Files that the kernel does not have leave their numbers 0.
 */
#include "cgroup1.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

/* The arrays behind a struct barrer_stats. */
struct cgroup1_stats_memory {
    uint64_t percpu[1024], percpu_user[1024], percpu_kernel[1024];
    char cpus[1024], mems[1024];
    char memory_text[CGROUP1_FILE_MAX]; /* names point into it */
    struct barrer_named_value memory_raw[128];
    struct barrer_block_count io_bytes[256], io_operations[256];
    struct barrer_block_count io_more[6][256];
    struct barrer_hugepage_stats hugepages[8];
    char page_sizes[8][32];
};

void cgroup1_stats_free(struct cgroup1_stats_memory *memory)
{
    free(memory);
}

static void read_cpu(struct cgroup1 *self, struct barrer_stats *stats)
{
    const struct cgroup1_hierarchy *acct = cgroup1_of(self, "cpuacct");
    char text[CGROUP1_FILE_MAX];
    char *state = NULL;

    stats->cpu_usage = cgroup1_read_number(acct, "cpuacct.usage");
    stats->cpu_user = cgroup1_read_number(acct, "cpuacct.usage_user");
    stats->cpu_kernel = cgroup1_read_number(acct, "cpuacct.usage_sys");
    if (cgroup1_read(acct, "cpuacct.usage_percpu", text, sizeof(text)) > 0)
        for (char *word = strtok_r(text, " \n", &state); word != NULL && stats->n_cpu_percpu < 1024;
             word = strtok_r(NULL, " \n", &state))
            self->stats->percpu[stats->n_cpu_percpu++] = strtoull(word, NULL, 10);
    stats->cpu_percpu = self->stats->percpu;
    if (cgroup1_read(cgroup1_of(self, "cpu"), "cpu.stat", text, sizeof(text)) > 0) {
        stats->cpu_periods = cgroup1_key_number(text, "nr_periods");
        stats->cpu_throttled_periods = cgroup1_key_number(text, "nr_throttled");
        stats->cpu_throttled_time = cgroup1_key_number(text, "throttled_time");
    }
}

/* Lines "CPU USER SYSTEM" behind a heading. */
static void read_percpu_split(struct cgroup1 *self, struct barrer_stats *stats)
{
    struct cgroup1_stats_memory *memory = self->stats;
    char text[CGROUP1_FILE_MAX];
    char *state = NULL;

    if (cgroup1_read(cgroup1_of(self, "cpuacct"), "cpuacct.usage_all", text, sizeof(text)) <= 0)
        return;
    for (char *line = strtok_r(text, "\n", &state);
         line != NULL && stats->n_cpu_percpu_split < 1024; line = strtok_r(NULL, "\n", &state)) {
        size_t i = stats->n_cpu_percpu_split;

        if (sscanf(line, "%*u %" SCNu64 " %" SCNu64, &memory->percpu_user[i],
                   &memory->percpu_kernel[i]) == 2)
            stats->n_cpu_percpu_split++;
    }
    stats->cpu_percpu_user = memory->percpu_user;
    stats->cpu_percpu_kernel = memory->percpu_kernel;
}

static const char *read_list(const struct cgroup1_hierarchy *h, const char *file, char *text,
                             size_t size)
{
    if (cgroup1_read(h, file, text, size) <= 0)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static void read_cpuset(struct cgroup1 *self, struct barrer_stats *stats)
{
    const struct cgroup1_hierarchy *h = cgroup1_of(self, "cpuset");
    struct cgroup1_stats_memory *memory = self->stats;
    struct barrer_cpuset_stats *cpuset = &stats->cpuset;

    cpuset->cpus = read_list(h, "cpuset.cpus", memory->cpus, sizeof(memory->cpus));
    cpuset->mems = read_list(h, "cpuset.mems", memory->mems, sizeof(memory->mems));
    cpuset->cpu_exclusive = cgroup1_read_number(h, "cpuset.cpu_exclusive");
    cpuset->mem_exclusive = cgroup1_read_number(h, "cpuset.mem_exclusive");
    cpuset->mem_hardwall = cgroup1_read_number(h, "cpuset.mem_hardwall");
    cpuset->memory_migrate = cgroup1_read_number(h, "cpuset.memory_migrate");
    cpuset->memory_spread_page = cgroup1_read_number(h, "cpuset.memory_spread_page");
    cpuset->memory_spread_slab = cgroup1_read_number(h, "cpuset.memory_spread_slab");
    cpuset->memory_pressure = cgroup1_read_number(h, "cpuset.memory_pressure");
    cpuset->sched_load_balance = cgroup1_read_number(h, "cpuset.sched_load_balance");
    cpuset->sched_relax_domain_level =
        (int64_t)cgroup1_read_number(h, "cpuset.sched_relax_domain_level");
}

static void read_counter(const struct cgroup1_hierarchy *h, const char *prefix, uint64_t *usage,
                         uint64_t *limit, uint64_t *max, uint64_t *failcnt)
{
    static const char *const names[] = {"usage_in_bytes", "limit_in_bytes", "max_usage_in_bytes",
                                        "failcnt"};
    uint64_t *const numbers[] = {usage, limit, max, failcnt};
    char file[64];

    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(file, sizeof(file), "%s.%s", prefix, names[i]);
        *numbers[i] = cgroup1_read_number(h, file);
    }
}

static void read_memory(struct cgroup1 *self, struct barrer_stats *stats)
{
    const struct cgroup1_hierarchy *h = cgroup1_of(self, "memory");
    struct cgroup1_stats_memory *memory = self->stats;
    char *state = NULL;

    read_counter(h, "memory", &stats->memory_usage, &stats->memory_limit, &stats->memory_max,
                 &stats->memory_failcnt);
    read_counter(h, "memory.memsw", &stats->swap_usage, &stats->swap_limit, &stats->swap_max,
                 &stats->swap_failcnt);
    read_counter(h, "memory.kmem", &stats->kernel_usage, &stats->kernel_limit, &stats->kernel_max,
                 &stats->kernel_failcnt);
    read_counter(h, "memory.kmem.tcp", &stats->kernel_tcp_usage, &stats->kernel_tcp_limit,
                 &stats->kernel_tcp_max, &stats->kernel_tcp_failcnt);
    if (cgroup1_read(h, "memory.stat", memory->memory_text, sizeof(memory->memory_text)) <= 0)
        return;
    stats->memory_cache = cgroup1_key_number(memory->memory_text, "cache");
    for (char *line = strtok_r(memory->memory_text, "\n", &state);
         line != NULL && stats->n_memory_raw < 128; line = strtok_r(NULL, "\n", &state)) {
        char *blank = strchr(line, ' ');

        if (blank == NULL)
            continue;
        *blank = '\0';
        memory->memory_raw[stats->n_memory_raw++] =
            (struct barrer_named_value){line, strtoull(blank + 1, NULL, 10)};
    }
    stats->memory_raw = memory->memory_raw;
}

/* Lines "8:0 Read 4096"; the words are those of the kernel. */
static size_t read_io(const struct cgroup1_hierarchy *h, const char *file,
                      struct barrer_block_count *counts)
{
    static const char *const ops[] = {"Read", "Write", "Sync", "Async", "Discard", "Total"};
    char text[CGROUP1_FILE_MAX], op[16];
    char *state = NULL;
    size_t n = 0;

    if (cgroup1_read(h, file, text, sizeof(text)) <= 0)
        return 0;
    for (char *line = strtok_r(text, "\n", &state); line != NULL && n < 256;
         line = strtok_r(NULL, "\n", &state)) {
        struct barrer_block_count count = {0};

        if (sscanf(line, "%" SCNd64 ":%" SCNd64 " %15s %" SCNu64, &count.major, &count.minor, op,
                   &count.value) != 4) {
            /* Times and sectors are not split. */
            if (sscanf(line, "%" SCNd64 ":%" SCNd64 " %" SCNu64, &count.major, &count.minor,
                       &count.value) != 3)
                continue;
            (void)strcpy(op, "");
            count.op = "";
        }
        for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
            if (strcmp(op, ops[i]) == 0)
                count.op = ops[i];
        if (count.op != NULL)
            counts[n++] = count;
    }
    return n;
}

/* What only the scheduler BFQ counts. */
static void read_blkio_more(struct cgroup1 *self, struct barrer_stats *stats)
{
    const struct cgroup1_hierarchy *h = cgroup1_of(self, "blkio");
    struct barrer_block_count(*more)[256] = self->stats->io_more;
    const struct {
        const char *file;
        const struct barrer_block_count **counts;
        size_t *n;
    } files[] = {
        {"blkio.bfq.io_queued_recursive", &stats->io_queued, &stats->n_io_queued},
        {"blkio.bfq.io_service_time_recursive", &stats->io_service_time, &stats->n_io_service_time},
        {"blkio.bfq.io_wait_time_recursive", &stats->io_wait_time, &stats->n_io_wait_time},
        {"blkio.bfq.io_merged_recursive", &stats->io_merged, &stats->n_io_merged},
        {"blkio.bfq.time_recursive", &stats->io_time, &stats->n_io_time},
        {"blkio.bfq.sectors_recursive", &stats->io_sectors, &stats->n_io_sectors},
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        *files[i].n = read_io(h, files[i].file, more[i]);
        *files[i].counts = more[i];
    }
}

/* The scheduler BFQ counts for itself; all others are counted where throttling is done. */
static void read_blkio(struct cgroup1 *self, struct barrer_stats *stats)
{
    const struct cgroup1_hierarchy *h = cgroup1_of(self, "blkio");

    stats->io_bytes = self->stats->io_bytes;
    stats->io_operations = self->stats->io_operations;
    stats->n_io_bytes =
        read_io(h, "blkio.throttle.io_service_bytes_recursive", self->stats->io_bytes);
    stats->n_io_operations =
        read_io(h, "blkio.throttle.io_serviced_recursive", self->stats->io_operations);
    if (stats->n_io_bytes > 0)
        return;
    stats->n_io_bytes = read_io(h, "blkio.bfq.io_service_bytes_recursive", self->stats->io_bytes);
    stats->n_io_operations =
        read_io(h, "blkio.bfq.io_serviced_recursive", self->stats->io_operations);
}

static void read_hugetlb(struct cgroup1 *self, struct barrer_stats *stats)
{
    const struct cgroup1_hierarchy *h = cgroup1_of(self, "hugetlb");
    int fd = h == NULL ? -1 : openat(h->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (listing == NULL) {
        barrer_close_fd(&fd);
        return;
    }
    while (stats->n_hugepages < 8 && (entry = readdir(listing)) != NULL) {
        struct barrer_hugepage_stats *huge = &self->stats->hugepages[stats->n_hugepages];
        char *size = self->stats->page_sizes[stats->n_hugepages];
        char prefix[64];
        uint64_t limit;
        int end = 0;

        if (sscanf(entry->d_name, "hugetlb.%31[0-9A-Z].usage_in_bytes%n", size, &end) != 1 ||
            end == 0 || entry->d_name[end] != '\0')
            continue;
        (void)snprintf(prefix, sizeof(prefix), "hugetlb.%s", size);
        huge->page_size = size;
        read_counter(h, prefix, &huge->usage, &limit, &huge->max, &huge->failcnt);
        stats->n_hugepages++;
    }
    (void)closedir(listing);
    stats->hugepages = self->stats->hugepages;
}

int cgroup1_stats(struct cgroup1 *self, struct barrer_stats *stats, struct barrer_error *err)
{
    const struct cgroup1_hierarchy *pids;
    uint64_t limit;
    int r = cgroup1_recall(self, err);

    if (r < 0)
        return r;
    if (r == 0 || cgroup1_base(self) == NULL)
        return barrer_fail(self->host, err, ENOTSUP,
                           r == 0 ? "the container has no cgroup"
                                  : "the container's cgroup is gone");
    if (self->stats == NULL && (self->stats = calloc(1, sizeof(*self->stats))) == NULL)
        return barrer_fail(self->host, err, ENOMEM, "read the statistics");
    *stats = (struct barrer_stats){.size = stats->size};
    read_cpu(self, stats);
    read_percpu_split(self, stats);
    read_cpuset(self, stats);
    read_blkio_more(self, stats);
    read_memory(self, stats);
    read_blkio(self, stats);
    read_hugetlb(self, stats);
    pids = cgroup1_of(self, "pids");
    stats->pids_current = cgroup1_read_number(pids, "pids.current");
    limit = cgroup1_read_number(pids, "pids.max");
    stats->pids_limit = limit == UINT64_MAX ? 0 : limit;
    return 0;
}
