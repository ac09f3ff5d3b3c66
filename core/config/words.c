/* SPDX-License-Identifier: Apache-2.0 */
#include "config/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int words_add(struct words *words, const char *text)
{
    char **larger = reallocarray(words->words, words->n + 2, sizeof(*larger));

    if (larger == NULL)
        return -ENOMEM;
    words->words = larger;
    larger[words->n] = strdup(text);
    if (larger[words->n] == NULL)
        return -ENOMEM;
    larger[++words->n] = NULL;
    return 0;
}

int words_has(const struct words *words, const char *text)
{
    for (size_t i = 0; i < words->n; i++)
        if (strcmp(words->words[i], text) == 0)
            return 1;
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void words_sort(struct words *words)
{
    if (words->n > 1)
        qsort(words->words, words->n, sizeof(*words->words), compare);
}

void words_fini(struct words *words)
{
    for (size_t i = 0; i < words->n; i++)
        free(words->words[i]);
    free(words->words);
    words->words = NULL;
    words->n = 0;
}
