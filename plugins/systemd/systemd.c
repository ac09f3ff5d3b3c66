/* SPDX-License-Identifier: Apache-2.0
 *
 * Resources through systemd: it makes the container's control group, as that of a scope, a unit
 * that is delegated to us. Everything that happens in the group afterwards is done by the library
 * of the plugin cgroup, or cgroup1, whichever this host has.
 *
 * A scope cannot be without a process, so it is made in attach, when there is one; what prepare has
 * to tell about the group follows from its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <systemd/sd-daemon.h>

#include <barrer/util.h>

#include "../cgroup/backend.h"
#include "bus.h"
#include "properties.h"
#include "unit.h"

/* Facts: the unit's name, and whose manager has it. */
#define FACT_UNIT "unit"
#define FACT_MANAGER "manager"

struct systemd {
    const struct barrer_host *host;
    const struct cgroup_backend *backend;
    void *groups; /* the backend's instance */
    struct bus bus;
    struct unit unit;
    int has_subgroup; /* the group is one below the scope's */
    const struct barrer_resources_request *request; /* from prepare to attach; or NULL */
};

static void close_instance(void *data)
{
    struct systemd *self = data;

    bus_close(&self->bus);
    if (self->groups != NULL)
        self->backend->close(self->groups);
    free(self);
}

