/* SPDX-License-Identifier: Apache-2.0 */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instance.h"
#include "mounts.h"
#include "targets.h"

/* What needs a mount namespace of the container's own. */
static int check_without_namespace(struct overlayfs *self,
                                   const struct barrer_filesystem_request *request,
                                   struct barrer_error *err)
{
    const char *what = NULL;

    if (request->n_mounts > 0)
        what = "mounts";
    else if (request->masked_paths != NULL && request->masked_paths[0] != NULL)
        what = "linux.maskedPaths";
    else if (request->readonly_paths != NULL && request->readonly_paths[0] != NULL)
        what = "linux.readonlyPaths";
    else if (request->flags & BARRER_FILESYSTEM_READONLY)
        what = "root.readonly";
    else if (request->n_devices > 0)
        what = "linux.devices";
    else if (request->propagation != 0)
        what = "linux.rootfsPropagation";
    else if (self->layers.n_paths + self->layers.n_names > 0)
        what = "layers";
    if (what == NULL)
        return 0;
    return barrer_fail(self->host, err, EINVAL,
                       "%s: the container shares the mount namespace of the host (add {\"type\": "
                       "\"mount\"} to linux.namespaces)",
                       what);
}

static unsigned root_propagation(const struct barrer_filesystem_request *request)
{
    unsigned propagation = overlayfs_default_propagation(request);

    /* What is mounted in the root must not appear on the host: MS_SHARED comes after pivot. */
    return propagation == 0 ? MS_PRIVATE : propagation;
}

int overlayfs_root_prepare(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err)
{
    int r;

    if (request->root == NULL)
        return barrer_fail(self->host, err, EINVAL, "config.json has no root.path");
    r = overlayfs_layers_read(self, err);
    if (r < 0)
        return r;
    if (!(request->namespaces & CLONE_NEWNS))
        return check_without_namespace(self, request, err);
    if (r > 0) {
        self->root.is_mount = true;
        return overlayfs_layers_prepare(self, request, &self->root.fd, err);
    }
    self->root.is_recursive = true;
    self->root.all.propagation = root_propagation(request);
    if (request->flags & BARRER_FILESYSTEM_ROOTLESS)
        return 0;
    r = overlayfs_tree_open(self, &self->root, AT_FDCWD, request->root, 0);
    return r < 0 ? barrer_fail(self->host, err, -r, "open the root \"%s\"", request->root) : 0;
}

/* Without open_tree(2): bind the folder on itself, and open the path once more to get at what is
 * mounted there, which must be the same folder. */
static int bind_root(struct overlayfs *self, const struct barrer_filesystem_request *request,
                     struct barrer_error *err)
{
    char place[OVERLAYFS_FD_TEXT];
    struct stat before, after;
    int fd;

    (void)snprintf(place, sizeof(place), "%d", self->root.fd);
    if (mount(place, place, NULL, MS_BIND | MS_REC, NULL) < 0)
        return barrer_fail(self->host, err, errno, "mount the root \"%s\"", request->root);
    fd = open(request->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(self->root.fd, &before) < 0 || fstat(fd, &after) < 0)
        return barrer_fail(self->host, err, errno, "open the root \"%s\"", request->root);
    overlayfs_leave_fd(self, &self->root.fd);
    self->root.fd = fd;
    if (before.st_dev != after.st_dev || before.st_ino != after.st_ino)
        return barrer_fail(self->host, err, ESTALE, "open the root \"%s\"", request->root);
    return 0;
}

static int attach_root(struct overlayfs *self, const struct barrer_filesystem_request *request,
                       struct barrer_error *err)
{
    /* The container's root user cannot walk the path, or a mount namespace that was joined does
     * not have it: anywhere else will do until pivot. */
    if (move_mount(self->root.fd, "", AT_FDCWD, request->root, MOVE_MOUNT_F_EMPTY_PATH) == 0 ||
        ((errno == EACCES || errno == ENOENT) &&
         move_mount(self->root.fd, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) == 0))
        return 0;
    return barrer_fail(self->host, err, errno, "mount the root \"%s\"", request->root);
}

static int mount_root(struct overlayfs *self, const struct barrer_filesystem_request *request,
                      struct barrer_error *err)
{
    int r = 0;

    if (self->root.fd < 0 && !(request->created & CLONE_NEWNS))
        return barrer_fail(self->host, err, EPERM,
                           "open the root \"%s\" from outside a joined mount namespace",
                           request->root);
    if (self->root.fd < 0 && self->layers.n_paths + self->layers.n_names > 0) {
        self->root_fd = overlayfs_layers_enter(self, request, err);
        return self->root_fd < 0 ? self->root_fd : 0;
    }
    if (self->root.fd < 0) {
        r = overlayfs_tree_open(self, &self->root, AT_FDCWD, request->root, 0);
        if (r < 0)
            return barrer_fail(self->host, err, -r, "open the root \"%s\"", request->root);
    }
    r = self->root.is_mount ? attach_root(self, request, err) : bind_root(self, request, err);
    if (r < 0)
        return r;
    self->root_fd = barrer_take_fd(&self->root.fd);
    if (self->root.all.propagation != 0)
        r = overlayfs_tree_set(self, self->root_fd, true, &self->root.all);
    return r < 0 ? barrer_fail(self->host, err, -r, "set the propagation of the root") : 0;
}

/* mount(2) is told descriptors by their numbers below this folder, of the host's procfs. */
static int enter_descriptors(struct overlayfs *self, struct barrer_error *err)
{
    self->fds_fd = self->host->open_proc(self->host, "self/fd", O_PATH | O_DIRECTORY, err);
    if (self->fds_fd < 0)
        return self->fds_fd;
    return fchdir(self->fds_fd) < 0
               ? barrer_fail(self->host, err, errno, "change to \"/proc/self/fd\"")
               : 0;
}

int overlayfs_root_join(struct overlayfs *self, struct barrer_error *err)
{
    self->is_inside = true;
    self->root_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (self->root_fd < 0)
        return barrer_fail(self->host, err, errno, "open the container's root");
    return enter_descriptors(self, err);
}

int overlayfs_root_enter(struct overlayfs *self, const struct barrer_filesystem_request *request,
                         struct barrer_error *err)
{
    bool is_slave = overlayfs_mounts_want_slaves(self, request);
    int r;

    if (!(request->namespaces & CLONE_NEWNS)) {
        self->root_fd = open(request->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (self->root_fd < 0)
            return barrer_fail(self->host, err, errno, "open the root \"%s\"", request->root);
        return 0;
    }
    if (mount(NULL, "/", NULL, MS_REC | (is_slave ? MS_SLAVE : MS_PRIVATE), NULL) < 0)
        return barrer_fail(self->host, err, errno, "cut the mounts off the host's");
    r = enter_descriptors(self, err);
    return r < 0 ? r : mount_root(self, request, err);
}
