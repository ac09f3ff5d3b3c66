/* SPDX-License-Identifier: Apache-2.0 */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups.h"
#include "copies.h"
#include "idmap.h"
#include "instance.h"
#include "targets.h"

/* More sources than this are opened inside, so that the limit of open files is never met. */
#define MAX_HELD 256
/* mount(2) copies one page, with a NUL. */
#define MAX_DATA 4095

static bool is_type(const struct overlayfs_mount *mount, const char *type)
{
    return mount->spec->type != NULL && strcmp(mount->spec->type, type) == 0;
}

int overlayfs_mount_fail(struct overlayfs *self, const struct overlayfs_mount *mount, int errnum,
                         const char *hint, struct barrer_error *err)
{
    const struct barrer_mount *spec = mount->spec;
    const char *type = mount->options.is_bind ? "bind" : spec->type;

    return barrer_fail(self->host, err, errnum, "mount \"%s\" on \"%s\" (type \"%s\"%s%s)",
                       spec->source == NULL ? "" : spec->source, spec->destination,
                       type == NULL ? "" : type, hint == NULL ? "" : "; ",
                       hint == NULL ? "" : hint);
}

unsigned overlayfs_default_propagation(const struct barrer_filesystem_request *request)
{
    if (request->propagation & MS_SHARED)
        return 0;
    return request->propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
}

bool overlayfs_mounts_want_slaves(const struct overlayfs *self,
                                  const struct barrer_filesystem_request *request)
{
    if (overlayfs_default_propagation(request) != MS_PRIVATE)
        return true;
    for (size_t i = 0; i < self->n_mounts; i++)
        if (self->mounts[i].options.propagation & (MS_SLAVE | MS_SHARED))
            return true;
    return false;
}

/* A tree that is to keep its tie to the host must never have lost it, so that "slave" and
 * "shared" count for all of a recursive bind mount. */
static void set_propagation(struct overlayfs_mount *mount,
                            const struct barrer_filesystem_request *request)
{
    unsigned wanted = mount->options.propagation & ~(unsigned)MS_REC;

    mount->tree.all.propagation = overlayfs_default_propagation(request);
    if (wanted & (MS_SLAVE | MS_SHARED) || mount->options.propagation & MS_REC)
        mount->tree.all.propagation = wanted;
    else if (wanted != mount->tree.all.propagation)
        mount->tree.top.propagation = wanted;
}

/* copy-symlink: a source that is a link is not mounted, but made again. */
static int read_link(struct overlayfs *self, struct overlayfs_mount *mount,
                     struct barrer_error *err)
{
    char target[PATH_MAX];
    ssize_t n = readlink(mount->spec->source, target, sizeof(target));

    if (n < 0)
        return errno == EINVAL ? 0 : overlayfs_mount_fail(self, mount, errno, NULL, err);
    mount->link = strndup(target, (size_t)n);
    return mount->link != NULL ? 0 : overlayfs_mount_fail(self, mount, ENOMEM, NULL, err);
}

static bool is_root(const struct overlayfs_mount *mount)
{
    return overlayfs_is_path(mount->spec->destination, "");
}

static int link_flags(const struct overlayfs_mount *mount)
{
    return mount->options.source_is_link ? AT_SYMLINK_NOFOLLOW : 0;
}

static int prepare_bind(struct overlayfs *self, const struct barrer_filesystem_request *request,
                        struct overlayfs_mount *mount, struct barrer_error *err)
{
    struct overlayfs_options *options = &mount->options;
    int r;

