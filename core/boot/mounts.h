/* SPDX-License-Identifier: Apache-2.0
 *
 * The early mounts: one table, which a test compares with what the kernel reports.
 */
#ifndef CORE_BOOT_MOUNTS_H
#define CORE_BOOT_MOUNTS_H

#include "boot/machine.h"

/* Mount what is not mounted yet. What fails is said and left. */
void mounts_early(struct machine *machine);
/* cgroup v2 and the group of all services, with LIMITS (FILE=VALUE words). */
void mounts_cgroup(struct machine *machine, const char *limits);
/* Unmount everything in reverse, what cannot be becomes read-only. For the last child. */
void mounts_undo(void);
/* The table as text, for `barrer-init --mounts`. */
void mounts_print(void);

#endif
