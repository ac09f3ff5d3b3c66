/* SPDX-License-Identifier: Apache-2.0
 *
 * The columns of `list`, read without building anything: it does this for each container there is,
 * where other verbs open one.
 */
#ifndef CORE_CONTAINER_GLANCE_H
#define CORE_CONTAINER_GLANCE_H

#include "container/state.h"

struct glance {
    char text[8192]; /* of state.json; what follows points into it */
    const char *bundle, *created, *owner;
    pid_t pid; /* 0: stopped */
    enum container_status status;
};

/* 1, or 0 where it takes container_open to read or to refuse the container ID below ROOT_FD. */
int glance(int root_fd, const char *id, struct glance *ret_glance);

#endif
