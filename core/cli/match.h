/* SPDX-License-Identifier: Apache-2.0
 *
 * --regex: one verb for several containers.
 */
#ifndef CORE_CLI_MATCH_H
#define CORE_CLI_MATCH_H

#include "cli/cli.h"

/* Call ACT for every container whose id matches PATTERN, an extended regular expression
 * (regex(7)), or a part of it does. Goes on after errors, which are said: the exit status is 1
 * then, and 0 when nothing matches. */
int match_each(struct cli *cli, const char *pattern,
               int (*act)(struct cli *cli, const char *id, const void *arg,
                          struct barrer_error *err),
               const void *arg, struct barrer_error *err);

#endif
