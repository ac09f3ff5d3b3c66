/* SPDX-License-Identifier: Apache-2.0
 *
 * barrer-init --test ROOT: a system in namespaces of its own, for tests and to try one in a second.
 */
#ifndef CORE_BOOT_LAUNCH_H
#define CORE_BOOT_LAUNCH_H

#include "boot/machine.h"

/* The exit status of the program: 0 when the system went down in order. */
int launch_test(const char *root, const char *config);
/* main.c: boot, and go on for ever. */
__attribute__((noreturn)) void launch_boot(struct machine *machine);

#endif
