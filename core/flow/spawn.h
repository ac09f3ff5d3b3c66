/* SPDX-License-Identifier: Apache-2.0
 *
 * Clone the process of a container, or a further one for `exec`, and take it through the stages.
 * This is the only place of the program that clones for a container, and core/flow/child.c is
 * the only one that unshares, joins and executes.
 */
#ifndef CORE_FLOW_SPAWN_H
#define CORE_FLOW_SPAWN_H

#include <signal.h>
#include <stdint.h>

#include "flow/channel.h"
#include "flow/flow.h"

struct spawn {
    /* Asked. */
    struct flow *flow;
    int is_exec;
    int start_fd;     /* create: a FIFO, open for reading and writing, that `start` writes a
                         byte to; else -1 */
    int result_fd;    /* create: another one, which `start` reads: the error, or the end when
                         the payload is executed; else -1 */
    int root_fd;      /* exec without a mount namespace to join: the container's root; else -1 */
    int preserve_fds; /* how many descriptors after 2 the payload keeps */
    int clone_flags;  /* CLONE_PARENT: the process becomes the caller's sibling; else 0 */
    pid_t *pid_address; /* the kernel writes the process's pid there before it runs; or NULL */
    uint8_t *is_executing; /* in memory that both share: the process sets it right before execve, so
                              that an end of its own before that is told from the payload's; or NULL */
    int is_terminal_copied; /* its terminal is copied from and to barrer-run's streams */
    int takes_terminal; /* its standard input becomes the terminal of its session */
    const char *const *extra_environment; /* after process.env; NULL ends it; or NULL */
    /* The container's state as JSON with this status and pid, for hooks; a fresh string. Called on
     * both sides: the process has a copy of what it is made from, which may be of any length. */
    char *(*state_json)(void *arg, const char *status, pid_t pid);
    /* A runtime host was chosen late, by flow_plan_runtime; to be recorded. Or NULL. */
    int (*host_chosen)(void *arg, struct barrer_error *err);
    void *arg;

    /* Answered by spawn_start. */
    pid_t pid;
    int pidfd;      /* or -1 */
    int channel_fd; /* barrer-run's end */

    /* Inside. */
    int child_fd;
    uint32_t create;  /* CLONE_NEW* for the clone that makes the payload's process */
    uint32_t unshare; /* those that the process makes itself, later */
    int is_two_step;  /* it takes a first process that joins, and clones the payload's */
    uint32_t joined;  /* types that are joined by the process, the pid namespace apart */
};

/* Before anything is asked: no descriptors, no process. */
#define SPAWN_NONE                                                                                 \
    ((struct spawn){.start_fd = -1,                                                                \
                    .result_fd = -1,                                                               \
                    .root_fd = -1,                                                                 \
                    .pid = -1,                                                                     \
                    .pidfd = -1,                                                                   \
                    .channel_fd = -1,                                                              \
                    .child_fd = -1})

/* Clone, attach, and let the process go on to its own stages. On error no process is left. */
int spawn_start(struct spawn *spawn, struct barrer_error *err);
/* Allow the process to execute the payload, or to wait for `start`: what it needs recorded about
 * itself is recorded. */
int spawn_permit(struct spawn *spawn, struct barrer_error *err);
/* Serve the process until it is READY (create) or has executed the payload. Its error becomes
 * ours; then it is gone. */
int spawn_await(struct spawn *spawn, struct barrer_error *err);
/* Kill and reap it. */
void spawn_abort(struct spawn *spawn);
void spawn_fini(struct spawn *spawn); /* close descriptors */

/* core/flow/child.c: the process's own way. Never returns. */
__attribute__((noreturn)) void child_main(struct spawn *spawn);
/* core/flow/child.c: the first process of a two-step spawn. */
__attribute__((noreturn)) void child_first_step(struct spawn *spawn);
/* clone3(2), else clone(2), with the CLONE_NEW* in FLAGS and CLONE_PARENT if asked; the pid in the
 * caller, 0 in the child. IS_SECOND: from the first process of a two-step spawn, which is in the
 * group and has nobody who wants a pidfd of it. */
pid_t spawn_clone(struct spawn *spawn, uint64_t flags, int is_second, int *ret_pidfd);

#endif
