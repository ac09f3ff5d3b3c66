/* SPDX-License-Identifier: Apache-2.0
 *
 * A [service NAME] as what the stages of a container take: an OCI configuration, so that one model
 * and one set of checks serves both flows. Made in the spawner, with the root of the system at "/".
 */
#ifndef CORE_BOOT_SERVICE_SPEC_H
#define CORE_BOOT_SERVICE_SPEC_H

#include "config/config.h"
#include "oci/spec.h"

struct service_request {
    const struct config *config;
    const char *name;
    const char *key; /* exec, stop-exec, reload-exec */
    const char *const *environment; /* of PID 1's, before the service's own; NULL ends it */
};

/* KINDS: the kinds of plugins that take part. */
int service_spec_make(const struct service_request *request, struct oci_spec **ret_spec,
                      unsigned *ret_kinds, struct barrer_error *err);

#endif
