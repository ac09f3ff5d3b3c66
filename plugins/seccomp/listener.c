/* SPDX-License-Identifier: Apache-2.0 */
#include "listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <barrer/util.h>

/* Of the specification that the message follows. */
#define OCI_VERSION "1.3.0"

void seccomp_listener_init(struct seccomp_listener *listener)
{
    listener->socket_fd = -1;
    listener->message_fd = -1;
    listener->message = NULL;
    listener->length = 0;
}

void seccomp_listener_fini(struct seccomp_listener *listener)
{
    barrer_close_fd(&listener->socket_fd);
    barrer_close_fd(&listener->message_fd);
}

int seccomp_listener_connect(const struct barrer_host *host, struct seccomp_listener *listener,
                             const char *path, struct barrer_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);

    if (length >= sizeof(address.sun_path))
        return barrer_fail(host, err, ENAMETOOLONG, "connect to the seccomp listener \"%s\"", path);
    memcpy(address.sun_path, path, length + 1);
    listener->socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener->socket_fd < 0 ||
        connect(listener->socket_fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return barrer_fail(host, err, errno,
                           "failed to connect with seccomp agent: the listener \"%s\"", path);
    listener->message_fd = memfd_create("barrer-listener", MFD_CLOEXEC);
    if (listener->message_fd < 0)
        return barrer_fail(host, err, errno, "prepare the message to the seccomp listener");
    return 0;
}

/* TEXT as a JSON string. Bytes from 0x80 on are passed through: config.json was valid UTF-8. */
static void print_string(FILE *stream, const char *text)
{
    (void)fputc('"', stream);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            (void)fprintf(stream, "\\%c", c);
        else if (c < 0x20)
            (void)fprintf(stream, "\\u%04x", c);
        else
            (void)fputc(c, stream);
    }
    (void)fputc('"', stream);
}

static char *format_message(const char *metadata, const char *state, pid_t pid)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL)
        return NULL;
    (void)fprintf(stream, "{\"ociVersion\":\"%s\",\"fds\":[\"seccompFd\"],\"pid\":%d", OCI_VERSION,
                  (int)pid);
    if (metadata != NULL) {
        (void)fputs(",\"metadata\":", stream);
        print_string(stream, metadata);
    }
    (void)fprintf(stream, ",\"state\":%s}", state != NULL ? state : "{}");
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

int seccomp_listener_describe(const struct barrer_host *host, struct seccomp_listener *listener,
                              const char *metadata, const char *state, pid_t pid,
                              struct barrer_error *err)
{
    barrer_auto_free char *text = format_message(metadata, state, pid);
    int r = text == NULL ? -ENOMEM : barrer_write_fd(listener->message_fd, text);

    if (r < 0)
        return barrer_fail(host, err, -r, "write the message to the seccomp listener");
    /* The process has descriptors of its own. The agent must not wait for the end of ours. */
    seccomp_listener_fini(listener);
    return 0;
}

int seccomp_listener_load(const struct barrer_host *host, struct seccomp_listener *listener,
                          struct barrer_error *err)
{
    struct stat st;
    void *text;

    if (fstat(listener->message_fd, &st) < 0 || st.st_size <= 0)
        return barrer_fail(host, err, EIO, "find the message to the seccomp listener");
    listener->length = (size_t)st.st_size;
    /* Stays until execve(2), as all that could only be undone by a notified call. */
    text = mmap(NULL, listener->length, PROT_READ, MAP_PRIVATE, listener->message_fd, 0);
    if (text == MAP_FAILED)
        return barrer_fail(host, err, errno, "read the message to the seccomp listener");
    listener->message = text;
    return 0;
}

int seccomp_listener_send(const struct barrer_host *host, struct seccomp_listener *listener,
                          int notify_fd, struct barrer_error *err)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct iovec part = {.iov_base = (char *)(uintptr_t)listener->message,
                         .iov_len = listener->length};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &notify_fd, sizeof(int));
    while (part.iov_len > 0) {
        ssize_t n = sendmsg(listener->socket_fd, &message, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return barrer_fail(host, err, errno, "send to the seccomp listener");
        /* The descriptor went with the first byte. */
        part.iov_base = (char *)part.iov_base + n;
        part.iov_len -= (size_t)n;
        message.msg_control = NULL;
        message.msg_controllen = 0;
    }
    return 0;
}
