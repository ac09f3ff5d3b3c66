/* SPDX-License-Identifier: Apache-2.0
 *
 * linux.memoryPolicy: from which memory nodes the process gets its memory (set_mempolicy(2));
 * what it executes and forks inherits it.
 */
#ifndef PLUGINS_PROCESS_MEMPOLICY_H
#define PLUGINS_PROCESS_MEMPOLICY_H

#include <barrer/process.h>

int process_mempolicy_check(const struct barrer_host *host,
                            const struct barrer_process_request *request, struct barrer_error *err);
int process_mempolicy_apply(const struct barrer_host *host,
                            const struct barrer_process_request *request, struct barrer_error *err);

#endif
