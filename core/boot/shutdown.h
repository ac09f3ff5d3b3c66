/* SPDX-License-Identifier: Apache-2.0
 *
 * The way down: services, what is left of processes, file systems, reboot(2).
 */
#ifndef CORE_BOOT_SHUTDOWN_H
#define CORE_BOOT_SHUTDOWN_H

#include "boot/supervisor.h"

/* Ask for ACTION, unless another was asked for. */
void shutdown_request(struct machine *machine, enum machine_action action);
void shutdown_begin(struct supervisor *s);
/* Do what is due; when to come again. Each step ends with an event or its deadline. */
uint64_t shutdown_step(struct supervisor *s);
/* Carry out the action that was asked for, whatever runs. Does not return. */
__attribute__((noreturn)) void shutdown_finish(struct machine *machine);

#endif
