/* SPDX-License-Identifier: Apache-2.0
 *
 * create and run, top to bottom in lifecycle_create.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/path.h"
#include "container/annotations.h"
#include "container/caller.h"
#include "container/checkpoint.h"
#include "container/foreground.h"
#include "container/lifecycle.h"
#include "container/notify.h"
#include "container/restore.h"
#include "flow/hooks.h"
#include "flow/payload.h"
#include "flow/spawn.h"
#include "flow/stages.h"

/* One creation. */
struct creation {
    const struct global_options *global;
    const struct create_options *options;
    char *bundle; /* absolute */
    struct oci_spec *spec;
    struct config *config;
    struct flow flow;
    struct container *container;
    struct spawn spawn;
    struct foreground foreground;
    struct annotations annotations;
    struct barrer_id_map own_ids[2]; /* user and group of a user namespace without maps */
    int has_notify;                  /* the container has a NOTIFY_SOCKET */
};

/* Absolute, as it is given: the operator's links stay what they are. */
static int find_bundle(struct creation *c, struct barrer_error *err)
{
    const char *bundle = c->options->bundle != NULL ? c->options->bundle : ".";

    c->bundle = bundle[0] == '/' ? strdup(bundle) : realpath(bundle, NULL);
    if (c->bundle == NULL)
        return error_fail(err, errno, "open bundle \"%s\"", bundle);
    return 0;
}

/* Read everything that will be used, before anything happens. */
static int read_all(struct creation *c, struct barrer_error *err)
{
    struct config_request request = {.file = c->global->config_file, .sets = c->global->sets};
    int r = find_bundle(c, err);

    if (r == 0)
        r = oci_spec_load(c->bundle, c->options->file, &c->spec, err);
    if (r == 0)
        r = config_load(&request, &c->config, err);
    return r;
}

static void complete_runtime(struct oci_spec *spec)
{
    struct barrer_runtime_request *runtime = &spec->runtime;

    runtime->root_fd = -1;
    runtime->uid = spec->process.uid;
    if (spec->process.flags & BARRER_PROCESS_TERMINAL)
        runtime->flags |= BARRER_RUNTIME_TERMINAL;
    if (!(spec->filesystem.namespaces & CLONE_NEWPID))
        runtime->flags |= BARRER_RUNTIME_SHARED_PIDS;
    if (spec->resources.memory.limit.is_set && spec->resources.memory.limit.value > 0)
        runtime->memory_limit = spec->resources.memory.limit.value;
}

/* A new user namespace without any maps: the caller is its root, and nobody else is in it. */
static void complete_maps(struct creation *c)
{
    struct barrer_isolation_request *isolation = &c->spec->isolation;
    struct barrer_filesystem_request *filesystem = &c->spec->filesystem;

    if (!(filesystem->created & CLONE_NEWUSER) || isolation->n_uid_maps + isolation->n_gid_maps > 0)
        return;
    c->own_ids[0] = (struct barrer_id_map){.host_id = ids_effective_uid(), .count = 1};
    c->own_ids[1] = (struct barrer_id_map){.host_id = getegid(), .count = 1};
    isolation->uid_maps = filesystem->uid_maps = &c->own_ids[0];
    isolation->gid_maps = filesystem->gid_maps = &c->own_ids[1];
    isolation->n_uid_maps = filesystem->n_uid_maps = 1;
    isolation->n_gid_maps = filesystem->n_gid_maps = 1;
}

/* What requests hold beyond config.json. */
static int complete_requests(struct creation *c, struct barrer_error *err)
{
    struct oci_spec *spec = c->spec;
    int is_rootless, r;

    r = path_open_procfs(&c->flow.context.proc_fd, err);
    if (r < 0)
        return r;
    is_rootless = caller_is_rootless(c->global->rootless, c->flow.context.proc_fd);
    for (size_t i = 0; i < spec->isolation.n_namespaces; i++) {
        spec->filesystem.namespaces |= spec->isolation.namespaces[i].type;
        if (spec->isolation.namespaces[i].path == NULL)
            spec->filesystem.created |= spec->isolation.namespaces[i].type;
    }
    complete_maps(c);
    if (is_rootless) {
        spec->isolation.flags |= BARRER_ISOLATION_ROOTLESS;
        spec->resources.flags |= BARRER_RESOURCES_ROOTLESS;
        spec->filesystem.flags |= BARRER_FILESYSTEM_ROOTLESS;
        spec->process.flags |= BARRER_PROCESS_ROOTLESS;
    }
    if (spec->filesystem.created & CLONE_NEWCGROUP)
        spec->resources.flags |= BARRER_RESOURCES_CGROUPNS;
    if (spec->filesystem.namespaces & CLONE_NEWUSER)
        spec->process.flags |= BARRER_PROCESS_USERNS;
    if (spec->process.flags & BARRER_PROCESS_TERMINAL)
        spec->filesystem.flags |= BARRER_FILESYSTEM_TERMINAL;
    if (c->options->no_pivot)
        spec->filesystem.flags |= BARRER_FILESYSTEM_NO_PIVOT;
    if (!c->options->no_new_keyring)
        spec->process.flags |= BARRER_PROCESS_NEW_KEYRING;
    spec->resources.id = spec->filesystem.id = spec->process.id = c->options->id;
    spec->filesystem.bundle = c->bundle;
    spec->filesystem.cwd = spec->process.cwd;
    spec->filesystem.state_fd = -1;
    spec->process.console_socket_fd = -1;
    complete_runtime(spec);
    return 0;
}

