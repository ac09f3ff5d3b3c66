/* SPDX-License-Identifier: Apache-2.0
 *
 * checkpoint, top to bottom in lifecycle_checkpoint.
 */
#include "container/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <linux/magic.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "config/config.h"
#include "container/annotations.h"
#include "container/caller.h"
#include "container/lifecycle.h"

/* One checkpoint. */
struct checkpoint {
    const struct checkpoint_options *options;
    struct container *container;
    struct config *config;
    struct oci_spec *spec;
    struct criu_places places;
    struct criu_options *request;
    struct criu criu;
    int proc_fd; /* /proc/PID of the container's process */
    int root_fd; /* its root */
};

const struct checkpoint_namespace checkpoint_namespaces[] = {
    {CLONE_NEWNET, "net", "extRootNetNS"}, {CLONE_NEWPID, "pid", "extRootPidNS"},
    {CLONE_NEWIPC, "ipc", NULL},           {CLONE_NEWUTS, "uts", NULL},
    {CLONE_NEWTIME, "time", NULL},         {0, NULL, NULL},
};

const char *checkpoint_namespace_path(const struct oci_spec *spec, uint32_t type)
{
    for (size_t i = 0; i < spec->isolation.n_namespaces; i++)
        if (spec->isolation.namespaces[i].type == type)
            return spec->isolation.namespaces[i].path;
    return NULL;
}

static int has_namespace(const struct oci_spec *spec, uint32_t type)
{
    for (size_t i = 0; i < spec->isolation.n_namespaces; i++)
        if (spec->isolation.namespaces[i].type == type)
            return 1;
    return 0;
}

