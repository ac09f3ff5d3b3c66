/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "container/lifecycle.h"

static const struct option table[] = {{0}};

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    int is_add;

    if (cli_option(argc, argv, "", table, err) != -1)
        return -EINVAL;
    if (argc - optind != 3)
        return error_fail(err, 0, "mounts: expected add or remove, an id and a file");
    is_add = strcmp(argv[optind], "add") == 0;
    if (!is_add && strcmp(argv[optind], "remove") != 0)
        return error_fail(err, 0, "mounts: expected add or remove, got \"%s\"", argv[optind]);
    return lifecycle_mounts(&cli->global, argv[optind + 1], argv[optind + 2], is_add, err);
}

const struct cli_verb verb_mounts = {"mounts", "add|remove ID FILE",
                                     "Change the mounts of a running container", "Options:\n", run};