/* Whether a process of a container may open what ours has mapped, our plugins: it takes one of two
 * capabilities of the host (proc_pid_map_files(5)), and a process that sees ours: the payload,
 * which has other mappings by then, or others in a pid namespace that is shared. */
static int is_observed(const struct oci_spec *spec)
{
    return !(spec->filesystem.created & CLONE_NEWPID) || oci_may_have(spec, "CAP_SYS_ADMIN") ||
           oci_may_have(spec, "CAP_CHECKPOINT_RESTORE");
}

static int compose(struct creation *c, struct barrer_error *err)
{
    const char *folder = c->global->plugin_dir;
    int r;

    host_context_init(&c->flow.context);
    c->flow.which = FLOW_CREATE | FLOW_LATER;
    c->flow.spec = c->spec;
    c->flow.resources.cgroup_fd = -1;
    r = complete_requests(c, err);
    if (r < 0)
        return r;
    c->flow.context.annotations = c->spec->annotations;
    if (folder == NULL)
        folder = config_text(c->config, "core", "plugin-dir", NULL);
    r = loader_create(folder, &c->flow.loader, err);
    if (r < 0)
        return r;
    c->spec->runtime.plugin_dir = loader_folder(c->flow.loader);
    if (is_observed(c->spec))
        loader_protect(c->flow.loader);
    r = flow_compose(&c->flow, c->config, c->global->cgroup_manager, err);
    return r < 0 ? r : annotations_apply(&c->flow, c->config, c->spec, &c->annotations, err);
}

static void record_text(struct json_object *json, const char *key, const char *value)
{
    if (value != NULL)
        json_object_object_add(json, key, json_object_new_string(value));
}

/* state.json as far as it is known before there is a process. */
static void describe(struct creation *c)
{
    struct json_object *json = c->container->json, *annotations;
    char stamp[CLOCK_SIZE], owner[256];

    clock_rfc3339(stamp);
    caller_user_name(ids_effective_uid(), owner, sizeof(owner));
    record_text(json, "ociVersion", c->spec->oci_version);
    record_text(json, "id", c->container->id);
    record_text(json, "bundle", c->bundle);
    record_text(json, "rootfs", c->spec->filesystem.root);
    record_text(json, "created", stamp);
    record_text(json, "owner", owner);
    record_text(json, "pluginDir", loader_folder(c->flow.loader));
    json_object_object_add(json, "pid", json_object_new_int(0));
    json_object_object_add(json, "startTime", json_object_new_int(0));
    json_object_object_add(json, "hasOwnRoot",
                           json_object_new_boolean(c->spec->filesystem.namespaces & CLONE_NEWNS));
    json_object_object_add(json, "hasOwnPids",
                           json_object_new_boolean(c->spec->filesystem.namespaces & CLONE_NEWPID));
    if (c->options->owns_bundle)
        json_object_object_add(json, "ownsBundle", json_object_new_boolean(1));
    if (c->spec->hooks[OCI_HOOK_POSTSTART].n_hooks > 0)
        json_object_object_add(json, "hasPoststart", json_object_new_boolean(1));
    if (c->spec->hooks[OCI_HOOK_POSTSTOP].n_hooks > 0)
        json_object_object_add(json, "hasPoststop", json_object_new_boolean(1));
    record_text(json, "hookStdout", c->spec->hook_stdout);
    record_text(json, "hookStderr", c->spec->hook_stderr);
    if (json_object_object_get_ex(c->spec->json, "annotations", &annotations))
        json_object_object_add(json, "annotations", json_object_get(annotations));
}

