/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_PLUGIN_LINKED_H
#define CORE_PLUGIN_LINKED_H

#include <barrer/plugin.h>

#define LINKED_ID_SIZE 20 /* the linker's SHA-1 */

/* linked.c is made by linked.sh from the plugins' files. A NULL name ends the table. */
struct linked_module {
    const char *name;
    const struct barrer_plugin *plugin;
    unsigned char id[LINKED_ID_SIZE]; /* of NAME.so */
};
extern const struct linked_module linked_modules[];

#endif
