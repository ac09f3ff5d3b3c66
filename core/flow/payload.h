/* SPDX-License-Identifier: Apache-2.0
 *
 * Payloads that take a host other than the kernel: which ones these are, the host's answer on its
 * way from barrer-run to the container's process, and the layer on which what the host brings
 * along is mounted there.
 */
#ifndef CORE_FLOW_PAYLOAD_H
#define CORE_FLOW_PAYLOAD_H

#include <stddef.h>

#include <barrer/runtime.h>

#include "base/error.h"

/* Where the layer is, in the container. */
#define PAYLOAD_LAYER "run/barrer"

/* Whether the command speaks of .NET, in words: "dotnet", "App.dll". */
int payload_sounds_managed(const char *const *args);
/* Whether the two below can be true. */
int payload_may_be_managed(const char *const *args);
/* Whether args[0] is a file that the kernel does not execute itself, or the small program that
 * stands beside an assembly of its name. Without a "/" it is a name to search for: 0. ROOT_FD: the
 * container's root; PROC_FD: a procfs. */
int payload_is_managed(int root_fd, int proc_fd, const char *cwd, const char *name);

/* Write PAYLOAD into a new file in memory. */
int payload_pack(const struct barrer_payload *payload, int *ret_fd, struct barrer_error *err);
/* Read it; the memory is the process's until its end. */
int payload_unpack(int fd, struct barrer_payload *payload, struct barrer_error *err);

/* Detached read-only clones of what the layer mounts, in its order; at most LIMIT. Returns their
 * number. */
int payload_open_mounts(const struct barrer_payload *payload, int *fds, size_t limit,
                        struct barrer_error *err);
/* In the container's process, before pivot: make the layer in ROOT_FD. FDS are those mounts; N_FDS
 * 0: the process opens them, by their paths on the host. IS_ROOT_READONLY: the root is going to be,
 * and what is put over its /run is as well. */
int payload_attach(int root_fd, const struct barrer_payload *payload, const int *fds, size_t n_fds,
                   int is_root_readonly, struct barrer_error *err);

#endif
