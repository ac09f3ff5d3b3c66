/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs that change containers. The ones of light.c load no plugin.
 */
#ifndef CORE_CONTAINER_LIFECYCLE_H
#define CORE_CONTAINER_LIFECYCLE_H

#include "container/options.h"
#include "container/state.h"
#include "flow/flow.h"

/* create.c: create, and run. *ret_status is the payload's exit status (run in the foreground),
 * else 0. */
int lifecycle_create(const struct global_options *global, const struct create_options *options,
                     int *ret_status, struct barrer_error *err);
/* Call USE with the composition that create would use, without effects; for `plan`. */
int lifecycle_compose(const struct global_options *global, const struct create_options *options,
                      void (*use)(const struct flow *flow, void *arg), void *arg,
                      struct barrer_error *err);

/* exec.c */
int lifecycle_exec(const struct global_options *global, const struct exec_options *options,
                   int *ret_status, struct barrer_error *err);

/* mounts.c: mount what the array in FILE says in a container that runs, or unmount it. */
int lifecycle_mounts(const struct global_options *global, const char *id, const char *file,
                     int is_add, struct barrer_error *err);

/* checkpoint.c. With restore in struct create_options, lifecycle_create is its counterpart. */
int lifecycle_checkpoint(const struct global_options *global,
                         const struct checkpoint_options *options, struct barrer_error *err);

/* later.c: `delete`. Works on what was recorded. */
int lifecycle_delete(const struct global_options *global, const char *id, int force,
                     struct barrer_error *err);

/* light.c */
/* 1: done; 0: this takes plugins or hooks, use the function of later.c. */
int light_start(struct container *container, struct barrer_error *err);
int light_kill(struct container *container, int signal, struct barrer_error *err);
/* The container's process alone; 1 when it was there. */
int light_signal_process(struct container *container, int signal, struct barrer_error *err);
/* "TERM", "SIGTERM" or a number; -1. */
int light_signal(const char *text);

/* later.c: start and kill with all that they can take. */
int lifecycle_start(const struct global_options *global, const char *id, struct barrer_error *err);
int lifecycle_kill(const struct global_options *global, const char *id, int signal, int all,
                   struct barrer_error *err);
/* Open CONTAINER's recorded instances of KINDS; FLOW is zeroed memory. */
int lifecycle_reopen(struct container *container, unsigned kinds, int only_facts, struct flow *flow,
                     struct barrer_error *err);
/* Load the plugins that CONTAINER's end takes, before what cannot be done twice: a program that lacks
 * one becomes the program proper here. */
int lifecycle_load(struct container *container, struct barrer_error *err);
/* The resources backend of a container that has one, for pause, resume, update, ps, events. FLAGS
 * as container_open has them. */
int lifecycle_open_resources(const struct global_options *global, const char *id, unsigned flags,
                             struct container **ret_container, struct flow *flow,
                             struct barrer_error *err);
/* Run the poststop hooks with the recorded config.json; a failure only warns. */
void lifecycle_poststop(struct container *container);
/* The spec of the recorded config.json. */
int lifecycle_spec(struct container *container, struct oci_spec **ret_spec,
                   struct barrer_error *err);
#endif
