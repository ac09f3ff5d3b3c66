/* SPDX-License-Identifier: Apache-2.0
 *
 * Getting processes into a container's groups.
 *
 * clone(2) cannot put a process into a v1 group, and putting in a process by its pid makes the
 * kernel wait for all processors (some 10 ms). A thread that moves only itself does not wait
 * (since Linux 5.5). So the caller enters the groups before it clones, which lets the new process
 * and its cgroup namespace begin there, and leaves them afterwards. No limit is set before that.
 * The group of cgroup v2, on a hybrid host, is one that clone(2) can put it into.
 */
#include "cgroup1.h"

#include <stdio.h>

/* The group of H itself, or the sub-group of it that is open. */
static int enter_one(const struct cgroup1_hierarchy *h)
{
    barrer_auto_free char *path = NULL;

    if (h->fd >= 0)
        return barrer_write_at(h->fd, "tasks", "0");
    if (asprintf(&path, "%s/tasks", h->path) < 0)
        return -ENOMEM;
    return barrer_write_at(AT_FDCWD, path, "0");
}

int cgroup1_enter(struct cgroup1 *self, struct barrer_error *err)
{
    for (size_t i = 0; i < self->n_hierarchies; i++) {
        struct cgroup1_hierarchy *h = &self->hierarchies[i];
        int r;

        if (h->path == NULL || h->by_pid || cgroup1_is_unified(h))
            continue;
        r = enter_one(h);
        if (r < 0)
            return barrer_fail(self->host, err, r == -ENOENT ? ENOTSUP : -r,
                               "enter the cgroup \"%s\"", h->path);
        h->is_entered = 1;
    }
    return 0;
}

int cgroup1_leave(struct cgroup1 *self, struct barrer_error *err)
{
    char path[4096 + 200];
    int result = 0;

    for (size_t i = 0; i < self->n_hierarchies; i++) {
        struct cgroup1_hierarchy *h = &self->hierarchies[i];
        int r;

        if (!h->is_entered)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s%s/tasks", self->host->option(self->host, "mount"),
                       h->folder, h->own);
        r = barrer_write_at(AT_FDCWD, path, "0");
        h->is_entered = r < 0;
        if (r < 0)
            result = barrer_fail(self->host, err, r == -ENOENT ? ENOTSUP : -r,
                                 "go back to the cgroup of \"%s\"", path);
    }
    return result;
}

/* The other way in, for groups that must not count the caller. */
int cgroup1_place(struct cgroup1 *self, pid_t pid, struct barrer_error *err)
{
    char text[16];
    int r = 0;

    (void)snprintf(text, sizeof(text), "%d", (int)pid);
    for (size_t i = 0; i < self->n_hierarchies && r == 0; i++)
        if (self->hierarchies[i].by_pid && cgroup1_open(&self->hierarchies[i]) >= 0)
            r = cgroup1_write(self, &self->hierarchies[i], "cgroup.procs", text, err);
    return r;
}

static void get_out(const struct cgroup1_hierarchy *h)
{
    barrer_auto_free char *path = NULL;

    if (h->path != NULL && asprintf(&path, "%s/../tasks", h->path) >= 0)
        (void)barrer_write_at(AT_FDCWD, path, "0");
}

/* Whether the caller itself is in a group of the last component of PATH. */
static int is_inside(struct cgroup1 *self, const char *path)
{
    barrer_auto_fd int fd = self->host->open_proc(self->host, "self/cgroup", O_RDONLY, NULL);
    barrer_auto_free char *text = calloc(1, CGROUP1_FILE_MAX);
    const char *name = strrchr(path, '/');
    size_t length = strlen(name);

    if (fd < 0 || text == NULL || read(fd, text, CGROUP1_FILE_MAX - 1) <= 0)
        return 0;
    for (const char *p = text; (p = strstr(p, name)) != NULL; p += length)
        if (p[length] == '\n' || p[length] == '/')
            return 1;
    return 0;
}

