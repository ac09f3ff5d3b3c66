/* SPDX-License-Identifier: Apache-2.0
 *
 * One container's place in the resctrl file system.
 */
#ifndef PLUGINS_RESCTRL_RESCTRL_H
#define PLUGINS_RESCTRL_RESCTRL_H

#include <barrer/resources.h>
#include <barrer/util.h>

/* A schemata file is a few lines, one for each resource. */
#define RESCTRL_FILE_MAX 16384

struct resctrl_stats_memory;

struct resctrl {
    const struct barrer_host *host;
    int mount_fd; /* -1: not opened yet */
    struct resctrl_stats_memory *stats;
};

/* The root of the file system, borrowed; -errno with ERR filled. */
int resctrl_open_mount(struct resctrl *self, struct barrer_error *err);
/* The recorded folder of the class of service, a new descriptor; -ENOENT without ERR where none is
 * recorded. */
int resctrl_open_class(struct resctrl *self, struct barrer_error *err);

/* stats.c */
int resctrl_stats(struct resctrl *self, struct barrer_stats *stats, struct barrer_error *err);
void resctrl_stats_free(struct resctrl_stats_memory *memory);

#endif
