/* SPDX-License-Identifier: Apache-2.0
 *
 * The payload's environment: what config.json says, once for each name, and HOME.
 */
#ifndef CORE_FLOW_ENVIRONMENT_H
#define CORE_FLOW_ENVIRONMENT_H

#include "base/error.h"
#include <stdint.h>

/* In the container's root: entries NAME=VALUE of ASKED and EXTRA (NULL: none), the last one of each
 * name, as with runc; and HOME of user UID where they have none or an empty one, since both peers
 * supply it and images rely on it. The list lives as long as the process, and the strings as those
 * that were given. */
int environment_make(uint32_t uid, const char *const *asked, const char *const *extra,
                     const char *const **ret_environment, struct barrer_error *err);

#endif
