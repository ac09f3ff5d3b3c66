/* SPDX-License-Identifier: Apache-2.0
 *
 * exec, top to bottom in lifecycle_exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "container/caller.h"
#include "container/foreground.h"
#include "container/lifecycle.h"
#include "flow/payload.h"
#include "flow/spawn.h"
#include "flow/stages.h"

struct execution {
    const struct global_options *global;
    const struct exec_options *options;
    struct container *container;
    struct oci_spec *config; /* the container's */
    struct oci_spec *spec;   /* the process's */
    struct flow flow;
    struct spawn spawn;
    struct foreground foreground;
    int pidfd; /* of the container's process */
    char *cgroups; /* --cgroup, one a line; or NULL */
};

static int open_container(struct execution *x, struct barrer_error *err)
{
    enum container_status status;
    int r = container_open(x->global->root, x->options->id, 0, &x->container, err);

    if (r < 0)
        return r;
    status = container_status(x->container);
    if (status == CONTAINER_PAUSED && !x->options->ignore_paused)
        return error_fail(err, 0,
                          "container `%s`: cannot exec in a paused container (resume it, or use "
                          "--ignore-paused)",
                          x->options->id);
    if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
        return error_fail(err, 0,
                          "cannot exec in container `%s`, which is %s: container not running",
                          x->options->id, container_status_name(status));
    x->pidfd = container_pidfd(x->container);
    if (x->pidfd < 0)
        return error_fail(err, -x->pidfd, "find the process of container `%s`", x->options->id);
    return lifecycle_spec(x->container, &x->config, err);
}

/* Digits only: "1000x" or "-1" must not become some user. */
static int parse_id(const char *text, size_t length, uint32_t *ret_id)
{
    uint64_t id = 0;

    if (length == 0 || length > 10)
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        id = id * 10 + (uint64_t)(text[i] - '0');
    }
    if (id >= UINT32_MAX)
        return -ERANGE;
    *ret_id = (uint32_t)id;
    return 0;
}

static int set_user(struct json_object *process, const char *text, struct barrer_error *err)
{
    const char *colon = strchrnul(text, ':');
    struct json_object *user = json_object_new_object();
    uint32_t uid, gid = 0;

    json_object_object_add(process, "user", user);
    if (parse_id(text, (size_t)(colon - text), &uid) < 0 ||
        (*colon == ':' && parse_id(colon + 1, strlen(colon + 1), &gid) < 0))
        return error_fail(err, 0, "--user: expected UID or UID:GID in digits, got \"%s\"", text);
    json_object_object_add(user, "uid", json_object_new_int64(uid));
    json_object_object_add(user, "gid", json_object_new_int64(gid));
    return 0;
}

static int set_groups(struct json_object *process, const char *const *groups,
                      struct barrer_error *err)
{
    struct json_object *user, *array;
    uint32_t gid;

    if (groups == NULL || groups[0] == NULL)
        return 0;
    if (!json_object_object_get_ex(process, "user", &user)) {
        user = json_object_new_object();
        json_object_object_add(process, "user", user);
    }
    array = json_object_new_array();
    json_object_object_add(user, "additionalGids", array);
    for (; *groups != NULL; groups++) {
        if (parse_id(*groups, strlen(*groups), &gid) < 0)
            return error_fail(err, 0, "--additional-gids: expected a number, got \"%s\"", *groups);
        json_object_array_add(array, json_object_new_int64(gid));
    }
    return 0;
}

static struct json_object *member(struct json_object *object, const char *key,
                                  struct json_object *(*make)(void))
{
    struct json_object *value;

    if (json_object_object_get_ex(object, key, &value) && value != NULL)
        return value;
    value = make();
    json_object_object_add(object, key, value);
    return value;
}

static void add_environment(struct json_object *process, const char *const *environment)
{
    struct json_object *old = member(process, "env", json_object_new_array);
    struct json_object *all = json_object_new_array();

    for (size_t i = 0; i < json_object_array_length(old); i++) {
        struct json_object *entry = json_object_array_get_idx(old, i);
        const char *text = json_object_get_string(entry);
        size_t key = strcspn(text, "=") + 1;
        int is_replaced = 0;

        for (size_t j = 0; environment[j] != NULL; j++)
            is_replaced |= strncmp(environment[j], text, key) == 0;
        if (!is_replaced)
            json_object_array_add(all, json_object_get(entry));
    }
    for (; *environment != NULL; environment++)
        json_object_array_add(all, json_object_new_string(*environment));
    json_object_object_add(process, "env", all);
}

/* What a process inherits can be ambient: as with runc, a further capability is where the container
 * has inheritable ones. The kernel takes from it what is not itself inheritable. */
