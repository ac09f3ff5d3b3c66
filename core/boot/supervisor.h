/* SPDX-License-Identifier: Apache-2.0
 *
 * Services, from their rows of the plan to their processes: order, readiness, restarts, watchdogs,
 * timers. Nothing here blocks; supervisor_step does what is due and says when the next thing is.
 */
#ifndef CORE_BOOT_SUPERVISOR_H
#define CORE_BOOT_SUPERVISOR_H

#include "boot/machine.h"
#include "boot/message.h"
#include "config/config.h"
#include "plugin/loader.h"

struct supervisor {
    struct machine *machine;
    struct loader *loader; /* with the plugins of services; its copy is the spawner's */
    struct config *config; /* what the current plan was read from, for spawners; or NULL */
};

extern const char *const service_state_names[];

static inline struct unit *unit_at(const struct supervisor *s, int index)
{
    return &s->machine->units[index];
}
static inline struct service_row *row_at(const struct supervisor *s, int index)
{
    return machine_row(s->machine, index);
}
static inline const struct boot_settings *settings_of(const struct supervisor *s)
{
    return &machine_plan(s->machine)->settings;
}
/* The plan that names the service: what one that a new plan does not name was started with, for its
 * end. */
struct boot_plan *supervisor_plan_of(const struct supervisor *s, int index);

/* Take over the current plan: new services get units, those that are gone are stopped. START_NEW:
 * start what is enabled and not up. */
void supervisor_take_plan(struct supervisor *s, int start_new);
/* The plan changes: what it was read from is no longer true. */
void supervisor_forget_config(struct supervisor *s);
void supervisor_start(struct supervisor *s, int index);
void supervisor_stop(struct supervisor *s, int index);
void supervisor_restart(struct supervisor *s, int index);
int supervisor_reload(struct supervisor *s, int index, struct barrer_error *err);
/* After a fault: services that it has left between two states. */
void supervisor_recover(struct supervisor *s);
/* A child of PID 1 ended; 1 when it was a service's. */
int supervisor_reaped(struct supervisor *s, pid_t pid, int status);
/* What is to be read of a spawner, of an s6 descriptor. */
void supervisor_read_report(struct supervisor *s, int index);
void supervisor_read_ready(struct supervisor *s, int index);
/* A datagram of NOTIFY_SOCKET, which ends with NUL, of process PID. */
void supervisor_notified(struct supervisor *s, pid_t pid, char *text);
void supervisor_set_ready(struct supervisor *s, int index);
/* Do what is due; when to come again, or 0: when something happens. */
uint64_t supervisor_step(struct supervisor *s);
/* Stop those that nothing that is up needs; how many are up. Called until it says 0. */
int supervisor_stop_all(struct supervisor *s);
/* SIGKILL to all of them. */
void supervisor_kill_all(struct supervisor *s);
/* Fill a SERVICE message. */
void supervisor_describe(const struct supervisor *s, int index, const char *id,
                         struct message *message);
/* Give the log service a pipe, or all of them (index MACHINE_NONE). */
void supervisor_give_pipes(struct supervisor *s, int index);
/* Tell the init service; what its socket does not take is counted. */
void supervisor_tell_init(struct supervisor *s, const struct message *message);
/* The unit that plays the init service now, or MACHINE_NONE. */
int supervisor_init_unit(const struct supervisor *s);
/* Whether it is the init service or its fallback. */
int supervisor_is_init(const struct supervisor *s, int index);

#endif
