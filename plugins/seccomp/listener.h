/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a listener's descriptor from the process that installs the filter to the agent at
 * linux.seccomp.listenerPath. The socket is connected on the host, where that path means
 * something; the message, which tells the process' id on the host, is written there too, into
 * memory that both share; and the process sends it with the descriptor.
 */
#ifndef PLUGINS_SECCOMP_LISTENER_H
#define PLUGINS_SECCOMP_LISTENER_H

#include <barrer/process.h>

struct seccomp_listener {
    int socket_fd;
    int message_fd;      /* a memfd */
    const char *message; /* in the process: what is in it */
    size_t length;
};

void seccomp_listener_init(struct seccomp_listener *listener);
void seccomp_listener_fini(struct seccomp_listener *listener);

/* Host side. */
int seccomp_listener_connect(const struct barrer_host *host, struct seccomp_listener *listener,
                             const char *path, struct barrer_error *err);
/* Host side: the container process state of the specification, for process PID of a container in
 * STATE (JSON). */
int seccomp_listener_describe(const struct barrer_host *host, struct seccomp_listener *listener,
                              const char *metadata, const char *state, pid_t pid,
                              struct barrer_error *err);
/* In the process, before the filter is installed: get the message at hand. */
int seccomp_listener_load(const struct barrer_host *host, struct seccomp_listener *listener,
                          struct barrer_error *err);
/* In the process, after it: one sendmsg(2) and no other call, since any other may be one that
 * waits for an agent which has no descriptor yet. */
int seccomp_listener_send(const struct barrer_host *host, struct seccomp_listener *listener,
                          int notify_fd, struct barrer_error *err);

#endif
