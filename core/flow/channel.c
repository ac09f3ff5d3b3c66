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

int channel_receive(int fd, struct channel_message *message)
{
    size_t head = offsetof(struct channel_message, text);
    ssize_t n;

    /* The other end was closed before it had read everything: that is reported first, once, and
     * what it sent is behind it. */
    do
        n = recv(fd, message, sizeof(*message) - 1, 0);
    while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n < 0)
        return -errno;
    if (n == 0) {
        message->type = CHANNEL_CLOSED;
        message->text[0] = '\0';
        return 0;
    }
    if ((size_t)n < head)
        return -EPROTO;
    message->text[(size_t)n - head] = '\0';
    return 0;
}
