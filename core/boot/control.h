/* SPDX-License-Identifier: Apache-2.0
 *
 * The requests of clients and of the init service: docs/boot-protocol.md. A peer that does not read
 * costs PID 1 nothing: answers wait in the client's place until its socket takes them.
 */
#ifndef CORE_BOOT_CONTROL_H
#define CORE_BOOT_CONTROL_H

#include "boot/supervisor.h"

/* The listening socket, and that of NOTIFY_SOCKET, as far as they are not open. */
int control_open(struct machine *machine, struct barrer_error *err);
/* After a fault: clients whose request it may have taken are told by the end of the connection. */
void control_recover(struct machine *machine);
void control_accept(struct supervisor *s);
/* A packet of a client, or of the init service, or of the log service. */
void control_read_client(struct supervisor *s, int client);
void control_read_service(struct supervisor *s, int index);
void control_read_notify(struct supervisor *s);
/* Whether there is something to write to it, and writing it. */
int control_wants_write(const struct supervisor *s, int client);
void control_write(struct supervisor *s, int client);
/* The job that a request began has ended with that wait status. */
void control_job_ended(struct supervisor *s, int status);
/* Begin a job, of which there is one at a time: -EBUSY. */
int control_begin_job(struct supervisor *s, enum job_kind kind, int client, const char *id);

#endif
