/* SPDX-License-Identifier: Apache-2.0
 *
 * One cgroup v2 of one container, as the files of this plugin share it: where it is, and what the
 * last operation returned from it.
 */
#ifndef PLUGINS_CGROUP_CGROUP_H
#define PLUGINS_CGROUP_CGROUP_H

#include <barrer/resources.h>
#include <barrer/util.h>

#include "backend.h"

struct cgroup_stats_memory;

struct cgroup_group {
    const struct barrer_host *host;
    char *full;    /* absolute path of the cgroup; NULL: not known yet, or the container has none */
    int fd;        /* -1: not open */
    int filter_fd; /* of the device filter that was loaded; kept until the instance ends */
    char *join_full; /* what join() handed out */
    int join_fd;
    struct barrer_cgroup_view view;
    char *paused_file;
    const struct barrer_resources_request *late; /* has limits that attach sets; or NULL */
    uint64_t oom_seen; /* oom_kill of memory.events that read_events has reported */
    struct cgroup_stats_memory *stats;
};

/* cgroup.c */
extern const struct barrer_resources_ops cgroup_ops;
int cgroup_plugin_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err);
void cgroup_plugin_close(void *self);

/* file.c: the files of one cgroup. Errors name the file by its full path. */
#define CGROUP_FILE_MAX 65536
ssize_t cgroup_read(const struct cgroup_group *group, const char *file, char *buffer, size_t size);
int cgroup_write(const struct cgroup_group *group, const char *file, const char *value,
                 struct barrer_error *err);
/* A file of one number; "max" is UINT64_MAX; 0 where the file does not exist. */
uint64_t cgroup_read_number(const struct cgroup_group *group, const char *file);
/* The number behind KEY and a blank at the start of a line of TEXT, or 0. */
uint64_t cgroup_key_number(const char *text, const char *key);
/* Whether LIST, words between blanks, has WORD. */
int cgroup_has_word(const char *list, const char *word);

/* hierarchy.c: where the group is, making and removing it. */
#define CGROUP_NONE 1 /* cgroup_create: the container runs without a cgroup */
int cgroup_create(struct cgroup_group *group, const struct barrer_resources_request *request,
                  struct barrer_error *err);
/* Record the group PATH, below the mount, for somebody else to make. */
int cgroup_locate(struct cgroup_group *group, const char *path, struct barrer_error *err);
/* Open the recorded group: 1 it is there, 0 it is gone or the container never had one. */
int cgroup_open(struct cgroup_group *group, struct barrer_error *err);
/* The same for operations that need one. */
int cgroup_open_live(struct cgroup_group *group, struct barrer_error *err);
int cgroup_remove(struct cgroup_group *group, struct barrer_error *err);
/* Enable what the set limits need, and what the statistics want, in all groups above. */
int cgroup_enable_controllers(struct cgroup_group *group,
                              const struct barrer_resources_request *request,
                              struct barrer_error *err);
const char *cgroup_mount(const struct cgroup_group *group);

/* limits.c: properties of config.json to files. IS_NEW: the group has no processes yet. */
int cgroup_set_limits(struct cgroup_group *group, const struct barrer_resources_request *request,
                      int is_new, struct barrer_error *err);
/* What cgroup_set_limits leaves to do once the container's first process is there. */
int cgroup_has_late_limits(const struct barrer_resources_request *request);
int cgroup_set_late_limits(struct cgroup_group *group,
                           const struct barrer_resources_request *request,
                           struct barrer_error *err);
/* Whether REQUEST sets a limit other than device rules. */
int cgroup_has_limits(const struct barrer_resources_request *request);
/* The controllers that the set limits need, as words. */
void cgroup_needed_controllers(const struct barrer_resources_request *request, char *list,
                               size_t size);
int cgroup_check_limits(const struct cgroup_group *group,
                        const struct barrer_resources_request *request, struct barrer_error *err);

/* devices.c: access to devices, by eBPF. */
/* IS_NEW: no filter of ours can be attached yet. */
int cgroup_set_devices(struct cgroup_group *group, const struct barrer_resources_request *request,
                       int is_new, struct barrer_error *err);

/* processes.c: all processes of the group. */
int cgroup_freeze(struct cgroup_group *group, int is_frozen, struct barrer_error *err);
int cgroup_kill(struct cgroup_group *group, int signal, struct barrer_error *err);
int cgroup_processes(struct cgroup_group *group, void (*each)(void *arg, pid_t pid), void *arg,
                     struct barrer_error *err);
/* Wait until a line of cgroup.events equals LINE. */
int cgroup_wait(const struct cgroup_group *group, const char *line, struct barrer_error *err);
/* The full path of the cgroup of the container's first process, for when GROUP itself has become
 * an inner node; NULL where there is no process. */
int cgroup_find_init(struct cgroup_group *group, char **ret_full, struct barrer_error *err);

/* stats.c */
int cgroup_stats(struct cgroup_group *group, struct barrer_stats *stats, struct barrer_error *err);
void cgroup_stats_free(struct cgroup_stats_memory *memory);

/* events.c */
int cgroup_open_events(struct cgroup_group *group, struct barrer_error *err);
int cgroup_read_events(struct cgroup_group *group, int fd, uint64_t *ret_oom,
                       struct barrer_error *err);

#endif
