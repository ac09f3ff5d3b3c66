/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and writing the files of one cgroup.
 */
#include "cgroup.h"

#include <ctype.h>
#include <stdio.h>

ssize_t cgroup_read(const struct cgroup_group *group, const char *file, char *buffer, size_t size)
{
    ssize_t n = barrer_read_at(group->fd, file, buffer, size);

    if (n < 0)
        buffer[0] = '\0';
    return n;
}

int cgroup_write(const struct cgroup_group *group, const char *file, const char *value,
                 struct barrer_error *err)
{
    int r = barrer_write_at(group->fd, file, value);

    if (r == 0)
        return 0;
    /* "No such file or directory" would be taken for a missing program by those who translate a
     * runtime's messages into exit codes. */
    if (r == -ENOENT)
        return barrer_fail(group->host, err, ENOTSUP,
                           "write \"%s\" to \"%s/%s\" (the kernel, or the cgroup above, does not "
                           "offer that file)",
                           value, group->full, file);
    return barrer_fail(group->host, err, -r, "write \"%s\" to \"%s/%s\"", value, group->full, file);
}

uint64_t cgroup_read_number(const struct cgroup_group *group, const char *file)
{
    char text[64];

    if (cgroup_read(group, file, text, sizeof(text)) <= 0)
        return 0;
    return strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

uint64_t cgroup_key_number(const char *text, const char *key)
{
    size_t length = strlen(key);

    while (text != NULL && *text != '\0') {
        if (strncmp(text, key, length) == 0 && text[length] == ' ')
            return strtoull(text + length + 1, NULL, 10);
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return 0;
}

int cgroup_has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *p = list; (p = strstr(p, word)) != NULL; p += length)
        if ((p == list || isspace((unsigned char)p[-1])) &&
            (p[length] == '\0' || isspace((unsigned char)p[length])))
            return 1;
    return 0;
}
