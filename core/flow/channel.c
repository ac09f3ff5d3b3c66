/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/channel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int channel_open(int fds[2], struct barrer_error *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return error_fail(err, errno, "make a pair of sockets");
    return 0;
}

int channel_send(int fd, enum channel_type type, int number, const char *text)
{
    struct {
        uint32_t type;
        int32_t number;
    } head = {type, number};
    size_t length = text != NULL ? strlen(text) : 0;
    struct iovec parts[2] = {{&head, sizeof(head)}, {NULL, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1};

    if (length >= sizeof(((struct channel_message *)0)->text))
        return -EMSGSIZE;
    memcpy(&parts[1].iov_base, &text, sizeof(text));
    for (;;) {
        if (sendmsg(fd, &message, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

int channel_send_fds(int fd, enum channel_type type, const int *fds, size_t n_fds)
{
    uint32_t head[2] = {type, 0};
    struct iovec part = {head, sizeof(head)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(CHANNEL_FDS * sizeof(int))];
    } control = {.space = {0}};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = CMSG_SPACE(n_fds * sizeof(int))};

    if (n_fds == 0)
        return channel_send(fd, type, 0, NULL);
    if (n_fds > CHANNEL_FDS)
        return -E2BIG;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
    memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
    while (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static void take_fds(struct msghdr *header, struct channel_message *message)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(header);

    message->n_fds = 0;
    if (control == NULL || control->cmsg_type != SCM_RIGHTS)
        return;
    message->n_fds = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(message->fds, CMSG_DATA(control), message->n_fds * sizeof(int));
}

int channel_receive(int fd, struct channel_message *message)
{
    size_t head = offsetof(struct channel_message, text);
    struct iovec part = {message, head + sizeof(message->text) - 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(CHANNEL_FDS * sizeof(int))];
    } control;
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space};
    ssize_t n;

    /* The other end was closed before it had read everything: that is reported first, once, and
     * what it sent is behind it. */
    do {
        header.msg_controllen = sizeof(control.space);
        n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n < 0)
        return -errno;
    if (n == 0) {
        message->type = CHANNEL_CLOSED;
        message->text[0] = '\0';
        message->n_fds = 0;
        return 0;
    }
    take_fds(&header, message);
    if ((size_t)n < head)
        return -EPROTO;
    message->text[(size_t)n - head] = '\0';
    return 0;
}
