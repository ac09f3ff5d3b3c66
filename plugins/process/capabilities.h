/* SPDX-License-Identifier: Apache-2.0
 *
 * The five capability sets of the payload. prepare turns names into bits on the host; bound,
 * keep and apply run in the process, in this order and around the change of the user.
 */
#ifndef PLUGINS_PROCESS_CAPABILITIES_H
#define PLUGINS_PROCESS_CAPABILITIES_H

#include <stdint.h>
#include <sys/capability.h>

#include <barrer/process.h>

struct process_capabilities {
    cap_t state; /* effective, permitted and inheritable, for capset(2) */
    uint64_t bounding, effective, permitted, inheritable, ambient;
    int n_bits; /* how many the running kernel has */
};

/* Translate and reconcile the sets; WANTED NULL: all are empty. What the kernel could not hold
 * (unknown names; effective outside permitted; ...) is left out with a warning, as the
 * specification asks. */
int process_capabilities_prepare(const struct barrer_host *host, struct process_capabilities *caps,
                                 const struct barrer_capabilities *wanted,
                                 struct barrer_error *err);
void process_capabilities_fini(struct process_capabilities *caps);

/* Reduce the bounding set. Needs CAP_SETPCAP. */
int process_capabilities_bound(const struct barrer_host *host,
                               const struct process_capabilities *caps, struct barrer_error *err);
/* Let the permitted set survive the change to a user that is not 0. */
int process_capabilities_keep(const struct barrer_host *host, struct barrer_error *err);
/* Set the other four, exactly; what the process does not hold itself is left out with a warning. */
int process_capabilities_apply(const struct barrer_host *host,
                               const struct process_capabilities *caps, struct barrer_error *err);

#endif
