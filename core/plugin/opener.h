/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the descriptor of a module is: in a file (open_file.c), or, in barrer-run-static, linked in
 * (open_linked.c). A program has one of the two.
 */
#ifndef CORE_PLUGIN_OPENER_H
#define CORE_PLUGIN_OPENER_H

#include <barrer/plugin.h>

#include "base/error.h"

#define OPENER_NAME_MAX 32

struct opener {
    char *folder; /* absolute, owned */
    /* Map files from a detached read-only clone of the folder's mount, see loader_protect. */
    int is_protected;
    int read_only_fd; /* the folder on that clone; -1 */
};

/* Takes FOLDER, which is on the heap, also when it fails. */
int opener_init(struct opener *opener, char *folder, struct barrer_error *err);
void opener_fini(struct opener *opener);
/* The descriptor of module NAME: 1 when it is known to be this build's, which its tests have
 * checked, 0 when it is somebody's. *RET_FILE, allocated, is the file it came from or stands for, or
 * "(built in)". */
int opener_open(struct opener *opener, const char *name, char **ret_file,
                const struct barrer_plugin **ret_plugin, struct barrer_error *err);
/* Whether opener_open of NAME stays in this program: after clone it must not become another. */
int opener_is_at_hand(const struct opener *opener, const char *name);
/* Whether opening a module may run code of a file, which may do anything. */
int opener_loads_files(void);
/* Whether this program becomes another one (program_succeed) for a module that it does not have. */
int opener_has_successor(void);

#endif
