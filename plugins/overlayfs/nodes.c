/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "instance.h"

static int make_tmpfs(void)
{
    barrer_auto_fd int fs_fd = fsopen("tmpfs", FSOPEN_CLOEXEC);

    if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    return fsmount(fs_fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

/* The id of the host that ID is in the container; -1: none. */
static int64_t map_id(const struct barrer_id_map *maps, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].count)
            return (int64_t)maps[i].host_id + (id - maps[i].container_id);
    return -1;
}

/* 0, or -errno: the kernel cannot do it. */
static int make_node(const struct barrer_filesystem_request *request,
                     const struct barrer_device *device, int folder_fd, const char *name,
                     int *ret_fd)
{
    int64_t uid = map_id(request->uid_maps, request->n_uid_maps, device->uid);
    int64_t gid = map_id(request->gid_maps, request->n_gid_maps, device->gid);
    mode_t type = device->type == 'b' ? S_IFBLK : S_IFCHR;

    if (uid < 0 || gid < 0)
        return -EINVAL;
    if (mknodat(folder_fd, name, type, makedev((unsigned)device->major, (unsigned)device->minor)) <
            0 ||
        fchownat(folder_fd, name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0 ||
        fchmodat(folder_fd, name, device->mode & 07777, 0) < 0)
        return -errno;
    *ret_fd = open_tree(folder_fd, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return *ret_fd < 0 ? -errno : 0;
}

int overlayfs_nodes_prepare(struct overlayfs *self, const struct barrer_filesystem_request *request,
                            struct barrer_error *err)
{
    barrer_auto_fd int folder_fd = -1;
    char name[24];

    if (!(request->created & CLONE_NEWUSER) || !(request->namespaces & CLONE_NEWNS) ||
        (request->flags & BARRER_FILESYSTEM_ROOTLESS) || request->n_devices == 0)
        return 0;
    folder_fd = make_tmpfs();
    if (folder_fd < 0)
        return 0;
    self->nodes = malloc(request->n_devices * sizeof(*self->nodes));
    if (self->nodes == NULL)
        return barrer_fail(self->host, err, ENOMEM, "make devices");
    for (; self->n_nodes < request->n_devices; self->n_nodes++) {
        const struct barrer_device *device = &request->devices[self->n_nodes];

        (void)snprintf(name, sizeof(name), "%zu", self->n_nodes);
        self->nodes[self->n_nodes] = -1;
        /* A pipe can be made by anybody. */
        if (device->type != 'p' &&
            make_node(request, device, folder_fd, name, &self->nodes[self->n_nodes]) < 0)
            break;
    }
    return 0;
}

int overlayfs_nodes_take(struct overlayfs *self, size_t i)
{
    int fd = i < self->n_nodes ? self->nodes[i] : -1;

    if (fd >= 0)
        self->nodes[i] = -1;
    return fd;
}

void overlayfs_nodes_fini(struct overlayfs *self)
{
    for (size_t i = 0; i < self->n_nodes; i++)
        barrer_close_fd(&self->nodes[i]);
    free(self->nodes);
    self->nodes = NULL;
    self->n_nodes = 0;
}
