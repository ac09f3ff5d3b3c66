/* SPDX-License-Identifier: Apache-2.0
 *
 * The processes of a container from what checkpoint saved, in place of a clone.
 */
#ifndef CORE_CONTAINER_RESTORE_H
#define CORE_CONTAINER_RESTORE_H

#include "container/options.h"
#include "flow/flow.h"

struct restoration {
    const struct global_options *global;
    const struct restore_options *options;
    struct flow *flow;       /* its resources are prepared */
    int console_fd;          /* where the terminal's master goes; -1 */
    const char *config_file; /* of the annotation org.criu.config; or NULL */
    /* The namespaces are there: hooks of the host. */
    int (*set_up)(void *arg, pid_t pid, struct barrer_error *err);
    /* All of it is there, and does not run yet. */
    int (*restored)(void *arg, pid_t pid, struct barrer_error *err);
    void *arg;
};

/* A child of ours on success, and nothing else left of it. */
int restore_run(const struct restoration *restoration, struct barrer_error *err);

#endif
