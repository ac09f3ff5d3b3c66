/* SPDX-License-Identifier: Apache-2.0
 *
 * The layer of payload.h: a small tmpfs on /run/barrer of the container. Nothing is written to the
 * container's root file system for it: where that has no such folder, a tmpfs is put over /run,
 * and what is in /run is bound back into it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "flow/payload.h"
#include "flow/sealed.h"

/* What is in /run of an image is a handful; more is no reason to make thousands of mounts. */
#define RUN_LIMIT 256

static int fail_layer(struct barrer_error *err, int errnum)
{
    return error_fail(err, errnum,
                      "mount the runtime's layer on \"/" PAYLOAD_LAYER "\" of the container");
}

/* A new tmpfs as a detached mount. */
static int open_tmpfs(const struct stat *like, unsigned attributes)
{
    barrer_auto_fd int fs_fd = fsopen("tmpfs", FSOPEN_CLOEXEC);
    char mode[16];

    (void)snprintf(mode, sizeof(mode), "%o", like->st_mode & 07777);
    if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_SET_STRING, "mode", mode, 0) < 0 ||
        fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    return fsmount(fs_fd, FSMOUNT_CLOEXEC, attributes);
}

static int move_to(int from_fd, int to_fd)
{
    return move_mount(from_fd, "", to_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* A file or folder to mount something on. */
static int make_point(int dir_fd, const char *name, mode_t type)
{
    barrer_auto_fd int fd = -1;

    if (S_ISDIR(type))
        return mkdirat(dir_fd, name, 0755);
    fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    return fd < 0 ? -1 : 0;
}

/* One entry of the container's /run, and what is mounted on it or below. */
struct kept {
    char name[NAME_MAX + 1];
    int fd; /* a detached clone */
};

static int copy_link(int from_fd, int to_fd, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(from_fd, name, target, sizeof(target) - 1);

    if (n < 0)
        return -1;
    target[n] = '\0';
    return symlinkat(target, to_fd, name);
}

/* Prepare the place of NAME in the tmpfs TO_FD; fills KEPT for what has to be mounted there. */
static int keep(int from_fd, int to_fd, const char *name, struct kept *kept)
{
    struct stat st;

    kept->fd = -1;
    if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return copy_link(from_fd, to_fd, name) < 0 ? -errno : 0;
    kept->fd = open_tree(from_fd, name,
                         OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
    if (kept->fd < 0 || make_point(to_fd, name, st.st_mode) < 0)
        return -errno;
    (void)snprintf(kept->name, sizeof(kept->name), "%s", name);
    return 0;
}

static int keep_all(int from_fd, int to_fd, struct kept *all, size_t *ret_n)
{
    int list_fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = list_fd < 0 ? NULL : fdopendir(list_fd);
    int r = 0;

    *ret_n = 0;
    if (folder == NULL) {
        r = -errno;
        if (list_fd >= 0)
            (void)close(list_fd);
        return r;
    }
    for (struct dirent *entry; r == 0 && (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (*ret_n == RUN_LIMIT) {
            r = -E2BIG;
            break;
        }
        r = keep(from_fd, to_fd, entry->d_name, &all[*ret_n]);
        if (all[*ret_n].fd >= 0)
            ++*ret_n;
    }
    (void)closedir(folder);
    return r;
}

static int put_back(int to_fd, const struct kept *kept)
{
    barrer_auto_fd int point_fd = openat(to_fd, kept->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    return point_fd < 0 || move_to(kept->fd, point_fd) < 0 ? -errno : 0;
}

/* Whether the container is not to write to /run, which is a part of its root, or a mount. */
static int is_readonly(int root_fd, int run_fd, const struct stat *run, int is_root_readonly)
{
    struct statvfs fs;
    struct stat root;

    if (fstatvfs(run_fd, &fs) == 0 && fs.f_flag & ST_RDONLY)
        return 1;
    return is_root_readonly && fstat(root_fd, &root) == 0 && root.st_dev == run->st_dev;
}

/* Put a tmpfs over /run, RUN_FD, with what is there and a folder "barrer". */
static int cover_run(int root_fd, int run_fd, int is_root_readonly)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    barrer_auto_fd int cover_fd = -1;
    struct kept all[RUN_LIMIT];
    struct stat st;
    size_t n = 0;
    int r;

    if (fstat(run_fd, &st) < 0)
        return -errno;
    cover_fd = open_tmpfs(&st, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    if (cover_fd < 0)
        return cover_fd;
    /* Ids that the container does not map are nobody's there, either. */
    (void)fchownat(cover_fd, "", st.st_uid, st.st_gid, AT_EMPTY_PATH);
    r = keep_all(run_fd, cover_fd, all, &n);
    if (r == 0 && (mkdirat(cover_fd, "barrer", 0755) < 0 || move_to(cover_fd, run_fd) < 0))
        r = -errno;
    for (size_t i = 0; i < n; i++) {
        if (r == 0)
            r = put_back(cover_fd, &all[i]);
        (void)close(all[i].fd);
    }
    if (r == 0 && is_readonly(root_fd, run_fd, &st, is_root_readonly) &&
        mount_setattr(cover_fd, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
        r = -errno;
    return r;
}

/* The folder that the layer is mounted on. */
static int open_place(int root_fd, int is_root_readonly)
{
    int flags = O_PATH | O_DIRECTORY;
    int fd = path_open_in_root(root_fd, "/" PAYLOAD_LAYER, flags, 0);
    barrer_auto_fd int run_fd = -1;
    int r;

    if (fd != -ENOENT)
        return fd;
    run_fd = path_open_in_root(root_fd, "/run", flags, 0);
    if (run_fd == -ENOENT) {
        /* A mount point like any other that config.json asks for. */
        if (mkdirat(root_fd, "run", 0755) < 0)
            return -errno;
        run_fd = path_open_in_root(root_fd, "/run", flags, 0);
    }
    if (run_fd < 0)
        return run_fd;
    r = cover_run(root_fd, run_fd, is_root_readonly);
    return r < 0 ? r : path_open_in_root(root_fd, "/" PAYLOAD_LAYER, flags, 0);
}

static int open_mount(const char *path, struct barrer_error *err)
{
    struct mount_attr attributes = {.attr_set =
                                        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                                    .propagation = MS_PRIVATE};
    barrer_auto_fd int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
        return error_fail(err, errno, "make a read-only mount of \"%s\" for the container", path);
    return barrer_take_fd(&fd);
}

int payload_open_mounts(const struct barrer_payload *payload, int is_sealed, int *fds, size_t limit,
                        struct barrer_error *err)
{
    const char *paths[PAYLOAD_MOUNTS];
    size_t n = 0;
    int r = 0;

    for (size_t i = 0; i < payload->n_layer; i++) {
        if (payload->layer[i].type != BARRER_LAYER_MOUNT)
            continue;
        if (n == limit || n == PAYLOAD_MOUNTS)
            return error_fail(err, E2BIG, "mount more than %zu files", n);
        paths[n++] = payload->layer[i].content;
    }
    if (is_sealed)
        r = sealed_open_mounts(paths, n, fds, err);
    for (size_t i = 0; !is_sealed && r >= 0 && i < n; i++) {
        fds[i] = r = open_mount(paths[i], err);
        for (; r < 0 && i > 0; i--)
            (void)close(fds[i - 1]);
    }
    return r < 0 ? r : (int)n;
}

static int write_file(int layer_fd, const struct barrer_layer_entry *entry)
{
    barrer_auto_fd int fd =
        openat(layer_fd, entry->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

    return fd < 0 ? -errno : barrer_write_fd(fd, entry->content);
}

/* Whether the place of the entry of number N is in one of the mounts before it, where it exists. */
static int is_in_mount(const struct barrer_payload *payload, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct barrer_layer_entry *above = &payload->layer[i];
        size_t length = strlen(above->path);

        if (above->type == BARRER_LAYER_MOUNT &&
            strncmp(payload->layer[n].path, above->path, length) == 0 &&
            payload->layer[n].path[length] == '/')
            return 1;
    }
    return 0;
}

/* Before the layer is mounted: all that is to be in it. */
static int fill(int layer_fd, const struct barrer_payload *payload, const int *fds)
{
    struct stat st;
    int r = 0;

    for (size_t i = 0, n = 0; r == 0 && i < payload->n_layer; i++) {
        const struct barrer_layer_entry *entry = &payload->layer[i];

        if (entry->type == BARRER_LAYER_FILE)
            r = write_file(layer_fd, entry);
        else if (entry->type == BARRER_LAYER_FOLDER)
            r = mkdirat(layer_fd, entry->path, 0755) < 0 ? -errno : 0;
        else if (fstat(fds[n++], &st) < 0 ||
                 (!is_in_mount(payload, i) && make_point(layer_fd, entry->path, st.st_mode) < 0))
            r = -errno;
    }
    return r;
}

static int mount_all(int layer_fd, const struct barrer_payload *payload, const int *fds)
{
    for (size_t i = 0, n = 0; i < payload->n_layer; i++) {
        barrer_auto_fd int point_fd = -1;

        if (payload->layer[i].type != BARRER_LAYER_MOUNT)
            continue;
        point_fd = openat(layer_fd, payload->layer[i].path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (point_fd < 0 || move_to(fds[n++], point_fd) < 0)
            return -errno;
    }
    return 0;
}

static int attach(int root_fd, const struct barrer_payload *payload, const int *fds,
                  int is_root_readonly)
{
    static const struct stat like = {.st_mode = 0755};
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    barrer_auto_fd int place_fd = open_place(root_fd, is_root_readonly);
    barrer_auto_fd int layer_fd = -1;
    int r;

    if (place_fd < 0)
        return place_fd;
    layer_fd = open_tmpfs(&like, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    r = layer_fd < 0 ? layer_fd : fill(layer_fd, payload, fds);
    if (r == 0 && move_to(layer_fd, place_fd) < 0)
        r = -errno;
    if (r == 0)
        r = mount_all(layer_fd, payload, fds);
    if (r == 0 && mount_setattr(layer_fd, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
        r = -errno;
    return r;
}

int payload_attach(int root_fd, const struct barrer_payload *payload, const int *fds, size_t n_fds,
                   unsigned flags, struct barrer_error *err)
{
    int is_root_readonly = !!(flags & PAYLOAD_READONLY_ROOT);
    int own[PAYLOAD_MOUNTS], n, r;

    if (n_fds > 0) {
        r = attach(root_fd, payload, fds, is_root_readonly);
        return r < 0 ? fail_layer(err, -r) : 0;
    }
    n = payload_open_mounts(payload, !!(flags & PAYLOAD_SEALED), own, PAYLOAD_MOUNTS, err);
    if (n < 0)
        return n;
    r = attach(root_fd, payload, own, is_root_readonly);
    while (n > 0)
        (void)close(own[--n]);
    return r < 0 ? fail_layer(err, -r) : 0;
}
