/* SPDX-License-Identifier: Apache-2.0 */
#include "ranges.h"

#include <errno.h>
#include <string.h>

/* The id on the host that is ID in the container. */
static int make_absolute(const struct barrer_id_map *maps, size_t n, uint32_t *id)
{
    for (size_t i = 0; i < n; i++) {
        if (*id < maps[i].container_id || *id - maps[i].container_id >= maps[i].count)
            continue;
        *id = maps[i].host_id + (*id - maps[i].container_id);
        return 0;
    }
    return -ENOENT;
}

static int parse_number(const char **text, uint32_t *ret_number)
{
    uint64_t number = 0;
    size_t digits = strspn(*text, "0123456789");

    if (digits == 0 || digits > 10)
        return -EINVAL;
    for (; digits > 0; digits--)
        number = number * 10 + (uint64_t)(*(*text)++ - '0');
    if (number > UINT32_MAX)
        return -EINVAL;
    *ret_number = (uint32_t)number;
    return 0;
}

/* "FROM-TO-COUNT" */
static int parse_range(const char **text, struct barrer_id_map *range, int *ret_is_relative)
{
    uint32_t *const numbers[] = {&range->container_id, &range->host_id, &range->count};

    *ret_is_relative = **text == '@';
    *text += *ret_is_relative || **text == '+';
    for (size_t i = 0; i < 3; i++) {
        if (i > 0 && *(*text)++ != '-')
            return -EINVAL;
        if (parse_number(text, numbers[i]) < 0)
            return -EINVAL;
    }
    return range->count > 0 ? 0 : -EINVAL;
}

static int parse_list(const char **text, const struct barrer_id_map *container, size_t n_container,
                      struct barrer_id_map *ranges, size_t *ret_n)
{
    int is_relative, r;

    do {
        struct barrer_id_map range;

        *text += **text == '#';
        if (*ret_n == OVERLAYFS_MAX_RANGES)
            return -EINVAL;
        r = parse_range(text, &range, &is_relative);
        if (r == 0 && is_relative)
            r = make_absolute(container, n_container, &range.host_id);
        if (r < 0)
            return r;
        ranges[(*ret_n)++] = range;
    } while (**text == '#');
    return 0;
}

int overlayfs_ranges_parse(const char *text, const struct barrer_filesystem_request *request,
                           struct overlayfs_ranges *ret_ranges)
{
    struct overlayfs_ranges *ranges = ret_ranges;
    int r = 0;

    *ranges = (struct overlayfs_ranges){.n_uids = 0};
    while (r == 0 && *text != '\0') {
        int is_uids = strncmp(text, "uids=", 5) == 0;

        if (!is_uids && strncmp(text, "gids=", 5) != 0)
            return -EINVAL;
        text += 5;
        r = is_uids ? parse_list(&text, request->uid_maps, request->n_uid_maps, ranges->uids,
                                 &ranges->n_uids)
                    : parse_list(&text, request->gid_maps, request->n_gid_maps, ranges->gids,
                                 &ranges->n_gids);
        if (r == 0 && *text != ';' && *text != '\0')
            return -EINVAL;
        text += *text == ';';
    }
    return r;
}
