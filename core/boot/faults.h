/* SPDX-License-Identifier: Apache-2.0
 *
 * A fault in PID 1 does not end the system: the handler executes barrer-init again, which resumes
 * from the machine's memfd.
 */
#ifndef CORE_BOOT_FAULTS_H
#define CORE_BOOT_FAULTS_H

#include "boot/machine.h"

/* Handle faults, and a loop that takes all of the CPU for two seconds. */
void faults_install(struct machine *machine);
/* From now on a fault, too: that PID 1 is at it for more than LIMIT ms; 0: no longer. */
void faults_limit(struct machine *machine, unsigned limit);
/* In a child of PID 1: dispositions and mask as a program starts with. */
void faults_reset(void);
/* The same as a fault, on purpose: SIGQUIT and RTMIN+25 of systemd's PID 1. Returns if it cannot.
 */
void faults_reexecute(struct machine *machine);

#endif