    if (mount->spec->source == NULL || *mount->spec->source == '\0')
        return overlayfs_mount_fail(self, mount, EINVAL, "a bind mount needs a source", err);
    if (options->data != NULL)
        return barrer_fail(self->host, err, EINVAL,
                           "mount \"%s\" on \"%s\": a bind mount has no option \"%s\"",
                           mount->spec->source, mount->spec->destination, options->data);
    if (options->copies_up)
        return overlayfs_mount_fail(self, mount, EINVAL, "tmpcopyup is for tmpfs", err);
    if (options->ignored != NULL)
        barrer_log(self->host, BARRER_LOG_WARNING,
                   "mount \"%s\" on \"%s\": \"%s\" belongs to the whole file system, which a bind "
                   "mount does not change",
                   mount->spec->source, mount->spec->destination, options->ignored);
    if (options->copies_link) {
        r = read_link(self, mount, err);
        if (r < 0 || mount->link != NULL)
            return r;
    }
    mount->tree.is_recursive = options->is_recursive;
    mount->tree.all.attr_set = options->all.attr_set;
    mount->tree.all.attr_clr = options->all.attr_clr;
    mount->tree.top.attr_set = options->top.attr_set;
    mount->tree.top.attr_clr = options->top.attr_clr;
    set_propagation(mount, request);
    r = overlayfs_idmap_prepare(self, request, mount, err);
    /* A source in the root is what the mounts before it make of that. */
    if (r < 0 || request->flags & BARRER_FILESYSTEM_ROOTLESS ||
        mount - self->mounts >= MAX_HELD ||
        (request->created & CLONE_NEWNS && overlayfs_is_below(mount->spec->source, request->root)))
        return r;
    r = overlayfs_tree_open(self, &mount->tree, AT_FDCWD, mount->spec->source, link_flags(mount));
    return r < 0 ? overlayfs_mount_fail(self, mount, -r, NULL, err) : 0;
}

static int prepare_one(struct overlayfs *self, const struct barrer_filesystem_request *request,
                       struct overlayfs_mount *mount, struct barrer_error *err)
{
    int r = overlayfs_options_parse(mount->spec->options, &mount->options);

    if (r < 0)
        return barrer_fail(self->host, err, -r, "read the options of mount \"%s\"",
                           mount->spec->destination);
    if (is_type(mount, "bind"))
        mount->options.is_bind = true;
    if (mount->options.is_remount)
        return 0;
    if (mount->options.is_bind)
        return prepare_bind(self, request, mount, err);
    if (is_root(mount))
        return overlayfs_mount_fail(self, mount, EINVAL, "the root itself is root.path", err);
    if (mount->spec->type == NULL || *mount->spec->type == '\0')
        return overlayfs_mount_fail(self, mount, EINVAL, "it has neither a type nor \"bind\"", err);
    if (mount->options.copies_link || mount->options.source_is_link ||
        mount->options.target_is_link)
        return overlayfs_mount_fail(
            self, mount, EINVAL, "copy-symlink, src-nofollow and dest-nofollow are for bind mounts",
            err);
    if (mount->options.copies_up && !is_type(mount, "tmpfs"))
        return overlayfs_mount_fail(self, mount, EINVAL, "tmpcopyup is for tmpfs", err);
    return overlayfs_idmap_prepare(self, request, mount, err);
}

int overlayfs_mounts_prepare(struct overlayfs *self,
                             const struct barrer_filesystem_request *request,
                             struct barrer_error *err)
{
    if (request->n_mounts == 0)
        return 0;
    self->mounts = calloc(request->n_mounts, sizeof(*self->mounts));
    if (self->mounts == NULL)
        return barrer_fail(self->host, err, ENOMEM, "prepare the mounts");
    for (size_t i = 0; i < request->n_mounts; i++) {
        self->mounts[i].spec = &request->mounts[i];
        self->mounts[i].tree = OVERLAYFS_NO_TREE;
        self->mounts[i].userns_fd = -1;
    }
    self->n_mounts = request->n_mounts;
    for (size_t i = 0; i < self->n_mounts; i++) {
        int r = prepare_one(self, request, &self->mounts[i], err);

        if (r < 0)
            return r;
    }
    return 0;
}

/* Whether what is bound is a folder: what is missing at the target is made alike. */
static int is_folder(int fd)
{
    struct stat st;

    return fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode);
}

