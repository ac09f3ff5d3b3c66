/* SPDX-License-Identifier: Apache-2.0
 *
 * The conversation with systemd, the system's or a user's own.
 */
#ifndef PLUGINS_SYSTEMD_BUS_H
#define PLUGINS_SYSTEMD_BUS_H

#include <barrer/plugin.h>
#include <systemd/sd-bus.h>

struct bus {
    const struct barrer_host *host;
    sd_bus *bus;
    char job[256];    /* the job that is waited for; "": none */
    char result[64];  /* of it: "done", "failed", ... */
};

/* Nothing happens when it is open already. */
int bus_open(struct bus *bus, const struct barrer_host *host, int is_user,
             struct barrer_error *err);
void bus_close(struct bus *bus);
/* The control group of the manager itself, to be freed: "/", or a path. */
int bus_manager_group(struct bus *bus, char **ret_path, struct barrer_error *err);
/* A new call of METHOD of the manager, to be sent by one of the next two. */
int bus_new_call(struct bus *bus, const char *method, sd_bus_message **ret_call,
                 struct barrer_error *err);
int bus_send(struct bus *bus, sd_bus_message *call, const char *what, struct barrer_error *err);
/* For methods that queue a job: wait until it is done. -EEXIST: the unit is there already; -ENOENT:
 * there is no such unit; both without a message. */
int bus_run_job(struct bus *bus, sd_bus_message *call, const char *what, struct barrer_error *err);

#endif
