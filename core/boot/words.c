/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/words.h"

#include <string.h>

int words_split(char *text, char **words, size_t size)
{
    char *from = text, *to = text;
    size_t n = 0;

    for (;;) {
        int is_quoted = 0;

        from += strspn(from, " \t");
        if (*from == '\0')
            break;
        if (n + 1 >= size)
            return -1;
        words[n++] = to;
        while (*from != '\0' && (is_quoted || (*from != ' ' && *from != '\t'))) {
            if (*from == '"') {
                is_quoted = !is_quoted;
                from++;
            } else {
                from += is_quoted && *from == '\\' && from[1] != '\0';
                *to++ = *from++;
            }
        }
        if (is_quoted)
            return -1;
        from += *from != '\0';
        *to++ = '\0';
    }
    words[n] = NULL;
    return (int)n;
}
