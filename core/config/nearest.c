/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "config/config.h"

#define NAME_LIMIT 63

static unsigned min2(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, replacements, and swaps of neighbours. */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][NAME_LIMIT + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_length; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *oldest = before;

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned cost = a[i - 1] != b[j - 1];

            row[j] = min2(min2(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min2(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_length];
}

const char *config_nearest(const char *name, const char *const *names)
{
    size_t length = strlen(name);
    const char *nearest = NULL;
    unsigned best = (unsigned)length / 3 + 1;

    if (length == 0 || length > NAME_LIMIT)
        return NULL;
    for (; *names != NULL; names++) {
        size_t other = strlen(*names);
        unsigned distance;

        if (other > NAME_LIMIT)
            continue;
        distance = edit_distance(name, length, *names, other);
        /* Not a name of which every letter would have to be replaced. */
        if (distance <= best && distance < other && (nearest == NULL || distance < best)) {
            best = distance;
            nearest = *names;
        }
    }
    return nearest;
}
