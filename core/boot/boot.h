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
/* Load the plugins of services, but those that were at fault before. */
int boot_load_plugins(struct supervisor *s);

#endif
