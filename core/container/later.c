/* SPDX-License-Identifier: Apache-2.0
 *
 * Verbs on a container that exists: from what create recorded, without any INI file.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "container/bundle.h"
#include "container/lifecycle.h"
#include "container/notify.h"
#include "flow/hooks.h"
#include "flow/stages.h"

#define KILL_TIMEOUT 10000 /* milliseconds for a killed process to be gone */
#define FROZEN_TIME 200    /* milliseconds after which it may be frozen */
#define BUSY_INTERVAL 10   /* milliseconds between two looks at who is busy */

int lifecycle_reopen(struct container *container, unsigned kinds, int only_facts, struct flow *flow,
                     struct barrer_error *err)
{
    struct json_object *instances;
    int r;

    host_context_init(&flow->context);
    flow->which = FLOW_LATER;
    flow->context.put_fact = container_put_fact;
    flow->context.get_fact = container_get_fact;
    flow->context.fact_arg = container;
    flow->has_facts = container_has_facts;
    flow->resources.cgroup_fd = -1;
    if (container->instances == NULL)
        return 0;
    r = loader_create(container_text(container, "pluginDir"), &flow->loader, err);
    if (r == 0)
        r = oci_json_parse("state.json: instances", container->instances,
                           strlen(container->instances), &instances, err);
    if (r < 0)
        return r;
    /* `exec` composes everything, and enters the container with it. */
    if (!only_facts)
        loader_protect(flow->loader);
    r = json_object_is_type(instances, json_type_array)
            ? flow_recompose(flow, instances, kinds, only_facts, err)
            : error_fail(err, 0, "state.json: instances: expected an array");
    json_object_put(instances);
    return r;
}

static void close_flow(struct flow *flow)
{
    flow_fini(flow);
    loader_destroy(flow->loader);
    flow->loader = NULL;
}

int lifecycle_open_resources(const struct global_options *global, const char *id, unsigned flags,
                             struct container **ret_container, struct flow *flow,
                             struct barrer_error *err)
{
    struct container *container;
    int r = container_open(global->root, id, flags, &container, err);

    if (r < 0)
        return r;
    r = lifecycle_reopen(container, 1u << BARRER_RESOURCES, 1, flow, err);
    if (r < 0) {
        close_flow(flow);
        container_close(container);
        return r;
    }
    *ret_container = container;
    return 0;
}

int lifecycle_spec(struct container *container, struct oci_spec **ret_spec,
                   struct barrer_error *err)
{
    const char *bundle = container_text(container, "bundle");
    struct json_object *json;
    int r;

    if (container->config == NULL)
        return error_fail(err, 0,
                          "container `%s` has no config.json (its creation was interrupted)",
                          container->id);
    r = oci_json_parse("state.json: config", container->config, strlen(container->config), &json,
                       err);
    if (r < 0)
        return error_wrap(err, r, "container `%s`", container->id);
    r = oci_spec_from_json(bundle != NULL ? bundle : "/", json, ret_spec, err);
    json_object_put(json);
    if (r == 0) {
        (*ret_spec)->hook_stdout = container_text(container, "hookStdout");
        (*ret_spec)->hook_stderr = container_text(container, "hookStderr");
    }
    return r;
}

static int run_hooks(struct container *container, enum oci_hook_kind kind, const char *status,
                     pid_t pid, struct barrer_error *err)
{
    struct json_object *state;
    struct oci_spec *spec;
    int r = lifecycle_spec(container, &spec, err);

    if (r < 0)
        return r;
    state = container_state(container, status, pid);
    r = hooks_run(spec, kind, json_object_to_json_string_ext(state, JSON_C_TO_STRING_PLAIN),
                  container_text(container, "bundle"), (const char *const *)environ, -1, err);
    json_object_put(state);
    oci_spec_destroy(spec);
    return r;
}

void lifecycle_poststop(struct container *container)
{
    struct barrer_error err;

    if (container_flag(container, "hasPoststop") &&
        run_hooks(container, OCI_HOOK_POSTSTOP, "stopped", 0, &err) < 0)
        log_write(BARRER_LOG_WARNING, "%s", err.text);
}

