/* SPDX-License-Identifier: Apache-2.0
 *
 * struct barrer_stats as the `data` of an event.
 */
#ifndef CORE_CLI_STATS_H
#define CORE_CLI_STATS_H

#include <barrer/resources.h>

struct json_object;

struct json_object *stats_json(const struct barrer_stats *stats);

#endif
