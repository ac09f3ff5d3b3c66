/* SPDX-License-Identifier: Apache-2.0 */
#include "copies.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrer/util.h>

/* Each level holds two descriptors; the image decides how deep its folders are. */
#define MAX_DEPTH 200

static int copy_entries(int from_fd, int to_fd, int depth);

static int copy_bytes(int from_fd, int to_fd)
{
    ssize_t n;

    do
        n = sendfile(to_fd, from_fd, NULL, 1 << 30);
    while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 ? -errno : 0;
}

static int copy_file(int from_dir_fd, int to_dir_fd, const char *name)
{
    /* O_NONBLOCK: a FIFO may have taken the file's place. */
    barrer_auto_fd int from_fd =
        openat(from_dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    barrer_auto_fd int to_fd = -1;

    if (from_fd < 0)
        return -errno;
    to_fd = openat(to_dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return to_fd < 0 ? -errno : copy_bytes(from_fd, to_fd);
}

static int copy_link(int from_dir_fd, int to_dir_fd, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(from_dir_fd, name, target, sizeof(target) - 1);

    if (n < 0)
        return -errno;
    target[n] = '\0';
    return symlinkat(target, to_dir_fd, name) < 0 ? -errno : 0;
}

static int copy_subfolder(int from_dir_fd, int to_dir_fd, const char *name, int depth)
{
    barrer_auto_fd int from_fd = -1, to_fd = -1;

    from_fd = openat(from_dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (from_fd < 0 || mkdirat(to_dir_fd, name, 0700) < 0)
        return -errno;
    to_fd = openat(to_dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return to_fd < 0 ? -errno : copy_entries(from_fd, to_fd, depth + 1);
}

static int copy_attributes(int to_dir_fd, const char *name, const struct stat *st)
{
    struct timespec times[2] = {st->st_atim, st->st_mtim};

    if (fchownat(to_dir_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISLNK(st->st_mode) && fchmodat(to_dir_fd, name, st->st_mode & 07777, 0) < 0)
        return -errno;
    return utimensat(to_dir_fd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_entry(int from_fd, int to_fd, const char *name, int depth)
{
    struct stat st;
    int r;

    if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        r = copy_subfolder(from_fd, to_fd, name, depth);
    else if (S_ISREG(st.st_mode))
        r = copy_file(from_fd, to_fd, name);
    else if (S_ISLNK(st.st_mode))
        r = copy_link(from_fd, to_fd, name);
    else if (S_ISSOCK(st.st_mode))
        return 0;
    else
        r = mknodat(to_fd, name, st.st_mode, st.st_rdev) < 0 ? -errno : 0;
    return r < 0 ? r : copy_attributes(to_fd, name, &st);
}

static int copy_entries(int from_fd, int to_fd, int depth)
{
    const struct dirent *entry;
    int fd, r = 0;
    DIR *dir;

    if (depth > MAX_DEPTH)
        return -ELOOP;
    fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    dir = fdopendir(fd);
    if (dir == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    while (r == 0 && (errno = 0, entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = copy_entry(fd, to_fd, entry->d_name, depth);
    if (r == 0 && errno != 0)
        r = -errno;
    (void)closedir(dir);
    return r;
}

int overlayfs_copy_folder(int from_fd, int to_fd)
{
    return copy_entries(from_fd, to_fd, 0);
}
