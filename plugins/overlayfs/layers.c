/* SPDX-License-Identifier: Apache-2.0 */
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "instance.h"
#include "mounts.h"
#include "targets.h"

#define ANNOTATION "org.barrer.overlayfs.layers"
/* fsconfig(2) takes strings of at most 255 bytes, mount(2) a page of options with a NUL. */
#define MAX_STRING 255
#define MAX_DATA 4095
/* OVL_MAX_STACK of the kernel. */
#define MAX_LOWER 500

/* Options that are handed on: "yes" and "no" are "on" and "off" to the kernel. */
static const struct barrer_pair switches[] = {
    {"index", "index"},
    {"metacopy", "metacopy"},
    {"redirect-dir", "redirect_dir"},
    {"xino", "xino"},
};

/* Cut TEXT at SEPARATOR, in place; the number of strings. */
static size_t cut(char *text, char separator)
{
    size_t n = 1;

    for (; *text != '\0'; text++) {
        if (*text == separator) {
            *text = '\0';
            n++;
        }
    }
    return n;
}

static const char *next_string(const char *text)
{
    return text + strlen(text) + 1;
}

/* Annotations may come with an image: a name is a path below layer-root, and no way out of it. */
static int check_name(struct overlayfs *self, const char *name, struct barrer_error *err)
{
    bool is_good = *name != '\0' && *name != '/';

    for (const char *at = name; is_good && *at != '\0';) {
        size_t n = strcspn(at, "/");

        is_good = n > 0 && !(n == 1 && at[0] == '.') && !(n == 2 && at[0] == '.' && at[1] == '.');
        at += n;
        at += *at == '/';
    }
    if (is_good)
        return 0;
    return barrer_fail(self->host, err, EINVAL,
                       "annotation \"" ANNOTATION "\": \"%.80s\" is no path below \"layer-root\"",
                       name);
}

static int read_names(struct overlayfs *self, const char *annotation, struct barrer_error *err)
{
    struct overlayfs_layers *layers = &self->layers;
    const char *name;

    layers->layer_root = self->host->option(self->host, "layer-root");
    if (layers->layer_root == NULL)
        return barrer_fail(self->host, err, EPERM,
                           "annotation \"" ANNOTATION "\": no layers may be named, since "
                           "\"layer-root\" is not set");
    layers->names = strdup(annotation);
    if (layers->names == NULL)
        return barrer_fail(self->host, err, ENOMEM, "read the layers");
    layers->n_names = cut(layers->names, ':');
    name = layers->names;
    for (size_t i = 0; i < layers->n_names; i++, name = next_string(name)) {
        int r = check_name(self, name, err);

        if (r < 0)
            return r;
    }
    return 0;
}

int overlayfs_layers_read(struct overlayfs *self, struct barrer_error *err)
{
    const char *paths = self->host->option(self->host, "layers");
    const char *names = self->host->annotation(self->host, ANNOTATION);
    struct overlayfs_layers *layers = &self->layers;
    int r = 0;

    if (paths != NULL && *paths != '\0') {
        layers->paths = strdup(paths);
        if (layers->paths == NULL)
            return barrer_fail(self->host, err, ENOMEM, "read the layers");
        layers->n_paths = cut(layers->paths, ' ');
    }
    if (names != NULL && *names != '\0')
        r = read_names(self, names, err);
    if (r < 0)
        return r;
    if (1 + layers->n_paths + layers->n_names > MAX_LOWER)
        return barrer_fail(self->host, err, E2BIG,
                           "assemble the root's layers: %zu beside the bundle's root, at most %d "
                           "are possible",
                           layers->n_paths + layers->n_names, MAX_LOWER - 1);
    return layers->n_paths + layers->n_names > 0;
}

/* One way of telling the kernel about the layers: a context of fsopen(2) that takes them one by
 * one or in one string, or the text for mount(2). The working directory is /proc/self/fd, so
 * that a number is the shortest path of any folder. */
struct assembly {
    const struct barrer_filesystem_request *request;
    int fs_fd; /* -1: mount(2) */
    bool is_string;
    int *held_fds; /* open until the mount is made */
    size_t n_held;
    char *text; /* of the lower layers, or all options */
    size_t used;
};

