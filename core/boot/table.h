/* SPDX-License-Identifier: Apache-2.0
 *
 * From a configuration to a plan's table: every key of [flow boot] and [service NAME] is checked,
 * names are resolved, cycles are found.
 */
#ifndef CORE_BOOT_TABLE_H
#define CORE_BOOT_TABLE_H

#include "boot/machine.h"
#include "config/config.h"

/* Fill PLAN (settings, rows, text) from CONFIG. A service whose name the N_UNITS of UNITS hold gets
 * its index; others get those that are free in them. All errors are in ERR, one a line. */
int table_compile(const struct config *config, const struct unit *units, int n_units,
                  struct boot_plan *plan, struct barrer_error *err);
/* The value of a key, or its default, or NULL. */
const char *table_text(const struct config *config, const char *section, const char *key);
/* A signal by its name, with or without SIG, or by number; 0: none of the name. */
int table_signal(const char *name);

#endif
