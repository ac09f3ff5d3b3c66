/* SPDX-License-Identifier: Apache-2.0
 *
 * A command of the configuration as words: separated by blanks; double quotes group, and a
 * backslash within them takes the next character as it is.
 */
#ifndef CORE_BOOT_WORDS_H
#define CORE_BOOT_WORDS_H

#include <stddef.h>

/* Split TEXT in place; NULL ends WORDS. The number of words, or -1: too many, or a quote that does
 * not end. */
int words_split(char *text, char **words, size_t size);

#endif
