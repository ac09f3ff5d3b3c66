/* SPDX-License-Identifier: Apache-2.0
 *
 * The shell of last resort on the console. PID 1 stays PID 1: it reaps, and answers barrerctl.
 */
#ifndef CORE_BOOT_RESCUE_H
#define CORE_BOOT_RESCUE_H

#include "boot/machine.h"

/* Begin the rescue, whose shell starts when boot has no further steps, or start that again. */
void rescue_enter(struct machine *machine);
/* The shell ended. */
void rescue_reaped(struct machine *machine);

#endif
