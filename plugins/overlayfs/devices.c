/* SPDX-License-Identifier: Apache-2.0 */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "instance.h"
#include "mounts.h"
#include "nodes.h"
#include "targets.h"

/* What the specification gives every container. */
static const struct barrer_device defaults[] = {
    {"/dev/null", 'c', 1, 3, 0666, 0, 0},    {"/dev/zero", 'c', 1, 5, 0666, 0, 0},
    {"/dev/full", 'c', 1, 7, 0666, 0, 0},    {"/dev/random", 'c', 1, 8, 0666, 0, 0},
    {"/dev/urandom", 'c', 1, 9, 0666, 0, 0}, {"/dev/tty", 'c', 5, 0, 0666, 0, 0},
};

static const struct barrer_pair links[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},      {"ptmx", "pts/ptmx"},
};

/* Where a node goes: a name in a folder. */
struct place {
    int folder_fd; /* borrowed, or equal to own_fd */
    int own_fd;
    const char *name;
    char text[PATH_MAX]; /* the path without slashes at its end */
};

static mode_t type_bits(char type)
{
    if (type == 'b')
        return S_IFBLK;
    return type == 'p' ? S_IFIFO : S_IFCHR;
}

/* The folder of PATH, made when it is missing. */
static int find_place(struct overlayfs *self, const char *path, int dev_fd, struct place *place,
                      struct barrer_error *err)
{
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;
    const char *slash, *name = overlayfs_name_below(path, "/dev");
    char folder[PATH_MAX];
    size_t end = strlen(path);
    int r;

    place->folder_fd = dev_fd;
    place->own_fd = -1;
    place->name = name != NULL ? name : "";
    if (name != NULL)
        return 0;
    /* "/mnt/" is the device "/mnt". */
    while (end > 1 && path[end - 1] == '/')
        end--;
    if (end < sizeof(place->text))
        (void)snprintf(place->text, sizeof(place->text), "%.*s", (int)end, path);
    slash = end < sizeof(place->text) ? strrchr(place->text, '/') : NULL;
    if (slash == NULL || slash[1] == '\0' || strcmp(slash + 1, "..") == 0 ||
        strcmp(slash + 1, ".") == 0)
        return barrer_fail(self->host, err, EINVAL, "make device \"%.80s\"", path);
    (void)snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - place->text), place->text);
    r = overlayfs_target_find(self, folder, &target, err);
    if (r == -ENOENT)
        r = overlayfs_target_make(self, folder, true, &target, err);
    if (r < 0)
        return r;
    place->folder_fd = place->own_fd = target.fd;
    place->name = slash + 1;
    return 0;
}

