/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrer/util.h>

#define FOLDER (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
#define DEPTH 16

int group_make(int parent_fd, const char *name)
{
    int fd;

    if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
        return -errno;
    fd = openat(parent_fd, name, FOLDER);
    return fd < 0 ? -errno : fd;
}

/* The names of folders below, into a buffer of the stack: PID 1 does not allocate. */
static void remove_below(int parent_fd, const char *name, int depth)
{
    char buffer[2048] __attribute__((aligned(8)));
    barrer_auto_fd int fd = openat(parent_fd, name, FOLDER);
    ssize_t n;

    while (fd >= 0 && depth < DEPTH && (n = getdents64(fd, buffer, sizeof(buffer))) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *entry = (const void *)(buffer + at);

            at += entry->d_reclen;
            if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
                continue;
            remove_below(fd, entry->d_name, depth + 1);
            (void)unlinkat(fd, entry->d_name, AT_REMOVEDIR);
        }
}

int group_remove(int parent_fd, const char *name)
{
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0)
        return 0;
    if (errno == ENOENT)
        return -ENOENT;
    remove_below(parent_fd, name, 0);
    return unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

void group_kill(int parent_fd, const char *name)
{
    barrer_auto_fd int fd = openat(parent_fd, name, FOLDER);

    if (fd >= 0)
        (void)barrer_write_at(fd, "cgroup.kill", "1");
}
