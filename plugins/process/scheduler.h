/* SPDX-License-Identifier: Apache-2.0
 *
 * CPU and I/O scheduling: process.scheduler, process.ioPriority and process.execCPUAffinity.
 */
#ifndef PLUGINS_PROCESS_SCHEDULER_H
#define PLUGINS_PROCESS_SCHEDULER_H

#include <barrer/process.h>

/* Check names and numbers. */
int process_scheduler_check(const struct barrer_host *host,
                            const struct barrer_process_request *request, struct barrer_error *err);
/* Set the policy and the I/O priority of process PID (0: the caller). */
int process_scheduler_apply(const struct barrer_host *host,
                            const struct barrer_process_request *request, pid_t pid,
                            struct barrer_error *err);
/* Bind the caller to the CPUs of LIST ("0-3,7"), which PROPERTY named; NULL and "": nothing. */
int process_scheduler_bind(const struct barrer_host *host, const char *property, const char *list,
                           struct barrer_error *err);
/* Let the caller run on every CPU of its cgroup, now and later, however barrer itself was bound. */
void process_scheduler_unbind(const struct barrer_host *host);

#endif
