/* SPDX-License-Identifier: Apache-2.0
 *
 * Containers as the state root keeps them: ROOT/ID/ with
 *   state.json   what every later verb needs, one JSON value a line: see journal.c
 *   start        a FIFO that `start` writes to, while the container is created
 *   result       a FIFO that tells `start` how that went
 * Callers treat it as opaque. Nothing here loads a plugin.
 */
#ifndef CORE_CONTAINER_STATE_H
#define CORE_CONTAINER_STATE_H

#include <dirent.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct json_object;

enum container_status {
    CONTAINER_CREATING,
    CONTAINER_CREATED,
    CONTAINER_RUNNING,
    CONTAINER_PAUSED,
    CONTAINER_STOPPED,
};

/* What a plugin recorded; the newest first. */
struct container_fact {
    struct container_fact *older;
    const char *instance, *name, *value;
    char text[]; /* that they point to */
};

struct container {
    char *id;
    char *folder; /* ROOT/ID */
    int folder_fd;
    struct json_object *json;  /* state.json's members */
    struct container_fact *facts;
    char *journal;             /* state.json's text; these two point into it, or are NULL */
    char *instances;           /* the plugins that create chose, as JSON */
    char *config;              /* config.json's text, as it was at create */
    int journal_fd;            /* state.json, for appending; -1 until the first line */
    int is_new;                /* there is no state.json yet */
    int is_torn;               /* its last line has no end */
    off_t whole;               /* its length without that line */
    int has_no_fifos;          /* of `run`: container_remove need not look for them */
    int has_lock;

    /* From state.json. */
    pid_t pid;           /* 0: none yet */
    uint64_t start_time; /* field 22 of /proc/PID/stat: a recycled pid has another */
    /* Of its pidfd: since Linux 6.9 no two processes have the same, not even within the tick of
     * START_TIME; before, all have. 0: not known. */
    uint64_t pidfd_inode;
};

/* The inode of the initial user namespace, the same on every kernel (PROC_USER_INIT_INO). */
#define STATE_INITIAL_USERNS 0xEFFFFFFDu

/* The state root: --root, else /run/barrer-run, or $XDG_RUNTIME_DIR/barrer-run for a caller who is
 * not root of the initial user namespace. A fresh string. */
int state_root(const char *option, char **ret_root, struct barrer_error *err);

/* Make ROOT/ID; -EEXIST when there is one. */
int container_create(const char *root, const char *id, struct container **ret_container,
                     struct barrer_error *err);
/* Of container_open: */
#define CONTAINER_LOCKED (1u << 0) /* lock it, and only then read: for those who change it */
#define CONTAINER_BROKEN (1u << 1) /* state.json may be missing or corrupt: `delete --force` */

/* Open ROOT/ID and read state.json; -ENOENT with "container `ID` does not exist" when there is
 * none. FLAGS: CONTAINER_LOCKED ... */
int container_open(const char *root, const char *id, unsigned flags,
                   struct container **ret_container, struct barrer_error *err);
void container_close(struct container *container); /* NULL is fine */
/* Wait until no other barrer-run changes this container; -ENOENT when one has deleted it, and its
 * id may be another container's. The creator holds the lock until the container is created; so does
 * its process, until it waits for `start` or has executed. */
int container_lock(struct container *container, struct barrer_error *err);
void container_unlock(struct container *container);
/* Whether another barrer-run holds the lock. */
int container_is_busy(const struct container *container);

/* Write the first two lines of state.json, at once: container->json, and the plugins. */
int container_describe(struct container *container, struct json_object *instances,
                       struct barrer_error *err);
/* Write changed members; takes CHANGES over. */
int container_change(struct container *container, struct json_object *changes,
                     struct barrer_error *err);
/* Write config.json, for later verbs that need it. */
int container_keep_config(struct container *container, struct json_object *config,
                          struct barrer_error *err);
/* Write pid and start time, with further CHANGES, which it takes over. */
int container_set_process(struct container *container, pid_t pid, int pidfd,
                          struct json_object *changes, struct barrer_error *err);
/* Read state.json into json and facts; nothing is checked but the lines themselves. */
int journal_read(struct container *container, struct barrer_error *err);
/* Remove the folder with all that the core put there. What a plugin left is an error. */
int container_remove(struct container *container, struct barrer_error *err);

/* What tells the status of a container that has a process. */
struct container_process {
    pid_t pid;
    uint64_t start_time;
    const char *paused_file, *paused_line; /* NULL: it cannot be paused */
};
/* START below DIR_FD is its FIFO of that name. */
enum container_status container_process_status(const struct container_process *process, int dir_fd,
                                               const char *start);

/* From the kernel: whether the process is there (and not a zombie or another one), whether it
 * waits for `start`, whether it is frozen. */
enum container_status container_status(const struct container *container);
const char *container_status_name(enum container_status status);
/* A pidfd of the container's process, checked against its start time and inode; -ESRCH when it is gone. */
int container_pidfd(const struct container *container);
/* Start time of PID, or 0 when there is no such process or it is a zombie. */
uint64_t container_start_time(pid_t pid);

/* The state as the specification has it (and the peers print it), with STATUS and PID. */
struct json_object *container_state(const struct container *container, const char *status,
                                    pid_t pid);
/* A text member of state.json, or NULL. */
const char *container_text(const struct container *container, const char *key);
int container_flag(const struct container *container, const char *key);

/* Facts. The first three have the shape of struct host_context. */
int container_put_fact(void *container, const char *instance, const char *name, const char *value,
                       struct barrer_error *err);
const char *container_get_fact(void *container, const char *instance, const char *name);
int container_has_facts(void *container, const char *instance);

/* The entries of ROOT that are named as containers are, sorted; returns their number. An absent root
 * is empty. */
int container_list(const char *root, struct dirent ***ret_entries, struct barrer_error *err);
void container_list_free(struct dirent **entries, int n);

#endif
