/* SPDX-License-Identifier: Apache-2.0 */
#include "idmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "instance.h"
#include "mounts.h"

struct maps {
    const struct barrer_id_map *uids, *gids;
    size_t n_uids, n_gids;
};

/* A mount's own maps, else the container's. */
static struct maps maps_of(const struct barrer_filesystem_request *request,
                           const struct overlayfs_mount *mount)
{
    const struct barrer_mount *spec = mount->spec;
    const struct overlayfs_ranges *ranges = mount->ranges;

    if (ranges != NULL)
        return (struct maps){ranges->uids, ranges->gids, ranges->n_uids, ranges->n_gids};
    if (spec->n_uid_maps > 0 || spec->n_gid_maps > 0)
        return (struct maps){spec->uid_maps, spec->gid_maps, spec->n_uid_maps, spec->n_gid_maps};
    return (struct maps){request->uid_maps, request->gid_maps, request->n_uid_maps,
                         request->n_gid_maps};
}

static bool is_same(const struct maps *a, const struct maps *b)
{
    return a->n_uids == b->n_uids && a->n_gids == b->n_gids &&
           memcmp(a->uids, b->uids, a->n_uids * sizeof(*a->uids)) == 0 &&
           memcmp(a->gids, b->gids, a->n_gids * sizeof(*a->gids)) == 0;
}

/* The namespace of an earlier mount with the same maps; -1: there is none. */
static int find_userns(const struct overlayfs *self,
                       const struct barrer_filesystem_request *request,
                       const struct overlayfs_mount *mount, const struct maps *maps)
{
    for (const struct overlayfs_mount *other = self->mounts; other < mount; other++) {
        struct maps theirs = maps_of(request, other);

        if (other->userns_fd >= 0 && is_same(&theirs, maps))
            return other->userns_fd;
    }
    return -1;
}

static int read_ranges(struct overlayfs *self, const struct barrer_filesystem_request *request,
                       struct overlayfs_mount *mount, struct barrer_error *err)
{
    const char *text = mount->options.ranges;
    int r;

    if (text == NULL)
        return 0;
    mount->ranges = malloc(sizeof(*mount->ranges));
    if (mount->ranges == NULL)
        return overlayfs_mount_fail(self, mount, ENOMEM, NULL, err);
    r = overlayfs_ranges_parse(text, request, mount->ranges);
    if (r == -ENOENT)
        return barrer_fail(self->host, err, 0,
                           "mount \"%s\" on \"%s\": \"%s\" names ids that the container's user "
                           "namespace does not have",
                           mount->spec->source, mount->spec->destination, text);
    return r < 0 ? barrer_fail(self->host, err, 0,
                               "mount \"%s\" on \"%s\": expected idmap=uids=FROM-TO-COUNT;gids=..., "
                               "got \"idmap=%s\"",
                               mount->spec->source, mount->spec->destination, text)
                 : 0;
}

int overlayfs_idmap_prepare(struct overlayfs *self, const struct barrer_filesystem_request *request,
                            struct overlayfs_mount *mount, struct barrer_error *err)
{
    const struct barrer_mount *spec = mount->spec;
    struct mount_attr *attr;
    struct maps maps;
    int fd, r;

    if (mount->options.idmap == OVERLAYFS_NO_IDMAP && spec->n_uid_maps + spec->n_gid_maps == 0)
        return 0;
    if (!mount->options.is_bind)
        return overlayfs_mount_fail(self, mount, EINVAL, "only bind mounts can be id-mapped", err);
    r = read_ranges(self, request, mount, err);
    if (r < 0)
        return r;
    maps = maps_of(request, mount);
    if (maps.n_uids == 0 || maps.n_gids == 0)
        return overlayfs_mount_fail(
            self, mount, EINVAL,
            "an id-mapped mount needs uidMappings and gidMappings, or a user namespace", err);
    fd = find_userns(self, request, mount, &maps);
    if (fd < 0) {
        fd = self->host->open_userns(self->host, maps.uids, maps.n_uids, maps.gids, maps.n_gids,
                                     err);
        if (fd < 0)
            return fd;
        mount->userns_fd = fd;
    }
    attr = mount->options.idmap == OVERLAYFS_RIDMAP ? &mount->tree.all : &mount->tree.top;
    attr->attr_set |= MOUNT_ATTR_IDMAP;
    attr->userns_fd = (uint64_t)fd;
    return 0;
}
