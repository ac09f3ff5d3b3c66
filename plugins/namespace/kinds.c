/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds.h"

#include <stdio.h>
#include <string.h>

const struct namespace_kind namespace_kinds[NAMESPACE_KINDS] = {
    {CLONE_NEWIPC, "ipc", "ipc"},          {CLONE_NEWUTS, "uts", "uts"},
    {CLONE_NEWNET, "network", "net"},      {CLONE_NEWPID, "pid", "pid"},
    {CLONE_NEWCGROUP, "cgroup", "cgroup"}, {CLONE_NEWTIME, "time", "time"},
    {CLONE_NEWNS, "mount", "mnt"},         {CLONE_NEWUSER, "user", "user"},
};

const struct namespace_kind *namespace_kind_find(uint32_t flag)
{
    for (size_t i = 0; i < NAMESPACE_KINDS; i++)
        if (namespace_kinds[i].flag == flag)
            return &namespace_kinds[i];
    return NULL;
}

void namespace_kind_list(uint32_t mask, char *buffer)
{
    size_t used = 0;

    if (mask == 0)
        (void)strcpy(buffer, "none");
    for (size_t i = 0; i < NAMESPACE_KINDS; i++)
        if ((mask & namespace_kinds[i].flag) != 0)
            used += (size_t)snprintf(buffer + used, NAMESPACE_LIST_SIZE - used, "%s%s",
                                     used > 0 ? "," : "", namespace_kinds[i].name);
}

static uint32_t flag_of_name(const char *name, size_t length)
{
    for (size_t i = 0; i < NAMESPACE_KINDS; i++)
        if (strlen(namespace_kinds[i].name) == length &&
            memcmp(namespace_kinds[i].name, name, length) == 0)
            return namespace_kinds[i].flag;
    return 0;
}

int namespace_kind_parse(const char *list, uint32_t *ret_mask)
{
    uint32_t mask = 0;

    if (strcmp(list, "none") == 0) {
        *ret_mask = 0;
        return 0;
    }
    for (;;) {
        size_t length = strcspn(list, ",");
        uint32_t flag = flag_of_name(list, length);

        if (flag == 0)
            return -1;
        mask |= flag;
        if (list[length] == '\0')
            break;
        list += length + 1;
    }
    *ret_mask = mask;
    return 0;
}
