/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void message_start(struct message *message, const char *name)
{
    message->is_broken = 0;
    message->length = (size_t)snprintf(message->text, sizeof(message->text), "%s\n", name);
}

void message_put(struct message *message, const char *key, const char *fmt, ...)
{
    size_t room = MESSAGE_SIZE - message->length;
    char *start = message->text + message->length;
    int n = snprintf(start, room, "%s=", key), m;
    va_list ap;

    if (n < 0 || (size_t)n + 2 >= room)
        goto left_out;
    va_start(ap, fmt);
    m = vsnprintf(start + n, room - (size_t)n, fmt, ap);
    va_end(ap);
    if (m < 0 || (size_t)n + (size_t)m + 1 >= room)
        goto left_out;
    for (char *c = start + n; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    start[n + m] = '\n';
    start[n + m + 1] = '\0';
    message->length += (size_t)n + (size_t)m + 1;
    return;
left_out:
    *start = '\0';
}

size_t message_put_text(struct message *message, const char *text, size_t length)
{
    size_t room = MESSAGE_SIZE - message->length;

    if (length > room)
        length = room;
    memcpy(message->text + message->length, text, length);
    message->length += length;
    message->text[message->length] = '\0';
    return length;
}

int message_send(int fd, const struct message *message, int fd_to_send)
{
    struct iovec part = {.iov_base = (char *)(size_t)message->text, .iov_len = message->length};
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;

    if (fd_to_send >= 0) {
        struct cmsghdr *first = (struct cmsghdr *)(void *)control;

        header.msg_control = control;
        header.msg_controllen = sizeof(control);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(first), &fd_to_send, sizeof(int));
    }
    do
        n = sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

/* NAME, then lines KEY=VALUE; what has a NUL in it is none. */
static int is_message(const struct message *message)
{
    size_t name = strspn(message->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");

    return name > 0 && message->text[name] == '\n' &&
           memchr(message->text, '\0', message->length) == NULL;
}

int message_receive(int fd, struct message *message)
{
    ssize_t n;

    do
        n = recv(fd, message->text, sizeof(message->text), MSG_DONTWAIT | MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n < 0 ? -errno : 0;
    message->is_broken = n > MESSAGE_SIZE;
    message->length = message->is_broken ? 0 : (size_t)n;
    message->text[message->length] = '\0';
    if (!message->is_broken && message->text[message->length - 1] != '\n' &&
        strchr(message->text, '\n') == NULL && message->length < MESSAGE_SIZE) {
        message->text[message->length++] = '\n'; /* a name alone */
        message->text[message->length] = '\0';
    }
    message->is_broken |= !is_message(message);
    return 1;
}

int message_is(const struct message *message, const char *name)
{
    size_t length = strlen(name);

    return !message->is_broken && strncmp(message->text, name, length) == 0 &&
           message->text[length] == '\n';
}

const char *message_body(const struct message *message)
{
    const char *line = strchr(message->text, '\n');

    return line != NULL ? line + 1 : message->text + message->length;
}

int message_get(const struct message *message, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);

    value[0] = '\0';
    if (message->is_broken)
        return 0;
    for (const char *line = message_body(message); *line != '\0';) {
        size_t n = strcspn(line, "\n");

        if (n > length && strncmp(line, key, length) == 0 && line[length] == '=') {
            if (n - length - 1 >= size)
                return 0;
            memcpy(value, line + length + 1, n - length - 1);
            value[n - length - 1] = '\0';
            return 1;
        }
        line += n + (line[n] == '\n');
    }
    return 0;
}
