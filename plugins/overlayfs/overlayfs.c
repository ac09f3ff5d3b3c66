/* SPDX-License-Identifier: Apache-2.0
 *
 * The filesystem plugin "overlayfs": the container's root, from the bundle or from layers, with
 * its mounts, devices, links and masks. overlayfs.c is the way in; the order of the work is in
 * enter() and pivot().
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices.h"
#include "instance.h"
#include "masks.h"
#include "mounts.h"
#include "nodes.h"
#include "pivot.h"
#include "root.h"
#include "targets.h"

/* The names of SELinux's options are no place for others. */
static int check_context_type(const struct overlayfs *self, struct barrer_error *err)
{
    static const char *const types[] = {"context", "fscontext", "defcontext", "rootcontext"};
    const char *type = overlayfs_context_type(self);

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (strcmp(type, types[i]) == 0)
            return 0;
    return barrer_fail(self->host, err, 0,
                       "annotation \"" OVERLAYFS_CONTEXT_TYPE "\": expected context, fscontext, "
                       "defcontext or rootcontext, got \"%s\"",
                       type);
}

static int prepare(void *data, const struct barrer_filesystem_request *request,
                   struct barrer_error *err)
{
    struct overlayfs *self = data;
    int r = check_context_type(self, err);

    if (r == 0)
        r = overlayfs_root_prepare(self, request, err);
    if (r == 0)
        r = overlayfs_mounts_prepare(self, request, err);
    return r < 0 ? r : overlayfs_nodes_prepare(self, request, err);
}

/* The process plugin makes a missing working directory, but not in a root that is read-only by
 * then. What fails here is its to report. */
static void make_cwd(struct overlayfs *self, const struct barrer_filesystem_request *request)
{
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;

    if (!(request->flags & BARRER_FILESYSTEM_READONLY) || !BARRER_HAS(request, cwd) ||
        overlayfs_is_path(request->cwd, ""))
        return;
    if (overlayfs_target_make(self, request->cwd, true, &target, NULL) == 0)
        overlayfs_leave_fd(self, &target.fd);
}

static int build(struct overlayfs *self, const struct barrer_filesystem_request *request,
                 struct barrer_error *err)
{
    int r = overlayfs_root_enter(self, request, err);

    if (r < 0 || !(request->namespaces & CLONE_NEWNS))
        return r;
    r = overlayfs_mounts_enter(self, request, err);
    if (r == 0)
        make_cwd(self, request);
    if (r == 0)
        r = overlayfs_devices_make(self, request, err);
    if (r == 0)
        r = overlayfs_masks_apply(self, request, err);
    return r < 0 ? r : overlayfs_mounts_finish(self, err);
}

static int enter(void *data, const struct barrer_filesystem_request *request,
                 struct barrer_error *err)
{
    struct overlayfs *self = data;
    int r;

    self->is_inside = true;
    r = build(self, request, err);
    /* Hooks and further plugins find the root as their working directory, and so does pivot. */
    if (r == 0 && fchdir(self->root_fd) < 0)
        r = barrer_fail(self->host, err, errno, "change to the root");
    return r;
}

static int pivot(void *data, const struct barrer_filesystem_request *request,
                 struct barrer_error *err)
{
    return overlayfs_pivot(data, request, err);
}

/* A cgroup mount shows what only create knows. */
static int open_mounts(void *data, const struct barrer_filesystem_request *request,
                       struct barrer_error *err)
{
    struct overlayfs *self = data;

    for (size_t i = 0; i < request->n_mounts; i++)
        if (request->mounts[i].type != NULL && strcmp(request->mounts[i].type, "cgroup") == 0)
            return barrer_fail(self->host, err, ENOTSUP,
                               "mount a file system of type \"cgroup\" in a container that runs");
    return overlayfs_mounts_prepare(self, request, err);
}

static int add_mounts(void *data, const struct barrer_filesystem_request *request,
                      struct barrer_error *err)
{
    struct overlayfs *self = data;
    int r = overlayfs_root_join(self, err);

    return r < 0 ? r : overlayfs_mounts_enter(self, request, err);
}

static int remove_mounts(void *data, const struct barrer_filesystem_request *request,
                         struct barrer_error *err)
{
    struct overlayfs *self = data;
    int r = overlayfs_root_join(self, err);

    return r < 0 ? r : overlayfs_mounts_remove(self, request, err);
}

static int release(void *data, const struct barrer_filesystem_request *request,
                   struct barrer_error *err)
{
    return overlayfs_upper_remove(data, request, err);
}

static int open_instance(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct overlayfs *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin \"overlayfs\"");
    self->host = host;
    self->fds_fd = self->root_fd = self->root.fd = self->proc.fd = self->dev.fd = -1;
    *ret_self = self;
    return 0;
}

static void close_instance(void *data)
{
    struct overlayfs *self = data;

    overlayfs_mounts_fini(self);
    overlayfs_nodes_fini(self);
    overlayfs_layers_fini(&self->layers);
    barrer_close_fd(&self->root.fd);
    barrer_close_fd(&self->root_fd);
    barrer_close_fd(&self->fds_fd);
    barrer_close_fd(&self->proc.fd);
    barrer_close_fd(&self->dev.fd);
    free(self);
}

static const struct barrer_filesystem_ops ops = {
    .size = sizeof(ops),
    .prepare = prepare,
    .enter = enter,
    .pivot = pivot,
    .open_mounts = open_mounts,
    .add_mounts = add_mounts,
    .remove_mounts = remove_mounts,
    .release = release,
};

