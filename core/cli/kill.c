/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/cli.h"
#include "cli/match.h"
#include "cli/operands.h"
#include "container/lifecycle.h"

static int kill_one(struct cli *cli, const char *id, const void *arg, struct barrer_error *err)
{
    const struct kill_operands *operands = arg;

    return lifecycle_kill(&cli->global, id, operands->signal, operands->all, err);
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct kill_operands operands;
    int r = kill_operands_parse(argc, argv, &operands, err);

    if (r < 0)
        return r;
    return operands.is_regex ? match_each(cli, operands.id, kill_one, &operands, err)
                             : kill_one(cli, operands.id, &operands, err);
}

const struct cli_verb verb_kill = {
    "kill", "[OPTIONS] ID [SIGNAL]", "Send a signal (default: TERM) to a container's process",
    "Options:\n"
    "  -a, --all                  to every process of the container\n"
    "  -r, --regex                ID is a regular expression: all that match\n",
    run};
