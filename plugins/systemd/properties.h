/* SPDX-License-Identifier: Apache-2.0
 *
 * Properties of a unit, in the a(sv) of a call that is being written. All return 0, or -errno of
 * sd-bus without a message unless they take an error.
 */
#ifndef PLUGINS_SYSTEMD_PROPERTIES_H
#define PLUGINS_SYSTEMD_PROPERTIES_H

#include <barrer/resources.h>
#include <systemd/sd-bus.h>

/* The limits that systemd knows as well; it would put its own in their place when it next looks at
 * the unit. IS_V2: the control groups of this host. */
int properties_add_limits(sd_bus_message *call, const struct barrer_resources_request *request,
                          int is_v2);
/* The annotations "org.systemd.property.*" that the operator allows. */
int properties_add_annotations(sd_bus_message *call, const struct barrer_host *host,
                               struct barrer_error *err);

/* crun's: the name of a group below the scope's, which the container gets. */
#define SYSTEMD_SUBGROUP "run.oci.systemd.subgroup"

/* The keys of all that the plugin reads. */
extern const char *const properties_annotations[];

#endif
