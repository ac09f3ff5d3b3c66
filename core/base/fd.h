/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors and whole files. Ownership is by scope, with the attributes of barrer/util.h.
 */
#ifndef CORE_BASE_FD_H
#define CORE_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

#include <barrer/util.h>

#include "base/error.h"

/* Read all of FD, up to LIMIT bytes, into a fresh block that ends with NUL; -EFBIG beyond it. */
int fd_read_all(int fd, size_t limit, char **ret_text, size_t *ret_length);
/* The same for the file NAME below DIR_FD (AT_FDCWD for a path). */
int fd_read_file(int dir_fd, const char *name, size_t limit, char **ret_text, size_t *ret_length);
/* The same for a regular file: a short read is its end, and nothing else is waited for. */
int fd_read_regular(int dir_fd, const char *name, size_t limit, char **ret_text,
                    size_t *ret_length);
/* What one read(2) of the file NAME gives, ended with NUL: files of procfs give all of it. The
 * number of bytes, or -errno. */
ssize_t fd_read_once(int dir_fd, const char *name, char *buffer, size_t size);
int fd_write_all(int fd, const void *data, size_t length);
/* Create or replace NAME below DIR_FD with MODE in one step that a reader never sees half done
 * (a temporary name and rename(2)). */
int fd_replace_file(int dir_fd, const char *name, const void *data, size_t length, mode_t mode);
/* Send and receive one descriptor over a unix socket (SCM_RIGHTS), with TEXT beside it. */
int fd_send(int socket_fd, int fd, const char *text);
int fd_receive(int socket_fd, int *ret_fd);
/* Receive up to SIZE bytes, and the descriptor that may be beside them: *ret_fd, -1 without one.
 * Returns how many bytes, 0 at the end. */
ssize_t fd_receive_data(int socket_fd, void *data, size_t size, int *ret_fd);
/* Connect to the unix socket at PATH, of any length (through /proc/self/fd when it is longer than
 * sockaddr_un holds): a new stream socket. */
int fd_connect_unix(const char *path);

#endif
