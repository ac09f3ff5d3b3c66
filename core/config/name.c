/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "config/composition.h"

static int is_name(const char *name, const char *further)
{
    size_t length = strlen(name);

    if (length == 0 || length > COMPOSITION_NAME_LIMIT || name[0] < 'a' || name[0] > 'z')
        return 0;
    for (; *name != '\0'; name++) {
        int is_plain = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9');

        if (!is_plain && strchr(further, *name) == NULL)
            return 0;
    }
    return 1;
}

int composition_is_instance_name(const char *name)
{
    return is_name(name, "_-");
}

int composition_is_module_name(const char *name)
{
    return is_name(name, "_");
}
