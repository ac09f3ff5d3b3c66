/* SPDX-License-Identifier: Apache-2.0
 *
 * All processes of a container, by the groups of the freezer: listing, freezing, signalling.
 */
#include "cgroup1.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

int64_t cgroup1_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t cgroup1_timeout_ms(const struct cgroup1 *self)
{
    return strtoll(self->host->option(self->host, "timeout"), NULL, 10);
}

/* Folders still to be visited, as paths below the group. */
struct queue {
    char **paths;
    size_t n, size;
};

static int queue_add(struct queue *queue, const char *above, const char *name)
{
    char *path = NULL;

    if (queue->n == queue->size) {
        size_t size = queue->size > 0 ? 2 * queue->size : 16;
        char **larger = realloc(queue->paths, size * sizeof(*larger));

        if (larger == NULL)
            return -ENOMEM;
        queue->paths = larger;
        queue->size = size;
    }
    if (asprintf(&path, "%s/%s", above, name) < 0)
        return -ENOMEM;
    queue->paths[queue->n++] = path;
    return 0;
}

static void queue_free(struct queue *queue)
{
    for (size_t i = 0; i < queue->n; i++)
        free(queue->paths[i]);
    free(queue->paths);
}

typedef void visit_fn(void *arg, pid_t pid);

static int visit_one(int folder_fd, visit_fn *visit, void *arg)
{
    int fd = openat(folder_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    long pid;

    if (file == NULL) {
        barrer_close_fd(&fd);
        return errno == ENOENT ? 0 : -errno;
    }
    while (fscanf(file, "%ld", &pid) == 1)
        if (pid > 0)
            visit(arg, (pid_t)pid);
    (void)fclose(file);
    return 0;
}

static int visit_all(const struct cgroup1_hierarchy *h, visit_fn *visit, void *arg)
{
    struct queue queue = {0};
    int r = queue_add(&queue, ".", "");

    for (size_t i = 0; i < queue.n && r == 0; i++) {
        int fd = openat(h->fd, queue.paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *listing = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *entry;

        if (listing == NULL) {
            r = errno == ENOENT ? 0 : -errno;
            barrer_close_fd(&fd);
            continue;
        }
        r = visit_one(fd, visit, arg);
        while (r == 0 && (entry = readdir(listing)) != NULL)
            if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                r = queue_add(&queue, queue.paths[i], entry->d_name);
        (void)closedir(listing);
    }
    queue_free(&queue);
    return r == -ENODEV ? 0 : r; /* the group was removed meanwhile */
}

int cgroup1_processes(struct cgroup1 *self, void (*each)(void *arg, pid_t pid), void *arg,
                      struct barrer_error *err)
{
    struct cgroup1_hierarchy *base;
    int r = cgroup1_recall(self, err);

    if (r <= 0 || (base = cgroup1_base(self)) == NULL)
        return r < 0 ? r : 0;
    r = visit_all(base, each, arg);
    return r < 0 ? barrer_fail(self->host, err, -r, "list the processes of \"%s\"", base->path) : 0;
}

static int has_state(const struct cgroup1_hierarchy *h, const char *state)
{
    char text[32];

    return cgroup1_read(h, "freezer.state", text, sizeof(text)) > 0 &&
           strncmp(text, state, strlen(state)) == 0;
}

/* The v1 freezer tells nobody when it is done, and looks again only when it is asked: there is no
 * way but to ask, at growing intervals. A process that was forking at the wrong moment is caught by
 * the next request. */
static int wait_frozen(const struct cgroup1 *self, const struct cgroup1_hierarchy *h,
                       struct barrer_error *err)
{
    int64_t end = cgroup1_now_ms() + cgroup1_timeout_ms(self);
    int pause_ms = 0;

    for (;;) {
        int r = cgroup1_write(self, h, "freezer.state", "FROZEN", err);

        if (r < 0)
            return r;
        if (has_state(h, "FROZEN"))
            return 0;
        if (cgroup1_now_ms() >= end)
            return barrer_fail(self->host, err, ETIMEDOUT,
                               "freeze \"%s\" (a process may be in a system call that cannot be "
                               "interrupted)",
                               h->path);
        (void)poll(NULL, 0, pause_ms);
        pause_ms = pause_ms == 0 ? 1 : pause_ms < 32 ? 2 * pause_ms : pause_ms;
    }
}

static struct cgroup1_hierarchy *freezer(struct cgroup1 *self, struct barrer_error *err)
{
    int r = cgroup1_recall(self, err);
    struct cgroup1_hierarchy *h = r > 0 ? cgroup1_of(self, "freezer") : NULL;

    if (r >= 0 && h == NULL)
        (void)barrer_fail(self->host, err, ENOTSUP,
                          r == 0 ? "the container has no cgroup"
                                 : "the container's cgroup of the freezer is gone");
    return h;
}

int cgroup1_freeze(struct cgroup1 *self, int is_frozen, struct barrer_error *err)
{
    struct cgroup1_hierarchy *h = freezer(self, err);
    int r;

    if (h == NULL)
        return -ENOTSUP;
    if (!is_frozen)
        return cgroup1_write(self, h, "freezer.state", "THAWED", err);
    r = wait_frozen(self, h, err);
    if (r < 0)
        (void)barrer_write_at(h->fd, "freezer.state", "THAWED");
    return r;
}

struct signalling {
    pid_t self;
    int signal, failed;
};

static void send_signal(void *arg, pid_t pid)
{
    struct signalling *s = arg;

    if (pid != s->self && kill(pid, s->signal) < 0 && errno != ESRCH)
        s->failed = errno;
}

/* While the group is frozen nobody can fork, and no pid can be another process's by the time that
 * the signal is sent. Frozen processes of v1 cannot even be killed: SIGKILL thaws. */
static int signal_all(struct cgroup1 *self, struct cgroup1_hierarchy *base, int signal,
                      struct barrer_error *err)
{
    struct signalling s = {.self = getpid(), .signal = signal};
    int can_freeze = cgroup1_has_controller(base, "freezer");
    int was_frozen = can_freeze && !has_state(base, "THAWED"), r = 0;

    /* What cannot be frozen is killed all the same. */
    if (can_freeze && !was_frozen)
        r = wait_frozen(self, base, err);
    if (r == 0 || signal == SIGKILL)
        r = visit_all(base, send_signal, &s);
    if (r == 0 && s.failed != 0)
        r = -s.failed;
    if (r < 0 && r != -ETIMEDOUT)
        r = barrer_fail(self->host, err, -r, "send signal %d to the processes of \"%s\"", signal,
                        base->path);
    if (can_freeze && (!was_frozen || signal == SIGKILL)) {
        int e = barrer_write_at(base->fd, "freezer.state", "THAWED");

        if (e < 0 && e != -ENODEV && r == 0)
            r = barrer_fail(self->host, err, -e, "thaw \"%s\"", base->path);
    }
    return r;
}

int cgroup1_kill(struct cgroup1 *self, int signal, struct barrer_error *err)
{
    struct cgroup1_hierarchy *base;
    int r = cgroup1_recall(self, err);

    if (r <= 0 || (base = cgroup1_base(self)) == NULL)
        return r < 0 ? r : 0;
    return signal_all(self, base, signal, err);
}

struct clearing {
    pid_t self;
    int64_t end;
    int is_late, n;
};

/* Wait for one process that has been killed. */
static void wait_end(void *arg, pid_t pid)
{
    struct clearing *c = arg;
    struct pollfd end = {.events = POLLIN};
    int64_t left = c->end - cgroup1_now_ms();

    if (pid == c->self)
        return;
    c->n++;
    end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (end.fd < 0)
        return;
    if (left <= 0 || poll(&end, 1, (int)left) == 0)
        c->is_late = 1;
    (void)close(end.fd);
}

int cgroup1_clear(struct cgroup1 *self, struct barrer_error *err)
{
    struct cgroup1_hierarchy *base = cgroup1_base(self);
    struct clearing c = {.self = getpid(), .end = cgroup1_now_ms() + cgroup1_timeout_ms(self)};
    int r = 0;

    if (base == NULL)
        return 0;
    do {
        c.n = 0;
        r = signal_all(self, base, SIGKILL, err);
        if (r == 0)
            r = visit_all(base, wait_end, &c);
    } while (r == 0 && c.n > 0 && !c.is_late && cgroup1_now_ms() < c.end);
    if (r == 0 && c.n > 0)
        r = barrer_fail(self->host, err, ETIMEDOUT, "wait for the killed processes of \"%s\"",
                        base->path);
    return r;
}
