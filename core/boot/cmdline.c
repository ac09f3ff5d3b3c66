/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/cmdline.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"

void cmdline_read(struct cmdline *cmdline)
{
    if (fd_read_once(AT_FDCWD, "/proc/cmdline", cmdline->text, sizeof(cmdline->text)) < 0)
        cmdline->text[0] = '\0';
}

/* Take the next word into WORD, quotes undone; where it ends, or NULL. */
static const char *next_word(const char *at, char *word, size_t size)
{
    size_t used = 0;
    int is_quoted = 0;

    at += strspn(at, " \t\n");
    if (*at == '\0')
        return NULL;
    for (; *at != '\0' && (is_quoted || strchr(" \t\n", *at) == NULL); at++) {
        if (*at == '"')
            is_quoted = !is_quoted;
        else if (used + 1 < size)
            word[used++] = *at;
    }
    word[used] = '\0';
    return at;
}

int cmdline_get(const struct cmdline *cmdline, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    char word[1024];
    int found = 0;

    value[0] = '\0';
    for (const char *at = cmdline->text; (at = next_word(at, word, sizeof(word))) != NULL;) {
        if (strcmp(word, "--") == 0)
            break;
        if (strncmp(word, key, length) != 0 || word[length] != '=' ||
            strlen(word + length + 1) >= size)
            continue;
        memcpy(value, word + length + 1, strlen(word + length + 1) + 1);
        found = 1;
    }
    return found;
}

int cmdline_has(const struct cmdline *cmdline, const char *wanted)
{
    char word[1024];

    for (const char *at = cmdline->text; (at = next_word(at, word, sizeof(word))) != NULL;) {
        if (strcmp(word, "--") == 0)
            break;
        if (strcmp(word, wanted) == 0)
            return 1;
    }
    return 0;
}
