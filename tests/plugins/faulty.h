/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins that go wrong, one of each kind: in the stage and in the way that the name of the service
 * tells, which is that of its cgroup: "process-prepare-segv", "filesystem-pivot-hang". What
 * /etc/faulty-load names ("segv") they do to process 1 when it loads them. Else they do nothing.
 */
#ifndef TESTS_PLUGINS_FAULTY_H
#define TESTS_PLUGINS_FAULTY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <barrer/plugin.h>

static void faulty_read(const char *file, char *text, size_t size)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

    if (fd >= 0)
        (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
}

static void faulty_do(const char *how)
{
    if (strncmp(how, "segv", 4) == 0)
        *(volatile int *)NULL = 1; /* NOLINT */
    if (strncmp(how, "abort", 5) == 0)
        abort();
    while (strncmp(how, "hang", 4) == 0)
        (void)pause();
    if (strncmp(how, "exit0", 5) == 0)
        _exit(0);
    if (strncmp(how, "exit", 4) == 0)
        _exit(3);
}

/* What the service's name has behind STAGE, or NULL: TEXT is where it is kept. */
static const char *faulty_way(const char *stage, char *text, size_t size)
{
    size_t length = strlen(stage);
    char *name;

    faulty_read("/proc/self/cgroup", text, size);
    name = strstr(text, "/services/");
    if (name == NULL || strncmp(name + 10, stage, length) != 0 || name[10 + length] != '-')
        return NULL;
    return name + 10 + length + 1;
}

__attribute__((unused)) static int go_wrong(const struct barrer_host *host, const char *stage,
                                            struct barrer_error *err)
{
    char text[4096];
    const char *how = faulty_way(stage, text, sizeof(text));

    if (how == NULL)
        return 0;
    faulty_do(how);
    return strncmp(how, "fail", 4) == 0 ? barrer_fail(host, err, EIO, "go wrong in %s", stage) : 0;
}

/* Modules are loaded by a child of process 1, or in a spawner, which is behind a cgroup. */
__attribute__((constructor)) static void faulty_load(void)
{
    char how[64], group[4096];

    faulty_read("/etc/faulty-load", how, sizeof(how));
    faulty_read("/proc/self/cgroup", group, sizeof(group));
    if (strstr(group, "/services/") == NULL)
        faulty_do(how);
}

#define FAULTY_OPEN(kind)                                                                          \
    static int faulty_open(const struct barrer_host *host, void **ret_self,                        \
                           struct barrer_error *err)                                               \
    {                                                                                              \
        *ret_self = (void *)(size_t)host;                                                          \
        return go_wrong(host, kind "-open", err);                                                  \
    }                                                                                              \
    static void faulty_close(void *self)                                                           \
    {                                                                                              \
        (void)self;                                                                                \
    }                                                                                              \
    static int faulty_probe(void *self, struct barrer_error *err)                                  \
    {                                                                                              \
        int r = go_wrong((const struct barrer_host *)self, kind "-probe", err);                    \
                                                                                                   \
        return r < 0 ? r : 1;                                                                      \
    }

#endif
