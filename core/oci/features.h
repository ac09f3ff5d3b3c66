/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON of `features` (runtime-spec 1.3), put together from what the chosen plugins declare:
 * their `honours` and `annotations`. What nobody declares is not there or false.
 */
#ifndef CORE_OCI_FEATURES_H
#define CORE_OCI_FEATURES_H

#include <stddef.h>

#include <barrer/plugin.h>

#include "base/error.h"

struct json_object;

/* PLUGINS: all chosen ones, of all kinds, alternatives included. */
int features_build(const struct barrer_plugin *const *plugins, size_t n,
                   struct json_object **ret_json, struct barrer_error *err);

#endif
