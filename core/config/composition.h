/* SPDX-License-Identifier: Apache-2.0
 *
 * The value of `isolation =` and its like: which plugin instances, in which order. A blank makes a
 * chain; "|" joins alternatives for one position of it and binds tighter than the blank:
 * "a b | c" is a, and then b or else c.
 */
#ifndef CORE_CONFIG_COMPOSITION_H
#define CORE_CONFIG_COMPOSITION_H

#include <stddef.h>

#include "config/config.h"

/* What can take one position of the chain: the first alternative whose probe says "usable". */
struct composition_position {
    char **alternatives; /* names of instances; NULL ends it */
    size_t n_alternatives;
};

struct composition {
    struct composition_position *positions;
    size_t n_positions;
};

/* VALUE NULL, or a value that is not set, is a composition of no position. Errors name the value's
 * file and line. */
int composition_parse(const struct config_value *value, struct composition **ret_composition,
                      struct barrer_error *err);
void composition_destroy(struct composition *composition); /* NULL is fine */

/* [plugin NAME] when: a runtime host that is loaded for payloads that the kernel does not execute
 * itself. */
#define COMPOSITION_MANAGED "managed-payload"

/* The property without which a module has nothing to do, what `when` is unless it is set; NULL:
 * it always has. */
const char *composition_default_when(const char *module);

#define COMPOSITION_NAME_LIMIT 32

/* Whether NAME can be the name of an instance: [a-z][a-z0-9_-]{0,31}. */
int composition_is_instance_name(const char *name);
/* Whether NAME can be the name of a module: [a-z][a-z0-9_]{0,31}. */
int composition_is_module_name(const char *name);

#endif
