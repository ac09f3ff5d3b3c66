/* SPDX-License-Identifier: Apache-2.0 */
#include "container/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "container/checkpoint.h"
#include "flow/stages.h"

#define UNIFIED "unified" /* the folder of version 2 beside those of version 1 */

struct restore {
    const struct restoration *asked;
    const struct oci_spec *spec;
    struct criu_places places;
    struct criu_options *request;
    struct criu criu;
    int inherited[8]; /* places, namespaces, streams */
    size_t n_inherited;
    int namespace_fds[2]; /* as many as checkpoint_namespaces has keys */
    size_t n_namespace_fds;
};

/* In criu's process, which sees the container's root as a mount: CRIU asks for one. */
static int bind_root(void *arg, struct barrer_error *err)
{
    const struct restore *restore = arg;
    const char *root = restore->spec->filesystem.root;

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0)
        return error_fail(err, errno, "bind the root \"%s\" for CRIU", root);
    return criu_reopen_places(&restore->places, err);
}

/* The terminal's other end is ours to hand on. */
static int notify(void *arg, const char *step, pid_t pid, int fd, struct barrer_error *err)
{
    const struct restore *restore = arg;
    const struct restoration *asked = restore->asked;
    int r = 0;

    if (strcmp(step, "setup-namespaces") == 0)
        r = asked->set_up(asked->arg, pid, err);
    else if (strcmp(step, "post-restore") == 0)
        r = asked->restored(asked->arg, pid, err);
    else if (strcmp(step, "orphan-pts-master") == 0 && fd >= 0 && asked->console_fd >= 0 &&
             (r = fd_send(asked->console_fd, fd, "/dev/pts/0")) < 0)
        r = error_fail(err, -r, "send the terminal to the console socket");
    return r;
}

