/* SPDX-License-Identifier: Apache-2.0
 *
 * Resources through cgroup v2: the operations, which put together what the other files of this
 * folder do.
 */
#include "cgroup.h"

#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

int cgroup_plugin_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct cgroup_group *group = calloc(1, sizeof(*group));

    if (group == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin \"cgroup\"");
    group->host = host;
    group->fd = group->join_fd = group->filter_fd = -1;
    *ret_self = group;
    return 0;
}

void cgroup_plugin_close(void *self)
{
    struct cgroup_group *group = self;

    barrer_close_fd(&group->fd);
    barrer_close_fd(&group->filter_fd);
    barrer_close_fd(&group->join_fd);
    cgroup_stats_free(group->stats);
    free(group->paused_file);
    free(group->join_full);
    free(group->full);
    free(group);
}

static int probe(void *self, struct barrer_error *err)
{
    const struct cgroup_group *group = self;
    const char *mount = cgroup_mount(group);
    struct statfs fs;

    if (statfs(mount, &fs) < 0) {
        (void)barrer_fail(group->host, err, errno, "look at \"%s\"", mount);
        return 0;
    }
    if ((unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC)
        return 1;
    (void)barrer_fail(group->host, err, ENOTSUP,
                      "\"%s\" is not a cgroup v2 file system (this host uses cgroup v1, or both)",
                      mount);
    return 0;
}

static int fill_plan(struct cgroup_group *group, struct barrer_resources_plan *plan,
                     struct barrer_error *err)
{
    const char *mount = cgroup_mount(group);
    size_t length = strlen(mount);

    free(group->paused_file);
    group->paused_file = NULL;
    if (asprintf(&group->paused_file, "%s/cgroup.events", group->full) < 0) {
        group->paused_file = NULL;
        return barrer_fail(group->host, err, ENOMEM, "use the cgroup \"%s\"", group->full);
    }
    group->view = (struct barrer_cgroup_view){"", group->full};
    plan->cgroup_fd = group->fd;
    plan->cgroup_path =
        strncmp(group->full, mount, length) == 0 ? group->full + length : group->full;
    plan->paused_file = group->paused_file;
    plan->paused_line = "frozen 1";
    plan->views = &group->view;
    plan->n_views = 1;
    return 0;
}

static void empty_plan(struct barrer_resources_plan *plan)
{
    *plan = (struct barrer_resources_plan){.size = plan->size, .cgroup_fd = -1};
}

static int prepare(void *self, const struct barrer_resources_request *request,
                   struct barrer_resources_plan *plan, struct barrer_error *err)
{
    struct cgroup_group *group = self;
    int r = cgroup_check_limits(group, request, err);

    empty_plan(plan);
    if (r == 0)
        r = cgroup_create(group, request, err);
    if (r == CGROUP_NONE)
        return 0;
    if (r == 0)
        r = cgroup_enable_controllers(group, request, err);
    if (r == 0)
        r = cgroup_set_limits(group, request, 1, err);
    if (r == 0)
        r = cgroup_set_devices(group, request, 1, err);
    group->late = cgroup_has_late_limits(request) ? request : NULL;
    return r == 0 ? fill_plan(group, plan, err) : r;
}

/* For a group that somebody else is going to make. */
static int locate(void *self, const char *path, const struct barrer_resources_request *request,
                  struct barrer_resources_plan *plan, struct barrer_error *err)
{
    struct cgroup_group *group = self;
    int r = cgroup_check_limits(group, request, err);

    empty_plan(plan);
    if (r == 0)
        r = cgroup_locate(group, path, err);
    if (r == 0)
        r = fill_plan(group, plan, err);
    return r;
}

static int adopt(void *self, pid_t pid, const struct barrer_resources_request *request,
                 struct barrer_error *err)
{
    struct cgroup_group *group = self;
    int r = cgroup_open_live(group, err);

    (void)pid; /* is in it */
    if (r == 0)
        r = cgroup_enable_controllers(group, request, err);
    if (r == 0)
        r = cgroup_set_limits(group, request, 1, err);
    if (r == 0)
        r = cgroup_set_devices(group, request, 1, err);
    return r < 0 || !cgroup_has_late_limits(request) ? r
                                                     : cgroup_set_late_limits(group, request, err);
}

static int attach(void *self, const struct barrer_target *target, struct barrer_error *err)
{
    struct cgroup_group *group = self;

    (void)target; /* was cloned into the group */
    return group->late == NULL ? 0 : cgroup_set_late_limits(group, group->late, err);
}

/* A group below the container's. open_in_root would turn ".." into "stay": that is refused. */
static int open_below(struct cgroup_group *group, const char *path, struct barrer_error *err)
{
    int fd;

    for (const char *p = path; *p != '\0'; p += strspn(p, "/")) {
        size_t length = strcspn(p, "/");

        if (length == 2 && p[0] == '.' && p[1] == '.')
            return barrer_fail(group->host, err, EPERM,
                               "bad sub cgroup path \"%s\": `..` components are not allowed", path);
        p += length;
    }
    fd = group->host->open_in_root(group->host, group->fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC,
                                   0, err);
    if (fd == -ENOENT)
        return barrer_fail(group->host, err, ENOTSUP, "\"%s\" has no sub-group \"%s\"", group->full,
                           path);
    return fd;
}

static int join(void *self, const char *path, struct barrer_resources_plan *plan,
                struct barrer_error *err)
{
    struct cgroup_group *group = self;
    char enabled[512];
    int r = cgroup_open(group, err);

    empty_plan(plan);
    if (r == 0 && group->full == NULL && path == NULL)
        return 0; /* create found nothing that was delegated to it */
    if (r <= 0)
        return r < 0 ? r : cgroup_open_live(group, err);
    r = fill_plan(group, plan, err);
    if (r < 0)
        return r;
    barrer_close_fd(&group->join_fd);
    if (path != NULL && path[strspn(path, "/")] != '\0') {
        group->join_fd = open_below(group, path, err);
    } else {
        /* A group that passes controllers on cannot hold processes: the container's first process
         * has moved to a group below, where further ones belong as well. */
        if (cgroup_read(group, "cgroup.subtree_control", enabled, sizeof(enabled)) <= 0 ||
            *enabled == '\n')
            return 0;
        free(group->join_full);
        group->join_full = NULL;
        r = cgroup_find_init(group, &group->join_full, err);
        if (r < 0 || group->join_full == NULL)
            return r;
        group->join_fd = open(group->join_full, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (group->join_fd < 0)
            return barrer_fail(group->host, err, errno, "open the cgroup \"%s\"", group->join_full);
    }
    plan->cgroup_fd = group->join_fd;
    return group->join_fd < 0 ? group->join_fd : 0;
}

static int update(void *self, const struct barrer_resources_request *request,
                  struct barrer_error *err)
{
    struct cgroup_group *group = self;
    int r = cgroup_open_live(group, err);

    if (r == 0)
        r = cgroup_check_limits(group, request, err);
    if (r == 0)
        r = cgroup_enable_controllers(group, request, err);
    if (r == 0)
        r = cgroup_set_limits(group, request, 0, err);
    return r == 0 ? cgroup_set_devices(group, request, 0, err) : r;
}

static int pause_group(void *self, struct barrer_error *err)
{
    return cgroup_freeze(self, 1, err);
}

static int resume(void *self, struct barrer_error *err)
{
    return cgroup_freeze(self, 0, err);
}

static int kill_group(void *self, int signal, struct barrer_error *err)
{
    return cgroup_kill(self, signal, err);
}

static int processes(void *self, void (*each)(void *arg, pid_t pid), void *arg,
                     struct barrer_error *err)
{
    return cgroup_processes(self, each, arg, err);
}

static int stats(void *self, struct barrer_stats *ret_stats, struct barrer_error *err)
{
    return cgroup_stats(self, ret_stats, err);
}

static int open_events(void *self, struct barrer_error *err)
{
    return cgroup_open_events(self, err);
}

static int read_events(void *self, int fd, uint64_t *ret_oom, struct barrer_error *err)
{
    return cgroup_read_events(self, fd, ret_oom, err);
}

static int release(void *self, struct barrer_error *err)
{
    return cgroup_remove(self, err);
}

const struct barrer_resources_ops cgroup_ops = {
    .size = sizeof(cgroup_ops),
    .probe = probe,
    .prepare = prepare,
    .attach = attach,
    .join = join,
    .update = update,
    .pause = pause_group,
    .resume = resume,
    .kill = kill_group,
    .processes = processes,
    .stats = stats,
    .open_events = open_events,
    .read_events = read_events,
    .release = release,
};

const struct cgroup_backend cgroup_backend = {
    .ops = &cgroup_ops,
    .open = cgroup_plugin_open,
    .close = cgroup_plugin_close,
    .locate = locate,
    .adopt = adopt,
    .fact = "path",
};