static bool is_other_kind(const struct overlayfs_mount *mount,
                          const struct overlayfs_target *target)
{
    struct stat source, place;
    int r = target->fd >= 0 ? fstat(target->fd, &place)
                            : fstatat(target->dir_fd, target->name, &place, AT_SYMLINK_NOFOLLOW);

    return r == 0 && fstat(mount->tree.fd, &source) == 0 &&
           S_ISDIR(source.st_mode) != S_ISDIR(place.st_mode);
}

/* move_mount(2) says EINVAL for a file on a folder, mount(2) ENOTDIR, which Docker looks for. */
static int attach_fail(struct overlayfs *self, const struct overlayfs_mount *mount,
                       const struct overlayfs_target *target, int errnum, struct barrer_error *err)
{
    if (errnum == ENOSYS)
        return overlayfs_mount_fail(self, mount, errnum, "this needs mount_setattr(2), Linux 5.12",
                                    err);
    if ((errnum == EINVAL || errnum == ENOTDIR) && is_other_kind(mount, target))
        return overlayfs_mount_fail(self, mount, ENOTDIR, "one is a folder, the other is not", err);
    return overlayfs_mount_fail(self, mount, errnum, NULL, err);
}

static int enter_bind(struct overlayfs *self, const struct barrer_filesystem_request *request,
                      struct overlayfs_mount *mount, struct barrer_error *err)
{
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;
    int r;

    if (mount->link != NULL)
        return overlayfs_target_make_link(self, mount->spec->destination, mount->link, err);
    if (mount->tree.fd < 0) {
        /* In a mount namespace that was joined the path may be another file's. */
        if (!(request->created & CLONE_NEWNS))
            return overlayfs_mount_fail(self, mount, EPERM, "from outside a joined mount namespace",
                                        err);
        r = overlayfs_tree_open(self, &mount->tree, AT_FDCWD, mount->spec->source,
                                link_flags(mount));
        if (r < 0)
            return overlayfs_mount_fail(self, mount, -r, NULL, err);
    }
    r = mount->options.target_is_link
            ? overlayfs_target_find_link(self, mount->spec->destination, &target, err)
            : overlayfs_target_find(self, mount->spec->destination, &target, err);
    if (r == -ENOENT) {
        r = is_folder(mount->tree.fd);
        if (r < 0)
            return overlayfs_mount_fail(self, mount, -r, NULL, err);
        r = overlayfs_target_make(self, mount->spec->destination, r > 0, &target, err);
    }
    if (r < 0)
        return r;
    r = is_root(mount) && !mount->tree.is_mount
            ? -ENOSYS
            : overlayfs_tree_attach(self, &mount->tree, &target);
    if (r < 0)
        r = attach_fail(self, mount, &target, -r, err);
    else if (is_root(mount)) {
        /* What it covers is out of reach from now on. */
        overlayfs_leave_fd(self, &self->root_fd);
        self->root_fd = barrer_take_fd(&mount->tree.fd);
    }
    overlayfs_leave_fd(self, &target.fd);
    overlayfs_leave_fd(self, &mount->tree.fd);
    return r;
}

int overlayfs_mount_host_path(struct overlayfs *self, const struct overlayfs_mount *mount,
                              const char *path, bool is_recursive,
                              const struct overlayfs_target *target, struct barrer_error *err)
{
    struct overlayfs_tree tree = {.fd = -1, .is_recursive = is_recursive};
    int r;

    tree.all.propagation = MS_PRIVATE;
    tree.all.attr_set = mount->options.top.attr_set | mount->options.all.attr_set;
    r = overlayfs_tree_open(self, &tree, AT_FDCWD, path, 0);
    if (r == 0)
        r = overlayfs_tree_attach(self, &tree, target);
    overlayfs_leave_fd(self, &tree.fd);
    /* Not ENOENT, which would send the reader looking for the target. */
    if (r == -ENOENT)
        return overlayfs_mount_fail(self, mount, EPERM,
                                    "its namespace is another one's, and the host has none to show",
                                    err);
    return r < 0 ? overlayfs_mount_fail(self, mount, -r, path, err) : 0;
}

