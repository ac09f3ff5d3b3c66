/* SPDX-License-Identifier: Apache-2.0
 *
 * All processes of a cgroup and of those below it: listing, freezing, signalling.
 */
#include "cgroup.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

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

typedef void visit_fn(void *arg, const char *path, pid_t pid);

/* The processes of the one group PATH. A group that vanished, or that is threaded, has none. */
static int visit_one(int dir_fd, const char *path, visit_fn *visit, void *arg)
{
    int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    long pid;

    if (file == NULL) {
        barrer_close_fd(&fd);
        return errno == ENOENT ? 0 : -errno;
    }
    while (fscanf(file, "%ld", &pid) == 1)
        if (pid > 0) /* 0: a process that this pid namespace cannot see */
            visit(arg, path, (pid_t)pid);
    (void)fclose(file);
    return 0;
}

static int visit_all(const struct cgroup_group *group, visit_fn *visit, void *arg)
{
    struct queue queue = {0};
    int r = queue_add(&queue, ".", "");

    for (size_t i = 0; i < queue.n && r == 0; i++) {
        int fd = openat(group->fd, queue.paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *listing = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *entry;

        if (listing == NULL) {
            r = errno == ENOENT && i > 0 ? 0 : -errno;
            barrer_close_fd(&fd);
            continue;
        }
        r = visit_one(fd, queue.paths[i], visit, arg);
        while (r == 0 && (entry = readdir(listing)) != NULL)
            if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                r = queue_add(&queue, queue.paths[i], entry->d_name);
        (void)closedir(listing);
    }
    queue_free(&queue);
    return r == -ENODEV ? 0 : r; /* the group was removed meanwhile */
}

struct each {
    void (*function)(void *arg, pid_t pid);
    void *arg;
};

static void call_each(void *arg, const char *path, pid_t pid)
{
    const struct each *each = arg;

    (void)path;
    each->function(each->arg, pid);
}

int cgroup_processes(struct cgroup_group *group, void (*function)(void *arg, pid_t pid), void *arg,
                     struct barrer_error *err)
{
    struct each each = {function, arg};
    int r = cgroup_open(group, err);

    if (r <= 0)
        return r;
    r = visit_all(group, call_each, &each);
    return r < 0 ? barrer_fail(group->host, err, -r, "list the processes of \"%s\"", group->full)
                 : 0;
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The kernel marks cgroup.events with POLLPRI after each change since it was last read. */
int cgroup_wait(const struct cgroup_group *group, const char *line, struct barrer_error *err)
{
    barrer_auto_fd int fd = openat(group->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    const char *limit = group->host->option(group->host, "timeout");
    int64_t end = now_ms() + strtoll(limit, NULL, 10);
    struct pollfd change = {.fd = fd, .events = POLLPRI};
    char text[256], wanted[64];

    (void)snprintf(wanted, sizeof(wanted), "%s\n", line);
    while (fd >= 0) {
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        int64_t left = end - now_ms();

        if (n < 0)
            break;
        text[n] = '\0';
        if (strstr(text, wanted) != NULL)
            return 0;
        if (left <= 0)
            return barrer_fail(group->host, err, ETIMEDOUT,
                               "wait for \"%s\" in \"%s/cgroup.events\" (a process may be in a "
                               "system call that cannot be interrupted)",
                               line, group->full);
        if (poll(&change, 1, (int)left) < 0 && errno != EINTR)
            break;
    }
    /* Removed meanwhile: nobody is left in it. */
    if ((errno == ENODEV || errno == ENOENT) && strcmp(line, "populated 0") == 0)
        return 0;
    return barrer_fail(group->host, err, errno == ENOENT ? ENOTSUP : errno,
                       "wait for \"%s\" in \"%s/cgroup.events\"", line, group->full);
}

int cgroup_freeze(struct cgroup_group *group, int is_frozen, struct barrer_error *err)
{
    int r = cgroup_open_live(group, err);

    if (r == 0)
        r = cgroup_write(group, "cgroup.freeze", is_frozen ? "1" : "0", err);
    if (r < 0)
        return r;
    r = cgroup_wait(group, is_frozen ? "frozen 1" : "frozen 0", err);
    if (r < 0 && is_frozen)
        (void)barrer_write_at(group->fd, "cgroup.freeze", "0");
    return r;
}

struct signalling {
    int signal, failed;
};

static void send_signal(void *arg, const char *path, pid_t pid)
{
    struct signalling *s = arg;

    (void)path;
    if (kill(pid, s->signal) < 0 && errno != ESRCH)
        s->failed = errno;
}

/* While the group is frozen nobody can fork, and no pid can be another process's by the time that
 * the signal is sent. */
static int kill_each(struct cgroup_group *group, int signal, struct barrer_error *err)
{
    struct signalling s = {.signal = signal};
    int was_frozen = cgroup_read_number(group, "cgroup.freeze") == 1, r;

    /* What cannot be frozen is killed all the same. */
    if (!was_frozen && (r = cgroup_freeze(group, 1, err)) < 0 && signal != SIGKILL)
        return r;
    r = visit_all(group, send_signal, &s);
    if (r == 0 && s.failed != 0)
        r = -s.failed;
    if (r < 0)
        r = barrer_fail(group->host, err, -r, "send signal %d to the processes of \"%s\"", signal,
                        group->full);
    if (!was_frozen) {
        int e = barrer_write_at(group->fd, "cgroup.freeze", "0");

        if (e < 0 && e != -ENODEV && r == 0)
            r = barrer_fail(group->host, err, -e, "thaw the cgroup \"%s\"", group->full);
    }
    return r;
}

int cgroup_kill(struct cgroup_group *group, int signal, struct barrer_error *err)
{
    int r = cgroup_open(group, err);

    if (r <= 0)
        return r;
    if (signal != SIGKILL)
        return kill_each(group, signal, err);
    r = barrer_write_at(group->fd, "cgroup.kill", "1"); /* Linux 5.14 */
    if (r == 0 || r == -ENODEV)
        return 0;
    if (r != -ENOENT)
        return barrer_fail(group->host, err, -r, "write \"1\" to \"%s/cgroup.kill\"", group->full);
    return kill_each(group, signal, err);
}

struct oldest {
    const struct cgroup_group *group;
    unsigned long long start;
    pid_t pid;
    char *path;
};

/* The parent and the time of birth of PID, from /proc/PID/stat; 0 when it is gone. */
static int read_birth(const struct barrer_host *host, pid_t pid, pid_t *ret_parent,
                      unsigned long long *ret_start)
{
    char path[64], text[1024];
    barrer_auto_fd int fd = -1;
    const char *p;
    ssize_t n;
    int parent;

    (void)snprintf(path, sizeof(path), "%d/stat", (int)pid);
    fd = host->open_proc(host, path, O_RDONLY, NULL);
    if (fd < 0 || (n = read(fd, text, sizeof(text) - 1)) <= 0)
        return 0;
    text[n] = '\0';
    p = strrchr(text, ')'); /* the name before it may hold anything */
    if (p == NULL ||
        sscanf(p,
               ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &parent, ret_start) != 2)
        return 0;
    *ret_parent = parent;
    return 1;
}

/* The container's first process is older than all others; within one clock tick, it is the one
 * that the other descends from. */
static void keep_oldest(void *arg, const char *path, pid_t pid)
{
    struct oldest *oldest = arg;
    unsigned long long start;
    pid_t parent;
    char *copy;

    if (!read_birth(oldest->group->host, pid, &parent, &start))
        return;
    if (oldest->path != NULL &&
        (start > oldest->start || (start == oldest->start && parent == oldest->pid)))
        return;
    copy = strdup(path);
    if (copy == NULL)
        return;
    free(oldest->path);
    *oldest = (struct oldest){oldest->group, start, pid, copy};
}

int cgroup_find_init(struct cgroup_group *group, char **ret_full, struct barrer_error *err)
{
    struct oldest oldest = {.group = group};
    char *full = NULL;
    int r = visit_all(group, keep_oldest, &oldest);

    if (r == 0 && oldest.path != NULL && asprintf(&full, "%s/%s", group->full, oldest.path) < 0)
        r = -ENOMEM;
    free(oldest.path);
    if (r < 0)
        return barrer_fail(group->host, err, -r, "find the container's first process in \"%s\"",
                           group->full);
    *ret_full = full;
    return 0;
}
