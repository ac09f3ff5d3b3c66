/* SPDX-License-Identifier: Apache-2.0
 *
 * The conversation between barrer-run and the process that it cloned: a pair of SOCK_SEQPACKET
 * sockets, one message a packet. The process's end closes when it executes the payload.
 */
#ifndef CORE_FLOW_CHANNEL_H
#define CORE_FLOW_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum channel_type {
    CHANNEL_CLOSED, /* never sent: what channel_receive says when the other end is gone */
    CHANNEL_GO,     /* to the process: it is attached, go on; number: its pid on the host */
    CHANNEL_PERMIT, /* to the process: it may execute the payload, or wait for `start` */
    CHANNEL_HOOKED, /* to the process: prestart and createRuntime are done */
    CHANNEL_HOST,   /* from the process: who executes the payload? With the container's root. To
                       the process: with the payload and what it mounts (payload_pack), or with
                       nothing: a host that it has itself */
    CHANNEL_PID,    /* from the process: it cloned the one that goes on; number: its pid */
    CHANNEL_HOOKS,  /* from the process: run prestart and createRuntime, then say HOOKED */
    CHANNEL_READY,  /* from the process: everything is set up, the payload is found */
    CHANNEL_ERROR,  /* from the process: number: errno; text: the sentence */
};

#define CHANNEL_FDS 64

struct channel_message {
    uint32_t type;
    int32_t number;
    char text[sizeof(((struct barrer_error *)0)->text)]; /* what was sent, with a NUL behind it */
    size_t n_fds;                                        /* what came with it: the receiver's */
    int fds[CHANNEL_FDS];
};

/* fds[0] is barrer-run's end, fds[1] the process's. */
int channel_open(int fds[2], struct barrer_error *err);
int channel_send(int fd, enum channel_type type, int number, const char *text);
/* The same with N_FDS descriptors, which stay the caller's. */
int channel_send_fds(int fd, enum channel_type type, const int *fds, size_t n_fds);
/* Wait for one message; 0 (type CHANNEL_CLOSED at the end) or -errno. */
int channel_receive(int fd, struct channel_message *message);

#endif
