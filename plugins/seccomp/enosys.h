/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls that are newer than the profile. A C library tries a new call first and falls back
 * when it gets ENOSYS; the profile's default, EPERM as a rule, makes it fail instead. So a filter
 * gets a prefix: numbers above the highest that the profile names are answered by ENOSYS.
 */
#ifndef PLUGINS_SECCOMP_ENOSYS_H
#define PLUGINS_SECCOMP_ENOSYS_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include <barrer/process.h>

/* Enough for every architecture that libseccomp knows. */
#define SECCOMP_ENOSYS_MAX 256

/* Write the prefix for the N architectures of TOKENS (SCMP_ARCH_*) to CODE, and return its length:
 * 0 when the profile names no system call of theirs. */
size_t seccomp_enosys_prefix(const struct barrer_seccomp *profile, const uint32_t *tokens, size_t n,
                             struct sock_filter code[SECCOMP_ENOSYS_MAX]);

#endif
