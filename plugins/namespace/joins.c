/* SPDX-License-Identifier: Apache-2.0 */
#include "joins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrer/util.h>

/* Take over FD after a check that it is a namespace of the kind FLAG (NS_GET_NSTYPE, Linux 4.11).
 * WHAT names it in messages. */
static int add_checked(struct namespace_joins *joins, const struct barrer_host *host, int fd,
                       uint32_t flag, const char *what, struct barrer_error *err)
{
    const char *wanted = namespace_kind_find(flag)->name;
    const struct namespace_kind *found;
    int type;

    joins->fds[joins->n_fds++] = fd;
    type = ioctl(fd, NS_GET_NSTYPE);
    if (type < 0)
        return barrer_fail(host, err, 0,
                           "join the %s namespace at \"%s\": this file is no namespace (expected "
                           "something like /proc/PID/ns/%s, or a bind mount of it)",
                           wanted, what, namespace_kind_find(flag)->entry);
    if ((uint32_t)type != flag) {
        found = namespace_kind_find((uint32_t)type);
        return barrer_fail(host, err, 0,
                           "join the %s namespace at \"%s\": this is a namespace of the type "
                           "\"%s\"",
                           wanted, what, found != NULL ? found->name : "unknown");
    }
    joins->list[joins->count++] = (struct barrer_join){.fd = fd, .type = flag};
    return 0;
}

int namespace_joins_add_path(struct namespace_joins *joins, const struct barrer_host *host,
                             uint32_t flag, const char *path, struct barrer_error *err)
{
    /* O_NONBLOCK: the path may be anything, and opening a fifo would wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return barrer_fail(host, err, errno, "open the %s namespace \"%s\"",
                           namespace_kind_find(flag)->name, path);
    return add_checked(joins, host, fd, flag, path, err);
}

/* Without a pidfd: the entries of /proc/PID/ns are magic links, so the folder is opened in the
 * checked procfs and each link followed from there; what it leads to is checked by its type. */
static int add_from_proc(struct namespace_joins *joins, const struct barrer_host *host, pid_t pid,
                         uint32_t mask, struct barrer_error *err)
{
    barrer_auto_fd int dir_fd = -1;
    char path[64];

    (void)snprintf(path, sizeof(path), "%d/ns", pid);
    dir_fd = host->open_proc(host, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, err);
    if (dir_fd < 0)
        return dir_fd;
    for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
        const struct namespace_kind *kind = &namespace_kinds[i];
        int fd, r;

        if ((mask & kind->flag) == 0)
            continue;
        (void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kind->entry);
        fd = openat(dir_fd, kind->entry, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return barrer_fail(host, err, errno, "open \"%s\"", path);
        r = add_checked(joins, host, fd, kind->flag, path, err);
        if (r < 0)
            return r;
    }
    namespace_joins_sort(joins);
    return 0;
}

int namespace_joins_add_target(struct namespace_joins *joins, const struct barrer_host *host,
                               const struct barrer_target *target, uint32_t mask,
                               struct barrer_error *err)
{
    if (mask == 0)
        return 0;
    if (target->pidfd < 0)
        return add_from_proc(joins, host, target->pid, mask, err);
    /* The kernel takes the user namespace first and judges the others by it, and also by the
     * caller's own credentials, so that one call serves root and rootless callers. */
    joins->list[joins->count++] = (struct barrer_join){.fd = target->pidfd, .type = mask};
    return 0;
}

/* A caller that has CAP_SYS_ADMIN in its own user namespace uses that for all others, and would
 * lose it by joining the user namespace before them. A caller without gains it by joining the
 * user namespace, which it owns, first. */
void namespace_joins_sort(struct namespace_joins *joins)
{
    struct barrer_join sorted[NAMESPACE_KINDS];
    size_t n = 0;

    if (joins->count < 2)
        return;
    for (size_t k = 0; k < NAMESPACE_KINDS; k++)
        for (size_t i = 0; i < joins->count; i++)
            if (joins->list[i].type == namespace_kinds[k].flag)
                sorted[n++] = joins->list[i];
    for (size_t i = 0; i < n; i++)
        joins->list[i] = sorted[i];
    if (joins->list[n - 1].type == CLONE_NEWUSER && geteuid() != 0) {
        for (size_t i = n - 1; i > 0; i--)
            joins->list[i] = sorted[i - 1];
        joins->list[0] = sorted[n - 1];
    }
}

int namespace_joins_is_own(const struct namespace_joins *joins, const struct barrer_host *host,
                           uint32_t flag, struct barrer_error *err)
{
    const char *entry = namespace_kind_find(flag)->entry;
    barrer_auto_fd int dir_fd = -1;
    struct stat own, other;
    size_t i;

    for (i = 0; i < joins->count && joins->list[i].type != flag; i++)
        ;
    if (i == joins->count)
        return 0;
    dir_fd = host->open_proc(host, "self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC, err);
    if (dir_fd < 0)
        return dir_fd;
    if (fstatat(dir_fd, entry, &own, 0) < 0 || fstat(joins->list[i].fd, &other) < 0)
        return barrer_fail(host, err, errno, "look up the own namespace \"/proc/self/ns/%s\"",
                           entry);
    return own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

void namespace_joins_close(struct namespace_joins *joins)
{
    for (size_t i = 0; i < joins->n_fds; i++)
        (void)close(joins->fds[i]);
    joins->n_fds = joins->count = 0;
}
