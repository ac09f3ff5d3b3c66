/* SPDX-License-Identifier: Apache-2.0
 *
 * The id maps of a new user namespace: written directly where the kernel allows the caller that,
 * else by newuidmap(1) and newgidmap(1).
 */
#ifndef PLUGINS_NAMESPACE_MAPS_H
#define PLUGINS_NAMESPACE_MAPS_H

#include <barrer/isolation.h>

/* In prepare: refuse maps that the kernel would refuse. */
int namespace_maps_check(const struct barrer_host *host,
                         const struct barrer_isolation_request *request, struct barrer_error *err);
/* In attach. */
int namespace_maps_write(const struct barrer_host *host,
                         const struct barrer_isolation_request *request, pid_t pid,
                         struct barrer_error *err);

#endif