static int make_place(int root_fd, char *path, int is_folder)
{
    char *name = strrchr(path, '/');
    barrer_auto_fd int fd = path_open_in_root(root_fd, path, O_PATH, 0);
    barrer_auto_fd int parent_fd = -1;
    int r;

    if (fd != -ENOENT || name == NULL || name[1] == '\0')
        return 0;
    *name = '\0';
    r = *path != '\0' ? make_place(root_fd, path, 1) : 0;
    parent_fd =
        r == 0 ? path_open_in_root(root_fd, *path ? path : "/", O_PATH | O_DIRECTORY, 0) : -1;
    *name = '/';
    if (r < 0 || parent_fd < 0)
        return r < 0 ? r : parent_fd;
    if (is_folder)
        return mkdirat(parent_fd, name + 1, 0755) < 0 ? -errno : 0;
    fd = openat(parent_fd, name + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    return fd < 0 ? -errno : 0;
}

/* Whether PATH is below another mount of the container, which CRIU fills. */
static int is_below_mount(const struct barrer_filesystem_request *request, const char *path)
{
    for (size_t i = 0; i < request->n_mounts; i++) {
        const char *other = request->mounts[i].destination;
        size_t length = strlen(other);

        if (strncmp(other, path, length) == 0 && path[length] == '/')
            return 1;
    }
    return 0;
}

/* A root that has never seen this container, as on another machine, lacks what is mounted on. */
static int make_places(const struct restore *restore, struct barrer_error *err)
{
    const struct barrer_filesystem_request *request = &restore->spec->filesystem;
    barrer_auto_fd int root_fd = open(request->root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root_fd < 0)
        return error_fail(err, errno, "open the root \"%s\"", request->root);
    for (size_t i = 0; i < request->n_mounts; i++) {
        const struct barrer_mount *mount = &request->mounts[i];
        char path[PATH_MAX];
        struct stat st;
        int is_file =
            mount->source != NULL && stat(mount->source, &st) == 0 && !S_ISDIR(st.st_mode);
        int r;

        if (is_below_mount(request, mount->destination) ||
            strlen(mount->destination) >= sizeof(path))
            continue;
        strcpy(path, mount->destination);
        r = make_place(root_fd, path, !is_file);
        if (r < 0)
            return error_fail(err, -r, "make the mount point \"%s\"", mount->destination);
    }
    return 0;
}

/* For criu alone (KEY is NULL), or in place of what had KEY. */
static void inherit(struct restore *restore, const char *key, int fd)
{
    restore->inherited[restore->n_inherited++] = fd;
    if (key != NULL)
        criu_put_pair(restore->request, CRIU_INHERIT_FD, key, NULL, fd);
}

static int put_namespaces(struct restore *restore, struct barrer_error *err)
{
    for (const struct checkpoint_namespace *kind = checkpoint_namespaces; kind->name; kind++) {
        const char *path = checkpoint_namespace_path(restore->spec, kind->type);
        int fd;

        if (path == NULL)
            continue;
        if (kind->key == NULL) {
            criu_put_pair(restore->request, CRIU_JOIN_NS, kind->name, path, 0);
            continue;
        }
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return error_fail(err, errno, "open the namespace \"%s\"", path);
        restore->namespace_fds[restore->n_namespace_fds++] = fd;
        inherit(restore, kind->key, fd);
    }
    return 0;
}

/* Our standard streams in place of those that the container had. */
static int put_streams(struct restore *restore, struct barrer_error *err)
{
    struct json_object *array;
    struct stat st;
    int r;

    /* Of crun or runc, or of CRIU alone: it may have none. */
    if (fstatat(restore->places.images_fd, CHECKPOINT_STREAMS, &st, 0) < 0 && errno == ENOENT)
        return 0;
    r = oci_json_read(restore->places.images_fd, CHECKPOINT_STREAMS, 1 << 20, &array, err);
    if (r < 0)
        return r;
    for (size_t i = 0; json_object_is_type(array, json_type_array) && i < 3; i++) {
        const char *key = json_object_get_string(json_object_array_get_idx(array, i));

        if (key != NULL && (strncmp(key, "pipe:", 5) == 0 || strncmp(key, "file[", 5) == 0 ||
                            strncmp(key, "tty[", 4) == 0))
            inherit(restore, key, (int)i);
    }
    json_object_put(array);
    return 0;
}

static int put_mount(void *arg, const char *destination, const char *source,
                     struct barrer_error *err)
{
    struct restore *restore = arg;
    char external[2 * PATH_MAX + 16];

    (void)err;
    (void)snprintf(external, sizeof(external), "mnt[%s]:%s", destination, source);
    criu_put_text(restore->request, CRIU_EXTERNAL, external);
    return 0;
}

static int put_cgroup_mounts(struct restore *restore, struct barrer_error *err)
{
    const struct barrer_resources_plan *plan = &restore->asked->flow->resources;
    int has_v1 = 0, r = 0;

    if (checkpoint_cgroup_mount(restore->spec) == NULL)
        return 0;
    for (size_t i = 0; i < plan->n_views; i++)
        has_v1 |= plan->views[i].name[0] != '\0';
    for (size_t i = 0; i < plan->n_views && r == 0; i++) {
        char name[NAME_MAX + sizeof(CHECKPOINT_CGROUP)];
        const char *folder = plan->views[i].name;

        (void)snprintf(name, sizeof(name), CHECKPOINT_CGROUP "%s",
                       folder[0] == '\0' && has_v1 ? UNIFIED : folder);
        r = put_mount(restore, name, plan->views[i].path, err);
    }
    return r;
}

/* CRIU goes into the container's cgroups itself: where it is, the container's processes belong. */
static int enter_cgroups(struct restore *restore, struct barrer_error *err)
{
    struct flow *flow = restore->asked->flow;
    barrer_auto_fd int pidfd = pidfd_open(restore->criu.pid, 0);
    barrer_auto_fd int fd = -1;
    char number[16];

    flow->target = (struct barrer_target){
        .size = sizeof(flow->target), .pid = restore->criu.pid, .pidfd = pidfd};
    if (flow->resources.cgroup_fd >= 0) {
        (void)snprintf(number, sizeof(number), "%d", restore->criu.pid);
        fd = openat(flow->resources.cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (fd < 0 || fd_write_all(fd, number, strlen(number)) < 0)
            return error_fail(err, errno, "put CRIU into the container's cgroup");
    }
    return stage_run(flow, STAGE_ATTACH, err);
}

/* "N:CONTROLLERS:PATH" for each line of /proc/PID/cgroup. */
static int put_cgroup_roots(struct restore *restore, struct barrer_error *err)
{
    barrer_auto_free char *text = NULL;
    char file[40], *next;
    size_t length;
    int r;

    (void)snprintf(file, sizeof(file), "/proc/%d/cgroup", restore->criu.pid);
    r = fd_read_file(AT_FDCWD, file, 1 << 20, &text, &length);
    if (r < 0)
        return error_fail(err, -r, "read \"%s\"", file);
    next = text;
    for (char *line; (line = strsep(&next, "\n")) != NULL;) {
        char *controllers = strchr(line, ':');
        char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

        if (path == NULL)
            continue;
        *path++ = '\0';
        controllers++;
        criu_put_pair(restore->request, CRIU_CG_ROOT, *controllers ? controllers : NULL, path, 0);
    }
    return 0;
}

static int put_options(struct restore *restore, struct barrer_error *err)
{
    const struct restore_options *options = restore->asked->options;
    int r;

    criu_put_common(restore->request, &options->common, &restore->places,
                    restore->asked->config_file);
    criu_put_text(restore->request, CRIU_ROOT, restore->spec->filesystem.root);
    criu_put_number(restore->request, CRIU_RST_SIBLING, 1);
    criu_put_number(restore->request, CRIU_NOTIFY_SCRIPTS, 1);
    criu_put_text(restore->request, CRIU_LSM_PROFILE, options->lsm_profile);
    criu_put_text(restore->request, CRIU_LSM_MOUNT_CONTEXT, options->lsm_mount_context);
    inherit(restore, NULL, restore->places.images_fd);
    inherit(restore, NULL, restore->places.work_fd);
    r = put_namespaces(restore, err);
    if (r == 0)
        r = put_streams(restore, err);
    if (r == 0)
        r = checkpoint_each_mount(restore->spec, put_mount, restore, err);
    return r < 0 ? r : put_cgroup_mounts(restore, err);
}

static int run(struct restore *restore, struct barrer_error *err)
{
    pid_t pid;
    int r =
        criu_open_places(&restore->asked->options->common, "restore.log", &restore->places, err);

    if (r == 0)
        r = make_places(restore, err);
    if (r == 0)
        r = put_options(restore, err);
    if (r < 0)
        return r;
    restore->criu.program = restore->asked->global->criu;
    restore->criu.set_up = bind_root;
    restore->criu.notify = notify;
    restore->criu.arg = restore;
    restore->criu.inherited = restore->inherited;
    restore->criu.n_inherited = restore->n_inherited;
    r = criu_start(&restore->criu, err);
    if (r == 0)
        r = enter_cgroups(restore, err);
    if (r == 0)
        r = put_cgroup_roots(restore, err);
    if (r == 0)
        r = criu_call(&restore->criu, CRIU_RESTORE, restore->request, &pid, err);
    return r < 0 ? criu_explain(&restore->places, r, err) : 0;
}

int restore_run(const struct restoration *restoration, struct barrer_error *err)
{
    struct restore restore = {
        .asked = restoration,
        .spec = restoration->flow->spec,
        .places = {.images_fd = -1, .work_fd = -1},
        .request = calloc(1, sizeof(*restore.request)),
        .criu = {.socket_fd = -1},
    };
    int r = restore.request == NULL ? error_fail(err, ENOMEM, "write a request to CRIU") : 0;

    if (r == 0)
        r = run(&restore, err);
    criu_fini(&restore.criu);
    for (size_t i = 0; i < restore.n_namespace_fds; i++)
        barrer_close_fd(&restore.namespace_fds[i]);
    criu_close_places(&restore.places);
    free(restore.request);
    return r < 0 ? error_wrap(err, r, "restore container `%s`", restore.spec->process.id) : 0;
}
