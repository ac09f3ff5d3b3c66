/* SPDX-License-Identifier: Apache-2.0
 *
 * One INI text, line by line, to inih. inih by itself cuts long lines and names, takes an indented
 * line for the continuation of the one above, ":" for "=", and " ;" for a comment; this reader
 * refuses such lines with their number before inih meets them.
 */
#ifndef CORE_CONFIG_READER_H
#define CORE_CONFIG_READER_H

#include <stddef.h>

#include "config/problems.h"

/* Longest line, without the line feed; inih's buffer holds 199 bytes. */
#define READER_LINE_LIMIT 190
/* Longest name of a section or key; inih keeps 49 bytes. */
#define READER_NAME_LIMIT 48

struct reader_handler {
    void *arg;
    /* A section begins: 1 to go on, 0 to pass over its keys. */
    int (*section)(void *arg, const char *section, unsigned line);
    /* "key = value" or, with IS_APPEND, "key += value". */
    void (*key)(void *arg, const char *section, const char *key, const char *value, int is_append,
                unsigned line);
};

/* FILE is for messages. */
void reader_parse(const char *file, const char *text, size_t length,
                  const struct reader_handler *handler, struct problems *problems);
/* Whether TEXT is valid UTF-8 without control characters (a tab is none). */
int reader_is_text(const char *text, size_t length);

#endif
