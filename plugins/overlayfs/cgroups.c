/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instance.h"
#include "mounts.h"
#include "targets.h"

#define HOST_MOUNT "/sys/fs/cgroup"
/* The folder of the unified hierarchy beside those of version 1. */
#define UNIFIED "unified"

/* A folder with a name that is not made of these holds a named hierarchy ("systemd"). */
static bool is_controller(const char *name, size_t n)
{
    static const char *const names[] = {"blkio",   "cpu",      "cpuacct",    "cpuset", "debug",
                                        "devices", "freezer",  "hugetlb",    "memory", "misc",
                                        "net_cls", "net_prio", "perf_event", "pids",   "rdma"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strlen(names[i]) == n && strncmp(names[i], name, n) == 0)
            return true;
    return false;
}

static bool has_v1(const struct barrer_filesystem_request *request)
{
    for (size_t i = 0; i < request->n_views; i++)
        if (request->views[i].name[0] != '\0')
            return true;
    return false;
}

/* A new mount shows the root of the caller's cgroup namespace: right only in a namespace that is
 * the container's own. */
static bool can_mount(const struct barrer_filesystem_request *request)
{
    return (request->namespaces & CLONE_NEWCGROUP) != 0;
}

static int mount_unified(struct overlayfs *self, const struct barrer_filesystem_request *request,
                         const struct overlayfs_mount *entry, const struct overlayfs_target *target,
                         struct barrer_error *err)
{
    char place[OVERLAYFS_TARGET_TEXT];

    overlayfs_target_text(target, place);
    if (can_mount(request) &&
        mount("cgroup", place, "cgroup2", entry->options.flags, entry->options.data) == 0)
        return 0;
    /* What the kernel does not know must not be lost with the host's mount in its place. */
    if (can_mount(request) && errno == EINVAL && entry->options.data != NULL)
        return overlayfs_mount_fail(self, entry, EINVAL, entry->options.data, err);
    if (request->n_views > 0)
        return overlayfs_mount_host_path(self, entry, request->views[0].path, false, target, err);
    return overlayfs_mount_host_path(self, entry, HOST_MOUNT, true, target, err);
}

static int mount_hierarchy(const struct barrer_filesystem_request *request,
                           const struct overlayfs_mount *entry, const char *name,
                           const struct overlayfs_target *target)
{
    char place[OVERLAYFS_TARGET_TEXT], data[NAME_MAX + sizeof("none,name=")];
    bool is_named = !is_controller(name, strcspn(name, ","));

    if (!can_mount(request))
        return -EPERM;
    overlayfs_target_text(target, place);
    if (strcmp(name, UNIFIED) == 0)
        return mount("cgroup", place, "cgroup2", entry->options.flags, NULL) < 0 ? -errno : 0;
    (void)snprintf(data, sizeof(data), "%s%s", is_named ? "none,name=" : "", name);
    return mount("cgroup", place, "cgroup", entry->options.flags, data) < 0 ? -errno : 0;
}

/* "cpu,cpuacct" is also to be found as "cpu" and as "cpuacct". */
static int link_parts(int folder_fd, const char *name)
{
    char part[NAME_MAX + 1];

    if (strchr(name, ',') == NULL)
        return 0;
    for (const char *at = name;; at++) {
        size_t n = strcspn(at, ",");

        memcpy(part, at, n);
        part[n] = '\0';
        if (symlinkat(name, folder_fd, part) < 0 && errno != EEXIST)
            return -errno;
        at += n;
        if (*at == '\0')
            return 0;
    }
}

static int mount_view(struct overlayfs *self, const struct barrer_filesystem_request *request,
                      const struct overlayfs_mount *entry, const struct barrer_cgroup_view *view,
                      int folder_fd, struct barrer_error *err)
{
    const char *name = view->name[0] == '\0' ? UNIFIED : view->name;
    struct overlayfs_target target = {
        .fd = -1, .dir_fd = folder_fd, .name = name, .path = entry->spec->destination};
    int r;

    if (strlen(name) > NAME_MAX || strchr(name, '/') != NULL || strcmp(name, "..") == 0)
        return overlayfs_mount_fail(self, entry, EINVAL, name, err);
    if (mkdirat(folder_fd, name, 0755) < 0)
        return overlayfs_mount_fail(self, entry, errno, name, err);
    r = mount_hierarchy(request, entry, name, &target);
    if (r < 0)
        r = overlayfs_mount_host_path(self, entry, view->path, false, &target, err);
    if (r < 0)
        return r;
    r = link_parts(folder_fd, name);
    return r < 0 ? overlayfs_mount_fail(self, entry, -r, name, err) : 0;
}

/* A tmpfs with one folder for each hierarchy. */
static int mount_all(struct overlayfs *self, const struct barrer_filesystem_request *request,
                     const struct overlayfs_mount *entry, const struct overlayfs_target *target,
                     struct barrer_error *err)
{
    unsigned long flags = entry->options.flags & ~(unsigned long)MS_RDONLY;
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    char place[OVERLAYFS_TARGET_TEXT];
    barrer_auto_fd int folder_fd = -1;
    int r = 0;

    overlayfs_target_text(target, place);
    if (mount("tmpfs", place, "tmpfs", flags, "mode=755") < 0)
        return overlayfs_mount_fail(self, entry, errno, "tmpfs", err);
    folder_fd = overlayfs_target_reopen(self, target);
    if (folder_fd < 0)
        return overlayfs_mount_fail(self, entry, -folder_fd, NULL, err);
    for (size_t i = 0; r == 0 && i < request->n_views; i++)
        r = mount_view(self, request, entry, &request->views[i], folder_fd, err);
    if (r < 0 || !(entry->options.flags & MS_RDONLY))
        return r;
    r = overlayfs_tree_set(self, folder_fd, false, &attr);
    return r < 0 ? overlayfs_mount_fail(self, entry, -r, "ro", err) : 0;
}

int overlayfs_cgroups_mount(struct overlayfs *self, const struct barrer_filesystem_request *request,
                            const struct overlayfs_mount *mount,
                            const struct overlayfs_target *target, struct barrer_error *err)
{
    return has_v1(request) ? mount_all(self, request, mount, target, err)
                           : mount_unified(self, request, mount, target, err);
}
