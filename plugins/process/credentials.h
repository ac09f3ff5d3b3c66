/* SPDX-License-Identifier: Apache-2.0
 *
 * The user and the groups of the payload.
 */
#ifndef PLUGINS_PROCESS_CREDENTIALS_H
#define PLUGINS_PROCESS_CREDENTIALS_H

#include <barrer/process.h>

/* Set supplementary groups (unless KEEP_GROUPS), group and user. In the process. */
int process_credentials_apply(const struct barrer_host *host,
                              const struct barrer_process_request *request, int keep_groups,
                              struct barrer_error *err);

#endif
