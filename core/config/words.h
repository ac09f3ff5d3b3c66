/* SPDX-License-Identifier: Apache-2.0
 *
 * A growing list of strings, each of which it owns.
 */
#ifndef CORE_CONFIG_WORDS_H
#define CORE_CONFIG_WORDS_H

#include <stddef.h>

struct words {
    char **words; /* NULL ends it; NULL when empty */
    size_t n;
};

/* Append a copy of TEXT: 0 or -ENOMEM. */
int words_add(struct words *words, const char *text);
/* Whether TEXT is one of them. */
int words_has(const struct words *words, const char *text);
void words_sort(struct words *words); /* by bytes */
void words_fini(struct words *words);

#endif
