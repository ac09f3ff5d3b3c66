/* SPDX-License-Identifier: Apache-2.0
 *
 * Being in the foreground of a process: its exit status becomes ours, our signals become its, and
 * its terminal is copied from and to ours.
 */
#ifndef CORE_CONTAINER_FOREGROUND_H
#define CORE_CONTAINER_FOREGROUND_H

#include <sys/types.h>

#include <barrer/process.h>

#include "base/error.h"

struct foreground {
    int is_terminal; /* its terminal is copied from and to ours */
    int sockets[2];  /* for the terminal's master; -1 */
    int console_fd;  /* where the process plugin sends the master: one of them, or a connection to
                        --console-socket; -1 */
    int notify_fd;   /* where the payload says that it is ready (notify.h); -1 */
};

#define FOREGROUND_NONE ((struct foreground){.sockets = {-1, -1}, .console_fd = -1, .notify_fd = -1})

/* Before the clone. Unless IS_DETACHED, block the signals that are to be forwarded, so that none is
 * lost. A terminal goes to CONSOLE_SOCKET (a path, or NULL), or else to us, and then has the size
 * of ours before PROCESS can look: both are put into PROCESS. VERB is for errors. */
int foreground_init(struct foreground *foreground, const char *verb,
                    struct barrer_process_request *process, int is_detached,
                    const char *console_socket, struct barrer_error *err);
/* When the container cannot start: print what its hooks have written to the terminal. */
void foreground_flush(struct foreground *foreground);
/* Wait for PID's end; 0...255 as a shell has it (128 + signal). */
int foreground_wait(struct foreground *foreground, pid_t pid, int *ret_status,
                    struct barrer_error *err);
void foreground_fini(struct foreground *foreground);

#endif