/* Give the new mount on TARGET what mount(2) could not give it at once. */
static int finish_new(struct overlayfs *self, const struct overlayfs_mount *mount,
                      const struct overlayfs_target *target, struct barrer_error *err)
{
    struct mount_attr attr = {.propagation = mount->options.propagation & ~(unsigned)MS_REC};
    barrer_auto_fd int fd = -1;
    int r;

    if (attr.propagation == 0 && !mount->options.copies_up)
        return 0;
    fd = overlayfs_target_reopen(self, target);
    if (fd < 0)
        return overlayfs_mount_fail(self, mount, -fd, NULL, err);
    if (mount->options.copies_up) {
        /* A folder that was just made in a file system of ours is empty. */
        r = target->fd < 0 ? 0 : overlayfs_copy_folder(target->fd, fd);
        if (r < 0)
            return overlayfs_mount_fail(self, mount, -r, "tmpcopyup", err);
        if (mount->options.flags & MS_RDONLY)
            attr.attr_set |= MOUNT_ATTR_RDONLY;
    }
    if (attr.propagation == 0 && attr.attr_set == 0)
        return 0;
    r = overlayfs_tree_set(self, fd, false, &attr);
    return r < 0 ? overlayfs_mount_fail(self, mount, -r, NULL, err) : 0;
}

/* Only these are of no use without a label of their own; the kernel's own file systems have one,
 * and the rest is for the administrator. */
static bool takes_label(const struct overlayfs_mount *mount)
{
    static const char *const types[] = {"tmpfs", "devpts", "ramfs", "overlay"};

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (is_type(mount, types[i]))
            return mount->options.data == NULL || strstr(mount->options.data, "context=") == NULL;
    return false;
}

const char *overlayfs_context_type(const struct overlayfs *self)
{
    const char *type = self->host->annotation(self->host, OVERLAYFS_CONTEXT_TYPE);

    return type != NULL ? type : "context";
}

/* Add OPTION to the comma-separated *DATA. */
static int add_option(char **data, const char *option)
{
    char *longer = NULL;

    if (asprintf(&longer, "%s%s%s", *data, **data == '\0' ? "" : ",", option) < 0)
        return -ENOMEM;
    free(*data);
    *data = longer;
    return 0;
}

static int add_label(const struct overlayfs *self, char **data, const char *label)
{
    char *option;
    int r;

    if (asprintf(&option, "%s=\"%s\"", overlayfs_context_type(self), label) < 0)
        return -ENOMEM;
    r = add_option(data, option);
    free(option);
    return r;
}

/* What mount(2) gets beside the flags: the options, MODE where it is not -1, and the label. */
static int make_data(const struct overlayfs *self, const struct overlayfs_mount *mount,
                     const struct barrer_filesystem_request *request, int mode, char **ret_data)
{
    barrer_auto_free char *data = strdup(mount->options.data == NULL ? "" : mount->options.data);
    char text[32];
    int r = data == NULL ? -ENOMEM : 0;

    if (r == 0 && mode >= 0) {
        (void)snprintf(text, sizeof(text), "mode=%o", (unsigned)mode);
        r = add_option(&data, text);
    }
    if (r == 0 && request->mount_label != NULL && takes_label(mount))
        r = add_label(self, &data, request->mount_label);
    if (r == 0) {
        *ret_data = data;
        data = NULL;
    }
    return r;
}

/* In a user namespace that owns neither the network nor the IPC namespace these cannot be
 * mounted; what the host has mounted can be shown. */
static const char *host_path(const struct overlayfs_mount *mount)
{
    if (is_type(mount, "sysfs"))
        return "/sys";
    return is_type(mount, "mqueue") ? "/dev/mqueue" : NULL;
}

static bool is_dev(const struct overlayfs_mount *mount)
{
    return !mount->options.is_bind && is_type(mount, "tmpfs") &&
           overlayfs_is_path(mount->spec->destination, "dev");
}

