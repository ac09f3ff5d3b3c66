/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines of state.json that every verb reads: objects of texts, integers, booleans and such
 * objects, and arrays of texts, as we write them ourselves. json-c's tokener takes ten times as long
 * for one, which `list` pays for each container.
 */
#ifndef CORE_CONTAINER_LINE_H
#define CORE_CONTAINER_LINE_H

#include <stddef.h>

struct json_object;

/* The value that is TEXT, which ends with NUL after LENGTH bytes. NULL for one that is well-formed
 * in another way, or not at all: the tokener knows. */
struct json_object *line_parse(const char *text, size_t length);

/* Whether TEXT is an array of N texts. If so they are in TEXTS, ended in place. */
int line_texts(char *text, size_t length, size_t n, char **texts);

/* Find the members of the object TEXT that KEYS names: VALUES[i], of one that is there, is its text
 * or number, ended in place; the others are left alone. Returns 0 for what is not understood. */
int line_pick(char *text, size_t n, const char *const *keys, const char **values);

#endif