/* What the resources plugins answered in prepare; nothing that release needs. */
static struct json_object *describe_resources(const struct creation *c)
{
    const struct barrer_resources_plan *plan = &c->flow.resources;
    struct json_object *changes = json_object_new_object();

    record_text(changes, "cgroupPath", plan->cgroup_path);
    record_text(changes, "pausedFile", plan->paused_file);
    record_text(changes, "pausedLine", plan->paused_line);
    return changes;
}

/* Make the container's folder and write down what is about to happen. */
static int record(struct creation *c, struct barrer_error *err)
{
    int r = container_create(c->global->root, c->options->id, &c->container, err);
    struct json_object *instances;

    if (r == 0)
        r = container_lock(c->container, err);
    if (r < 0)
        return r;
    c->flow.context.put_fact = container_put_fact;
    c->flow.context.get_fact = container_get_fact;
    c->flow.context.fact_arg = c->container;
    c->flow.has_facts = container_has_facts;
    c->spec->filesystem.state_fd = c->container->folder_fd;
    c->spec->filesystem.state_path = c->container->folder;
    describe(c);
    instances = flow_record(&c->flow);
    r = container_describe(c->container, instances, err);
    json_object_put(instances);
    return r;
}

static char *state_json(void *arg, const char *status, pid_t pid)
{
    struct creation *c = arg;
    struct json_object *state = container_state(c->container, status, pid);
    char *text = strdup(json_object_to_json_string_ext(state, JSON_C_TO_STRING_PLAIN));

    json_object_put(state);
    return text;
}

/* A host that only the payload asked for: `exec` will want it, too. */
static int host_chosen(void *arg, struct barrer_error *err)
{
    struct creation *c = arg;
    struct json_object *changes = json_object_new_object();

    json_object_object_add(changes, "instances", flow_record(&c->flow));
    return container_change(c->container, changes, err);
}

static int open_console(struct creation *c, struct barrer_error *err)
{
    const struct create_options *options = c->options;
    const char *verb = options->restore  ? "restore --detach"
                       : options->is_run ? "run --detach"
                                         : "create";

    int r = foreground_init(&c->foreground, verb, &c->spec->process,
                            !options->is_run || options->detach, options->console_socket, err);

    c->spawn.is_terminal_copied = c->foreground.is_terminal;
    return r;
}

static int open_fifo(struct creation *c, const char *name, int *ret_fd, struct barrer_error *err)
{
    int folder_fd = c->container->folder_fd;

    if (mkfifoat(folder_fd, name, 0600) < 0 ||
        (*ret_fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) < 0)
        return error_fail(err, errno, "make \"%s/%s\"", c->container->folder, name);
    return 0;
}

/* Where `start` meets the process that create leaves behind. */
static int open_fifos(struct creation *c, struct barrer_error *err)
{
    int r;

    c->container->has_no_fifos = c->options->is_run;
    if (c->options->is_run)
        return 0;
    r = open_fifo(c, "start", &c->spawn.start_fd, err);
    return r < 0 ? r : open_fifo(c, "result", &c->spawn.result_fd, err);
}

static int open_notify(struct creation *c, struct barrer_error *err)
{
    c->has_notify = notify_prepare(c->container, c->spec, err);
    if (c->has_notify <= 0 || !c->options->is_run)
        return c->has_notify;
    c->foreground.notify_fd = notify_listen(c->container, err);
    return c->foreground.notify_fd;
}

static int prepare(struct creation *c, struct barrer_error *err)
{
    char *state = NULL;
    int r = open_notify(c, err);

    if (r < 0)
        return r;
    if (c->spec->process.seccomp != NULL && c->spec->process.seccomp->listener_path != NULL)
        c->spec->process.state_json = state = state_json(c, "creating", 0);
    r = stage_run(&c->flow, STAGE_PREPARE, err);
    c->spec->process.state_json = NULL;
    free(state);
    if (r < 0)
        return r;
    c->spec->filesystem.views = c->flow.resources.views;
    c->spec->filesystem.n_views = c->flow.resources.n_views;
    return open_fifos(c, err);
}

/* From clone to a process that waits for `start`, or runs. */
static int spawn_process(struct creation *c, struct barrer_error *err)
{
    int r;

    c->spawn.flow = &c->flow;
    c->spawn.root_fd = -1;
    c->spawn.preserve_fds = c->options->preserve_fds;
    c->spawn.extra_environment =
        caller_environment(&c->spawn.preserve_fds, c->has_notify ? notify_environment() : NULL);
    c->spawn.state_json = state_json;
    c->spawn.host_chosen = host_chosen;
    c->spawn.arg = c;
    r = spawn_start(&c->spawn, err);
    if (r < 0)
        return r;
    /* While the process makes its mounts. */
    r = container_set_process(c->container, c->spawn.pid, c->spawn.pidfd, describe_resources(c),
                              err);
    if (r == 0)
        r = container_keep_config(c->container, c->spec->json, err);
    if (r == 0)
        r = spawn_permit(&c->spawn, err);
    return r < 0 ? r : spawn_await(&c->spawn, err);
}

