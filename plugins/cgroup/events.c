/* SPDX-License-Identifier: Apache-2.0
 *
 * Running out of memory, and the end of the group: the kernel marks memory.events and
 * cgroup.events as modified when a number in them changes, which inotify(7) tells.
 */
#include "cgroup.h"

#include <stdio.h>
#include <sys/inotify.h>

static uint64_t read_oom(const struct cgroup_group *group)
{
    char text[512];

    return cgroup_read(group, "memory.events", text, sizeof(text)) > 0
               ? cgroup_key_number(text, "oom_kill")
               : 0;
}

static int watch(const struct cgroup_group *group, int fd, const char *file)
{
    barrer_auto_free char *path = NULL;

    if (asprintf(&path, "%s/%s", group->full, file) < 0)
        return -ENOMEM;
    return inotify_add_watch(fd, path, IN_MODIFY) < 0 ? -errno : 0;
}

int cgroup_open_events(struct cgroup_group *group, struct barrer_error *err)
{
    barrer_auto_fd int fd = -1;
    int r = cgroup_open_live(group, err);

    if (r < 0)
        return r;
    fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    r = fd < 0 ? -errno : watch(group, fd, "cgroup.events");
    if (r < 0)
        return barrer_fail(group->host, err, r == -ENOENT ? ENOTSUP : -r,
                           "watch the events of the cgroup \"%s\"", group->full);
    r = watch(group, fd, "memory.events");
    if (r < 0)
        barrer_log(group->host, BARRER_LOG_INFO,
                   "no out-of-memory events: the cgroup has no memory controller");
    group->oom_seen = read_oom(group);
    return barrer_take_fd(&fd);
}

int cgroup_read_events(struct cgroup_group *group, int fd, uint64_t *ret_oom,
                       struct barrer_error *err)
{
    char events[4096] __attribute__((aligned(8))), text[256];
    uint64_t oom;
    ssize_t n;
    int r;

    do
        n = read(fd, events, sizeof(events));
    while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0 && errno != EAGAIN)
        return barrer_fail(group->host, err, errno, "read the events of the cgroup");
    r = cgroup_open(group, err);
    if (r <= 0)
        return r;
    oom = read_oom(group);
    if (oom > group->oom_seen) {
        *ret_oom += oom - group->oom_seen;
        group->oom_seen = oom;
    }
    return cgroup_read(group, "cgroup.events", text, sizeof(text)) > 0 &&
           cgroup_key_number(text, "populated") == 1;
}
