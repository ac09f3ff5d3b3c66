/* SPDX-License-Identifier: Apache-2.0
 *
 * process.rlimits: setrlimit(2) by the names of config.json.
 */
#ifndef PLUGINS_PROCESS_RLIMITS_H
#define PLUGINS_PROCESS_RLIMITS_H

#include <barrer/process.h>

/* Check names and values. */
int process_rlimits_check(const struct barrer_host *host,
                          const struct barrer_process_request *request, struct barrer_error *err);
/* Host side, for a process in another user namespace, which cannot raise a hard limit itself:
 * raise those that must be. */
int process_rlimits_raise(const struct barrer_host *host,
                          const struct barrer_process_request *request, pid_t pid,
                          struct barrer_error *err);
/* Set all of them for the calling process. */
int process_rlimits_apply(const struct barrer_host *host,
                          const struct barrer_process_request *request, struct barrer_error *err);

#endif
