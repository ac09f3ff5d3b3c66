/* SPDX-License-Identifier: Apache-2.0 */
#include "bitlist.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

int process_bitlist_read(const char *list, unsigned long *mask, unsigned long max)
{
    const char *p = list;

    for (;;) {
        unsigned long first, last;
        char *end;

        if (!isdigit((unsigned char)*p))
            return -EINVAL;
        first = last = strtoul(p, &end, 10);
        if (*end == '-') {
            p = end + 1;
            if (!isdigit((unsigned char)*p))
                return -EINVAL;
            last = strtoul(p, &end, 10);
        }
        if (first > last || last >= max)
            return -EINVAL;
        for (; first <= last; first++)
            mask[first / BITLIST_WORD_BITS] |= 1ul << (first % BITLIST_WORD_BITS);
        if (*end == '\0')
            return 0;
        if (*end != ',')
            return -EINVAL;
        p = end + 1;
    }
}
