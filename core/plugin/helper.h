/* SPDX-License-Identifier: Apache-2.0
 *
 * The short-lived processes that the core starts on behalf of plugins, which fork nothing
 * themselves. Host side only.
 */
#ifndef CORE_PLUGIN_HELPER_H
#define CORE_PLUGIN_HELPER_H

#include <stddef.h>

#include <barrer/plugin.h>

#include "base/error.h"

/* A user namespace with these maps, as a new descriptor. HOST opens the files of procfs. */
int helper_open_userns(const struct barrer_host *host, const struct barrer_id_map *uid_maps,
                       size_t n_uid_maps, const struct barrer_id_map *gid_maps, size_t n_gid_maps,
                       struct barrer_error *err);
/* A rtnetlink socket in the network namespace behind NETNS_FD, as a new descriptor. */
int helper_open_netlink(const struct barrer_host *host, int netns_fd, struct barrer_error *err);
/* Run argv[0], an absolute path, with a minimal environment, nothing on its standard input and
 * output, no other descriptors and default signals. Returns its exit status (128 + the number of
 * the signal that ended it), with what it wrote to stderr in ERR when that is not 0; or a negative
 * errno when it could not be run. */
int helper_run_program(const char *const *argv, struct barrer_error *err);

#endif
