/* SPDX-License-Identifier: Apache-2.0
 *
 * What a cgroup has used. Files that the kernel does not have leave their numbers 0.
 */
#include "cgroup.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

/* The arrays behind a struct barrer_stats. */
struct cgroup_stats_memory {
    char memory_text[CGROUP_FILE_MAX]; /* names point into it */
    struct barrer_named_value memory_raw[128];
    struct barrer_block_count io_bytes[256], io_operations[256];
    struct barrer_hugepage_stats hugepages[8];
    char page_sizes[8][32];
    char cpus[1024], mems[1024];
};

void cgroup_stats_free(struct cgroup_stats_memory *memory)
{
    free(memory);
}

static void read_cpu(const struct cgroup_group *group, struct barrer_stats *stats)
{
    char text[2048];

    if (cgroup_read(group, "cpu.stat", text, sizeof(text)) <= 0)
        return;
    stats->cpu_usage = cgroup_key_number(text, "usage_usec") * 1000;
    stats->cpu_user = cgroup_key_number(text, "user_usec") * 1000;
    stats->cpu_kernel = cgroup_key_number(text, "system_usec") * 1000;
    stats->cpu_periods = cgroup_key_number(text, "nr_periods");
    stats->cpu_throttled_periods = cgroup_key_number(text, "nr_throttled");
    stats->cpu_throttled_time = cgroup_key_number(text, "throttled_usec") * 1000;
}

static uint64_t add_limits(uint64_t a, uint64_t b)
{
    return a == UINT64_MAX || b == UINT64_MAX ? UINT64_MAX : a + b;
}

static void read_memory(const struct cgroup_group *group, struct barrer_stats *stats)
{
    struct cgroup_stats_memory *memory = group->stats;
    char events[512];
    char *state = NULL;

    stats->memory_usage = cgroup_read_number(group, "memory.current");
    stats->memory_limit = cgroup_read_number(group, "memory.max");
    stats->memory_max = cgroup_read_number(group, "memory.peak"); /* Linux 5.19 */
    if (cgroup_read(group, "memory.events", events, sizeof(events)) > 0)
        stats->memory_failcnt = cgroup_key_number(events, "max");
    /* Memory and swap together, as v1 counts and as those who read this expect. */
    stats->swap_usage = stats->memory_usage + cgroup_read_number(group, "memory.swap.current");
    stats->swap_limit =
        add_limits(stats->memory_limit, cgroup_read_number(group, "memory.swap.max"));
    if (cgroup_read(group, "memory.stat", memory->memory_text, sizeof(memory->memory_text)) <= 0)
        return;
    stats->memory_cache = cgroup_key_number(memory->memory_text, "file");
    stats->kernel_usage = cgroup_key_number(memory->memory_text, "kernel"); /* Linux 5.18 */
    stats->kernel_tcp_usage = cgroup_key_number(memory->memory_text, "sock");
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

/* One "KEY=VALUE" of io.stat. */
static void add_io(struct cgroup_stats_memory *memory, struct barrer_stats *stats,
                   const struct barrer_block_count *device, const char *word)
{
    static const struct {
        const char *key, *op;
        int is_bytes;
    } keys[] = {{"rbytes=", "Read", 1}, {"wbytes=", "Write", 1}, {"dbytes=", "Discard", 1},
                {"rios=", "Read", 0},   {"wios=", "Write", 0},   {"dios=", "Discard", 0}};
    struct barrer_block_count count = *device;

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (strncmp(word, keys[i].key, strlen(keys[i].key)) != 0)
            continue;
        count.op = keys[i].op;
        count.value = strtoull(word + strlen(keys[i].key), NULL, 10);
        if (keys[i].is_bytes && stats->n_io_bytes < 256)
            memory->io_bytes[stats->n_io_bytes++] = count;
        else if (!keys[i].is_bytes && stats->n_io_operations < 256)
            memory->io_operations[stats->n_io_operations++] = count;
    }
}

static void read_io(const struct cgroup_group *group, struct barrer_stats *stats)
{
    char text[CGROUP_FILE_MAX];
    char *lines = NULL, *words = NULL;

    if (cgroup_read(group, "io.stat", text, sizeof(text)) <= 0)
        return;
    for (char *line = strtok_r(text, "\n", &lines); line != NULL;
         line = strtok_r(NULL, "\n", &lines)) {
        struct barrer_block_count device = {0};

        if (sscanf(line, "%" SCNd64 ":%" SCNd64, &device.major, &device.minor) != 2)
            continue;
        for (char *word = strtok_r(line, " ", &words); word != NULL;
             word = strtok_r(NULL, " ", &words))
            add_io(group->stats, stats, &device, word);
    }
    stats->io_bytes = group->stats->io_bytes;
    stats->io_operations = group->stats->io_operations;
}