static int open_instance(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct systemd *self = calloc(1, sizeof(*self));
    struct statfs fs;
    int r;

    if (self == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin \"systemd\"");
    self->host = host;
    self->backend = statfs(host->option(host, "mount"), &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC
                        ? &cgroup_backend
                        : &cgroup1_backend;
    r = self->backend->open(host, &self->groups, err);
    if (r < 0) {
        free(self);
        return r;
    }
    *ret_self = self;
    return 0;
}

static int is_v2(const struct systemd *self)
{
    return self->backend == &cgroup_backend;
}

static int probe(void *data, struct barrer_error *err)
{
    struct systemd *self = data;

    if (sd_booted() <= 0) {
        (void)barrer_fail(self->host, err, ENOTSUP, "this machine was not booted with systemd");
        return 0;
    }
    return self->backend->ops->probe(self->groups, err);
}

/* The library for v1 would drop what only v2 has. */
static int check_request(const struct systemd *self, const struct barrer_resources_request *request,
                         struct barrer_error *err)
{
    if (is_v2(self) || request->n_unified == 0)
        return 0;
    return barrer_fail(self->host, err, ENOTSUP,
                       "config.json: linux.resources.unified: this host has cgroup v1 (remove it)");
}

static int record(const struct systemd *self, const char *unit, int is_user,
                  struct barrer_error *err)
{
    int r = self->host->put_fact(self->host, FACT_MANAGER, is_user ? "user" : "system", err);

    return r < 0 ? r : self->host->put_fact(self->host, FACT_UNIT, unit, err);
}

/* The group's path: of the scope, or of the one below it that crun's annotation asks for. */
static int name_group(struct systemd *self, const char *manager, char **ret_path,
                      struct barrer_error *err)
{
    const char *subgroup = self->host->annotation(self->host, SYSTEMD_SUBGROUP);
    barrer_auto_free char *path = unit_path(&self->unit, manager);

    self->has_subgroup = subgroup != NULL && *subgroup != '\0';
    if (self->has_subgroup && !is_v2(self))
        return barrer_fail(self->host, err, ENOTSUP,
                           "annotation \"" SYSTEMD_SUBGROUP "\": this host has cgroup v1");
    if (self->has_subgroup && (strchr(subgroup, '/') != NULL || strcmp(subgroup, ".") == 0 ||
                               strcmp(subgroup, "..") == 0 || strlen(subgroup) > NAME_MAX))
        return barrer_fail(self->host, err, 0,
                           "annotation \"" SYSTEMD_SUBGROUP
                           "\": expected the name of a folder, got \"%.80s\"",
                           subgroup);
    if (path == NULL || asprintf(ret_path, "%s%s%s", path, self->has_subgroup ? "/" : "",
                                 self->has_subgroup ? subgroup : "") < 0)
        return barrer_fail(self->host, err, ENOMEM, "name the control group");
    return 0;
}

static int prepare(void *data, const struct barrer_resources_request *request,
                   struct barrer_resources_plan *plan, struct barrer_error *err)
{
    struct systemd *self = data;
    int is_user = (request->flags & BARRER_RESOURCES_ROOTLESS) != 0;
    barrer_auto_free char *manager = NULL;
    barrer_auto_free char *path = NULL;
    int r = check_request(self, request, err);

    if (r == 0)
        r = unit_parse(&self->unit, self->host, request->path, request->id, is_user, err);
    if (r == 0)
        r = bus_open(&self->bus, self->host, is_user, err);
    if (r == 0)
        r = bus_manager_group(&self->bus, &manager, err);
    if (r == 0)
        r = name_group(self, manager, &path, err);
    if (r < 0)
        return r;
    r = self->backend->locate(self->groups, path, request, plan, err);
    plan->cgroup_fd = -1;
    self->request = request;
    return r < 0 ? r : record(self, self->unit.name, is_user, err);
}

static int add_texts(sd_bus_message *call, const struct systemd *self)
{
    char description[UNIT_NAME_MAX + 32];

    (void)snprintf(description, sizeof(description), "barrer container %s", self->request->id);
    return sd_bus_message_append(call, "(sv)(sv)", "Description", "s", description, "Slice", "s",
                                 self->unit.slice);
}

/* The properties that each of our scopes has. */
static int add_own(sd_bus_message *call, const struct systemd *self, pid_t pid)
{
    int r = add_texts(call, self);

    if (r >= 0)
        r = sd_bus_message_append(call, "(sv)(sv)(sv)", "PIDs", "au", 1, (uint32_t)pid, "Delegate",
                                  "b", 1, "DefaultDependencies", "b", 0);
    if (r >= 0)
        r = sd_bus_message_append(call, "(sv)(sv)(sv)", "CPUAccounting", "b", 1, "MemoryAccounting",
                                  "b", 1, "TasksAccounting", "b", 1);
    return r < 0 ? r
                 : sd_bus_message_append(call, "(sv)", is_v2(self) ? "IOAccounting"
                                                                   : "BlockIOAccounting",
                                         "b", 1);
}

/* StartTransientUnit(s name, s mode, a(sv) properties, a(sa(sv)) auxiliary) */
static int write_start(const struct systemd *self, sd_bus_message *call, pid_t pid,
                       struct barrer_error *err)
{
    int r = sd_bus_message_append(call, "ss", self->unit.name, "fail");

    if (r >= 0)
        r = sd_bus_message_open_container(call, 'a', "(sv)");
    if (r >= 0)
        r = add_own(call, self, pid);
    if (r >= 0)
        r = properties_add_limits(call, self->request, is_v2(self));
    if (r >= 0) {
        r = properties_add_annotations(call, self->host, err);
        if (r < 0)
            return r;
    }
    if (r >= 0)
        r = sd_bus_message_close_container(call);
    if (r >= 0)
        r = sd_bus_message_append(call, "a(sa(sv))", 0);
    return r < 0 ? barrer_fail(self->host, err, -r, "write a call to systemd") : 0;
}

static int start_once(struct systemd *self, pid_t pid, struct barrer_error *err)
{
    sd_bus_message *call = NULL;
    int r = bus_new_call(&self->bus, "StartTransientUnit", &call, err);

    if (r == 0)
        r = write_start(self, call, pid, err);
    if (r == 0)
        r = bus_run_job(&self->bus, call, "make the container's scope", err);
    sd_bus_message_unref(call);
    return r;
}

static int call_with_unit(struct systemd *self, const char *method, const char *unit,
                          const char *mode, struct barrer_error *err)
{
    sd_bus_message *call = NULL;
    int r = bus_new_call(&self->bus, method, &call, err);

    if (r == 0 && sd_bus_message_append(call, "s", unit) < 0)
        r = barrer_fail(self->host, err, ENOMEM, "write a call to systemd");
    if (r == 0 && mode != NULL && sd_bus_message_append(call, "s", mode) < 0)
        r = barrer_fail(self->host, err, ENOMEM, "write a call to systemd");
    if (r == 0)
        r = mode != NULL ? bus_run_job(&self->bus, call, "stop the container's scope", err)
                         : bus_send(&self->bus, call, "forget the container's scope", err);
    sd_bus_message_unref(call);
    return r;
}

/* Nothing of ours is there any more, or was ever there. */
static void forget(const struct systemd *self)
{
    (void)self->host->put_fact(self->host, FACT_UNIT, "", NULL);
    (void)self->host->put_fact(self->host, self->backend->fact, "", NULL);
}

/* A scope that ended badly keeps its name until somebody has seen that. */
static int start_unit(struct systemd *self, pid_t pid, struct barrer_error *err)
{
    int r = start_once(self, pid, err);

    if (r == -EEXIST) {
        (void)call_with_unit(self, "ResetFailedUnit", self->unit.name, NULL, NULL);
        r = start_once(self, pid, err);
    }
    if (r != -EEXIST)
        return r;
    forget(self);
    return barrer_fail(self->host, err, EBUSY,
                       "systemd has a unit \"%s\" (does another container have the same cgroup "
                       "path?)",
                       self->unit.name);
}

/* Out of the scope's own group, which can then pass controllers on. */
static int enter_subgroup(const struct systemd *self, pid_t pid, struct barrer_error *err)
{
    const char *full = self->host->get_fact(self->host, self->backend->fact);
    barrer_auto_fd int fd = -1;
    char number[16];
    int r;

    if (full == NULL || (mkdir(full, 0755) < 0 && errno != EEXIST))
        return barrer_fail(self->host, err, errno, "make the cgroup \"%s\"", full);
    fd = open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(number, sizeof(number), "%d", pid);
    r = fd < 0 ? -errno : barrer_write_at(fd, "cgroup.procs", number);
    return r < 0 ? barrer_fail(self->host, err, -r, "enter the cgroup \"%s\"", full) : 0;
}

static int attach(void *data, const struct barrer_target *target, struct barrer_error *err)
{
    struct systemd *self = data;
    int r;

    if (self->request == NULL) /* exec: the group was there */
        return self->backend->ops->attach(self->groups, target, err);
    r = start_unit(self, target->pid, err);
    if (r == 0 && self->has_subgroup)
        r = enter_subgroup(self, target->pid, err);
    if (r == 0)
        r = self->backend->adopt(self->groups, target->pid, self->request, err);
    bus_close(&self->bus);
    return r;
}

static int join(void *data, const char *path, struct barrer_resources_plan *plan,
                struct barrer_error *err)
{
    struct systemd *self = data;

    return self->backend->ops->join(self->groups, path, plan, err);
}

/* The unit of the container, and a connection to its manager: 1; 0: it has none. */
static int recall(struct systemd *self, const char **ret_unit, struct barrer_error *err)
{
    const char *unit = self->host->get_fact(self->host, FACT_UNIT);
    const char *manager = self->host->get_fact(self->host, FACT_MANAGER);
    int r;

    if (unit == NULL || *unit == '\0')
        return 0;
    *ret_unit = unit;
    r = bus_open(&self->bus, self->host, manager != NULL && strcmp(manager, "user") == 0, err);
    return r < 0 ? r : 1;
}

/* SetUnitProperties(s name, b runtime, a(sv) properties) */
static int set_properties(struct systemd *self, const struct barrer_resources_request *request,
                          struct barrer_error *err)
{
    sd_bus_message *call = NULL;
    const char *unit;
    int r = recall(self, &unit, err);

    if (r <= 0)
        return r;
    r = bus_new_call(&self->bus, "SetUnitProperties", &call, err);
    if (r < 0)
        return r;
    r = sd_bus_message_append(call, "sb", unit, 1);
    if (r >= 0)
        r = sd_bus_message_open_container(call, 'a', "(sv)");
    if (r >= 0)
        r = properties_add_limits(call, request, is_v2(self));
    if (r >= 0)
        r = sd_bus_message_close_container(call);
    if (r < 0)
        r = barrer_fail(self->host, err, -r, "write a call to systemd");
    else
        r = bus_send(&self->bus, call, "change the container's scope", err);
    sd_bus_message_unref(call);
    return r == -ENOENT ? barrer_fail(self->host, err, ENOTSUP,
                                      "change the container's scope: systemd has no unit \"%s\"",
                                      unit)
                        : r;
}

/* Twice: systemd knows some limits only, and must not undo those when it next looks. */
static int update(void *data, const struct barrer_resources_request *request,
                  struct barrer_error *err)
{
    struct systemd *self = data;
    int r = check_request(self, request, err);

    if (r == 0)
        r = set_properties(self, request, err);
    return r < 0 ? r : self->backend->ops->update(self->groups, request, err);
}

static int pause_group(void *data, struct barrer_error *err)
{
    struct systemd *self = data;

    return self->backend->ops->pause(self->groups, err);
}

static int resume(void *data, struct barrer_error *err)
{
    struct systemd *self = data;

    return self->backend->ops->resume(self->groups, err);
}

static int kill_group(void *data, int signal, struct barrer_error *err)
{
    struct systemd *self = data;

    return self->backend->ops->kill(self->groups, signal, err);
}

static int processes(void *data, void (*each)(void *arg, pid_t pid), void *arg,
                     struct barrer_error *err)
{
    struct systemd *self = data;

    return self->backend->ops->processes(self->groups, each, arg, err);
}

static int stats(void *data, struct barrer_stats *ret_stats, struct barrer_error *err)
{
    struct systemd *self = data;

    return self->backend->ops->stats(self->groups, ret_stats, err);
}

static int open_events(void *data, struct barrer_error *err)
{
    struct systemd *self = data;

    return self->backend->ops->open_events(self->groups, err);
}

static int read_events(void *data, int fd, uint64_t *ret_oom, struct barrer_error *err)
{
    struct systemd *self = data;

    return self->backend->ops->read_events(self->groups, fd, ret_oom, err);
}

/* The processes and the group go first: systemd takes the unit of an empty group for ended, and
 * need not kill anything itself, for which it would take its time. */
static int release(void *data, struct barrer_error *err)
{
    struct systemd *self = data;
    const char *unit;
    int r = self->backend->ops->release(self->groups, err);

    if (r < 0)
        return r;
    r = recall(self, &unit, err);
    if (r <= 0)
        return r;
    r = call_with_unit(self, "StopUnit", unit, "replace", err);
    if (r < 0 && r != -ENOENT)
        return r;
    r = call_with_unit(self, "ResetFailedUnit", unit, NULL, err);
    return r < 0 && r != -ENOENT ? r : 0;
}

static const struct barrer_option options[] = {
    {"mount", "path", "/sys/fs/cgroup", "where control groups are mounted"},
    {"controllers", "enum(needed|accounting|all)", "accounting",
     "in which hierarchies of cgroup v1 a container gets a group"},
    {"timeout", "duration", "10s", "how long to wait for processes to freeze or to end"},
    {"job-timeout", "duration", "30s", "how long to wait for systemd"},
    {NULL, NULL, NULL, NULL},
};

static const char *const honours[] = {
    "linux.cgroupsPath",
    "linux.resources.systemd=system",
    "linux.resources.systemd=user",
    CGROUP_HONOURS,
    NULL,
};

static const struct barrer_resources_ops ops = {
    .size = sizeof(ops),
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

BARRER_PLUGIN(systemd) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RESOURCES,
    .name = "systemd",
    .version = "0.1",
    .summary = "control groups that systemd makes, as scopes",
    .options = options,
    .honours = honours,
    .annotations = properties_annotations,
    .open = open_instance,
    .close = close_instance,
    .ops = &ops,
};
