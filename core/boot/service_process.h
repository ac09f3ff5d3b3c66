/* SPDX-License-Identifier: Apache-2.0
 *
 * The processes of a service, and the descriptors between them and PID 1: the spawner in the
 * service's group, its report, the readiness pipe, the init service's socket.
 */
#ifndef CORE_BOOT_SERVICE_PROCESS_H
#define CORE_BOOT_SERVICE_PROCESS_H

#include "boot/supervisor.h"

/* Clone the spawner of KEY (exec, stop-exec, reload-exec). */
int service_process_start(struct supervisor *s, int index, const char *key);
/* SIGKILL to what is left of a service. */
void service_process_kill(struct supervisor *s, int index);
/* PID 1's ends of what a start has made, but for the socket. */
void service_process_close(struct unit *unit);
void service_process_end_socket(struct supervisor *s, int index);

#endif
