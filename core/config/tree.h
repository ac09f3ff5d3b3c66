/* SPDX-License-Identifier: Apache-2.0
 *
 * The merged values of all layers, and which line of which file each part of them came from.
 */
#ifndef CORE_CONFIG_TREE_H
#define CORE_CONFIG_TREE_H

#include "config/config.h"
#include "config/problems.h"
#include "config/words.h"

struct entry {
    struct config_value value; /* first: a config_value is an entry's; value NULL: not set */
    struct entry *next;
    char *joined; /* value.value, when it is of several parts */
    struct config_part *parts;
    size_t n_parts;
    const char *built_in; /* the default that "key =" goes back to, or NULL */
    int has_base;         /* the first part replaces the default, it is not appended to it */
    unsigned layer;       /* the file that wrote it last ... */
    unsigned set_line;    /* ... and where in it it was set and appended to; 0: not */
    unsigned append_line;
};

struct config {
    struct entry *entries; /* sorted by section; in one, in the order of their first line */
    struct words texts;    /* names, keys and parts of values, which all others point to */
};

/* One line of a file. */
struct assignment {
    const char *section, *key;
    const char *value; /* trimmed; "" sets back to the default */
    int is_append;
    const char *file; /* lives as long as the tree */
    unsigned line;
    unsigned layer; /* a number per file: within one, a key is set at most once; 0: no such rule */
};

/* Merge one line; what is wrong with it is added to PROBLEMS. */
void tree_assign(struct config *config, const struct assignment *assignment,
                 struct problems *problems);
int tree_add_built_in(struct config *config, const char *section, const char *key,
                      const char *text);
/* A copy of TEXT that lives as long as the tree, or NULL without memory. */
const char *tree_keep(struct config *config, const char *text);
/* The entry, set or not, or NULL. */
struct entry *tree_find(const struct config *config, const char *section, const char *key);

#endif