static int assembly_fail(struct overlayfs *self, const struct assembly *assembly, int errnum,
                         const char *key, const char *value, struct barrer_error *err)
{
    char message[256] = "";
    ssize_t n = -1;

    /* What the kernel has to say about it: "e overlay: ...". */
    if (assembly->fs_fd >= 0)
        n = read(assembly->fs_fd, message, sizeof(message) - 1);
    message[n > 0 ? n : 0] = '\0';
    message[strcspn(message, "\n")] = '\0';
    return barrer_fail(self->host, err, errnum, "assemble the root's layers: %s \"%s\"%s%s%s", key,
                       value, *message == '\0' ? "" : " (", message + (n > 2 ? 2 : 0),
                       *message == '\0' ? "" : ")");
}

static int hold_fd(struct assembly *assembly, int fd, char *text)
{
    assembly->held_fds[assembly->n_held++] = fd;
    (void)snprintf(text, OVERLAYFS_FD_TEXT, "%d", fd);
    return 0;
}

/* PATH as the kernel is to read it: itself where that is possible, else a number. */
static int shorten(struct assembly *assembly, const char *path, char *number, const char **ret_path)
{
    int fd;

    if (assembly->fs_fd >= 0 && !assembly->is_string && strlen(path) <= MAX_STRING &&
        strpbrk(path, "\\:,") == NULL) {
        *ret_path = path;
        return 0;
    }
    fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_path = number;
    return hold_fd(assembly, fd, number);
}

static int add_text(struct assembly *assembly, const char *separator, const char *text)
{
    int n = snprintf(assembly->text + assembly->used, MAX_DATA + 1 - assembly->used, "%s%s",
                     separator, text);

    if ((size_t)n > MAX_DATA - assembly->used)
        return -E2BIG;
    assembly->used += (size_t)n;
    return 0;
}

/* Hand PATH to the kernel as the next lower layer; NAME is for messages. */
static int add_lower(struct overlayfs *self, struct assembly *assembly, const char *path,
                     const char *name, struct barrer_error *err)
{
    int r;

    if (assembly->fs_fd < 0 || assembly->is_string)
        r = add_text(assembly, assembly->n_held > 1 ? ":" : "", path);
    else
        r = fsconfig(assembly->fs_fd, FSCONFIG_SET_STRING, "lowerdir+", path, 0) < 0 ? -errno : 0;
    return r < 0 ? assembly_fail(self, assembly, -r, "lower layer", name, err) : 0;
}

static int add_path(struct overlayfs *self, struct assembly *assembly, const char *path,
                    struct barrer_error *err)
{
    char number[OVERLAYFS_FD_TEXT];
    const char *text = path;
    int r = shorten(assembly, path, number, &text);

    if (r < 0)
        return assembly_fail(self, assembly, -r, "lower layer", path, err);
    return add_lower(self, assembly, text, path, err);
}

