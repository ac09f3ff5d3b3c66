/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <json-c/json.h>

#include "cli/cli.h"
#include "container/state.h"

static const struct option table[] = {{0}};

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct container *container;
    enum container_status status;
    struct json_object *state;
    const char *id;
    int r;

    if (cli_option(argc, argv, "", table, err) != -1 || cli_id(argc, argv, &id, err) < 0)
        return -EINVAL;
    r = container_open(cli->global.root, id, 0, &container, err);
    if (r < 0)
        return r;
    status = container_status(container);
    state = container_state(container, container_status_name(status),
                            status == CONTAINER_STOPPED ? 0 : container->pid);
    r = cli_print_json(state, 1, err);
    json_object_put(state);
    container_close(container);
    return r;
}

const struct cli_verb verb_state = {"state", "ID", "Print the state of a container as JSON",
                                    "Options:\n", run};
