/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/cli.h"
#include "cli/operands.h"
#include "container/lifecycle.h"

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct kill_operands operands;
    int r = kill_operands_parse(argc, argv, &operands, err);

    return r < 0 ? r
                 : lifecycle_kill(&cli->global, operands.id, operands.signal, operands.all, err);
}

const struct cli_verb verb_kill = {
    "kill", "[OPTIONS] ID [SIGNAL]", "Send a signal (default: TERM) to a container's process",
    "Options:\n"
    "  -a, --all                  to every process of the container\n",
    run};
