/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's command line, from /proc/cmdline: what has a dot in it reaches neither the
 * arguments nor the environment of PID 1.
 */
#ifndef CORE_BOOT_CMDLINE_H
#define CORE_BOOT_CMDLINE_H

#include <stddef.h>

struct cmdline {
    char text[4096];
};

void cmdline_read(struct cmdline *cmdline);
/* The value of the last KEY=VALUE before "--", double quotes undone: 1, or 0 and "". */
int cmdline_get(const struct cmdline *cmdline, const char *key, char *value, size_t size);
int cmdline_has(const struct cmdline *cmdline, const char *word);

#endif
