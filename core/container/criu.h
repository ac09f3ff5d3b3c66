/* SPDX-License-Identifier: Apache-2.0
 *
 * CRIU (https://criu.org), which saves a container's processes to files and makes them again: one
 * conversation with `criu swrk`, by the messages of its images/rpc.proto. Nothing of it is linked.
 */
#ifndef CORE_CONTAINER_CRIU_H
#define CORE_CONTAINER_CRIU_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "container/options.h"

/* Fields of criu_opts. */
enum criu_field {
    CRIU_IMAGES_DIR_FD = 1,
    CRIU_PID = 2,
    CRIU_LEAVE_RUNNING = 3,
    CRIU_EXT_UNIX_SK = 4,
    CRIU_TCP_ESTABLISHED = 5,
    CRIU_EVASIVE_DEVICES = 6,
    CRIU_SHELL_JOB = 7,
    CRIU_FILE_LOCKS = 8,
    CRIU_LOG_LEVEL = 9,
    CRIU_LOG_FILE = 10,
    CRIU_PAGE_SERVER = 11, /* a message: address 1, port 2 */
    CRIU_NOTIFY_SCRIPTS = 12,
    CRIU_ROOT = 13,
    CRIU_PARENT_IMG = 14,
    CRIU_TRACK_MEM = 15,
    CRIU_AUTO_DEDUP = 16,
    CRIU_WORK_DIR_FD = 17,
    CRIU_LINK_REMAP = 18,
    CRIU_MANAGE_CGROUPS = 24,
    CRIU_CG_ROOT = 25, /* a message: controllers 1, path 2 */
    CRIU_RST_SIBLING = 26,
    CRIU_INHERIT_FD = 27, /* a message: key 1, descriptor 2 */
    CRIU_MANAGE_CGROUPS_MODE = 34,
    CRIU_EXTERNAL = 37,
    CRIU_EMPTY_NS = 38,
    CRIU_JOIN_NS = 39, /* a message: kind 1, file 2 */
    CRIU_FREEZE_CGROUP = 44,
    CRIU_TCP_SKIP_IN_FLIGHT = 46,
    CRIU_LAZY_PAGES = 48,
    CRIU_STATUS_FD = 49,
    CRIU_ORPHAN_PTS_MASTER = 50,
    CRIU_CONFIG_FILE = 51,
    CRIU_TCP_CLOSE = 52,
    CRIU_LSM_PROFILE = 53,
    CRIU_LSM_MOUNT_CONTEXT = 63,
    CRIU_NETWORK_LOCK = 64,
};

enum criu_request { CRIU_DUMP = 1, CRIU_RESTORE = 2, CRIU_PRE_DUMP = 4 };

/* criu_opts as it is written, field by field. What does not fit makes criu_call fail. */
struct criu_options {
    size_t length;
    int is_too_long;
    unsigned char bytes[65536];
};
void criu_put_number(struct criu_options *options, enum criu_field field, int64_t number);
/* NULL puts nothing. */
void criu_put_text(struct criu_options *options, enum criu_field field, const char *text);
/* A message of TEXT in its field 1 (NULL: none), and in field 2 either SECOND, or NUMBER. */
void criu_put_pair(struct criu_options *options, enum criu_field field, const char *text,
                   const char *second, int64_t number);

struct criu {
    const char *program; /* of --criu; NULL: "criu" in PATH */
    /* In criu's process, before it is executed; or NULL. */
    int (*set_up)(void *arg, struct barrer_error *err);
    const int *inherited; /* descriptors that criu gets under the same numbers, places included */
    size_t n_inherited;
    /* A step of criu's ("post-restore") with the container's process and a descriptor, or -1;
     * or NULL. */
    int (*notify)(void *arg, const char *step, pid_t pid, int fd, struct barrer_error *err);
    void *arg;

    /* Inside. */
    pid_t pid; /* of criu; 0: none */
    int socket_fd;
    char *path;
};

/* Whether PROGRAM (as in struct criu) is there: a fresh path, or NULL. */
char *criu_find(const char *program);
/* Execute it; it waits for a request. */
int criu_start(struct criu *criu, struct barrer_error *err);
/* One request, and notifications until it is served. *ret_pid: the process that was restored. */
int criu_call(struct criu *criu, enum criu_request request, const struct criu_options *options,
              pid_t *ret_pid, struct barrer_error *err);
/* Wait for its end. */
void criu_fini(struct criu *criu);

/* What both verbs ask for: descriptors of --image-path and --work-path, the log's name, and the
 * options that they share. */
struct criu_places {
    int images_fd, work_fd;
    const char *images, *work;
    const char *log; /* "dump.log" */
};
int criu_open_places(const struct criu_common *common, const char *log, struct criu_places *places,
                     struct barrer_error *err);
/* In criu's process: open both again, under their numbers, as paths of its mount namespace. */
int criu_reopen_places(const struct criu_places *places, struct barrer_error *err);
void criu_close_places(struct criu_places *places);
/* CONFIG is that of the annotation org.criu.config, or NULL. */
void criu_put_common(struct criu_options *options, const struct criu_common *common,
                     const struct criu_places *places, const char *config);
/* ERR, with the first error of criu's own log behind it. */
int criu_explain(const struct criu_places *places, int r, struct barrer_error *err);

#endif
