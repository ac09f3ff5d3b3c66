/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/cli.h"
#include "container/lifecycle.h"

static const struct option table[] = {{"force", no_argument, NULL, 'f'}, {0}};

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    const char *id;
    int c, force = 0;

    while ((c = cli_option(argc, argv, "f", table, err)) != -1) {
        if (c != 'f')
            return -EINVAL;
        force = 1;
    }
    if (cli_id(argc, argv, &id, err) < 0)
        return -EINVAL;
    return lifecycle_delete(&cli->global, id, force, err);
}

const struct cli_verb verb_delete = {
    "delete", "[OPTIONS] ID", "Remove a container that is stopped or only created",
    "Options:\n"
    "  -f, --force                kill it first; a missing container is no error\n",
    run};
