/* SPDX-License-Identifier: Apache-2.0
 *
 * What PID 1 says, and what services write while no log service reads their pipes: into a ring
 * that `barrerctl logs` shows, and to the kernel log, or to standard error under --test.
 */
#ifndef CORE_BOOT_OUTPUT_H
#define CORE_BOOT_OUTPUT_H

#include "boot/machine.h"

/* A sentence of PID 1. SEVERITY: as syslog(3): 3 error, 4 warning, 5 notice, 6 information; what is
 * 3 is on the console in any case. */
void output_say(struct machine *machine, int severity, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The pipe of a service: both ends stay PID 1's, so that nobody ever sees its end. */
int output_open(struct machine *machine, int index);
/* Read what is there, without blocking and not more than 16 KiB. */
void output_drain(struct machine *machine, int index);
/* The next line of the ring at *OFFSET, which moves on; 0: none. NAME and LINE end with NUL. */
int output_next(const struct machine *machine, uint64_t *offset, char name[MACHINE_NAME],
                char *line, size_t size);

#endif
