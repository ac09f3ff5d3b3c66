/* SPDX-License-Identifier: Apache-2.0
 *
 * Annotations by which callers ask a runtime for more than config.json has words for; those of crun
 * ("run.oci...."). What the configuration allows is done, and the rest named.
 */
#ifndef CORE_CONTAINER_ANNOTATIONS_H
#define CORE_CONTAINER_ANNOTATIONS_H

#include "flow/flow.h"

struct annotations {
    const char *pidfd_receiver; /* as --pidfd-socket; or NULL */
};

/* CRIU's configuration file, which may have it run any program. */
#define ANNOTATION_CRIU_CONFIG "org.criu.config"

/* Those that [core] allow-annotations can name; NULL ends them. */
extern const char *const annotations_of_core[];

/* The value of KEY if [core] allow-annotations of CONFIG names it, else NULL, with a warning. */
int annotations_get(const struct config *config, const struct oci_spec *spec, const char *key,
                    const char **ret_value, struct barrer_error *err);
/* Take those of FLOW's spec that [core] allow-annotations of CONFIG names, and say in the log which
 * others nobody honours. FLOW is composed. */
int annotations_apply(const struct flow *flow, const struct config *config, struct oci_spec *spec,
                      struct annotations *annotations, struct barrer_error *err);

#endif
