/* SPDX-License-Identifier: Apache-2.0
 *
 * start, in the first stage: what takes hooks goes to the program proper.
 */
#include "cli/cli.h"
#include "container/lifecycle.h"

static const struct option table[] = {{0}};

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    const char *id;

    if (cli_option(argc, argv, "", table, err) != -1)
        return -err->errnum;
    if (cli_id(argc, argv, &id, err) < 0)
        return -err->errnum;
    return lifecycle_start(&cli->global, id, err);
}

const struct cli_verb verb_start = {"start", "ID", "Start the payload of a created container",
                                    "Options:\n", run};
