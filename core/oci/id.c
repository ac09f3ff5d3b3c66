/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "oci/spec.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-"
#define MAX_LENGTH 1024

int oci_id_check(const char *id, struct barrer_error *err)
{
    size_t length = strnlen(id, MAX_LENGTH + 1);

    if (length == 0)
        return error_fail(err, 0, "the container id is empty");
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)id[i] < ' ' || id[i] == '\x7f')
            return error_fail(err, 0, "the container id has a control character in it");
    if (length > MAX_LENGTH)
        return error_fail(err, 0, "the container id \"%.32s...\" is longer than %d characters", id,
                          MAX_LENGTH);
    /* The id is the name of a folder below the state root: neither "." nor "..", nor hidden. */
    if (strspn(id, LETTERS) == 0 || strspn(id, LETTERS ".") != length)
        return error_fail(err, 0,
                          "invalid container ID format: invalid character in container ID \"%.64s\" "
                          "(expected letters, digits, \"_\", \"+\", \"-\" and, not at its start, "
                          "\".\")",
                          id);
    return 0;
}