/* Hooks that run when the process is restored, has started, or is gone. */
static int run_hooks(struct creation *c, enum oci_hook_kind kind, const char *status, pid_t pid,
                     struct barrer_error *err)
{
    barrer_auto_free char *state = NULL;

    if (c->spec->hooks[kind].n_hooks == 0)
        return 0;
    state = state_json(c, status, pid);
    if (state == NULL)
        return error_fail(err, ENOMEM, "describe the container to its hooks");
    return hooks_run(c->spec, kind, state, c->bundle, (const char *const *)environ, -1, err);
}

static int set_up_restored(void *arg, pid_t pid, struct barrer_error *err)
{
    struct creation *c = arg;
    int r = run_hooks(c, OCI_HOOK_PRESTART, "creating", pid, err);

    return r < 0 ? r : run_hooks(c, OCI_HOOK_CREATE_RUNTIME, "creating", pid, err);
}

/* As spawn_process has it after spawn_start. */
static int record_restored(void *arg, pid_t pid, struct barrer_error *err)
{
    struct creation *c = arg;
    int r;

    c->spawn.pid = pid;
    c->spawn.pidfd = pidfd_open(pid, 0);
    r = container_set_process(c->container, pid, c->spawn.pidfd, describe_resources(c), err);
    return r < 0 ? r : container_keep_config(c->container, c->spec->json, err);
}

/* In place of prepare and spawn_process: what is in the container's namespaces is CRIU's, cgroups
 * are ours. */
static int restore_process(struct creation *c, struct barrer_error *err)
{
    struct restoration restoration = {
        .global = c->global,
        .options = c->options->restore,
        .flow = &c->flow,
        .console_fd = c->foreground.console_fd,
        .set_up = set_up_restored,
        .restored = record_restored,
        .arg = c,
    };
    int r = annotations_get(c->config, c->spec, ANNOTATION_CRIU_CONFIG, &restoration.config_file, err);

    if (r < 0)
        return r;
    c->container->has_no_fifos = 1;
    /* The first says what there is to enter for `exec`. */
    c->flow.kinds = 1u << BARRER_ISOLATION | 1u << BARRER_RESOURCES;
    r = stage_run(&c->flow, STAGE_PREPARE, err);
    c->flow.kinds = 1u << BARRER_RESOURCES;
    if (r == 0)
        r = restore_run(&restoration, err);
    c->flow.kinds = 0;
    return r;
}

static int report(struct creation *c, struct barrer_error *err)
{
    int r = 0;

    const char *receiver =
        c->options->pidfd_socket != NULL ? c->options->pidfd_socket : c->annotations.pidfd_receiver;

    if (receiver != NULL)
        r = caller_send_pidfd(receiver, c->spawn.pidfd, err);
    if (r == 0 && c->options->pid_file != NULL)
        r = caller_write_pid(c->options->pid_file, c->spawn.pid, err);
    return r;
}

static int run_poststart(struct creation *c, struct barrer_error *err)
{
    if (!c->options->is_run || c->options->restore ||
        c->spec->hooks[OCI_HOOK_POSTSTART].n_hooks == 0)
        return 0;
    /* It is started: a hook that hangs must not keep others from it. */
    container_unlock(c->container);
    return run_hooks(c, OCI_HOOK_POSTSTART, "running", c->spawn.pid, err);
}

/* Undo the effects that were recorded, and remove the folder. What cannot be undone stays recorded,
 * for `delete --force`. Another barrer-run may have deleted it since it was created. */
static int dismantle(struct creation *c, struct barrer_error *err)
{
    struct barrer_error failed;
    int r = c->container->has_lock ? 0 : container_lock(c->container, err);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    r = stage_run(&c->flow, STAGE_RELEASE, err);
    if (r < 0)
        return r;
    if (c->container->pid > 0 && run_hooks(c, OCI_HOOK_POSTSTOP, "stopped", 0, &failed) < 0)
        log_write(BARRER_LOG_WARNING, "%s", failed.text);
    return container_remove(c->container, err);
}

