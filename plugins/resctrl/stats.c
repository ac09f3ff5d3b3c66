/* SPDX-License-Identifier: Apache-2.0
 *
 * What the class of service is, and what its group to monitor has counted. Files that the machine
 * does not have leave their members 0.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "resctrl.h"
#include "schemata.h"

#define MAX_DOMAINS 256

/* What a struct barrer_rdt_stats points to. */
struct resctrl_stats_memory {
    char schemata[RESCTRL_FILE_MAX], root[RESCTRL_FILE_MAX], mask[64];
    char *lines[4];
    struct barrer_rdt_count counts[MAX_DOMAINS];
};

static void free_lines(struct resctrl_stats_memory *memory)
{
    for (size_t i = 0; i < 4; i++) {
        free(memory->lines[i]);
        memory->lines[i] = NULL;
    }
}

void resctrl_stats_free(struct resctrl_stats_memory *memory)
{
    if (memory != NULL)
        free_lines(memory);
    free(memory);
}

static uint64_t read_number(int dir_fd, const char *file)
{
    char text[64];

    return barrer_read_at(dir_fd, file, text, sizeof(text)) > 0 ? strtoull(text, NULL, 10) : 0;
}

static void read_info(const struct resctrl *self, struct barrer_rdt_stats *rdt)
{
    char *mask = self->stats->mask;

    if (barrer_read_at(self->mount_fd, "info/L3/cbm_mask", mask, sizeof(self->stats->mask)) > 0) {
        mask[strcspn(mask, "\n")] = '\0';
        rdt->cbm_mask = mask;
    }
    rdt->min_cbm_bits = read_number(self->mount_fd, "info/L3/min_cbm_bits");
    rdt->l3_num_closids = read_number(self->mount_fd, "info/L3/num_closids");
    rdt->bandwidth_gran = read_number(self->mount_fd, "info/MB/bandwidth_gran");
    rdt->delay_linear = read_number(self->mount_fd, "info/MB/delay_linear");
    rdt->min_bandwidth = read_number(self->mount_fd, "info/MB/min_bandwidth");
    rdt->mem_bw_num_closids = read_number(self->mount_fd, "info/MB/num_closids");
}

static void read_schemata(struct resctrl *self, int class_fd, struct barrer_rdt_stats *rdt)
{
    struct resctrl_stats_memory *memory = self->stats;

    free_lines(memory);
    if (barrer_read_at(self->mount_fd, "schemata", memory->root, sizeof(memory->root)) > 0) {
        memory->lines[0] = resctrl_schemata_line(memory->root, "L3");
        memory->lines[1] = resctrl_schemata_line(memory->root, "MB");
    }
    if (barrer_read_at(class_fd, "schemata", memory->schemata, sizeof(memory->schemata)) > 0) {
        memory->lines[2] = resctrl_schemata_line(memory->schemata, "L3");
        memory->lines[3] = resctrl_schemata_line(memory->schemata, "MB");
    } else {
        memory->schemata[0] = '\0';
    }
    rdt->schemata = memory->schemata;
    rdt->l3_cache_schema_root = memory->lines[0];
    rdt->mem_bw_schema_root = memory->lines[1];
    rdt->l3_cache_schema = memory->lines[2];
    rdt->mem_bw_schema = memory->lines[3];
}

/* mon_data has a folder for each domain, "mon_L3_00". */
static void read_counts(struct resctrl *self, int class_fd, struct barrer_rdt_stats *rdt)
{
    const char *monitor = self->host->get_fact(self->host, "monitor");
    const struct dirent *entry;
    char path[512];
    DIR *listing;
    int fd;

    if (monitor == NULL)
        return;
    (void)snprintf(path, sizeof(path), "mon_groups/%s/mon_data", monitor);
    fd = openat(class_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    listing = fd >= 0 ? fdopendir(fd) : NULL;
    if (listing == NULL) {
        barrer_close_fd(&fd);
        return;
    }
    while (rdt->n_counts < MAX_DOMAINS && (entry = readdir(listing)) != NULL) {
        barrer_auto_fd int domain_fd = -1;

        if (strncmp(entry->d_name, "mon_L3_", 7) != 0)
            continue;
        domain_fd = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        self->stats->counts[rdt->n_counts++] = (struct barrer_rdt_count){
            .mbm_total_bytes = read_number(domain_fd, "mbm_total_bytes"),
            .mbm_local_bytes = read_number(domain_fd, "mbm_local_bytes"),
            .llc_occupancy = read_number(domain_fd, "llc_occupancy"),
        };
    }
    (void)closedir(listing);
    rdt->counts = self->stats->counts;
}

int resctrl_stats(struct resctrl *self, struct barrer_stats *stats, struct barrer_error *err)
{
    barrer_auto_fd int class_fd = resctrl_open_class(self, err);

    *stats = (struct barrer_stats){.size = stats->size};
    if (class_fd < 0)
        return class_fd == -ENOENT ? 0 : class_fd;
    if (self->stats == NULL && (self->stats = calloc(1, sizeof(*self->stats))) == NULL)
        return barrer_fail(self->host, err, ENOMEM, "read the statistics of a class of service");
    read_info(self, &stats->rdt);
    read_schemata(self, class_fd, &stats->rdt);
    read_counts(self, class_fd, &stats->rdt);
    return 0;
}
