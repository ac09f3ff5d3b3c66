/* SPDX-License-Identifier: Apache-2.0
 *
 * The namespaces that are joined rather than created: those that config.json gives by path, and,
 * for `exec`, those of the running container.
 */
#ifndef PLUGINS_NAMESPACE_JOINS_H
#define PLUGINS_NAMESPACE_JOINS_H

#include <barrer/isolation.h>

#include "kinds.h"

struct namespace_joins {
    struct barrer_join list[NAMESPACE_KINDS]; /* in the order of joining */
    size_t count;
    int fds[NAMESPACE_KINDS]; /* owned */
    size_t n_fds;
};

/* Open the namespace at PATH and check that it is one of the kind FLAG. */
int namespace_joins_add_path(struct namespace_joins *joins, const struct barrer_host *host,
                             uint32_t flag, const char *path, struct barrer_error *err);
/* The namespaces MASK of the process TARGET. */
int namespace_joins_add_target(struct namespace_joins *joins, const struct barrer_host *host,
                               const struct barrer_target *target, uint32_t mask,
                               struct barrer_error *err);
/* Bring what was added into the order in which it can be joined. */
void namespace_joins_sort(struct namespace_joins *joins);
/* 1 when the namespace of kind FLAG that is to be joined is the caller's own, else 0. */
int namespace_joins_is_own(const struct namespace_joins *joins, const struct barrer_host *host,
                           uint32_t flag, struct barrer_error *err);
void namespace_joins_close(struct namespace_joins *joins);

#endif
