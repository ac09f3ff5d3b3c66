/* SPDX-License-Identifier: Apache-2.0
 *
 * Being in the foreground of a process: its exit status becomes ours, our signals become its, and
 * its terminal is copied from and to ours.
 */
#ifndef CORE_CONTAINER_FOREGROUND_H
#define CORE_CONTAINER_FOREGROUND_H

#include <sys/types.h>

#include "base/error.h"

struct foreground {
    int is_terminal;
    int sockets[2]; /* for the terminal's master; -1 */
};

/* Before the clone: block the signals that are to be forwarded, so that none is lost; with
 * IS_TERMINAL make the sockets over which the process plugin sends the master. */
int foreground_init(struct foreground *foreground, int is_terminal, struct barrer_error *err);
/* Wait for PID's end; 0...255 as a shell has it (128 + signal). */
int foreground_wait(struct foreground *foreground, pid_t pid, int *ret_status,
                    struct barrer_error *err);
void foreground_fini(struct foreground *foreground);

#endif