static int kill_group(struct container *container, int signal, struct barrer_error *err)
{
    struct flow flow = {0};
    int r = lifecycle_reopen(container, 1u << BARRER_RESOURCES, 1, &flow, err), n = 0;

    for (size_t i = 0; r == 0 && i < flow.n_members; i++) {
        const struct barrer_resources_ops *ops = flow.members[i].instance->plugin->ops;

        if (!BARRER_HAS(ops, kill))
            continue;
        n++;
        r = ops->kill(flow.members[i].instance->self, signal, err);
        if (r < 0)
            r = error_wrap(err, r, "resources %s", flow.members[i].instance->name);
    }
    close_flow(&flow);
    return r < 0 ? r : n;
}

static void count(void *arg, pid_t pid)
{
    (void)pid;
    ++*(int *)arg;
}

/* Without a pid namespace of its own a container's processes outlive its first one. */
static int has_processes(struct container *container)
{
    struct flow flow = {0};
    struct barrer_error ignored;
    int n = 0, r;

    if (container_flag(container, "hasOwnPids"))
        return 0;
    r = lifecycle_reopen(container, 1u << BARRER_RESOURCES, 1, &flow, &ignored);
    for (size_t i = 0; r == 0 && i < flow.n_members; i++) {
        const struct barrer_resources_ops *ops = flow.members[i].instance->plugin->ops;

        if (BARRER_HAS(ops, processes))
            r = ops->processes(flow.members[i].instance->self, count, &n, &ignored);
    }
    close_flow(&flow);
    return n > 0;
}

int lifecycle_kill(const struct global_options *global, const char *id, int signal, int all,
                   struct barrer_error *err)
{
    struct container *container;
    int r = container_open(global->root, id, 0, &container, err), is_alive;

    if (r < 0)
        return r;
    is_alive = container_status(container) != CONTAINER_STOPPED;
    if (!is_alive && !all && !(signal == SIGKILL && has_processes(container)))
        r = error_fail(err, 0, "signal container `%s`: container not running", id);
    if (r == 0)
        r = all || signal == SIGKILL ? kill_group(container, signal, err) : 0;
    /* No group, or nobody in it: the process itself. */
    if (r == 0 && is_alive)
        r = light_signal_process(container, signal, err);
    container_close(container);
    return r < 0 ? r : 0;
}

/* Somebody has moved the process to a group of cgroup v1 that is frozen, where no signal reaches it:
 * back in the container's own, which is not, it ends. Others in that group stay as they are. */
static void bring_back(const struct container *container)
{
    const char *file = container_text(container, "pausedFile");
    const char *end = file != NULL ? strrchr(file, '/') : NULL;
    barrer_auto_free char *processes = NULL;
    barrer_auto_fd int fd = -1;
    char number[16];

    if (end == NULL)
        return;
    if (asprintf(&processes, "%.*s/cgroup.procs", (int)(end - file), file) < 0) {
        processes = NULL;
        return;
    }
    (void)snprintf(number, sizeof(number), "%d", container->pid);
    fd = open(processes, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)fd_write_all(fd, number, strlen(number));
}

