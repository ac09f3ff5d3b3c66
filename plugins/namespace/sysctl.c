/* SPDX-License-Identifier: Apache-2.0 */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <barrer/util.h>

#include "kinds.h"

#define PREFIX "sys/"
#define MAX_PATH 256

/* Paths below /proc/sys; one that ends in a slash stands for everything below it. */
static const struct {
    const char *path;
    uint32_t flag;
} allowed[] = {
    {"net/", CLONE_NEWNET},
    {"fs/mqueue/", CLONE_NEWIPC},
    {"kernel/msgmax", CLONE_NEWIPC},
    {"kernel/msgmnb", CLONE_NEWIPC},
    {"kernel/msgmni", CLONE_NEWIPC},
    {"kernel/sem", CLONE_NEWIPC},
    {"kernel/shmall", CLONE_NEWIPC},
    {"kernel/shmmax", CLONE_NEWIPC},
    {"kernel/shmmni", CLONE_NEWIPC},
    {"kernel/shm_rmid_forced", CLONE_NEWIPC},
    {"kernel/domainname", CLONE_NEWUTS},
    {"user/", CLONE_NEWUSER},
};

/* The path below /proc of a key in one of the two forms of sysctl(8): the separator that comes
 * first separates, and the other one is then a dot in a name ("net.ipv4.conf.eth0/1.mtu" and
 * "net/ipv4/conf/eth0.1/mtu" are the same). */
static int key_to_path(const char *key, char path[MAX_PATH])
{
    size_t length = strlen(key), start = strlen(PREFIX);
    int has_dots = key[strcspn(key, "./")] == '.';
    char *part, *next;

    if (start + length >= MAX_PATH)
        return -1;
    memcpy(path, PREFIX, start);
    memcpy(path + start, key, length + 1);
    if (has_dots)
        for (char *c = path + start; *c != '\0'; c++)
            *c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
    for (part = path + start; part != NULL; part = next) {
        size_t n = strcspn(part, "/");

        next = part[n] == '/' ? part + n + 1 : NULL;
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            return -1;
    }
    return 0;
}

static uint32_t find_allowed(const char *path)
{
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        size_t n = strlen(allowed[i].path);

        if (allowed[i].path[n - 1] == '/' ? strncmp(path, allowed[i].path, n) == 0
                                          : strcmp(path, allowed[i].path) == 0)
            return allowed[i].flag;
    }
    return 0;
}

/* Whether the parameter KEY says something else than domainname. */
static int differs(const struct barrer_isolation_request *request, const char *key)
{
    for (size_t i = 0; i < request->n_sysctl; i++)
        if (request->sysctl[i].key == key)
            return strcmp(request->sysctl[i].value, request->domainname) != 0;
    return 1;
}

int namespace_sysctl_check(const struct barrer_host *host,
                           const struct barrer_isolation_request *request, const char *key,
                           uint32_t *ret_flag, struct barrer_error *err)
{
    char path[MAX_PATH];
    const char *name = path + strlen(PREFIX);
    uint32_t flag;

    if (key_to_path(key, path) < 0)
        return barrer_fail(host, err, 0,
                           "linux.sysctl: \"%s\" is no name of a kernel parameter (expected "
                           "something like net.ipv4.ip_forward)",
                           key);
    if (strcmp(name, "kernel/hostname") == 0)
        return barrer_fail(host, err, 0,
                           "linux.sysctl: \"%s\" conflicts with the property \"hostname\" (use "
                           "that)",
                           key);
    flag = find_allowed(name);
    if (flag == 0)
        return barrer_fail(host, err, 0,
                           "linux.sysctl: \"%s\" belongs to no namespace: it would change the host",
                           key);
    if (flag == CLONE_NEWUTS && request->domainname != NULL && differs(request, key))
        return barrer_fail(host, err, 0,
                           "linux.sysctl: \"%s\" conflicts with the property \"domainname\" "
                           "(remove one of them)",
                           key);
    *ret_flag = flag;
    return 0;
}

int namespace_sysctl_write(const struct barrer_host *host, const struct barrer_pair *sysctl,
                           struct barrer_error *err)
{
    barrer_auto_fd int fd = -1;
    char path[MAX_PATH];
    int r;

    if (key_to_path(sysctl->key, path) < 0)
        return barrer_fail(host, err, 0, "set the kernel parameter \"%s\"", sysctl->key);
    fd = host->open_proc(host, path, O_WRONLY | O_CLOEXEC, err);
    /* Not strerror's words: engines take those for a missing payload. */
    if (fd == -ENOENT)
        return barrer_fail(host, err, 0, "set the kernel parameter \"%s\": the kernel has no \"/proc/%s\"",
                           sysctl->key, path);
    if (fd < 0)
        return barrer_fail(host, err, -fd, "set the kernel parameter \"%s\": open \"/proc/%s\"",
                           sysctl->key, path);
    r = barrer_write_fd(fd, sysctl->value);
    if (r < 0)
        return barrer_fail(host, err, -r, "set the kernel parameter \"%s\" to \"%s\"", sysctl->key,
                           sysctl->value);
    return 0;
}
