/* SPDX-License-Identifier: Apache-2.0
 *
 * The same filter in fewer instructions. libseccomp compares with one number after the other,
 * some 1,400 times for a profile of three architectures, which the kernel checks and translates at
 * each start of a container. Most of what a profile allows are long ranges of numbers.
 */
#ifndef PLUGINS_SECCOMP_COMPACT_H
#define PLUGINS_SECCOMP_COMPACT_H

#include "program.h"

/* Replace PROGRAM by one that answers every call in the same way, if that is shorter and PROGRAM
 * consists of what libseccomp is known to produce; else leave it. In any process. */
void seccomp_program_compact(struct seccomp_program *program);

#endif
