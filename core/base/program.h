/* SPDX-License-Identifier: Apache-2.0
 *
 * From one of barrer-run's programs to the next: the first stage, the static program that has the
 * shipped plugins linked in, and the program proper, which loads plugins from files.
 */
#ifndef CORE_BASE_PROGRAM_H
#define CORE_BASE_PROGRAM_H

/* Execute PATH; returns -errno only. IS_PROTECTED: from a detached read-only clone of its mount,
 * or from a sealed copy, so that /proc/PID/exe is no way to write to it. */
int program_execute(const char *path, int is_protected, char **argv);

/* Remember how to become the program proper, whose path the first stage gave as ARGV[0]. */
void program_set_successor(char **argv);
/* Become it, with the same arguments; for a program that cannot go on, and has changed nothing yet
 * and read nothing that cannot be read twice. Returns -errno where there is none (-ENOENT), or it
 * cannot be executed. */
int program_succeed(void);

#endif
