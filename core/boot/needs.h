/* SPDX-License-Identifier: Apache-2.0
 *
 * Which modules the start of a service is going to want, as far as its configuration tells: PID 1
 * has these loaded before it clones the service's spawner, once for all services. Whatever else the
 * flow turns out to want, the spawner loads by itself.
 */
#ifndef CORE_BOOT_NEEDS_H
#define CORE_BOOT_NEEDS_H

#include "boot/machine.h"
#include "config/config.h"

/* Fill in the modules of PLAN's settings and rows. */
void needs_take(const struct config *config, struct boot_plan *plan);

#endif
