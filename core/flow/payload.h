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

/* The most files and folders that a layer mounts. */
#define PAYLOAD_MOUNTS 64

/* Detached read-only mounts of what the layer mounts, in its order; at most LIMIT. Returns their
 * number. IS_SEALED: nobody can make them writable, see sealed.h; else they are clones, which who
 * has CAP_SYS_ADMIN can. */
int payload_open_mounts(const struct barrer_payload *payload, int is_sealed, int *fds, size_t limit,
                        struct barrer_error *err);

#define PAYLOAD_READONLY_ROOT (1u << 0) /* the root is going to be; what is put over its /run too */
#define PAYLOAD_SEALED (1u << 1)
/* In the container's process, before pivot: make the layer in ROOT_FD. FDS are those mounts; N_FDS
 * 0: the process opens them, by their paths on the host. */
int payload_attach(int root_fd, const struct barrer_payload *payload, const int *fds, size_t n_fds,
                   unsigned flags, struct barrer_error *err);

#endif