int checkpoint_check(const struct global_options *global, const char *verb,
                     const struct oci_spec *spec, struct barrer_error *err)
{
    static const struct {
        uint32_t type;
        const char *name;
    } refused[] = {{CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mount"}, {CLONE_NEWCGROUP, "cgroup"}};
    barrer_auto_free char *program = criu_find(global->criu);
    barrer_auto_fd int proc_fd = -1;
    int r;

    if (program == NULL)
        return error_fail(err, 0,
                          "%s takes CRIU, and there is no program \"%s\" here (install the package "
                          "criu, or name the program with --criu)",
                          verb, global->criu != NULL ? global->criu : "criu");
    r = path_open_procfs(&proc_fd, err);
    if (r < 0)
        return r;
    if (caller_is_rootless(global->rootless, proc_fd))
        return error_fail(err, EPERM, "%s without root (CRIU takes root of the host)", verb);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        if (checkpoint_namespace_path(spec, refused[i].type) != NULL)
            return error_fail(err, ENOTSUP,
                              "%s a container that joins a %s namespace by path (CRIU has no way "
                              "to it)",
                              verb, refused[i].name);
    if (!has_namespace(spec, CLONE_NEWNS))
        return error_fail(err, ENOTSUP, "%s a container without a mount namespace of its own",
                          verb);
    return 0;
}

static int has_option(const struct barrer_mount *mount, const char *name)
{
    for (const char *const *option = mount->options; *option != NULL; option++)
        if (strcmp(*option, name) == 0)
            return 1;
    return 0;
}

static int is_bind(const struct barrer_mount *mount)
{
    return (mount->type != NULL && strcmp(mount->type, "bind") == 0) || has_option(mount, "bind") ||
           has_option(mount, "rbind");
}

static int is_of_type(const struct barrer_mount *mount, const char *type)
{
    return mount->type != NULL && strcmp(mount->type, type) == 0;
}

const struct barrer_mount *checkpoint_cgroup_mount(const struct oci_spec *spec)
{
    if (has_namespace(spec, CLONE_NEWCGROUP))
        return NULL;
    for (size_t i = 0; i < spec->filesystem.n_mounts; i++) {
        const struct barrer_mount *mount = &spec->filesystem.mounts[i];

        if (!is_bind(mount) && (is_of_type(mount, "cgroup") || is_of_type(mount, "cgroup2")))
            return mount;
    }
    return NULL;
}

int checkpoint_each_mount(const struct oci_spec *spec,
                          int (*each)(void *arg, const char *destination, const char *source,
                                      struct barrer_error *err),
                          void *arg, struct barrer_error *err)
{
    /* A user namespace cannot make these: they are the host's. */
    static const char *const devices[] = {"/dev/null",   "/dev/zero",    "/dev/full",
                                          "/dev/random", "/dev/urandom", "/dev/tty"};
    const struct barrer_filesystem_request *request = &spec->filesystem;
    int has_users = has_namespace(spec, CLONE_NEWUSER), r = 0;

    for (size_t i = 0; i < request->n_mounts && r == 0; i++)
        if (is_bind(&request->mounts[i]) && request->mounts[i].source != NULL)
            r = each(arg, request->mounts[i].destination, request->mounts[i].source, err);
    for (const char *const *path = request->masked_paths; path && *path && r == 0; path++)
        r = each(arg, *path, "/dev/null", err);
    for (size_t i = 0; has_users && i < sizeof(devices) / sizeof(*devices) && r == 0; i++)
        r = each(arg, devices[i], devices[i], err);
    for (size_t i = 0; has_users && i < request->n_devices && r == 0; i++)
        r = each(arg, request->devices[i].path, request->devices[i].path, err);
    return r;
}

/* The runtime host made something for the payload, or the filesystem a layer, that end with the
 * container. */
static int check_facts(const struct container *container, struct barrer_error *err)
{
    struct json_object *instances = NULL;
    int r;

    if (container->instances == NULL)
        return 0;
    r = oci_json_parse("state.json: instances", container->instances, strlen(container->instances),
                       &instances, err);
    for (size_t i = 0; r == 0 && i < json_object_array_length(instances); i++) {
        struct json_object *item = json_object_array_get_idx(instances, i);
        const char *kind = json_object_get_string(json_object_object_get(item, "kind"));
        const char *name = json_object_get_string(json_object_object_get(item, "name"));

        if (kind == NULL || name == NULL ||
            !container_has_facts((void *)(uintptr_t)container, name))
            continue;
        if (strcmp(kind, "runtime") == 0)
            r = error_fail(err, ENOTSUP,
                           "checkpoint container `%s`, whose payload the runtime host %s executes "
                           "(CRIU saves native payloads only)",
                           container->id, name);
        if (strcmp(kind, "filesystem") == 0)
            r = error_fail(err, ENOTSUP,
                           "checkpoint container `%s`, whose root is an overlay of %s (its "
                           "writable layer is not saved)",
                           container->id, name);
    }
    json_object_put(instances);
    return r;
}

static int open_container(struct checkpoint *c, const struct global_options *global,
                          struct barrer_error *err)
{
    enum container_status status;
    char path[32];
    int r = container_open(global->root, c->options->id, CONTAINER_LOCKED, &c->container, err);

    if (r < 0)
        return r;
    status = container_status(c->container);
    if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED)
        return error_fail(
            err, 0,
            "Container cannot be checkpointed in %s state: checkpoint container `%s`: "
            "container not running",
            container_status_name(status), c->container->id);
    r = check_facts(c->container, err);
    if (r == 0)
        r = lifecycle_spec(c->container, &c->spec, err);
    if (r == 0)
        r = checkpoint_check(global, "checkpoint", c->spec, err);
    if (r < 0)
        return r;
    (void)snprintf(path, sizeof(path), "/proc/%d", c->container->pid);
    c->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    c->root_fd = openat(c->proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (c->proc_fd < 0 || c->root_fd < 0)
        return error_fail(err, errno, "open the root of container `%s`", c->container->id);
    return 0;
}

/* CRIU takes it as relative to --image-path, and says little when it is wrong. */
static int check_parent(const struct checkpoint *c, struct barrer_error *err)
{
    const char *parent = c->options->parent_path;
    struct stat st;

    if (parent == NULL)
        return 0;
    if (parent[0] == '/')
        return error_fail(err, 0,
                          "--parent-path: expected a path relative to --image-path, got "
                          "\"%s\"",
                          parent);
    if (fstatat(c->places.images_fd, parent, &st, 0) < 0)
        return error_fail(err, errno, "open --parent-path \"%s\" below \"%s\"", parent,
                          c->options->common.image_path);
    return S_ISDIR(st.st_mode) ? 0 : error_fail(err, ENOTDIR, "open --parent-path \"%s\"", parent);
}

/* "mnt[PLACE]:NAME", with PLACE as the container's links lead. */
static int put_mount(struct checkpoint *c, const char *destination, const char *name)
{
    barrer_auto_fd int fd = path_open_in_root(c->root_fd, destination, O_PATH, 0);
    char link[40], place[PATH_MAX], external[2 * PATH_MAX + 16];
    ssize_t n;

    /* A path to be masked that is not there. */
    if (fd < 0)
        return 0;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, place, sizeof(place) - 1);
    if (n < 0)
        return -errno;
    place[n] = '\0';
    (void)snprintf(external, sizeof(external), "mnt[%s]:%s", place, name);
    criu_put_text(c->request, CRIU_EXTERNAL, external);
    return 0;
}

/* A folder that is masked is a tmpfs of the container's own. */
static int is_masked_folder(const struct checkpoint *c, const char *path, const char *source)
{
    barrer_auto_fd int fd = path_open_in_root(c->root_fd, path, O_PATH, 0);
    struct stat st;

    return strcmp(source, "/dev/null") == 0 && fd >= 0 && fstat(fd, &st) == 0 &&
           S_ISDIR(st.st_mode);
}

static int name_mount(void *arg, const char *destination, const char *source,
                      struct barrer_error *err)
{
    int r =
        is_masked_folder(arg, destination, source) ? 0 : put_mount(arg, destination, destination);

    return r < 0 ? error_fail(err, -r, "find the mount \"%s\" in the container", destination) : 0;
}

/* One folder for each hierarchy of version 1, or version 2 alone. */
static int name_cgroups(struct checkpoint *c, struct barrer_error *err)
{
    const struct barrer_mount *mount = checkpoint_cgroup_mount(c->spec);
    barrer_auto_fd int fd = -1;
    struct dirent *entry;
    struct statfs fs;
    DIR *folder;

    if (mount == NULL)
        return 0;
    fd = path_open_in_root(c->root_fd, mount->destination, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0 || fstatfs(fd, &fs) < 0)
        return error_fail(err, errno, "open \"%s\" of the container", mount->destination);
    if (fs.f_type == CGROUP2_SUPER_MAGIC)
        return put_mount(c, mount->destination, CHECKPOINT_CGROUP);
    folder = fdopendir(fd);
    if (folder == NULL)
        return error_fail(err, errno, "list \"%s\" of the container", mount->destination);
    fd = -1;
    while ((entry = readdir(folder)) != NULL) {
        char place[PATH_MAX], name[NAME_MAX + sizeof(CHECKPOINT_CGROUP)];

        if (entry->d_name[0] == '.' || entry->d_type != DT_DIR)
            continue;
        (void)snprintf(place, sizeof(place), "%s/%s", mount->destination, entry->d_name);
        (void)snprintf(name, sizeof(name), CHECKPOINT_CGROUP "%s", entry->d_name);
        (void)put_mount(c, place, name);
    }
    (void)closedir(folder);
    return 0;
}

static int name_namespaces(struct checkpoint *c, struct barrer_error *err)
{
    for (const struct checkpoint_namespace *kind = checkpoint_namespaces; kind->name; kind++) {
        char path[16], external[64];
        struct stat st;

        if (kind->key == NULL || checkpoint_namespace_path(c->spec, kind->type) == NULL)
            continue;
        (void)snprintf(path, sizeof(path), "ns/%s", kind->name);
        if (fstatat(c->proc_fd, path, &st, 0) < 0)
            return error_fail(err, errno, "find the %s namespace of container `%s`", kind->name,
                              c->container->id);
        (void)snprintf(external, sizeof(external), "%s[%llu]:%s", kind->name,
                       (unsigned long long)st.st_ino, kind->key);
        criu_put_text(c->request, CRIU_EXTERNAL, external);
    }
    return 0;
}

/* The number behind NAME in the lines of a file of /proc; -1. */
static int read_mount_id(const struct checkpoint *c, int number)
{
    char path[32], text[512];
    const char *line;

    (void)snprintf(path, sizeof(path), "fdinfo/%d", number);
    if (fd_read_once(c->proc_fd, path, text, sizeof(text)) <= 0)
        return -1;
    line = strstr(text, "mnt_id:");
    return line != NULL ? atoi(line + sizeof("mnt_id:") - 1) : -1;
}

/* Whether a mount of that id is the container's own. */
static int has_mount(const struct checkpoint *c, int id)
{
    barrer_auto_free char *text = NULL;
    size_t length;

    if (fd_read_file(c->proc_fd, "mountinfo", 16 << 20, &text, &length) < 0)
        return 0;
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (atoi(line) == id)
            return 1;
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return 0;
}

/* By what CRIU is to know descriptor NUMBER of the container's process, that stays outside: a pipe;
 * a file or terminal of the host. "": it saves the descriptor itself. */
static void name_stream(struct checkpoint *c, int number, char *key, size_t size)
{
    char path[16];
    struct stat st;
    ssize_t n;
    int mount;

    key[0] = '\0';
    (void)snprintf(path, sizeof(path), "fd/%d", number);
    n = readlinkat(c->proc_fd, path, key, size - 1);
    key[n > 0 ? n : 0] = '\0';
    if (strncmp(key, "pipe:", 5) == 0)
        return;
    mount = key[0] == '/' ? read_mount_id(c, number) : -1;
    key[0] = '\0';
    if (mount < 0 || has_mount(c, mount) || fstatat(c->proc_fd, path, &st, 0) < 0)
        return;
    if (S_ISCHR(st.st_mode) && st.st_rdev >> 8 != 1)
        (void)snprintf(key, size, "tty[%llx:%llx]", (unsigned long long)st.st_rdev,
                       (unsigned long long)st.st_dev);
    else
        (void)snprintf(key, size, "file[%x:%llx]", (unsigned)mount, (unsigned long long)st.st_ino);
    criu_put_text(c->request, CRIU_EXTERNAL, key);
}

static int name_streams(struct checkpoint *c, struct barrer_error *err)
{
    struct json_object *array = json_object_new_array();
    const char *text;
    char key[PATH_MAX];
    int r;

    for (int i = 0; i < 3; i++) {
        name_stream(c, i, key, sizeof(key));
        json_object_array_add(array, json_object_new_string(key));
    }
    text = json_object_to_json_string_ext(array, JSON_C_TO_STRING_NOSLASHESCAPE);
    r = fd_replace_file(c->places.images_fd, CHECKPOINT_STREAMS, text, strlen(text), 0600);
    json_object_put(array);
    return r < 0 ? error_fail(err, -r, "write \"%s/" CHECKPOINT_STREAMS "\"",
                              c->options->common.image_path)
                 : 0;
}

/* The container's cgroup, by which CRIU freezes all of it, also when it is paused already. */
static void put_freezer(struct checkpoint *c)
{
    const char *file = container_text(c->container, "pausedFile");
    char folder[PATH_MAX];

    if (file == NULL || strlen(file) >= sizeof(folder))
        return;
    strcpy(folder, file);
    *strrchr(folder, '/') = '\0';
    criu_put_text(c->request, CRIU_FREEZE_CGROUP, folder);
}

static void put_page_server(struct checkpoint *c)
{
    const char *server = c->options->page_server, *colon;
    barrer_auto_free char *address = NULL;

    if (server == NULL)
        return;
    colon = strrchr(server, ':');
    address = strndup(server, (size_t)(colon - server));
    criu_put_pair(c->request, CRIU_PAGE_SERVER, address, NULL, atoi(colon + 1));
}

static int put_options(struct checkpoint *c, struct barrer_error *err)
{
    const struct checkpoint_options *options = c->options;
    const char *config_file;
    int r = annotations_get(c->config, c->spec, ANNOTATION_CRIU_CONFIG, &config_file, err);

    if (r < 0)
        return r;
    criu_put_common(c->request, &options->common, &c->places, config_file);
    criu_put_number(c->request, CRIU_PID, c->container->pid);
    criu_put_text(c->request, CRIU_PARENT_IMG, options->parent_path);
    if (options->pre_dump || options->parent_path != NULL)
        criu_put_number(c->request, CRIU_TRACK_MEM, 1);
    if (options->pre_dump)
        return 0;
    if (options->leave_running)
        criu_put_number(c->request, CRIU_LEAVE_RUNNING, 1);
    if (options->tcp_skip_in_flight)
        criu_put_number(c->request, CRIU_TCP_SKIP_IN_FLIGHT, 1);
    if (options->status_fd >= 0)
        criu_put_number(c->request, CRIU_STATUS_FD, options->status_fd);
    criu_put_text(c->request, CRIU_ROOT, c->spec->filesystem.root);
    put_page_server(c);
    put_freezer(c);
    r = checkpoint_each_mount(c->spec, name_mount, c, err);
    if (r == 0)
        r = name_cgroups(c, err);
    if (r == 0)
        r = name_namespaces(c, err);
    return r < 0 ? r : name_streams(c, err);
}

static int dump(struct checkpoint *c, const struct global_options *global, struct barrer_error *err)
{
    int r = criu_open_places(&c->options->common, "dump.log", &c->places, err);
    int inherited[3] = {c->places.images_fd, c->places.work_fd, c->options->status_fd};
    pid_t pid;

    if (r == 0)
        r = check_parent(c, err);
    if (r == 0)
        r = put_options(c, err);
    if (r < 0)
        return r;
    c->criu.program = global->criu;
    c->criu.inherited = inherited;
    c->criu.n_inherited = c->options->status_fd >= 0 ? 3 : 2;
    r = criu_start(&c->criu, err);
    if (r == 0)
        r = criu_call(&c->criu, c->options->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, c->request, &pid,
                      err);
    criu_fini(&c->criu);
    return r < 0 ? error_wrap(err, criu_explain(&c->places, r, err), "checkpoint container `%s`",
                              c->container->id)
                 : 0;
}

static int is_the_end(const struct checkpoint_options *options)
{
    return !options->leave_running && !options->pre_dump;
}

int lifecycle_checkpoint(const struct global_options *global,
                         const struct checkpoint_options *options, struct barrer_error *err)
{
    struct checkpoint c = {
        .options = options,
        .places = {.images_fd = -1, .work_fd = -1},
        .request = calloc(1, sizeof(*c.request)),
        .criu = {.socket_fd = -1},
        .proc_fd = -1,
        .root_fd = -1,
    };
    struct config_request request = {.file = global->config_file, .sets = global->sets};
    int r = c.request == NULL ? error_fail(err, ENOMEM, "write a request to CRIU") : 0;

    if (r == 0)
        r = open_container(&c, global, err);
    if (r == 0)
        r = config_load(&request, &c.config, err);
    if (r == 0 && is_the_end(options))
        r = lifecycle_load(c.container, err);
    if (r == 0)
        r = dump(&c, global, err);
    barrer_close_fd(&c.root_fd);
    barrer_close_fd(&c.proc_fd);
    criu_close_places(&c.places);
    free(c.request);
    oci_spec_destroy(c.spec);
    config_destroy(c.config);
    container_close(c.container);
    /* Its processes are gone: what is left of it goes, too. */
    if (r == 0 && is_the_end(options))
        r = lifecycle_delete(global, options->id, 1, err);
    return r;
}
