/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of boot, from the first mount to the first service. A fault in one of them is followed
 * by the next; signals that ask for a shutdown end what is being waited for.
 */
#ifndef CORE_BOOT_BOOT_H
#define CORE_BOOT_BOOT_H

#include "boot/supervisor.h"

/* All steps that are left: all of them first, the rest after a fault. */
void boot_run(struct supervisor *s);
/* What plugins are loaded with. */
int boot_open_loader(struct supervisor *s);
/* Load those MODULES (bits) of PLAN that PID 1 does not have yet, but those that failed before.
 * Does not return when one of them is a fault: PID 1 executes itself again. */
void boot_load_plugins(struct supervisor *s, const struct boot_plan *plan, uint32_t modules);

#endif
