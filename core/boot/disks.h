/* SPDX-License-Identifier: Apache-2.0
 *
 * Disks and partitions by what is on them: PARTUUID= of MBR and GPT tables, LABEL= and UUID= of ext.
 */
#ifndef CORE_BOOT_DISKS_H
#define CORE_BOOT_DISKS_H

#include <stddef.h>

#include "boot/machine.h"

/* Whether the device is there; its path in PATH. WANTED that is none of the three is a path. */
int disks_find(const char *wanted, char *path, size_t size);

/* Have the disk of the file system at ROOT read ahead as the settings say, if they do. */
void disks_set_read_ahead(struct machine *machine, const char *root);

#endif