static void add_capabilities(struct json_object *process, const char *const *names)
{
    static const char *const sets[] = {"bounding", "effective", "permitted", "ambient"};
    struct json_object *capabilities = member(process, "capabilities", json_object_new_object);
    struct json_object *inheritable = json_object_object_get(capabilities, "inheritable");
    size_t n = json_object_is_type(inheritable, json_type_array) &&
                       json_object_array_length(inheritable) > 0
                   ? 4
                   : 3;

    for (size_t i = 0; i < n; i++) {
        struct json_object *set = member(capabilities, sets[i], json_object_new_array);

        for (size_t j = 0; names[j] != NULL; j++)
            json_object_array_add(set, json_object_new_string(names[j]));
    }
}

static void set_text(struct json_object *process, const char *key, const char *value)
{
    if (value != NULL)
        json_object_object_add(process, key, json_object_new_string(value));
}

/* The container's own process object, with what the options change. */
static int make_process(struct execution *x, struct barrer_error *err)
{
    const struct exec_options *o = x->options;
    struct json_object *process = NULL, *own, *args;
    int r = 0;

    if (json_object_object_get_ex(x->config->json, "process", &own))
        (void)json_object_deep_copy(own, &process, NULL);
    if (process == NULL)
        process = json_object_new_object();
    json_object_object_del(process, "consoleSize");
    args = json_object_new_array();
    for (char **arg = o->args; arg != NULL && *arg != NULL; arg++)
        json_object_array_add(args, json_object_new_string(*arg));
    json_object_object_add(process, "args", args);
    json_object_object_add(process, "terminal", json_object_new_boolean(o->tty));
    set_text(process, "cwd", o->cwd);
    set_text(process, "selinuxLabel", o->process_label);
    set_text(process, "apparmorProfile", o->apparmor);
    if (o->no_new_privs)
        json_object_object_add(process, "noNewPrivileges", json_object_new_boolean(1));
    if (o->environment != NULL && o->environment[0] != NULL)
        add_environment(process, o->environment);
    if (o->capabilities != NULL && o->capabilities[0] != NULL)
        add_capabilities(process, o->capabilities);
    if (o->user != NULL)
        r = set_user(process, o->user, err);
    if (r == 0)
        r = set_groups(process, o->additional_gids, err);
    if (r == 0)
        r = oci_process_from_json(process, &x->spec, err);
    json_object_put(process);
    return r;
}

/* What was mounted for a payload at create is out of reach for CAP_SYS_ADMIN only where it was known
 * that the container would have it. */
static int check_layer(const struct execution *x, struct barrer_error *err)
{
    const char *host;

    if (!oci_may_have(x->spec, "CAP_SYS_ADMIN") || oci_may_have(x->config, "CAP_SYS_ADMIN"))
        return 0;
    host = flow_host_with_facts(&x->flow);
    return host == NULL ? 0
                        : error_fail(err, EPERM,
                                     "exec with CAP_SYS_ADMIN in container `%s`, which could then "
                                     "write to what the host \"%s\" mounted for its payload (have "
                                     "the capability in process.capabilities when it is created)",
                                     x->container->id, host);
}

static int join_cgroups(struct execution *x, struct barrer_error *err)
{
    for (const char **path = x->options->cgroups; path != NULL && *path != NULL; path++) {
        char *more;

        if (strchr(*path, '\n') != NULL)
            return error_fail(err, 0, "--cgroup: expected a path without line breaks");
        if (asprintf(&more, "%s%s%s", x->cgroups ? x->cgroups : "", x->cgroups ? "\n" : "", *path) < 0)
            return error_fail(err, ENOMEM, "read --cgroup");
        free(x->cgroups);
        x->cgroups = more;
    }
    return 0;
}

static int compose(struct execution *x, struct barrer_error *err)
{
    struct barrer_process_request *process;
    int r = x->options->process_file != NULL
                ? oci_process_load(x->options->process_file, &x->spec, err)
                : make_process(x, err);

    x->flow.spec = x->spec;
    if (r == 0)
        r = lifecycle_reopen(x->container, ~(1u << BARRER_FILESYSTEM), 0, &x->flow, err);
    if (r == 0)
        r = check_layer(x, err);
    if (r < 0)
        return r;
    x->flow.which = FLOW_EXEC;
    r = join_cgroups(x, err);
    if (r < 0)
        return r;
    x->flow.exec_cgroup = x->cgroups;
    process = &x->spec->process;
    process->id = x->container->id;
    process->seccomp = x->config->process.seccomp;
    process->personality = x->config->process.personality;
    process->memory_policy = x->config->process.memory_policy;
    process->console_socket_fd = -1;
    process->flags |= BARRER_PROCESS_EXEC;
    for (size_t i = 0; i < x->config->isolation.n_namespaces; i++)
        if (x->config->isolation.namespaces[i].type == CLONE_NEWUSER)
            process->flags |= BARRER_PROCESS_USERNS;
    r = path_open_procfs(&x->flow.context.proc_fd, err);
    if (r < 0)
        return r;
    if (caller_is_rootless(x->global->rootless, x->flow.context.proc_fd))
        process->flags |= BARRER_PROCESS_ROOTLESS;
    x->spec->runtime.flags |= BARRER_RUNTIME_EXEC;
    x->spec->runtime.root_fd = -1;
    x->spec->runtime.uid = process->uid;
    r = flow_check_honoured(&x->flow, x->spec, ~0u, err);
    return r < 0 ? r : flow_match_runtime(&x->flow, err);
}

