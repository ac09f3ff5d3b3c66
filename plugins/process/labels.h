/* SPDX-License-Identifier: Apache-2.0
 *
 * AppArmor profile and SELinux label, which take effect by the execve(2) of the payload.
 */
#ifndef PLUGINS_PROCESS_LABELS_H
#define PLUGINS_PROCESS_LABELS_H

#include <barrer/process.h>

/* Refuse labels for a security module that the running kernel does not have. Host side. */
int process_labels_check(const struct barrer_host *host,
                         const struct barrer_process_request *request, struct barrer_error *err);
/* In the process. */
int process_labels_apply(const struct barrer_host *host,
                         const struct barrer_process_request *request, struct barrer_error *err);
/* SELinux: the label of keys made from now on; "" for the default. In the process. */
int process_labels_set_keycreate(const struct barrer_host *host, const char *label,
                                 struct barrer_error *err);

#endif
