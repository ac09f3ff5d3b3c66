/* SPDX-License-Identifier: Apache-2.0
 *
 * What a machine is told once at boot: modules, clock, host name, sysctl, seed, machine-id,
 * loopback, mounts. In a child of PID 1 with a deadline, since any of it may hang.
 */
#ifndef CORE_BOOT_TUNE_H
#define CORE_BOOT_TUNE_H

#include "boot/machine.h"

/* What the root may need: modules. Then, with the root in place, all else. */
void tune_modules(struct machine *machine);
void tune_all(struct machine *machine);
/* Write a new seed, at shutdown. */
void tune_save_seed(struct machine *machine);

#endif