/* Undo all of it: the process, the effects, the folder. */
static void undo(struct creation *c)
{
    struct barrer_error failed;

    spawn_abort(&c->spawn);
    if (c->container != NULL && dismantle(c, &failed) < 0)
        log_write(BARRER_LOG_ERROR, "%s", failed.text);
}

/* `run` in the foreground: the container ends with its process. */
static int follow(struct creation *c, int *ret_status, struct barrer_error *err)
{
    int r = foreground_wait(&c->foreground, c->spawn.pid, ret_status, err);

    if (r < 0) {
        undo(c);
        return r;
    }
    c->spawn.pid = -1;
    return c->options->keep ? 0 : dismantle(c, err);
}

static int make_process(struct creation *c, struct barrer_error *err)
{
    int r;

    if (c->options->restore != NULL)
        return restore_process(c, err);
    r = prepare(c, err);
    return r < 0 ? r : spawn_process(c, err);
}

static int create(struct creation *c, int *ret_status, struct barrer_error *err)
{
    int r = read_all(c, err);

    if (r == 0 && c->options->restore != NULL)
        r = checkpoint_check(c->global, "restore", c->spec, err);
    if (r == 0)
        r = compose(c, err);
    if (r == 0)
        r = record(c, err);
    if (r == 0)
        r = open_console(c, err);
    if (r == 0)
        r = make_process(c, err);
    if (r == 0)
        r = report(c, err);
    if (r == 0)
        r = run_poststart(c, err);
    if (r < 0) {
        foreground_flush(&c->foreground);
        undo(c);
        return r;
    }
    if (c->options->is_run && !c->options->detach) {
        container_unlock(c->container);
        return follow(c, ret_status, err);
    }
    if (c->foreground.notify_fd >= 0)
        notify_wait(c->foreground.notify_fd, c->spawn.pid, c->spawn.pidfd);
    return 0;
}

static void creation_init(struct creation *c, const struct global_options *global,
                          const struct create_options *options)
{
    *c = (struct creation){
        .global = global,
        .options = options,
        .spawn = SPAWN_NONE,
        .foreground = FOREGROUND_NONE,
    };
}

static void creation_fini(struct creation *c)
{
    spawn_fini(&c->spawn);
    barrer_close_fd(&c->spawn.start_fd);
    barrer_close_fd(&c->spawn.result_fd);
    foreground_fini(&c->foreground);
    flow_fini(&c->flow);
    loader_destroy(c->flow.loader);
    container_close(c->container);
    config_destroy(c->config);
    oci_spec_destroy(c->spec);
    free(c->bundle);
}

static int forget_fact(void *arg, const char *instance, const char *name, const char *value,
                       struct barrer_error *err)
{
    (void)arg, (void)instance, (void)name, (void)value, (void)err;
    return 0;
}

/* Who would execute the payload, as far as the bundle's root tells without its mounts. */
static int plan_payload(struct creation *c, struct barrer_error *err)
{
    struct barrer_runtime_request *request = &c->spec->runtime;
    barrer_auto_fd int root_fd = -1;
    int r;

    if (!flow_has_planners(&c->flow) || c->spec->filesystem.root == NULL)
        return 0;
    root_fd = open(c->spec->filesystem.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0 ||
        (c->flow.runtime != NULL && flow_named_runtime(&c->flow) == NULL &&
         !payload_sounds_managed(request->args) &&
         !payload_is_managed(root_fd, c->flow.context.proc_fd, request->cwd, request->args[0])))
        return 0;
    c->flow.context.put_fact = forget_fact;
    request->root_fd = root_fd;
    r = flow_plan_runtime(&c->flow, err);
    request->root_fd = -1;
    return r < 0 ? r : 0;
}

int lifecycle_compose(const struct global_options *global, const struct create_options *options,
                      void (*use)(const struct flow *flow, void *arg), void *arg,
                      struct barrer_error *err)
{
    struct creation c;
    int r;

    creation_init(&c, global, options);
    r = read_all(&c, err);
    if (r == 0)
        r = compose(&c, err);
    if (r == 0)
        r = plan_payload(&c, err);
    if (r == 0)
        use(&c.flow, arg);
    creation_fini(&c);
    return r;
}

int lifecycle_create(const struct global_options *global, const struct create_options *options,
                     int *ret_status, struct barrer_error *err)
{
    struct creation c;
    int r = oci_id_check(options->id, err);

    *ret_status = 0;
    creation_init(&c, global, options);
    if (r == 0)
        r = create(&c, ret_status, err);
    /* The program ends with the container: what is left to close and to free, the kernel does at
     * once. */
    if (r == 0 && options->is_run && !options->detach)
        exit(*ret_status);
    creation_fini(&c);
    return r;
}
