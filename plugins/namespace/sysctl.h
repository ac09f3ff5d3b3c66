/* SPDX-License-Identifier: Apache-2.0
 *
 * linux.sysctl: kernel parameters of the container's own namespaces, and of nothing else.
 */
#ifndef PLUGINS_NAMESPACE_SYSCTL_H
#define PLUGINS_NAMESPACE_SYSCTL_H

#include <barrer/isolation.h>

/* In prepare: the namespace that KEY is a parameter of, as a CLONE_NEW* flag. Refuses keys of the
 * host, and those that another property of REQUEST sets already. */
int namespace_sysctl_check(const struct barrer_host *host,
                           const struct barrer_isolation_request *request, const char *key,
                           uint32_t *ret_flag, struct barrer_error *err);
/* In enter. */
int namespace_sysctl_write(const struct barrer_host *host, const struct barrer_pair *sysctl,
                           struct barrer_error *err);

#endif