static int open_console(struct execution *x, struct barrer_error *err)
{
    int r = foreground_init(&x->foreground, "exec --detach", &x->spec->process, x->options->detach,
                            x->options->console_socket, err);

    x->spawn.is_terminal_copied = x->foreground.is_terminal;
    return r;
}

/* A container without a mount namespace of its own has its root by chroot(2). */
static int open_root(struct execution *x, struct barrer_error *err)
{
    char path[64];

    x->spawn.root_fd = -1;
    if (container_flag(x->container, "hasOwnRoot"))
        return 0;
    (void)snprintf(path, sizeof(path), "%d/root", x->container->pid);
    x->spawn.root_fd = openat(x->flow.context.proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (x->spawn.root_fd < 0)
        return error_fail(err, errno, "open the root of container `%s`", x->container->id);
    return 0;
}

/* The state of the container, whose process is not the one that is spawned. */
static char *state_json(void *arg, const char *status, pid_t pid)
{
    struct execution *x = arg;
    struct json_object *state = container_state(x->container, status, x->container->pid);
    char *text = strdup(json_object_to_json_string_ext(state, JSON_C_TO_STRING_PLAIN));

    (void)pid;
    json_object_put(state);
    return text;
}

static int prepare(struct execution *x, struct barrer_error *err)
{
    struct barrer_process_request *process = &x->spec->process;
    char *state = NULL;
    int r;

    if (process->seccomp != NULL && process->seccomp->listener_path != NULL)
        process->state_json = state = state_json(x, "running", 0);
    r = stage_run(&x->flow, STAGE_PREPARE, err);
    process->state_json = NULL;
    free(state);
    return r;
}

/* A container that was created for a native payload has no runtime for an assembly. */
static int explain(const struct execution *x, int r, struct barrer_error *err)
{
    if ((err->errnum != ENOENT && err->errnum != EACCES && err->errnum != ENOEXEC) ||
        flow_has_planners(&x->flow) || !payload_sounds_managed(x->spec->runtime.args))
        return r;
    return error_append(err, r,
                        " (container `%s` was created without .NET: create it with the annotation "
                        "org.barrer.runtime=clrhost)",
                        x->container->id);
}

static int spawn_process(struct execution *x, struct barrer_error *err)
{
    int r;

    x->flow.target = (struct barrer_target){
        .size = sizeof(x->flow.target), .pid = x->container->pid, .pidfd = x->pidfd};
    r = prepare(x, err);
    if (r == 0)
        r = stage_run(&x->flow, STAGE_JOIN, err);
    if (r == 0)
        r = open_root(x, err);
    if (r < 0)
        return r;
    x->spawn.flow = &x->flow;
    x->spawn.is_exec = 1;
    x->spawn.state_json = state_json;
    x->spawn.arg = x;
    x->spawn.preserve_fds = x->options->preserve_fds;
    x->spawn.extra_environment = caller_environment(&x->spawn.preserve_fds, NULL);
    r = spawn_start(&x->spawn, err);
    if (r == 0)
        r = spawn_permit(&x->spawn, err);
    if (r == 0)
        r = spawn_await(&x->spawn, err);
    return r < 0 ? explain(x, r, err) : r;
}

static int execute(struct execution *x, int *ret_status, struct barrer_error *err)
{
    int r = open_container(x, err);

    if (r == 0)
        r = compose(x, err);
    if (r == 0)
        r = open_console(x, err);
    if (r == 0)
        r = spawn_process(x, err);
    if (r == 0 && x->options->pidfd_socket != NULL)
        r = caller_send_pidfd(x->options->pidfd_socket, x->spawn.pidfd, err);
    if (r == 0 && x->options->pid_file != NULL)
        r = caller_write_pid(x->options->pid_file, x->spawn.pid, err);
    if (r < 0) {
        spawn_abort(&x->spawn);
        return r;
    }
    return x->options->detach ? 0 : foreground_wait(&x->foreground, x->spawn.pid, ret_status, err);
}

int lifecycle_exec(const struct global_options *global, const struct exec_options *options,
                   int *ret_status, struct barrer_error *err)
{
    struct execution x = {
        .global = global,
        .options = options,
        .spawn = SPAWN_NONE,
        .foreground = FOREGROUND_NONE,
        .pidfd = -1,
    };
    int r;

    *ret_status = 0;
    r = execute(&x, ret_status, err);
    spawn_fini(&x.spawn);
    barrer_close_fd(&x.spawn.root_fd);
    barrer_close_fd(&x.pidfd);
    free(x.cgroups);
    foreground_fini(&x.foreground);
    flow_fini(&x.flow);
    loader_destroy(x.flow.loader);
    container_close(x.container);
    oci_spec_destroy(x.config);
    oci_spec_destroy(x.spec);
    return r;
}