static const struct barrer_option options[] = {
    {"layers", "list(path)", NULL,
     "lower layers beneath the bundle's root, the topmost first; with one or more of them the "
     "container's root is an overlay"},
    {"layer-root", "path", NULL,
     "the folder that the layers of the annotation org.barrer.overlayfs.layers are in"},
    {"upper", "path", NULL,
     "the folder in which the writable layers are made, each in a folder named after its "
     "container; unset: in the container's state folder"},
    {"keep-upper", "bool", "no", "leave the writable layer when the container is deleted"},
    {"volatile", "bool", "no", "never sync the writable layer to disk (Linux 5.10)"},
    {"index", "bool", NULL, "the overlay's option index; unset: as the kernel has it"},
    {"metacopy", "bool", NULL, "the overlay's option metacopy; unset: as the kernel has it"},
    {"redirect-dir", "enum(on|off|follow|nofollow)", NULL,
     "the overlay's option redirect_dir; unset: as the kernel has it"},
    {"xino", "enum(on|off|auto)", NULL, "the overlay's option xino; unset: as the kernel has it"},
    {NULL, NULL, NULL, NULL},
};

#define MOUNT_OPTION(name) "mounts.options=" name

static const char *const honours[] = {
    "linux.devices",
    "linux.maskedPaths",
    "linux.mountLabel",
    "linux.readonlyPaths",
    "linux.rootfsPropagation",
    "mounts",
    "mounts.gidMappings",
    "mounts.uidMappings",
    "root.path",
    "root.readonly",
    MOUNT_OPTION("async"),
    MOUNT_OPTION("atime"),
    MOUNT_OPTION("bind"),
    MOUNT_OPTION("copy-symlink"),
    MOUNT_OPTION("defaults"),
    MOUNT_OPTION("dest-nofollow"),
    MOUNT_OPTION("dev"),
    MOUNT_OPTION("diratime"),
    MOUNT_OPTION("dirsync"),
    MOUNT_OPTION("exec"),
    MOUNT_OPTION("idmap"),
    MOUNT_OPTION("iversion"),
    MOUNT_OPTION("lazytime"),
    MOUNT_OPTION("loud"),
    MOUNT_OPTION("mand"),
    MOUNT_OPTION("noatime"),
    MOUNT_OPTION("nodev"),
    MOUNT_OPTION("nodiratime"),
    MOUNT_OPTION("noexec"),
    MOUNT_OPTION("noiversion"),
    MOUNT_OPTION("nolazytime"),
    MOUNT_OPTION("nomand"),
    MOUNT_OPTION("norelatime"),
    MOUNT_OPTION("nostrictatime"),
    MOUNT_OPTION("nosuid"),
    MOUNT_OPTION("nosymfollow"),
    MOUNT_OPTION("private"),
    MOUNT_OPTION("rasync"),
    MOUNT_OPTION("ratime"),
    MOUNT_OPTION("rbind"),
    MOUNT_OPTION("rdev"),
    MOUNT_OPTION("rdiratime"),
    MOUNT_OPTION("rdirsync"),
    MOUNT_OPTION("relatime"),
    MOUNT_OPTION("remount"),
    MOUNT_OPTION("rexec"),
    MOUNT_OPTION("ridmap"),
    MOUNT_OPTION("rmand"),
    MOUNT_OPTION("rnoatime"),
    MOUNT_OPTION("rnodev"),
    MOUNT_OPTION("rnodiratime"),
    MOUNT_OPTION("rnoexec"),
    MOUNT_OPTION("rnomand"),
    MOUNT_OPTION("rnorelatime"),
    MOUNT_OPTION("rnostrictatime"),
    MOUNT_OPTION("rnosuid"),
    MOUNT_OPTION("rnosymfollow"),
    MOUNT_OPTION("ro"),
    MOUNT_OPTION("rprivate"),
    MOUNT_OPTION("rrelatime"),
    MOUNT_OPTION("rro"),
    MOUNT_OPTION("rrw"),
    MOUNT_OPTION("rshared"),
    MOUNT_OPTION("rslave"),
    MOUNT_OPTION("rstrictatime"),
    MOUNT_OPTION("rsuid"),
    MOUNT_OPTION("rsymfollow"),
    MOUNT_OPTION("rsync"),
    MOUNT_OPTION("runbindable"),
    MOUNT_OPTION("rw"),
    MOUNT_OPTION("shared"),
    MOUNT_OPTION("silent"),
    MOUNT_OPTION("slave"),
    MOUNT_OPTION("src-nofollow"),
    MOUNT_OPTION("strictatime"),
    MOUNT_OPTION("suid"),
    MOUNT_OPTION("symfollow"),
    MOUNT_OPTION("sync"),
    MOUNT_OPTION("tmpcopyup"),
    MOUNT_OPTION("unbindable"),
    NULL,
};

static const char *const annotations[] = {"org.barrer.overlayfs.layers", OVERLAYFS_CONTEXT_TYPE,
                                          NULL};

BARRER_PLUGIN(overlayfs) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_FILESYSTEM,
    .name = "overlayfs",
    .version = "0.1",
    .summary = "the bundle's root or an overlay of layers, with mounts, devices and masks",
    .options = options,
    .honours = honours,
    .annotations = annotations,
    .open = open_instance,
    .close = close_instance,
    .ops = &ops,
};