static void read_one_hugetlb(const struct cgroup_group *group, struct barrer_stats *stats,
                             const char *page_size)
{
    struct barrer_hugepage_stats *huge = &group->stats->hugepages[stats->n_hugepages];
    char file[96], events[64];

    (void)snprintf(group->stats->page_sizes[stats->n_hugepages], 32, "%s", page_size);
    huge->page_size = group->stats->page_sizes[stats->n_hugepages++];
    (void)snprintf(file, sizeof(file), "hugetlb.%s.current", page_size);
    huge->usage = cgroup_read_number(group, file);
    huge->max = 0; /* v2 keeps no record of it */
    (void)snprintf(file, sizeof(file), "hugetlb.%s.events", page_size);
    huge->failcnt =
        cgroup_read(group, file, events, sizeof(events)) > 0 ? cgroup_key_number(events, "max") : 0;
}

/* The sizes of huge pages are those of the files that are there. */
static void read_hugetlb(const struct cgroup_group *group, struct barrer_stats *stats)
{
    int fd = openat(group->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    char size[32];
    int end;

    if (listing == NULL) {
        barrer_close_fd(&fd);
        return;
    }
    while (stats->n_hugepages < 8 && (entry = readdir(listing)) != NULL) {
        end = 0;
        if (sscanf(entry->d_name, "hugetlb.%31[0-9A-Z].current%n", size, &end) == 1 && end > 0 &&
            entry->d_name[end] == '\0')
            read_one_hugetlb(group, stats, size);
    }
    (void)closedir(listing);
    stats->hugepages = group->stats->hugepages;
}

/* "12.34" as 1234. */
static uint32_t hundredths(unsigned whole, unsigned fraction)
{
    return whole * 100 + fraction;
}

static void read_pressure(const struct cgroup_group *group, const char *file,
                          struct barrer_pressure *pressure)
{
    static const char format[] = "%*s avg10=%u.%u avg60=%u.%u avg300=%u.%u total=%" SCNu64;
    char text[512];
    const char *full;
    unsigned a, b, c, d, e, f;
    uint64_t total;

    if (cgroup_read(group, file, text, sizeof(text)) <= 0 ||
        sscanf(text, format, &a, &b, &c, &d, &e, &f, &total) != 7)
        return;
    *pressure = (struct barrer_pressure){.is_set = 1,
                                         .some_avg10 = hundredths(a, b),
                                         .some_avg60 = hundredths(c, d),
                                         .some_avg300 = hundredths(e, f),
                                         .some_total = total};
    full = strstr(text, "full ");
    if (full == NULL || sscanf(full, format, &a, &b, &c, &d, &e, &f, &total) != 7)
        return;
    pressure->full_avg10 = hundredths(a, b);
    pressure->full_avg60 = hundredths(c, d);
    pressure->full_avg300 = hundredths(e, f);
    pressure->full_total = total;
}

static const char *read_list(const struct cgroup_group *group, const char *file, char *text,
                             size_t size)
{
    if (cgroup_read(group, file, text, size) <= 0)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static void read_cpuset(const struct cgroup_group *group, struct barrer_stats *stats)
{
    struct cgroup_stats_memory *memory = group->stats;

    stats->cpuset.cpus =
        read_list(group, "cpuset.cpus.effective", memory->cpus, sizeof(memory->cpus));
    stats->cpuset.mems =
        read_list(group, "cpuset.mems.effective", memory->mems, sizeof(memory->mems));
}

int cgroup_stats(struct cgroup_group *group, struct barrer_stats *stats, struct barrer_error *err)
{
    uint64_t limit;
    int r = cgroup_open_live(group, err);

    if (r < 0)
        return r;
    if (group->stats == NULL && (group->stats = calloc(1, sizeof(*group->stats))) == NULL)
        return barrer_fail(group->host, err, ENOMEM, "read the statistics of \"%s\"", group->full);
    *stats = (struct barrer_stats){.size = stats->size};
    read_cpu(group, stats);
    read_cpuset(group, stats);
    read_memory(group, stats);
    read_io(group, stats);
    read_hugetlb(group, stats);
    stats->pids_current = cgroup_read_number(group, "pids.current");
    limit = cgroup_read_number(group, "pids.max");
    stats->pids_limit = limit == UINT64_MAX ? 0 : limit;
    read_pressure(group, "cpu.pressure", &stats->cpu_pressure);
    read_pressure(group, "memory.pressure", &stats->memory_pressure);
    read_pressure(group, "io.pressure", &stats->io_pressure);
    return 0;
}
