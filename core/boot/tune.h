/* SPDX-License-Identifier: Apache-2.0
 *
 * What a machine is told once at boot: modules, clock, host name, sysctl, seed, machine-id,
 * loopback, mounts. What may wait for a disk is done in a child of PID 1 with a deadline.
 */
#ifndef CORE_BOOT_TUNE_H
#define CORE_BOOT_TUNE_H

#include "boot/machine.h"
#include "config/config.h"

/* What the root may need: modules. In a child. */
int tune_has_modules(const struct config *config);
void tune_modules(struct machine *machine, const struct config *config);
/* With the root in place: clock, host name, sysctl, loopback, in PID 1. */
void tune_at_once(struct machine *machine, const struct config *config);
/* Whether there is something that may wait, and in a child: mounts, seed, machine-id. */
int tune_waits(const struct machine *machine, const struct config *config);
void tune_what_waits(struct machine *machine, const struct config *config);
/* Write a new seed, at shutdown, in a child. */
void tune_save_seed(struct machine *machine);

#endif
