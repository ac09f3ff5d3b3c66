/* SPDX-License-Identifier: Apache-2.0
 *
 * NOTIFY_SOCKET of sd_notify(3): the container gets a socket of its own, and when its payload says
 * that it is ready, barrer-run tells its caller. The folder "notify" of the container's state is
 * mounted where the caller's socket is on the host, on /run/notify when that has no path; whoever waits (run, or a later start) binds the socket in it.
 */
#ifndef CORE_CONTAINER_NOTIFY_H
#define CORE_CONTAINER_NOTIFY_H

#include "container/state.h"
#include "oci/spec.h"

/* Whether the caller has a NOTIFY_SOCKET that can be used. */
int notify_is_wanted(void);
/* Make the folder and add its mount to SPEC: 1, or 0 where the payload brings a socket of its own or
 * the container has no mounts. */
int notify_prepare(struct container *container, struct oci_spec *spec, struct barrer_error *err);
/* "NOTIFY_SOCKET=..." for the payload. */
const char *notify_environment(void);
/* Bind the socket: a descriptor, or -ENOENT without an error when notify_prepare made no folder. */
int notify_listen(const struct container *container, struct barrer_error *err);
/* Take one message from FD; tell the caller when it says READY=1, with MAIN_PID unless that is 0.
 * 1 when it did. */
int notify_forward(int fd, pid_t main_pid);
/* Wait until the payload MAIN_PID (and PIDFD) is ready or has ended. */
void notify_wait(int fd, pid_t main_pid, int pidfd);
#endif