static int await_end(struct pollfd *end, int milliseconds)
{
    int n;

    do
        n = poll(end, 1, milliseconds);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Kill the container's process and wait until it is gone. */
static int kill_and_wait(struct container *container, struct barrer_error *err)
{
    barrer_auto_fd int pidfd = container_pidfd(container);
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    int n;

    if (pidfd < 0)
        return pidfd == -ESRCH ? 0 : error_fail(err, -pidfd, "kill container `%s`", container->id);
    if (pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
        return error_fail(err, errno, "kill container `%s`", container->id);
    if (container_status(container) == CONTAINER_PAUSED)
        (void)kill_group(container, SIGKILL, err);
    n = await_end(&end, FROZEN_TIME);
    if (n == 0) {
        bring_back(container);
        n = await_end(&end, KILL_TIMEOUT);
    }
    if (n == 0)
        return error_fail(err, ETIMEDOUT, "kill container `%s` (its process %d is in the kernel)",
                          container->id, container->pid);
    return 0;
}

/* End all of the container's processes. */
static void stop(struct container *container)
{
    struct barrer_error ignored;

    if (!container_flag(container, "hasOwnPids"))
        (void)kill_group(container, SIGKILL, &ignored);
    (void)kill_and_wait(container, &ignored);
}

static int start_with_poststart(struct container *container, int *ret_is_over,
                                struct barrer_error *err)
{
    int r;

    *ret_is_over = 0;
    json_object_object_del(container->json, "hasPoststart");
    r = light_start(container, err);
    if (r < 0)
        return r;
    /* It is started: a hook that hangs must not keep others from it. */
    container_unlock(container);
    r = run_hooks(container, OCI_HOOK_POSTSTART, "running", container->pid, err);
    /* A container whose poststart hook fails is stopped, and destroyed (runtime-spec 1.3). */
    if (r < 0) {
        stop(container);
        *ret_is_over = 1;
    }
    return r;
}

int lifecycle_start(const struct global_options *global, const char *id, struct barrer_error *err)
{
    struct barrer_error failed;
    struct container *container;
    barrer_auto_fd int notify_fd = -1, pidfd = -1;
    int is_over = 0;
    int r = container_open(global->root, id, CONTAINER_LOCKED, &container, err);

    if (r == 0 && notify_is_wanted()) {
        pidfd = container_pidfd(container);
        notify_fd = notify_listen(container, err);
        if (notify_fd < 0 && notify_fd != -ENOENT) {
            container_close(container);
            return notify_fd;
        }
    }
    if (r < 0)
        return r;
    r = container_flag(container, "hasPoststart") ? start_with_poststart(container, &is_over, err)
                                                  : light_start(container, err);
    container_unlock(container);
    if (r >= 0 && notify_fd >= 0 && pidfd >= 0)
        notify_wait(notify_fd, container->pid, pidfd);
    container_close(container);
    if (is_over && lifecycle_delete(global, id, 1, &failed) < 0)
        log_write(BARRER_LOG_ERROR, "%s", failed.text);
    return r < 0 ? r : 0;
}

int lifecycle_load(struct container *container, struct barrer_error *err)
{
    struct oci_spec none = {0};
    struct flow flow = {.spec = &none};
    int r = lifecycle_reopen(container, ~0u, 1, &flow, err);

    close_flow(&flow);
    return r;
}

/* Undo what plugins recorded. When that fails the container stays, so that it can be tried again
 * once the cause is gone. */
static int release(struct container *container, struct barrer_error *err)
{
    struct oci_spec none = {0};
    struct flow flow = {.spec = &none};
    int r = lifecycle_reopen(container, ~0u, 1, &flow, err);

    none.filesystem.size = sizeof(none.filesystem);
    none.filesystem.id = container->id;
    none.filesystem.state_fd = container->folder_fd;
    none.filesystem.state_path = container->folder;
    if (r == 0)
        r = stage_run(&flow, STAGE_RELEASE, err);
    close_flow(&flow);
    return r;
}

static int check_stopped(const struct container *container, int force, struct barrer_error *err)
{
    enum container_status status = container_status(container);

    if (force || status == CONTAINER_STOPPED || status == CONTAINER_CREATED)
        return 0;
    return error_fail(err, 0, "cannot delete container %s that is not stopped: %s", container->id,
                      container_status_name(status));
}

/* `delete --force`: end the process, whoever is at work on the container: a creator gives up when
 * its process is gone. It may have none yet, so look again until nobody is busy. */
static int end_by_force(const char *root, const char *id, struct barrer_error *err)
{
    for (;;) {
        struct container *container;
        int r = container_open(root, id, CONTAINER_BROKEN, &container, err), is_busy;

        if (r < 0)
            return r;
        r = kill_and_wait(container, err);
        is_busy = container_is_busy(container);
        container_close(container);
        if (r < 0 || !is_busy)
            return r;
        (void)poll(NULL, 0, BUSY_INTERVAL);
    }
}

static int delete (struct container *container, int force, struct barrer_error *err)
{
    int r = check_stopped(container, force, err);

    if (r == 0)
        r = kill_and_wait(container, err);
    if (r == 0)
        r = release(container, err);
    if (r < 0)
        return r;
    lifecycle_poststop(container);
    r = container_remove(container, err);
    if (r == 0 && container_flag(container, "ownsBundle") &&
        container_text(container, "bundle") != NULL)
        bundle_remove(container_text(container, "bundle"));
    return r;
}

int lifecycle_delete(const struct global_options *global, const char *id, int force,
                     struct barrer_error *err)
{
    unsigned flags = CONTAINER_LOCKED | (force ? CONTAINER_BROKEN : 0);
    struct container *container;
    int r = force ? end_by_force(global->root, id, err) : 0;

    if (r == 0)
        r = container_open(global->root, id, flags, &container, err);
    if (r < 0)
        return r == -ENOENT && force ? 0 : r;
    r = delete (container, force, err);
    container_close(container);
    return r;
}
