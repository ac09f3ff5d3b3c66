/* SPDX-License-Identifier: Apache-2.0
 *
 * Resources through the hierarchies of cgroup v1: the operations, which put together what the other
 * files of this folder do.
 */
#include "cgroup1.h"

#include "../cgroup/backend.h"

#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

int cgroup1_plugin_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct cgroup1 *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin \"cgroup1\"");
    self->host = host;
    self->event_fd = -1;
    *ret_self = self;
    return 0;
}

void cgroup1_plugin_close(void *instance)
{
    struct cgroup1 *self = instance;

    for (size_t i = 0; i < self->n_hierarchies; i++) {
        barrer_close_fd(&self->hierarchies[i].fd);
        free(self->hierarchies[i].own);
        free(self->hierarchies[i].path);
    }
    barrer_close_fd(&self->event_fd);
    cgroup1_stats_free(self->stats);
    free(self->paused_file);
    free(self->name);
    free(self);
}

static int probe(void *instance, struct barrer_error *err)
{
    struct cgroup1 *self = instance;
    const char *mount = self->host->option(self->host, "mount");
    struct statfs fs;
    int r;

    /* The kernel lists hierarchies also to those who have another mount there. */
    if (statfs(mount, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
        (void)barrer_fail(self->host, err, ENOTSUP, "cgroup v2 is mounted on \"%s\"", mount);
        return 0;
    }
    r = cgroup1_find(self, err);
    if (r < 0 || self->n_hierarchies > 0)
        return r < 0 ? r : 1;
    (void)barrer_fail(self->host, err, ENOTSUP, "this host has no hierarchy of cgroup v1");
    return 0;
}

static int fill_plan(struct cgroup1 *self, struct barrer_resources_plan *plan,
                     struct barrer_error *err)
{
    const char *mount = self->host->option(self->host, "mount");
    const struct cgroup1_hierarchy *freezer = NULL, *base = NULL;
    size_t length = strlen(mount);

    *plan = (struct barrer_resources_plan){.size = plan->size, .cgroup_fd = -1};
    for (size_t i = 0; i < self->n_hierarchies; i++) {
        const struct cgroup1_hierarchy *h = &self->hierarchies[i];

        if (h->path != NULL && cgroup1_has_controller(h, "freezer"))
            base = freezer = h;
        else if (h->path != NULL && base == NULL && !cgroup1_is_unified(h))
            base = h;
    }
    if (base == NULL)
        return 0;
    free(self->paused_file);
    self->paused_file = NULL;
    if (freezer != NULL && asprintf(&self->paused_file, "%s/freezer.state", freezer->path) < 0) {
        self->paused_file = NULL;
        return barrer_fail(self->host, err, ENOMEM, "use the container's cgroups");
    }
    for (size_t i = 0; i < self->n_hierarchies; i++)
        if (self->hierarchies[i].path != NULL && !cgroup1_is_unified(&self->hierarchies[i]))
            self->views[plan->n_views++] =
                (struct barrer_cgroup_view){self->hierarchies[i].folder, self->hierarchies[i].path};
    plan->views = self->views;
    plan->cgroup_path = base->path + length + 1 + strlen(base->folder);
    plan->paused_file = self->paused_file;
    plan->paused_line = self->paused_file != NULL ? "FROZEN" : NULL;
    return 0;
}

/* The group of cgroup v2 is one that the new process can be born in. */
static void offer_unified(struct cgroup1 *self, struct barrer_resources_plan *plan)
{
    for (size_t i = 0; i < self->n_hierarchies; i++)
        if (self->hierarchies[i].path != NULL && cgroup1_is_unified(&self->hierarchies[i]))
            plan->cgroup_fd = cgroup1_open(&self->hierarchies[i]);
    if (plan->cgroup_fd < 0)
        plan->cgroup_fd = -1;
}

static int prepare(void *instance, const struct barrer_resources_request *request,
                   struct barrer_resources_plan *plan, struct barrer_error *err)
{
    struct cgroup1 *self = instance;
    int r = cgroup1_create(self, request, err);

    self->request = r == 0 ? request : NULL;
    if (r == 0)
        r = fill_plan(self, plan, err);
    else if (r == CGROUP1_NONE)
        *plan = (struct barrer_resources_plan){.size = plan->size, .cgroup_fd = -1};
    if (r == 0)
        offer_unified(self, plan);
    return r == 0 ? cgroup1_enter(self, err) : r < 0 ? r : 0;
}

/* For groups that somebody else is going to make, in some of the hierarchies. */
static int locate(void *instance, const char *path, const struct barrer_resources_request *request,
                  struct barrer_resources_plan *plan, struct barrer_error *err)
{
    struct cgroup1 *self = instance;
    int r = cgroup1_locate(self, path, request, err);

    return r == 0 ? fill_plan(self, plan, err) : r;
}

static int adopt(void *instance, pid_t pid, const struct barrer_resources_request *request,
                 struct barrer_error *err)
{
    struct cgroup1 *self = instance;
    int r = cgroup1_complete(self, err);

    if (r == 0)
        r = cgroup1_place(self, pid, err);
    if (r == 0)
        r = cgroup1_set_limits(self, request, err);
    return r < 0 ? r : cgroup1_set_devices(self, request, err);
}

/* The new process was born in the groups. Now the caller gets out, and limits may bite. */
static int attach(void *instance, const struct barrer_target *target, struct barrer_error *err)
{
    struct cgroup1 *self = instance;
    int r = cgroup1_leave(self, err);

    if (r == 0)
        r = cgroup1_place(self, target->pid, err);
    if (r < 0 || self->request == NULL)
        return r;
    r = cgroup1_set_limits(self, self->request, err);
    return r < 0 ? r : cgroup1_set_devices(self, self->request, err);
}

static int check_below(const struct cgroup1 *self, const char *path, struct barrer_error *err)
{
    for (const char *p = path; *p != '\0'; p += strspn(p, "/")) {
        size_t length = strcspn(p, "/");

        if (length == 2 && p[0] == '.' && p[1] == '.')
            return barrer_fail(self->host, err, EPERM,
                               "bad sub cgroup path \"%s\": `..` components are not allowed",
                               path);
        p += length;
    }
    return 0;
}

/* Whether one of CONTROLLERS, separated by commas, is H's; NULL: all are meant. */
static int is_meant(const struct cgroup1_hierarchy *h, const char *controllers)
{
    char name[64];

    for (const char *at = controllers; at != NULL && *at != '\0'; at += *at == ',') {
        size_t length = strcspn(at, ",");

        (void)snprintf(name, sizeof(name), "%.*s", (int)length, at);
        if (cgroup1_has_controller(h, name))
            return 1;
        at += length;
    }
    return controllers == NULL;
}

static int go_below_one(struct cgroup1 *self, struct cgroup1_hierarchy *h, const char *path,
                        struct barrer_error *err)
{
    int fd;

    if (cgroup1_open(h) < 0)
        return 0;
    fd = self->host->open_in_root(self->host, h->fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, err);
    if (fd == -ENOENT && cgroup1_is_unified(h))
        return 0;
    if (fd == -ENOENT)
        return barrer_fail(self->host, err, ENOENT, "adding pid to the sub-group \"%s\" of \"%s\"",
                           path, h->path);
    if (fd < 0)
        return fd;
    (void)close(h->fd);
    h->fd = fd;
    return 0;
}

/* "PATH", a sub-group of each of the container's groups, or "CONTROLLER[,...]:PATH". */
static int go_below(struct cgroup1 *self, char *entry, struct barrer_error *err)
{
    char *colon = strchr(entry, ':');
    const char *controllers = colon != NULL ? entry : NULL;
    const char *path = colon != NULL ? colon + 1 : entry;
    int n = 0, r = check_below(self, path, err);

    if (colon != NULL)
        *colon = '\0';
    for (size_t i = 0; r == 0 && i < self->n_hierarchies; i++) {
        struct cgroup1_hierarchy *h = &self->hierarchies[i];

        if (!is_meant(h, controllers))
            continue;
        n++;
        if (path[strspn(path, "/")] != '\0')
            r = go_below_one(self, h, path, err);
    }
    if (r == 0 && n == 0)
        return barrer_fail(self->host, err, ENOTSUP,
                           "unknown controller \"%s\": the container has no group of it",
                           controllers);
    return r;
}

/* One entry a line. */
static int go_below_all(struct cgroup1 *self, const char *path, struct barrer_error *err)
{
    char *copy = strdup(path), *next = copy;
    int r = copy == NULL ? barrer_fail(self->host, err, ENOMEM, "read the cgroup path") : 0;

    for (char *entry; r == 0 && (entry = strsep(&next, "\n")) != NULL;)
        r = go_below(self, entry, err);
    free(copy);
    return r;
}

/* The groups that the caller has to go back to are not recorded: the caller of exec is another
 * process than that of create. */
static int find_own(struct cgroup1 *self, struct barrer_error *err)
{
    struct cgroup1 now = {.host = self->host, .event_fd = -1};
    int r = cgroup1_find(&now, err);

    for (size_t i = 0; i < now.n_hierarchies; i++) {
        for (size_t j = 0; j < self->n_hierarchies; j++)
            if (strcmp(now.hierarchies[i].controllers, self->hierarchies[j].controllers) == 0) {
                free(self->hierarchies[j].own);
                self->hierarchies[j].own = now.hierarchies[i].own;
                now.hierarchies[i].own = NULL;
                break;
            }
        free(now.hierarchies[i].own);
    }
    return r;
}

static int join(void *instance, const char *path, struct barrer_resources_plan *plan,
                struct barrer_error *err)
{
    struct cgroup1 *self = instance;
    struct cgroup1_hierarchy *pids, *freezer;
    char state[32];
    int r = cgroup1_recall(self, err);

    *plan = (struct barrer_resources_plan){.size = plan->size, .cgroup_fd = -1};
    if (r == 0 && path == NULL)
        return 0; /* create found nothing that it may write to */
    if (r < 0)
        return r;
    if (cgroup1_base(self) == NULL)
        return barrer_fail(self->host, err, ENOTSUP, "the container's cgroup is gone");
    r = find_own(self, err);
    if (r == 0)
        r = fill_plan(self, plan, err);
    if (r == 0 && path != NULL)
        r = go_below_all(self, path, err);
    if (r < 0)
        return r;
    offer_unified(self, plan);
    /* The caller would take the place of a process of the container while it is in there. */
    pids = cgroup1_of(self, "pids");
    if (pids != NULL && cgroup1_read_number(pids, "pids.max") != UINT64_MAX)
        pids->by_pid = 1;
    /* Nor must it be frozen with them. */
    freezer = cgroup1_of(self, "freezer");
    if (freezer != NULL && cgroup1_read(freezer, "freezer.state", state, sizeof(state)) > 0 &&
        *state != 'T')
        freezer->by_pid = 1;
    return cgroup1_enter(self, err);
}

static int update(void *instance, const struct barrer_resources_request *request,
                  struct barrer_error *err)
{
    struct cgroup1 *self = instance;
    int r = cgroup1_recall(self, err);

    if (r == 0 || (r > 0 && cgroup1_base(self) == NULL))
        return barrer_fail(self->host, err, ENOTSUP,
                           r == 0 ? "the container has no cgroup"
                                  : "the container's cgroup is gone");
    if (r > 0)
        r = cgroup1_adopt(self, request, err);
    if (r == 0)
        r = cgroup1_set_limits(self, request, err);
    return r < 0 ? r : cgroup1_set_devices(self, request, err);
}

static int pause_groups(void *self, struct barrer_error *err)
{
    return cgroup1_freeze(self, 1, err);
}

static int resume(void *self, struct barrer_error *err)
{
    return cgroup1_freeze(self, 0, err);
}

static int kill_groups(void *self, int signal, struct barrer_error *err)
{
    return cgroup1_kill(self, signal, err);
}

static int processes(void *self, void (*each)(void *arg, pid_t pid), void *arg,
                     struct barrer_error *err)
{
    return cgroup1_processes(self, each, arg, err);
}

static int stats(void *self, struct barrer_stats *ret_stats, struct barrer_error *err)
{
    return cgroup1_stats(self, ret_stats, err);
}

static int open_events(void *self, struct barrer_error *err)
{
    return cgroup1_open_events(self, err);
}

static int read_events(void *self, int fd, uint64_t *ret_oom, struct barrer_error *err)
{
    return cgroup1_read_events(self, fd, ret_oom, err);
}

static int release(void *self, struct barrer_error *err)
{
    return cgroup1_remove(self, err);
}

const struct barrer_resources_ops cgroup1_ops = {
    .size = sizeof(cgroup1_ops),
    .probe = probe,
    .prepare = prepare,
    .attach = attach,
    .join = join,
    .update = update,
    .pause = pause_groups,
    .resume = resume,
    .kill = kill_groups,
    .processes = processes,
    .stats = stats,
    .open_events = open_events,
    .read_events = read_events,
    .release = release,
};

const struct cgroup_backend cgroup1_backend = {
    .ops = &cgroup1_ops,
    .open = cgroup1_plugin_open,
    .close = cgroup1_plugin_close,
    .locate = locate,
    .adopt = adopt,
    .fact = "groups",
};
