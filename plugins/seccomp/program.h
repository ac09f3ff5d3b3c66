/* SPDX-License-Identifier: Apache-2.0
 *
 * A filter as the kernel takes it: classic BPF instructions in memory.
 */
#ifndef PLUGINS_SECCOMP_PROGRAM_H
#define PLUGINS_SECCOMP_PROGRAM_H

#include <linux/filter.h>
#include <seccomp.h>
#include <stddef.h>

#include <barrer/plugin.h>

struct seccomp_program {
    struct sock_filter *code; /* NULL: no filter */
    size_t length;            /* in instructions */
};

/* Translate what libseccomp has collected, behind the PREFIX_LENGTH instructions of PREFIX. */
int seccomp_program_export(const struct barrer_host *host, scmp_filter_ctx context,
                           const struct sock_filter *prefix, size_t prefix_length,
                           struct seccomp_program *ret_program, struct barrer_error *err);
void seccomp_program_fini(struct seccomp_program *program);

/* Hand it to the kernel with flags of seccomp(2). Returns the listener's descriptor when FLAGS ask
 * for one, else 0. In the process. */
int seccomp_program_install(const struct barrer_host *host, const struct seccomp_program *program,
                            unsigned flags, struct barrer_error *err);

#endif
