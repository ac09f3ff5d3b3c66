/* SPDX-License-Identifier: Apache-2.0
 *
 * struct barrer_stats as the `data` of an event.
 */
#ifndef CORE_CLI_STATS_H
#define CORE_CLI_STATS_H

#include <barrer/resources.h>

struct json_object;

/* `data`, whose intel_rdt and network_interfaces are empty yet. */
struct json_object *stats_json(const struct barrer_stats *stats);
/* Fill intel_rdt of DATA from STATS, whose rdt counts. */
void stats_add_rdt(struct json_object *data, const struct barrer_stats *stats);
/* Fill network_interfaces from TEXT, that of /proc/PID/net/dev, which is changed. */
void stats_add_interfaces(struct json_object *data, char *text);

#endif