static bool has_mode(const char *data)
{
    return data != NULL && (strncmp(data, "mode=", 5) == 0 || strstr(data, ",mode=") != NULL);
}

/* A tmpfs that is not told otherwise has the mode of the folder that it covers, as with runc; -1
 * where there is none, and for other mounts. */
static int covered_mode(struct overlayfs *self, const struct overlayfs_mount *mount)
{
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;
    struct stat st;
    int r;

    if (!is_type(mount, "tmpfs") || has_mode(mount->options.data) ||
        overlayfs_target_find(self, mount->spec->destination, &target, NULL) < 0)
        return -1;
    r = fstat(target.fd, &st);
    overlayfs_leave_fd(self, &target.fd);
    return r < 0 ? -1 : (int)(st.st_mode & 07777);
}

static int mount_new(struct overlayfs *self, const struct barrer_filesystem_request *request,
                     const struct overlayfs_mount *entry, const struct overlayfs_target *target,
                     int mode, struct barrer_error *err)
{
    const struct barrer_mount *spec = entry->spec;
    const char *source = spec->source == NULL ? spec->type : spec->source;
    barrer_auto_free char *data = NULL;
    unsigned long flags = entry->options.flags;
    char place[OVERLAYFS_TARGET_TEXT];

    if (make_data(self, entry, request, mode, &data) < 0)
        return overlayfs_mount_fail(self, entry, ENOMEM, NULL, err);
    if (strlen(data) > MAX_DATA)
        return overlayfs_mount_fail(self, entry, E2BIG, "its options are longer than a page", err);
    if (entry->options.copies_up || is_dev(entry))
        flags &= ~(unsigned long)MS_RDONLY;
    overlayfs_target_text(target, place);
    if (mount(source, place, spec->type, flags, *data == '\0' ? NULL : data) == 0)
        return 0;
    if (errno == EPERM && host_path(entry) != NULL)
        return overlayfs_mount_host_path(self, entry, host_path(entry), true, target, err);
    return overlayfs_mount_fail(self, entry, errno, *data == '\0' ? NULL : data, err);
}

int overlayfs_mounts_finish(struct overlayfs *self, struct barrer_error *err)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;
    int r;

    if (!self->is_dev_readonly)
        return 0;
    r = overlayfs_target_find(self, "/dev", &target, err);
    if (r < 0)
        return r;
    r = overlayfs_tree_set(self, target.fd, false, &attr);
    overlayfs_leave_fd(self, &target.fd);
    return r < 0 ? barrer_fail(self->host, err, -r, "make \"/dev\" read-only") : 0;
}

/* Remember where proc and the tmpfs of /dev are, and forget what a later mount may hide. */
static void note_fresh(struct overlayfs *self, const struct overlayfs_mount *mount)
{
    const char *path = mount->spec->destination;
    bool is_new = !mount->options.is_bind, has_dots = overlayfs_has_dots(path);

    if (has_dots || overlayfs_is_path(path, "proc")) {
        overlayfs_leave_fd(self, &self->proc.fd);
        self->proc.is_mounted = !has_dots && is_new && is_type(mount, "proc");
    }
    if (has_dots || overlayfs_is_path(path, "dev")) {
        overlayfs_leave_fd(self, &self->dev.fd);
        self->dev.is_mounted =
            !has_dots && is_new && is_type(mount, "tmpfs") && !mount->options.copies_up;
        self->is_dev_readonly = is_dev(mount) && (mount->options.flags & MS_RDONLY) != 0;
    }
}

static int enter_new(struct overlayfs *self, const struct barrer_filesystem_request *request,
                     const struct overlayfs_mount *mount, struct barrer_error *err)
{
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;
    const char *path = mount->spec->destination;
    int mode = covered_mode(self, mount), r;

    if (is_type(mount, "proc") || is_type(mount, "sysfs"))
        r = overlayfs_target_make_plain(self, path, &target, err);
    else
        r = overlayfs_target_make(self, path, true, &target, err);
    if (r < 0)
        return r;
    if (is_type(mount, "cgroup"))
        r = overlayfs_cgroups_mount(self, request, mount, &target, err);
    else
        r = mount_new(self, request, mount, &target, mode, err);
    if (r == 0)
        r = finish_new(self, mount, &target, err);
    overlayfs_leave_fd(self, &target.fd);
    return r;
}

