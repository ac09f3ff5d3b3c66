/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/cli.h"
#include "cli/match.h"
#include "container/lifecycle.h"

static const struct option table[] = {
    {"force", no_argument, NULL, 'f'}, {"regex", no_argument, NULL, 'r'}, {0}};

static int delete_one(struct cli *cli, const char *id, const void *arg, struct barrer_error *err)
{
    const int *force = arg;

    return lifecycle_delete(&cli->global, id, *force, err);
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    int c, force = 0, is_regex = 0;
    const char *id;

    while ((c = cli_option(argc, argv, "fr", table, err)) != -1) {
        if (c == '?')
            return -EINVAL;
        if (c == 'f')
            force = 1;
        else
            is_regex = 1;
    }
    if (cli_id(argc, argv, &id, err) < 0)
        return -EINVAL;
    return is_regex ? match_each(cli, id, delete_one, &force, err)
                    : delete_one(cli, id, &force, err);
}

const struct cli_verb verb_delete = {
    "delete", "[OPTIONS] ID", "Remove a container that is stopped or only created",
    "Options:\n"
    "  -f, --force                kill it first; a missing container is no error\n"
    "  -r, --regex                ID is a regular expression: all that match\n",
    run};
