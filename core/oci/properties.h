/* SPDX-License-Identifier: Apache-2.0
 *
 * Which properties of config.json exist, and which of them a container sets.
 */
#ifndef CORE_OCI_PROPERTIES_H
#define CORE_OCI_PROPERTIES_H

#include "oci/spec.h"

struct arena;
struct json_object;

/* Walk JSON, which stands for the property PREFIX ("", "process", "linux.resources"), and list
 * what it sets, in its order; path == NULL ends the list. What no row of the table describes is
 * reported to the log, as FILE's, and otherwise ignored, as the specification asks. */
int properties_collect(struct json_object *json, const char *prefix, const char *file,
                       struct arena *arena, const struct oci_property **ret_properties,
                       struct barrer_error *err);

#endif
