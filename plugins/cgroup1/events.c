/* SPDX-License-Identifier: Apache-2.0
 *
 * Running out of memory: the kernel counts it up in an eventfd(2) that was registered with
 * cgroup.event_control. It does so once more when the group is removed.
 */
#include "cgroup1.h"

#include <stdio.h>
#include <sys/eventfd.h>

int cgroup1_open_events(struct cgroup1 *self, struct barrer_error *err)
{
    barrer_auto_fd int fd = -1, control_fd = -1;
    struct cgroup1_hierarchy *h;
    char text[32];
    int r = cgroup1_recall(self, err);

    if (r < 0)
        return r;
    h = r > 0 ? cgroup1_of(self, "memory") : NULL;
    if (h == NULL)
        return barrer_fail(self->host, err, ENOTSUP,
                           "watch for lack of memory (the container has no memory cgroup)");
    fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    control_fd = openat(h->fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || control_fd < 0)
        return barrer_fail(self->host, err, errno == ENOENT ? ENOTSUP : errno,
                           "watch \"%s/memory.oom_control\"", h->path);
    (void)snprintf(text, sizeof(text), "%d %d", fd, control_fd);
    r = cgroup1_write(self, h, "cgroup.event_control", text, err);
    if (r < 0)
        return r;
    /* Closing it would end the registration. */
    barrer_close_fd(&self->event_fd);
    self->event_fd = barrer_take_fd(&control_fd);
    return barrer_take_fd(&fd);
}

int cgroup1_read_events(struct cgroup1 *self, int fd, uint64_t *ret_oom, struct barrer_error *err)
{
    struct cgroup1_hierarchy *h = cgroup1_of(self, "memory");
    uint64_t n = 0;
    char text[256];
    ssize_t r;

    do
        r = read(fd, &n, sizeof(n));
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno != EAGAIN)
        return barrer_fail(self->host, err, errno, "read the events of the memory cgroup");
    if (h == NULL || cgroup1_read(h, "memory.oom_control", text, sizeof(text)) <= 0)
        return 0;
    *ret_oom += r > 0 ? n : 0;
    return 1;
}
