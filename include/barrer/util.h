/* SPDX-License-Identifier: Apache-2.0
 *
 * Small inline helpers for plugins written in C. Not part of the ABI: they are compiled into
 * whoever includes them.
 */
#ifndef BARRER_UTIL_H
#define BARRER_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* A descriptor or heap block that its scope owns. */
#define barrer_auto_fd __attribute__((cleanup(barrer_close_fd)))
#define barrer_auto_free __attribute__((cleanup(barrer_free_ptr)))

static inline void barrer_close_fd(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    errno = saved;
}

static inline void barrer_free_ptr(void *pointer_to_pointer)
{
    void **p = (void **)pointer_to_pointer;

    free(*p);
    *p = NULL;
}

/* Give up ownership. */
static inline int barrer_take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* write(2) all of TEXT in one call, as files of procfs, sysfs and cgroupfs want it; 0 or -errno. */
static inline int barrer_write_fd(int fd, const char *text)
{
    size_t length = strlen(text);
    ssize_t n;

    do
        n = write(fd, text, length);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return (size_t)n == length ? 0 : -EIO;
}

/* The same on the existing file NAME below DIR_FD, not following a symbolic link. */
static inline int barrer_write_at(int dir_fd, const char *name, const char *text)
{
    barrer_auto_fd int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    return fd < 0 ? -errno : barrer_write_fd(fd, text);
}

/* Read at most SIZE - 1 bytes of the file NAME below DIR_FD and end them with NUL; the number of
 * bytes, or -errno. -EFBIG when the file is longer. */
static inline ssize_t barrer_read_at(int dir_fd, const char *name, char *buffer, size_t size)
{
    barrer_auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t used = 0;

    if (fd < 0)
        return -errno;
    while (used < size) {
        ssize_t n = read(fd, buffer + used, size - used);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0) {
            buffer[used] = '\0';
            return (ssize_t)used;
        }
        used += (size_t)n;
    }
    return -EFBIG;
}

#endif
