/* SPDX-License-Identifier: Apache-2.0
 *
 * The caller of barrer-run: what it may do, what it hands on, and what it is told.
 */
#ifndef CORE_CONTAINER_CALLER_H
#define CORE_CONTAINER_CALLER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "container/options.h"

/* Whether the caller is anything but root of the initial user namespace, unless MODE says so. */
int caller_is_rootless(enum rootless_mode mode, int proc_fd);
/* The name of UID in /etc/passwd, read without NSS, or the number. */
void caller_user_name(uid_t uid, char *name, size_t size);
/* What goes into the payload's environment (NULL ends it): LISTEN_FDS of sd_listen_fds(3), whose
 * sockets are added to *PRESERVE_FDS, and NOTIFY ("NAME=VALUE"), or NULL. */
const char *const *caller_environment(int *preserve_fds, const char *notify);
/* --pid-file: the number without a newline, complete at once. */
int caller_write_pid(const char *file, pid_t pid, struct barrer_error *err);
/* --pidfd-socket */
int caller_send_pidfd(const char *socket, int pidfd, struct barrer_error *err);

#endif
