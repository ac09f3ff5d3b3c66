/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* Names that were met, in a table of open addressing with at most half of its places taken. */
struct names {
    const char **places;
    size_t mask;
};

/* HOME from the container's own /etc/passwd, without NSS: the file is hostile, so it is opened
 * without blocking, must be a regular file, and is read by us. */
static void find_home(uint32_t uid, char *home, size_t size)
{
    barrer_auto_fd int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    barrer_auto_free char *text = NULL;
    struct stat st;
    size_t length;
    char *next;

    (void)snprintf(home, size, "HOME=/");
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
        fd_read_all(fd, 1 << 20, &text, &length) < 0)
        return;
    next = text;
    for (char *line; (line = strsep(&next, "\n")) != NULL;) {
        char *fields[7] = {0};

        for (size_t i = 0; i < 7; i++)
            fields[i] = strsep(&line, ":");
        if (fields[5] != NULL && fields[5][0] == '/' && strtoul(fields[2], NULL, 10) == uid &&
            fields[2][0] >= '0' && fields[2][0] <= '9') {
            (void)snprintf(home, size, "HOME=%s", fields[5]);
            return;
        }
    }
}

static size_t hash(const char *text, size_t length)
{
    size_t h = 5381;

    while (length-- > 0)
        h = h * 33 ^ (unsigned char)*text++;
    return h;
}

/* Add the name of the entry NAME=VALUE; return whether it is there already. */
static int is_known(struct names *names, const char *entry)
{
    size_t length = strcspn(entry, "=");
    size_t i = hash(entry, length) & names->mask;

    for (; names->places[i] != NULL; i = (i + 1) & names->mask)
        if (strncmp(names->places[i], entry, length) == 0 &&
            strcspn(names->places[i], "=") == length)
            return 1;
    names->places[i] = entry;
    return 0;
}

static size_t count(const char *const *list)
{
    size_t n = 0;

    while (list != NULL && list[n] != NULL)
        n++;
    return n;
}

/* From the last one on, so that of several of one name the last one is met first. Return the first
 * place of ALL, which has N, that is taken. */
static size_t keep_last(struct names *names, const char *const *list, const char **all, size_t n)
{
    for (size_t i = count(list); i-- > 0;)
        if (!is_known(names, list[i]) && strcmp(list[i], "HOME=") != 0)
            all[--n] = list[i];
    return n;
}

int environment_make(uint32_t uid, const char *const *asked, const char *const *extra,
                     const char *const **ret_environment, struct barrer_error *err)
{
    size_t n = count(asked) + count(extra) + 1, first, size = 16;
    barrer_auto_free const char **places = NULL;
    struct names names;
    const char **all;
    int has_home = 0;

    while (size < 2 * n)
        size *= 2;
    places = calloc(size, sizeof(*names.places));
    all = calloc(n + 1, sizeof(*all));
    if (places == NULL || all == NULL) {
        free(all);
        return error_fail(err, ENOMEM, "make the environment");
    }
    names = (struct names){.places = places, .mask = size - 1};
    first = keep_last(&names, asked, all, keep_last(&names, extra, all, n));
    for (size_t i = first; i < n; i++)
        has_home |= strncmp(all[i], "HOME=", 5) == 0;
    if (!has_home) {
        char home[PATH_MAX + 8];

        find_home(uid, home, sizeof(home));
        all[--first] = strdup(home);
    }
    *ret_environment = all + first;
    return 0;
}