static int add_names(struct overlayfs *self, struct assembly *assembly, struct barrer_error *err)
{
    const struct overlayfs_layers *layers = &self->layers;
    const char *name = layers->names;
    barrer_auto_fd int root_fd = -1;
    char number[OVERLAYFS_FD_TEXT];

    if (layers->n_names == 0)
        return 0;
    root_fd = open(layers->layer_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return barrer_fail(self->host, err, errno, "open \"%s\" (option \"layer-root\")",
                           layers->layer_root);
    for (size_t i = 0; i < layers->n_names; i++, name = next_string(name)) {
        int fd = self->host->open_in_root(self->host, root_fd, name, O_PATH | O_DIRECTORY, 0, err);
        int r;

        if (fd < 0)
            return fd;
        (void)hold_fd(assembly, fd, number);
        r = add_lower(self, assembly, number, name, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The bundle's root on top, then those of the annotation, then those of the configuration. */
static int add_lowers(struct overlayfs *self, struct assembly *assembly, struct barrer_error *err)
{
    const char *path = self->layers.paths;
    int r = add_path(self, assembly, assembly->request->root, err);

    if (r == 0)
        r = add_names(self, assembly, err);
    for (size_t i = 0; r == 0 && i < self->layers.n_paths; i++, path = next_string(path))
        r = add_path(self, assembly, path, err);
    return r;
}

static int add_option(struct overlayfs *self, struct assembly *assembly, const char *key,
                      const char *value, struct barrer_error *err)
{
    int r;

    if (assembly->fs_fd >= 0) {
        r = fsconfig(assembly->fs_fd, value == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, key,
                     value, 0);
        r = r < 0 ? -errno : 0;
    } else {
        r = add_text(assembly, ",", key);
        if (r == 0 && value != NULL)
            r = add_text(assembly, "=", value);
    }
    return r < 0 ? assembly_fail(self, assembly, -r, key, value == NULL ? "" : value, err) : 0;
}

static int add_upper(struct overlayfs *self, struct assembly *assembly, struct barrer_error *err)
{
    const struct overlayfs_upper *upper = &self->layers.upper;
    char number[2][OVERLAYFS_FD_TEXT];
    const char *text[2];
    int r = shorten(assembly, upper->upper, number[0], &text[0]);

    if (r == 0)
        r = shorten(assembly, upper->work, number[1], &text[1]);
    if (r < 0)
        return assembly_fail(self, assembly, -r, "upper layer", upper->upper, err);
    r = add_option(self, assembly, "upperdir", text[0], err);
    return r < 0 ? r : add_option(self, assembly, "workdir", text[1], err);
}

static bool is_yes(const char *value)
{
    return value != NULL && strcmp(value, "yes") == 0;
}

static int add_options(struct overlayfs *self, struct assembly *assembly, struct barrer_error *err)
{
    const char *label = assembly->request->mount_label, *type = overlayfs_context_type(self);
    int r = add_upper(self, assembly, err);

    for (size_t i = 0; r == 0 && i < sizeof(switches) / sizeof(*switches); i++) {
        const char *value = self->host->option(self->host, switches[i].key);

        if (value == NULL)
            continue;
        if (strcmp(value, "no") == 0)
            value = "off";
        r = add_option(self, assembly, switches[i].value, is_yes(value) ? "on" : value, err);
    }
    if (r == 0 && is_yes(self->host->option(self->host, "volatile")))
        r = add_option(self, assembly, "volatile", NULL, err);
    if (r == 0 && self->layers.is_user_xattr)
        r = add_option(self, assembly, "userxattr", NULL, err);
    if (r < 0 || label == NULL)
        return r;
    if (assembly->fs_fd >= 0)
        return add_option(self, assembly, type, label, err);
    r = add_text(assembly, ",", type);
    r = r < 0 ? r : add_text(assembly, "=\"", label);
    r = r < 0 ? r : add_text(assembly, "\"", "");
    return r < 0 ? assembly_fail(self, assembly, -r, "context", label, err) : 0;
}

static int assembly_init(struct overlayfs *self, const struct barrer_filesystem_request *request,
                         struct assembly *assembly, struct barrer_error *err)
{
    size_t n = 3 + self->layers.n_names + self->layers.n_paths;

    *assembly = (struct assembly){.request = request, .fs_fd = -1};
    assembly->held_fds = calloc(n, sizeof(*assembly->held_fds));
    assembly->text = malloc(MAX_DATA + 1);
    if (assembly->held_fds == NULL || assembly->text == NULL) {
        free(assembly->held_fds);
        free(assembly->text);
        return barrer_fail(self->host, err, ENOMEM, "assemble the root's layers");
    }
    return 0;
}

static void assembly_fini(struct assembly *assembly)
{
    for (size_t i = 0; i < assembly->n_held; i++)
        (void)close(assembly->held_fds[i]);
    barrer_close_fd(&assembly->fs_fd);
    free(assembly->held_fds);
    free(assembly->text);
}

/* Lower layers one by one (Linux 6.7), else in one string. An unknown option and a layer that the
 * kernel does not want are both EINVAL; the second is so again in the string, which is short. */
static int add_lowers_by_context(struct overlayfs *self, struct assembly *assembly,
                                 struct barrer_error *err)
{
    int r = add_lowers(self, assembly, err);

    if (r != -EINVAL || assembly->used > 0)
        return r;
    for (size_t i = 0; i < assembly->n_held; i++)
        (void)close(assembly->held_fds[i]);
    assembly->n_held = 0;
    assembly->is_string = true;
    r = add_lowers(self, assembly, err);
    if (r < 0)
        return r;
    if (assembly->used > MAX_STRING)
        return -E2BIG;
    return add_option(self, assembly, "lowerdir", assembly->text, err);
}

/* 0: *ret_fd is the detached overlay. 1: this has to be done by mount(2). */
static int mount_by_context(struct overlayfs *self, const struct barrer_filesystem_request *request,
                            int *ret_fd, struct barrer_error *err)
{
    struct assembly assembly;
    int r;

    if (self->lacks & OVERLAYFS_LACKS_FSOPEN)
        return 1;
    r = assembly_init(self, request, &assembly, err);
    if (r < 0)
        return r;
    assembly.fs_fd = fsopen("overlay", FSOPEN_CLOEXEC);
    if (assembly.fs_fd < 0) {
        if (errno == ENOSYS)
            self->lacks |= OVERLAYFS_LACKS_FSOPEN;
        r = errno == ENOSYS || errno == EPERM || errno == EINVAL
                ? 1
                : barrer_fail(self->host, err, errno, "open the file system \"overlay\"");
    }
    if (r == 0)
        r = add_option(self, &assembly, "source", "overlay", err);
    if (r == 0)
        r = add_lowers_by_context(self, &assembly, err);
    if (r == -E2BIG)
        r = 1;
    if (r == 0)
        r = add_options(self, &assembly, err);
    if (r == 0 && fsconfig(assembly.fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        r = errno == EPERM ? 1 : assembly_fail(self, &assembly, errno, "mount", request->root, err);
    if (r == 0) {
        *ret_fd = fsmount(assembly.fs_fd, FSMOUNT_CLOEXEC, 0);
        if (*ret_fd < 0)
            r = assembly_fail(self, &assembly, errno, "mount", request->root, err);
    }
    assembly_fini(&assembly);
    return r;
}

static int mount_by_text(struct overlayfs *self, const struct barrer_filesystem_request *request,
                         struct assembly *assembly, struct barrer_error *err)
{
    barrer_auto_fd int target_fd = -1, fd = -1;
    char place[OVERLAYFS_FD_TEXT];
    struct statfs fs;
    int r = add_text(assembly, "", "lowerdir=");

    if (r == 0)
        r = add_lowers(self, assembly, err);
    if (r == 0)
        r = add_options(self, assembly, err);
    if (r < 0)
        return r;
    target_fd = open(request->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (target_fd < 0)
        return barrer_fail(self->host, err, errno, "open the root \"%s\"", request->root);
    (void)snprintf(place, sizeof(place), "%d", target_fd);
    if (mount("overlay", place, "overlay", 0, assembly->text) < 0)
        return assembly_fail(self, assembly, errno, "mount", request->root, err);
    fd = open(request->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstatfs(fd, &fs) < 0)
        return barrer_fail(self->host, err, errno, "open the root \"%s\"", request->root);
    if (fs.f_type != OVERLAYFS_SUPER_MAGIC)
        return barrer_fail(self->host, err, ESTALE, "open the overlay on \"%s\"", request->root);
    return barrer_take_fd(&fd);
}

int overlayfs_layers_prepare(struct overlayfs *self,
                             const struct barrer_filesystem_request *request, int *ret_fd,
                             struct barrer_error *err)
{
    barrer_auto_fd int cwd_fd = -1, fds_fd = -1;
    int fd = -1;
    int r =
        overlayfs_upper_make(self, request, &self->layers.upper, &self->layers.is_user_xattr, err);

    *ret_fd = -1;
    if (r < 0 || request->flags & BARRER_FILESYSTEM_ROOTLESS)
        return r;
    cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (cwd_fd < 0)
        return barrer_fail(self->host, err, errno, "open the working directory");
    fds_fd = self->host->open_proc(self->host, "self/fd", O_PATH | O_DIRECTORY, err);
    if (fds_fd < 0)
        return fds_fd;
    if (fchdir(fds_fd) < 0)
        return barrer_fail(self->host, err, errno, "change to \"/proc/self/fd\"");
    r = mount_by_context(self, request, &fd, err);
    if (fchdir(cwd_fd) < 0 && r >= 0)
        r = barrer_fail(self->host, err, errno, "return to the working directory");
    if (r < 0)
        return r;
    *ret_fd = fd;
    return 0;
}

int overlayfs_layers_enter(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err)
{
    struct assembly assembly;
    int fd = -1, r;

    if (request->namespaces & CLONE_NEWUSER)
        self->layers.is_user_xattr = true;
    r = mount_by_context(self, request, &fd, err);
    if (r < 0)
        return r;
    if (r == 0) {
        if (move_mount(fd, "", AT_FDCWD, request->root, MOVE_MOUNT_F_EMPTY_PATH) == 0)
            return fd;
        r = barrer_fail(self->host, err, errno, "mount the root on \"%s\"", request->root);
        (void)close(fd);
        return r;
    }
    r = assembly_init(self, request, &assembly, err);
    if (r < 0)
        return r;
    r = mount_by_text(self, request, &assembly, err);
    assembly_fini(&assembly);
    return r;
}

void overlayfs_layers_fini(struct overlayfs_layers *layers)
{
    free(layers->paths);
    free(layers->names);
    overlayfs_upper_fini(&layers->upper);
    *layers = (struct overlayfs_layers){0};
}
