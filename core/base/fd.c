/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SMALL 16384

int fd_read_all(int fd, size_t limit, char **ret_text, size_t *ret_length)
{
    size_t size = SMALL, used = 0;
    char *text = malloc(size);

    if (text == NULL)
        return -ENOMEM;
    for (;;) {
        ssize_t n = read(fd, text + used, size - used - 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int r = n < 0 ? -errno : 0;

            if (r < 0) {
                free(text);
                return r;
            }
            break;
        }
        used += (size_t)n;
        if (used > limit) {
            free(text);
            return -EFBIG;
        }
        if (used + 1 == size) {
            char *larger = realloc(text, size * 2);

            if (larger == NULL) {
                free(text);
                return -ENOMEM;
            }
            text = larger;
            size *= 2;
        }
    }
    text[used] = '\0';
    *ret_text = text;
    *ret_length = used;
    return 0;
}

int fd_read_file(int dir_fd, const char *name, size_t limit, char **ret_text, size_t *ret_length)
{
    barrer_auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? -errno : fd_read_all(fd, limit, ret_text, ret_length);
}

int fd_read_regular(int dir_fd, const char *name, size_t limit, char **ret_text, size_t *ret_length)
{
    barrer_auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *text;
    ssize_t n;

    if (fd < 0)
        return -errno;
    text = malloc(SMALL);
    if (text == NULL)
        return -ENOMEM;
    n = read(fd, text, SMALL - 1);
    if (n >= 0 && n < SMALL - 1) {
        text[n] = '\0';
        *ret_text = text;
        *ret_length = (size_t)n;
        return 0;
    }
    free(text);
    if (n < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    return fd_read_all(fd, limit, ret_text, ret_length);
}

ssize_t fd_read_once(int dir_fd, const char *name, char *buffer, size_t size)
{
    barrer_auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n;

    if (fd < 0)
        return -errno;
    do
        n = read(fd, buffer, size - 1);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    buffer[n] = '\0';
    return n;
}

int fd_write_all(int fd, const void *data, size_t length)
{
    const char *at = data;

    while (length > 0) {
        ssize_t n = write(fd, at, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

int fd_replace_file(int dir_fd, const char *name, const void *data, size_t length, mode_t mode)
{
    char temporary[300];
    int fd, r;

    if (snprintf(temporary, sizeof(temporary), ".%s.%d", name, getpid()) >= (int)sizeof(temporary))
        return -ENAMETOOLONG;
    fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return -errno;
    r = fd_write_all(fd, data, length);
    if (close(fd) < 0 && r == 0)
        r = -errno;
    if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(dir_fd, temporary, 0);
    return r;
}

int fd_send(int socket_fd, int fd, const char *text)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec data = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(int));
    for (;;) {
        if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

ssize_t fd_receive_data(int socket_fd, void *data, size_t size, int *ret_fd)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *header;
    ssize_t n;

    *ret_fd = -1;
    do
        n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
    return n;
}

int fd_receive(int socket_fd, int *ret_fd)
{
    char text[256];
    int fd;
    ssize_t n = fd_receive_data(socket_fd, text, sizeof(text), &fd);

    if (n < 0)
        return (int)n;
    if (fd < 0)
        return -EPROTO;
    *ret_fd = fd;
    return 0;
}

int fd_connect_unix(const char *path)
{
    barrer_auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    barrer_auto_fd int path_fd = -1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (fd < 0)
        return -errno;
    if (strlen(path) < sizeof(address.sun_path)) {
        strcpy(address.sun_path, path);
    } else {
        path_fd = open(path, O_PATH | O_CLOEXEC);
        if (path_fd < 0)
            return -errno;
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", path_fd);
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    return barrer_take_fd(&fd);
}