void cgroup1_escape(struct cgroup1 *self, const struct cgroup1_hierarchy *h)
{
    if (is_inside(self, h->path))
        for (size_t i = 0; i < self->n_hierarchies; i++)
            get_out(&self->hierarchies[i]);
}

/* The group of PID in the hierarchy of CONTROLLER, below its root. */
static int read_place(struct cgroup1 *self, pid_t pid, const char *controller, char *path,
                      size_t size)
{
    barrer_auto_free char *text = calloc(1, CGROUP1_FILE_MAX);
    barrer_auto_fd int fd = -1;
    char *state = NULL;

    (void)snprintf(path, size, "%d/cgroup", (int)pid);
    fd = self->host->open_proc(self->host, path, O_RDONLY, NULL);
    if (fd < 0 || text == NULL || read(fd, text, CGROUP1_FILE_MAX - 1) <= 0)
        return -ESRCH;
    for (char *line = strtok_r(text, "\n", &state); line != NULL;
         line = strtok_r(NULL, "\n", &state)) {
        struct cgroup1_hierarchy h = {0};
        const char *controllers = strchr(line, ':');
        const char *end = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

        if (end == NULL)
            continue;
        (void)snprintf(h.controllers, sizeof(h.controllers), "%.*s", (int)(end - controllers - 1),
                       controllers + 1);
        if (cgroup1_has_controller(&h, controller) && strlen(end + 1) < size) {
            (void)strcpy(path, end + 1);
            return 0;
        }
    }
    return -ENOTSUP;
}

struct moving {
    struct cgroup1 *self;
    const struct cgroup1_hierarchy *h;
    pid_t first;
    int failed;
};

static void keep_first(void *arg, pid_t pid)
{
    struct moving *m = arg;

    if (m->first == 0)
        m->first = pid;
}

static void move(void *arg, pid_t pid)
{
    struct moving *m = arg;
    char text[16];
    int r;

    (void)snprintf(text, sizeof(text), "%d", (int)pid);
    r = barrer_write_at(m->h->fd, "cgroup.procs", text);
    if (r < 0 && r != -ESRCH)
        m->failed = r;
}

/* Frozen processes make no children that would be left behind. */
static int move_all(struct moving *m, struct barrer_error *err)
{
    struct cgroup1 *self = m->self;
    const struct cgroup1_hierarchy *freezer = cgroup1_of(self, "freezer");
    char state[32];
    int was_frozen =
        cgroup1_read(freezer, "freezer.state", state, sizeof(state)) > 0 && *state != 'T';
    int r = was_frozen || freezer == NULL ? 0 : cgroup1_freeze(self, 1, err);

    if (r == 0)
        r = cgroup1_processes(self, move, m, err);
    if (!was_frozen && freezer != NULL) {
        int e = cgroup1_freeze(self, 0, r == 0 ? err : NULL);

        r = r < 0 ? r : e;
    }
    if (r == 0 && m->failed < 0)
        r = barrer_fail(self->host, err, -m->failed, "move the container's processes to \"%s\"",
                        m->h->path);
    return r;
}

int cgroup1_adopt(struct cgroup1 *self, const struct barrer_resources_request *request,
                  struct barrer_error *err)
{
    struct moving m = {.self = self};
    const char *controller;
    char path[4096];
    int r = 0;

    while (r == 0 && (controller = cgroup1_missing(self, request, 1)) != NULL) {
        struct cgroup1_hierarchy *h;

        if (m.first == 0)
            r = cgroup1_processes(self, keep_first, &m, err);
        if (r == 0 && m.first == 0)
            return barrer_fail(self->host, err, ENOTSUP,
                               "limit resources: the container has no processes");
        if (r == 0 && (r = read_place(self, m.first, controller, path, sizeof(path))) < 0)
            return barrer_fail(self->host, err, ENOTSUP,
                               "limit resources: no hierarchy of cgroup v1 has the controller "
                               "\"%s\"",
                               controller);
        if (r == 0)
            r = cgroup1_add(self, controller, path, &h, err);
        if (r == 0) {
            m.h = h;
            r = move_all(&m, err);
        }
    }
    return r;
}
