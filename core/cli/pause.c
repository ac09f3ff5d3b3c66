/* SPDX-License-Identifier: Apache-2.0
 *
 * pause and resume.
 */
#include <errno.h>

#include "cli/cli.h"
#include "container/lifecycle.h"
#include "flow/stages.h"

static const struct option table[] = {{0}};

static int change(struct flow *flow, struct container *container, enum stage stage,
                  struct barrer_error *err)
{
    enum container_status status = container_status(container);

    if (stage == STAGE_PAUSE && status != CONTAINER_RUNNING && status != CONTAINER_CREATED)
        return error_fail(err, 0, "pause container `%s`: container not running: it is %s",
                          container->id, container_status_name(status));
    if (stage == STAGE_RESUME && status != CONTAINER_PAUSED)
        return error_fail(err, 0, "resume container `%s`: container not paused: it is %s",
                          container->id, container_status_name(status));
    if (!stage_any(flow, stage))
        return error_fail(err, ENOTSUP, "%s container `%s` (it has no cgroup)",
                          stage == STAGE_PAUSE ? "pause" : "resume", container->id);
    return stage_run(flow, stage, err);
}

static int pause_or_resume(struct cli *cli, int argc, char **argv, enum stage stage,
                           struct barrer_error *err)
{
    struct container *container;
    struct flow flow = {0};
    const char *id;
    int r;

    if (cli_option(argc, argv, "", table, err) != -1 || cli_id(argc, argv, &id, err) < 0)
        return -EINVAL;
    r = lifecycle_open_resources(&cli->global, id, CONTAINER_LOCKED, &container, &flow, err);
    if (r < 0)
        return r;
    r = change(&flow, container, stage, err);
    flow_fini(&flow);
    loader_destroy(flow.loader);
    container_close(container);
    return r;
}

static int run_pause(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    return pause_or_resume(cli, argc, argv, STAGE_PAUSE, err);
}

static int run_resume(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    return pause_or_resume(cli, argc, argv, STAGE_RESUME, err);
}

const struct cli_verb verb_pause = {"pause", "ID", "Freeze all processes of a container",
                                    "Options:\n", run_pause};

const struct cli_verb verb_resume = {"resume", "ID", "Thaw the processes of a paused container",
                                     "Options:\n", run_resume};