/* A node that the image or an earlier mount brings must be the same device. */
static int check_node(struct overlayfs *self, const struct barrer_device *device,
                      const struct place *place, struct barrer_error *err)
{
    struct stat st;

    if (fstatat(place->folder_fd, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return barrer_fail(self->host, err, errno, "look at device \"%s\"", device->path);
    if ((st.st_mode & S_IFMT) != type_bits(device->type) ||
        (device->type != 'p' &&
         st.st_rdev != makedev((unsigned)device->major, (unsigned)device->minor)))
        return barrer_fail(self->host, err, EEXIST,
                           "make device \"%s\": something else is in its place", device->path);
    return 0;
}

/* What a node is bound on: a file of ours, or one that is there. A link is not followed. */
static int make_file(const struct place *place, struct overlayfs_target *target)
{
    struct stat st;

    if (mknodat(place->folder_fd, place->name, S_IFREG | 0666, 0) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    target->fd = openat(place->folder_fd, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (target->fd < 0 || fstat(target->fd, &st) < 0)
        return -errno;
    return S_ISLNK(st.st_mode) ? -EEXIST : 0;
}

/* Where mknod(2) is not allowed, as in a user namespace: show the node NODE_FD that was made for it,
 * or else (-1) the host's of that name. */
static int bind_node(struct overlayfs *self, const struct barrer_device *device, int node_fd,
                     const struct place *place, struct barrer_error *err)
{
    struct overlayfs_tree tree = OVERLAYFS_NO_TREE;
    struct overlayfs_target target = {
        .fd = -1, .dir_fd = place->folder_fd, .name = place->name, .path = device->path};
    struct stat st;
    int r;

    tree.all.propagation = MS_PRIVATE;
    tree.all.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    tree.fd = node_fd;
    tree.is_mount = node_fd >= 0;
    r = node_fd >= 0 ? 0 : overlayfs_tree_open(self, &tree, AT_FDCWD, device->path, 0);
    if (r < 0)
        return barrer_fail(self->host, err, -r, "open the host's device \"%s\"", device->path);
    if (fstat(tree.fd, &st) < 0)
        r = -errno;
    else if ((st.st_mode & S_IFMT) != type_bits(device->type) ||
             st.st_rdev != makedev((unsigned)device->major, (unsigned)device->minor))
        r = -ENODEV;
    if (r == 0)
        r = make_file(place, &target);
    if (r == 0)
        r = overlayfs_tree_attach(self, &tree, &target);
    overlayfs_leave_fd(self, &tree.fd);
    overlayfs_leave_fd(self, &target.fd);
    if (r == -EEXIST)
        return barrer_fail(self->host, err, EEXIST,
                           "make device \"%s\": something else is in its place", device->path);
    if (r == -ENODEV)
        return barrer_fail(self->host, err, ENODEV,
                           "make device \"%s\": the host's node of that name is not %c %lld:%lld",
                           device->path, device->type, (long long)device->major,
                           (long long)device->minor);
    return r < 0 ? barrer_fail(self->host, err, -r, "bind the host's device \"%s\"", device->path)
                 : 0;
}

static int make_node(struct overlayfs *self, const struct barrer_device *device, int node_fd,
                     const struct place *place, bool is_bound, struct barrer_error *err)
{
    mode_t mode = type_bits(device->type) | (device->mode & 07777);
    dev_t number = makedev((unsigned)device->major, (unsigned)device->minor);

    if (is_bound && device->type != 'p')
        return bind_node(self, device, node_fd, place, err);
    if (mknodat(place->folder_fd, place->name, mode, device->type == 'p' ? 0 : number) < 0) {
        if (errno == EEXIST)
            return check_node(self, device, place, err);
        if (errno == EPERM && device->type != 'p')
            return bind_node(self, device, node_fd, place, err);
        return barrer_fail(self->host, err, errno, "make device \"%s\"", device->path);
    }
    if ((device->uid | device->gid) != 0 &&
        fchownat(place->folder_fd, place->name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return barrer_fail(self->host, err, errno, "change the owner of device \"%s\"",
                           device->path);
    return 0;
}

static int make_device(struct overlayfs *self, const struct barrer_filesystem_request *request,
                       const struct barrer_device *device, int node_fd, int dev_fd,
                       struct barrer_error *err)
{
    bool is_bound = (request->namespaces & CLONE_NEWUSER) != 0 ||
                    (request->flags & BARRER_FILESYSTEM_ROOTLESS) != 0;
    struct place place;
    int r = find_place(self, device->path, dev_fd, &place, err);

    if (r == 0)
        r = make_node(self, device, node_fd, &place, is_bound, err);
    overlayfs_leave_fd(self, &place.own_fd);
    return r;
}

static bool is_configured(const struct barrer_filesystem_request *request, const char *path)
{
    for (size_t i = 0; i < request->n_devices; i++)
        if (strcmp(request->devices[i].path, path) == 0)
            return true;
    return false;
}

/* As in `--volume /dev/urandom:/dev/random`: the caller's wish, also where `--privileged` adds all
 * devices of the host. */
static bool is_mounted(const struct overlayfs *self, const char *path)
{
    for (size_t i = 0; i < self->n_mounts; i++)
        if (overlayfs_is_path(self->mounts[i].spec->destination, path + strspn(path, "/")))
            return true;
    return false;
}

static int make_links(struct overlayfs *self, int dev_fd, struct barrer_error *err)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
        /* What the image has in its place stays. */
        if (symlinkat(links[i].value, dev_fd, links[i].key) < 0 && errno != EEXIST)
            return barrer_fail(self->host, err, errno, "make link \"/dev/%s\"", links[i].key);
    return 0;
}

/* The folder /dev: ours, else the image's. */
static int open_dev(struct overlayfs *self, int *ret_own_fd, struct barrer_error *err)
{
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;
    int fd = overlayfs_fresh_fd(self, &self->dev, "/dev"), r;
    struct stat st;

    if (fd >= 0)
        return fd;
    /* What a link leads to is the image's choice, and not where its programs look for devices. */
    if (fstatat(self->root_fd, "dev", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
        return barrer_fail(self->host, err, ELOOP,
                           "make devices in \"/dev\", which is a symbolic link in the image");
    r = overlayfs_target_make(self, "/dev", true, &target, err);
    if (r < 0)
        return r;
    *ret_own_fd = target.fd;
    return target.fd;
}

/* The host's own /dev, or another that config.json binds there, is left alone. */
static bool has_bound_dev(const struct overlayfs *self)
{
    for (size_t i = 0; i < self->n_mounts; i++)
        if (self->mounts[i].options.is_bind &&
            overlayfs_is_path(self->mounts[i].spec->destination, "dev"))
            return true;
    return false;
}

int overlayfs_devices_make(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err)
{
    barrer_auto_fd int own_fd = -1;
    int dev_fd, r = 0;

    if (has_bound_dev(self))
        return 0;
    dev_fd = open_dev(self, &own_fd, err);
    if (dev_fd < 0)
        return dev_fd;
    for (size_t i = 0; r == 0 && i < sizeof(defaults) / sizeof(*defaults); i++)
        if (!is_configured(request, defaults[i].path) && !is_mounted(self, defaults[i].path))
            r = make_device(self, request, &defaults[i], -1, dev_fd, err);
    for (size_t i = 0; r == 0 && i < request->n_devices; i++)
        if (!is_mounted(self, request->devices[i].path))
            r = make_device(self, request, &request->devices[i], overlayfs_nodes_take(self, i),
                            dev_fd, err);
    if (r == 0)
        r = make_links(self, dev_fd, err);
    /* The terminal is bound on it later, when the root may be read-only. */
    if (r == 0 && (request->flags & BARRER_FILESYSTEM_TERMINAL) &&
        mknodat(dev_fd, "console", S_IFREG | 0620, 0) < 0 && errno != EEXIST)
        r = barrer_fail(self->host, err, errno, "make \"/dev/console\"");
    return r;
}
