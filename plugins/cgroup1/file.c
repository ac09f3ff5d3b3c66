/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and writing the files of one group.
 */
#include "cgroup1.h"

#include <stdio.h>

ssize_t cgroup1_read(const struct cgroup1_hierarchy *h, const char *file, char *buffer, size_t size)
{
    ssize_t n = h == NULL ? -ENOENT : barrer_read_at(h->fd, file, buffer, size);

    if (n < 0)
        buffer[0] = '\0';
    return n;
}

int cgroup1_write(const struct cgroup1 *self, const struct cgroup1_hierarchy *h, const char *file,
                  const char *value, struct barrer_error *err)
{
    int r = barrer_write_at(h->fd, file, value);

    if (r == 0)
        return 0;
    /* "No such file or directory" would be taken for a missing program by those who translate a
     * runtime's messages into exit codes. */
    if (r == -ENOENT)
        return barrer_fail(self->host, err, ENOTSUP,
                           "write \"%s\" to \"%s/%s\" (the kernel does not offer that file)", value,
                           h->path, file);
    return barrer_fail(self->host, err, -r, "write \"%s\" to \"%s/%s\"", value, h->path, file);
}

uint64_t cgroup1_read_number(const struct cgroup1_hierarchy *h, const char *file)
{
    char text[64];

    if (cgroup1_read(h, file, text, sizeof(text)) <= 0)
        return 0;
    return strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

uint64_t cgroup1_key_number(const char *text, const char *key)
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
