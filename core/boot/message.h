/* SPDX-License-Identifier: Apache-2.0
 *
 * The messages of PID 1's sockets: a packet of at most 4096 bytes, its name in the first line, then
 * KEY=VALUE lines. docs/boot-protocol.md has all of them.
 */
#ifndef CORE_BOOT_MESSAGE_H
#define CORE_BOOT_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

#define MESSAGE_SIZE 4096

struct message {
    size_t length;
    int is_broken; /* received: not a message */
    char text[MESSAGE_SIZE + 1];
};

void message_start(struct message *message, const char *name);
/* Control characters of the value become blanks; what does not fit is left out. */
void message_put(struct message *message, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Behind the first line, bytes as they are; how many fitted. */
size_t message_put_text(struct message *message, const char *text, size_t length);
/* 0 or -errno; never blocks. FD_TO_SEND: or -1. */
int message_send(int fd, const struct message *message, int fd_to_send);
/* 1, 0 at the end of the conversation, or -errno (EAGAIN). Descriptors are not taken. */
int message_receive(int fd, struct message *message);
/* The name, for strcmp(3). */
int message_is(const struct message *message, const char *name);
/* Copy the value of KEY; 0 and "" when there is none. */
int message_get(const struct message *message, const char *key, char *value, size_t size);
/* What is behind the first line. */
const char *message_body(const struct message *message);

#endif
