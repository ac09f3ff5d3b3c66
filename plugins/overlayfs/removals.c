/* SPDX-License-Identifier: Apache-2.0 */
#include "removals.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrer/util.h>

/* A container can nest folders deeper than any limit of descriptors. So a folder that is not
 * empty is emptied by moving the folders in it to the top, under a number. */
struct removal {
    int top_fd;
    uint64_t mount_id;
    dev_t device;
    unsigned long long next; /* number */
};

/* STATX_MNT_ID: Linux 5.8. */
static int look(int fd, uint64_t *ret_mount_id, dev_t *ret_device)
{
    struct statx sx;
    struct stat st;

    if (fstat(fd, &st) < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) < 0)
        return -errno;
    *ret_mount_id = sx.stx_mask & STATX_MNT_ID ? sx.stx_mnt_id : 0;
    *ret_device = st.st_dev;
    return 0;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* 1: gone; 0: a folder that is not empty, or may not be looked into. */
static int remove_entry(int dir_fd, const char *name)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 1;
    if (errno != EISDIR && errno != EPERM)
        return errno == EBUSY ? -EXDEV : -errno;
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 1;
    if (errno == ENOTEMPTY || errno == EEXIST || errno == EACCES)
        return 0;
    return errno == EBUSY ? -EXDEV : -errno;
}

static int move_to_top(struct removal *removal, int dir_fd, const char *name)
{
    char number[32];

    /* Its ".." changes, for which an owner other than root needs to be able to write to it. */
    (void)fchmodat(dir_fd, name, 0700, 0);
    for (;;) {
        (void)snprintf(number, sizeof(number), "barrer-%llu", removal->next++);
        if (renameat2(dir_fd, name, removal->top_fd, number, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EEXIST)
            return errno == EBUSY ? -EXDEV : -errno;
    }
}

static int open_folder(const struct removal *removal, int dir_fd, const char *name, DIR **ret_dir)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    barrer_auto_fd int fd = openat(dir_fd, name, flags);
    uint64_t mount_id;
    dev_t device;
    DIR *dir;
    int r;

    if (fd < 0 && errno == EACCES && fchmodat(dir_fd, name, 0700, 0) == 0)
        fd = openat(dir_fd, name, flags);
    if (fd < 0)
        return -errno;
    r = look(fd, &mount_id, &device);
    if (r < 0)
        return r;
    if (mount_id != removal->mount_id || device != removal->device)
        return -EXDEV;
    dir = fdopendir(fd);
    if (dir == NULL)
        return -errno;
    (void)barrer_take_fd(&fd);
    *ret_dir = dir;
    return 0;
}

/* Empty the folder NAME below the top. */
static int empty_folder(struct removal *removal, const char *name)
{
    const struct dirent *entry;
    DIR *dir;
    int r = open_folder(removal, removal->top_fd, name, &dir);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    (void)fchmod(dirfd(dir), 0700);
    while (r >= 0 && (errno = 0, entry = readdir(dir)) != NULL) {
        if (is_dots(entry->d_name))
            continue;
        r = remove_entry(dirfd(dir), entry->d_name);
        if (r == 0)
            r = move_to_top(removal, dirfd(dir), entry->d_name);
    }
    if (r >= 0 && errno != 0)
        r = -errno;
    (void)closedir(dir);
    return r < 0 ? r : 0;
}

/* One pass over the top; 1: something is left that another pass will find smaller. */
static int empty_top(struct removal *removal, DIR *dir)
{
    const struct dirent *entry;
    int is_left = 0, r;

    rewinddir(dir);
    while ((errno = 0, entry = readdir(dir)) != NULL) {
        if (is_dots(entry->d_name))
            continue;
        r = remove_entry(removal->top_fd, entry->d_name);
        if (r == 0) {
            r = empty_folder(removal, entry->d_name);
            is_left = 1;
        }
        if (r < 0)
            return r;
    }
    return errno != 0 ? -errno : is_left;
}

int overlayfs_remove_folder(int dir_fd, const char *name)
{
    struct removal removal = {.top_fd = -1};
    struct stat st;
    DIR *dir = NULL;
    int r = look(dir_fd, &removal.mount_id, &removal.device);

    if (r < 0)
        return r;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISDIR(st.st_mode))
        return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
    r = open_folder(&removal, dir_fd, name, &dir);
    if (r < 0)
        return r;
    removal.top_fd = dirfd(dir);
    (void)fchmod(removal.top_fd, 0700);
    do
        r = empty_top(&removal, dir);
    while (r > 0);
    (void)closedir(dir);
    if (r == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
        r = -errno;
    return r;
}
