/* SPDX-License-Identifier: Apache-2.0
 *
 * linux.netDevices: network devices of the host that move into the container's network namespace,
 * with their lasting addresses.
 */
#ifndef PLUGINS_NAMESPACE_NETDEVICES_H
#define PLUGINS_NAMESPACE_NETDEVICES_H

#include <barrer/isolation.h>

/* In prepare: refuse names that no device can have, and devices that are not there. */
int namespace_netdevices_check(const struct barrer_host *host,
                               const struct barrer_isolation_request *request,
                               struct barrer_error *err);
/* In attach: move them to the network namespace NETNS_FD. */
int namespace_netdevices_move(const struct barrer_host *host,
                              const struct barrer_isolation_request *request, int netns_fd,
                              struct barrer_error *err);

#endif
