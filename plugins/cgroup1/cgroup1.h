/* SPDX-License-Identifier: Apache-2.0
 *
 * The groups of one container in the hierarchies of cgroup v1, as the files of this plugin share
 * them. "Base" is the hierarchy by which the container's processes are known: the freezer's.
 */
#ifndef PLUGINS_CGROUP1_CGROUP1_H
#define PLUGINS_CGROUP1_CGROUP1_H

#include <barrer/resources.h>
#include <barrer/util.h>

#define CGROUP1_HIERARCHIES 24
/* Stands for the controllers of cgroup v2 on a hybrid host, of which there are none: a container is
 * a member there for those who find processes by that hierarchy, such as systemd. */
#define CGROUP1_UNIFIED "unified"

struct cgroup1_hierarchy {
    char controllers[128]; /* "cpu,cpuacct", or "name=systemd" */
    char folder[160];      /* its folder below the mount: "cpu,cpuacct", "systemd" */
    char *own;             /* the caller's own group, below the mount; NULL in a later process */
    char *path;            /* absolute path of the container's group; NULL: it has none here */
    int fd;                /* O_PATH of it; -1: not open */
    int is_entered;        /* the calling process is in it for the moment */
    int by_pid;            /* the process that is started is put in afterwards */
};

struct cgroup1_stats_memory;

struct cgroup1 {
    const struct barrer_host *host;
    struct cgroup1_hierarchy hierarchies[CGROUP1_HIERARCHIES];
    size_t n_hierarchies;
    const struct barrer_resources_request *request; /* of prepare; NULL in others */
    char *name; /* of the groups: an absolute path below each hierarchy's root, or one below the
                   group that the container's creator was in */
    struct barrer_cgroup_view views[CGROUP1_HIERARCHIES];
    char *paused_file;
    int event_fd; /* memory.oom_control, while somebody waits for events */
    struct cgroup1_stats_memory *stats;
};

/* cgroup1.c */
extern const struct barrer_resources_ops cgroup1_ops;
int cgroup1_plugin_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err);
void cgroup1_plugin_close(void *self);

/* hierarchies.c: which there are, and which a container needs. */
int cgroup1_find(struct cgroup1 *self, struct barrer_error *err);
/* Open the container's group in H: its descriptor, which H keeps, or -errno. */
int cgroup1_open(struct cgroup1_hierarchy *h);
/* The hierarchy of CONTROLLER in which the container has a group, open; NULL: none. */
struct cgroup1_hierarchy *cgroup1_of(struct cgroup1 *self, const char *controller);
/* The one by which processes are known, or NULL. */
struct cgroup1_hierarchy *cgroup1_base(struct cgroup1 *self);
int cgroup1_is_unified(const struct cgroup1_hierarchy *h);
int cgroup1_has_controller(const struct cgroup1_hierarchy *h, const char *controller);
/* Read the recorded groups: 1 there are some, 0 the container never had one. */
int cgroup1_recall(struct cgroup1 *self, struct barrer_error *err);

/* groups.c: making and removing them. */
#define CGROUP1_NONE 1 /* cgroup1_create: the container runs without a cgroup */
int cgroup1_create(struct cgroup1 *self, const struct barrer_resources_request *request,
                   struct barrer_error *err);
int cgroup1_remove(struct cgroup1 *self, struct barrer_error *err);
/* Record the groups PATH for somebody else to make, and make those that are missing then; their
 * processes are put in afterwards. */
int cgroup1_locate(struct cgroup1 *self, const char *path,
                   const struct barrer_resources_request *request, struct barrer_error *err);
int cgroup1_complete(struct cgroup1 *self, struct barrer_error *err);
/* Make a group in the hierarchy of CONTROLLER, where the container has none yet, below PATH, for
 * its processes to be moved there. */
int cgroup1_add(struct cgroup1 *self, const char *controller, const char *path,
                struct cgroup1_hierarchy **ret_h, struct barrer_error *err);

/* places.c: getting processes into them. */
int cgroup1_enter(struct cgroup1 *self, struct barrer_error *err);
int cgroup1_leave(struct cgroup1 *self, struct barrer_error *err);
/* Get out of a container that this or an earlier instance entered, in a caller that never came to
 * leave. */
void cgroup1_escape(struct cgroup1 *self, const struct cgroup1_hierarchy *h);
int cgroup1_place(struct cgroup1 *self, pid_t pid, struct barrer_error *err);
/* Give a running container the groups that REQUEST needs and that it was made without. */
int cgroup1_adopt(struct cgroup1 *self, const struct barrer_resources_request *request,
                  struct barrer_error *err);

/* file.c */
#define CGROUP1_FILE_MAX 65536
ssize_t cgroup1_read(const struct cgroup1_hierarchy *h, const char *file, char *buffer,
                     size_t size);
int cgroup1_write(const struct cgroup1 *self, const struct cgroup1_hierarchy *h, const char *file,
                  const char *value, struct barrer_error *err);
uint64_t cgroup1_read_number(const struct cgroup1_hierarchy *h, const char *file);
uint64_t cgroup1_key_number(const char *text, const char *key);

/* limits.c */
int cgroup1_has_limits(const struct barrer_resources_request *request);
/* Whether REQUEST sets a limit of one of the controllers of H. */
int cgroup1_needs(const struct cgroup1_hierarchy *h,
                  const struct barrer_resources_request *request);
/* The first controller that REQUEST needs and that no hierarchy has; WITH_GROUP: none in which the
 * container has a group. NULL: none. */
const char *cgroup1_missing(const struct cgroup1 *self,
                            const struct barrer_resources_request *request, int with_group);
int cgroup1_set_limits(struct cgroup1 *self, const struct barrer_resources_request *request,
                       struct barrer_error *err);

/* devices.c */
int cgroup1_needs_devices(const struct barrer_resources_request *request);
int cgroup1_set_devices(struct cgroup1 *self, const struct barrer_resources_request *request,
                        struct barrer_error *err);

/* processes.c */
int cgroup1_freeze(struct cgroup1 *self, int is_frozen, struct barrer_error *err);
int cgroup1_kill(struct cgroup1 *self, int signal, struct barrer_error *err);
int cgroup1_processes(struct cgroup1 *self, void (*each)(void *arg, pid_t pid), void *arg,
                      struct barrer_error *err);
/* Kill all processes but the caller, and wait for their end. */
int cgroup1_clear(struct cgroup1 *self, struct barrer_error *err);
int64_t cgroup1_now_ms(void);
int64_t cgroup1_timeout_ms(const struct cgroup1 *self);

/* stats.c */
int cgroup1_stats(struct cgroup1 *self, struct barrer_stats *stats, struct barrer_error *err);
void cgroup1_stats_free(struct cgroup1_stats_memory *memory);

/* events.c */
int cgroup1_open_events(struct cgroup1 *self, struct barrer_error *err);
int cgroup1_read_events(struct cgroup1 *self, int fd, uint64_t *ret_oom, struct barrer_error *err);

#endif