static int enter_remount(struct overlayfs *self, const struct barrer_filesystem_request *request,
                         const struct overlayfs_mount *entry, struct barrer_error *err)
{
    const struct overlayfs_options *options = &entry->options;
    barrer_auto_free char *data = NULL;
    struct overlayfs_target target = OVERLAYFS_NO_TARGET;
    struct mount_attr top = options->top, all = options->all;
    char place[OVERLAYFS_TARGET_TEXT];
    int r;

    if (make_data(self, entry, request, -1, &data) < 0)
        return overlayfs_mount_fail(self, entry, ENOMEM, NULL, err);
    r = overlayfs_target_find(self, entry->spec->destination, &target, err);
    if (r < 0)
        return r;
    overlayfs_target_text(&target, place);
    if (options->propagation & MS_REC)
        all.propagation = options->propagation & ~(unsigned)MS_REC;
    else
        top.propagation = options->propagation;
    if (!options->is_bind) {
        top.attr_set = top.attr_clr = 0;
        all.attr_set = all.attr_clr = 0;
    }
    if (!options->is_bind &&
        mount(NULL, place, NULL, MS_REMOUNT | options->flags, *data == '\0' ? NULL : data) < 0)
        r = -errno;
    if (r == 0 && (all.attr_set | all.attr_clr | all.propagation) != 0)
        r = overlayfs_tree_set(self, target.fd, true, &all);
    if (r == 0 && (top.attr_set | top.attr_clr | top.propagation) != 0)
        r = overlayfs_tree_set(self, target.fd, false, &top);
    if (r < 0)
        r = overlayfs_mount_fail(self, entry, -r, "remount", err);
    overlayfs_leave_fd(self, &target.fd);
    return r;
}

int overlayfs_mounts_enter(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err)
{
    for (size_t i = 0; i < self->n_mounts; i++) {
        struct overlayfs_mount *mount = &self->mounts[i];
        int r;

        if (mount->options.is_remount)
            r = enter_remount(self, request, mount, err);
        else if (mount->options.is_bind)
            r = enter_bind(self, request, mount, err);
        else
            r = enter_new(self, request, mount, err);
        if (r < 0)
            return r;
        if (!mount->options.is_remount)
            note_fresh(self, mount);
    }
    return 0;
}

int overlayfs_mounts_remove(struct overlayfs *self, const struct barrer_filesystem_request *request,
                            struct barrer_error *err)
{
    for (size_t i = request->n_mounts; i-- > 0;) {
        const char *destination = request->mounts[i].destination;
        struct overlayfs_target target = OVERLAYFS_NO_TARGET;
        char place[OVERLAYFS_TARGET_TEXT];
        int r = overlayfs_target_find(self, destination, &target, err);

        if (r < 0)
            return r;
        overlayfs_target_text(&target, place);
        if (umount2(place, MNT_DETACH) < 0)
            r = barrer_fail(self->host, err, errno, "unmount \"%s\"%s", destination,
                            errno == EINVAL ? " (nothing is mounted there)" : "");
        barrer_close_fd(&target.fd);
        if (r < 0)
            return r;
    }
    return 0;
}

void overlayfs_mounts_fini(struct overlayfs *self)
{
    for (size_t i = 0; i < self->n_mounts; i++) {
        overlayfs_options_fini(&self->mounts[i].options);
        barrer_close_fd(&self->mounts[i].tree.fd);
        barrer_close_fd(&self->mounts[i].userns_fd);
        free(self->mounts[i].ranges);
        free(self->mounts[i].link);
    }
    free(self->mounts);
    self->mounts = NULL;
    self->n_mounts = 0;
}
