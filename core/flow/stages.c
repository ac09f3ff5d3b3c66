/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/stages.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "base/log.h"

/* The operations, one small function each: the table below needs them all in one shape. */

#define OPS(plugin, kind) ((const struct barrer_##kind##_ops *)(plugin)->ops)

#define HAS(kind, op)                                                                              \
    static int has_##kind##_##op(const struct barrer_plugin *plugin)                               \
    {                                                                                              \
        return BARRER_HAS(OPS(plugin, kind), op) ? 1 : 0;                                          \
    }

#define CALL(kind, op, ...)                                                                        \
    HAS(kind, op)                                                                                  \
    static int kind##_##op(struct flow *flow, struct instance *instance, struct barrer_error *err) \
    {                                                                                              \
        (void)flow;                                                                                \
        return OPS(instance->plugin, kind)->op(instance->self, __VA_ARGS__);                       \
    }

/* Unite the plan of one isolation plugin with those before it. */
static int merge_isolation(struct flow *flow, const struct barrer_isolation_plan *plan,
                           struct barrer_error *err)
{
    struct barrer_isolation_plan *all = &flow->isolation;
    uint32_t joined = 0;

    for (size_t i = 0; i < plan->n_joins; i++)
        joined |= plan->joins[i].type;
    for (size_t i = 0; i < all->n_joins; i++)
        if (all->joins[i].type & (joined | plan->create))
            return error_fail(err, EEXIST, "give the container one namespace of each type");
    if (all->create & (joined | plan->create))
        return error_fail(err, EEXIST, "give the container one namespace of each type");
    if (all->n_joins + plan->n_joins > sizeof(flow->joins) / sizeof(*flow->joins) ||
        all->n_time_offsets + plan->n_time_offsets >
            sizeof(flow->time_offsets) / sizeof(*flow->time_offsets))
        return error_fail(err, E2BIG, "unite the plans of the isolation plugins");
    for (size_t i = 0; i < plan->n_joins; i++)
        flow->joins[all->n_joins++] = plan->joins[i];
    for (size_t i = 0; i < plan->n_time_offsets; i++)
        flow->time_offsets[all->n_time_offsets++] = plan->time_offsets[i];
    all->create |= plan->create;
    all->joins = flow->joins;
    all->time_offsets = flow->time_offsets;
    return 0;
}

static int merge_resources(struct flow *flow, const struct barrer_resources_plan *plan,
                           struct barrer_error *err)
{
    struct barrer_resources_plan *all = &flow->resources;

    if (all->cgroup_fd >= 0 && plan->cgroup_fd >= 0)
        return error_fail(err, EEXIST, "clone into one cgroup (two resources plugins name one)");
    if (all->n_views + plan->n_views > sizeof(flow->views) / sizeof(*flow->views))
        return error_fail(err, E2BIG, "unite the cgroup hierarchies of the resources plugins");
    for (size_t i = 0; i < plan->n_views; i++)
        flow->views[all->n_views++] = plan->views[i];
    all->views = flow->views;
    if (plan->cgroup_fd >= 0)
        all->cgroup_fd = plan->cgroup_fd;
    if (all->cgroup_path == NULL)
        all->cgroup_path = plan->cgroup_path;
    if (all->paused_file == NULL) {
        all->paused_file = plan->paused_file;
        all->paused_line = plan->paused_line;
    }
    return 0;
}

HAS(isolation, prepare)
static int isolation_prepare(struct flow *flow, struct instance *instance, struct barrer_error *err)
{
    struct barrer_isolation_plan plan = {.size = sizeof(plan)};
    int r = OPS(instance->plugin, isolation)
                ->prepare(instance->self, &flow->spec->isolation, &plan, err);

    return r < 0 ? r : merge_isolation(flow, &plan, err);
}

HAS(isolation, join)
static int isolation_join(struct flow *flow, struct instance *instance, struct barrer_error *err)
{
    struct barrer_isolation_plan plan = {.size = sizeof(plan)};
    int r = OPS(instance->plugin, isolation)->join(instance->self, &flow->target, &plan, err);

    return r < 0 ? r : merge_isolation(flow, &plan, err);
}

HAS(resources, prepare)
static int resources_prepare(struct flow *flow, struct instance *instance, struct barrer_error *err)
{
    struct barrer_resources_plan plan = {.size = sizeof(plan), .cgroup_fd = -1};
    int r = OPS(instance->plugin, resources)
                ->prepare(instance->self, &flow->spec->resources, &plan, err);

    return r < 0 ? r : merge_resources(flow, &plan, err);
}

HAS(resources, join)
static int resources_join(struct flow *flow, struct instance *instance, struct barrer_error *err)
{
    struct barrer_resources_plan plan = {.size = sizeof(plan), .cgroup_fd = -1};
    int r = OPS(instance->plugin, resources)->join(instance->self, flow->exec_cgroup, &plan, err);

    return r < 0 ? r : merge_resources(flow, &plan, err);
}

HAS(runtime, resolve)
static int runtime_resolve(struct flow *flow, struct instance *instance, struct barrer_error *err)
{
    if (instance != flow->runtime)
        return 0;
    flow->payload = (struct barrer_payload){.size = sizeof(flow->payload), .fd = -1};
    return OPS(instance->plugin, runtime)
        ->resolve(instance->self, &flow->spec->runtime, &flow->payload, err);
}

CALL(isolation, attach, &flow->spec->isolation, &flow->target, err)
CALL(isolation, enter, &flow->spec->isolation, err)
CALL(isolation, release, err)
CALL(resources, attach, &flow->target, err)
CALL(resources, update, &flow->spec->resources, err)
CALL(resources, pause, err)
CALL(resources, resume, err)
CALL(resources, release, err)
CALL(filesystem, prepare, &flow->spec->filesystem, err)
CALL(filesystem, attach, &flow->spec->filesystem, &flow->target, err)
CALL(filesystem, enter, &flow->spec->filesystem, err)
CALL(filesystem, pivot, &flow->spec->filesystem, err)
CALL(filesystem, open_mounts, &flow->spec->filesystem, err)
CALL(filesystem, add_mounts, &flow->spec->filesystem, err)
CALL(filesystem, remove_mounts, &flow->spec->filesystem, err)
CALL(filesystem, release, &flow->spec->filesystem, err)
CALL(process, prepare, &flow->spec->process, err)
CALL(process, attach, &flow->spec->process, &flow->target, err)
CALL(process, confine, &flow->spec->process, err)
CALL(process, drop, &flow->spec->process, err)
CALL(process, release, err)
CALL(runtime, release, err)
HAS(isolation, probe)
HAS(resources, probe)
HAS(filesystem, probe)
HAS(process, probe)
HAS(runtime, probe)
HAS(runtime, match)
HAS(runtime, plan)

#define ROW(stage, name, kind, KIND, op, side, flows, what)                                        \
    {                                                                                              \
        stage, name, BARRER_##KIND, side, flows, what, has_##kind##_##op, kind##_##op              \
    }
/* Rows whose calls compose.c makes, because their answers choose instances. */
#define CHOICE(stage, name, kind, KIND, op, flows, what)                                           \
    {                                                                                              \
        stage, name, BARRER_##KIND, SIDE_HOST, flows, what, has_##kind##_##op, NULL                \
    }
#define CORE(stage, name, side, flows, what)                                                       \
    {                                                                                              \
        stage, name, 0, side, flows, what, NULL, NULL                                              \
    }
#define BOTH (FLOW_CREATE | FLOW_EXEC)

static const struct stage_row rows[] = {
    CHOICE(STAGE_PROBE, "probe", isolation, ISOLATION, probe, FLOW_CREATE, "usable here?"),
    CHOICE(STAGE_PROBE, "probe", resources, RESOURCES, probe, FLOW_CREATE, "usable here?"),
    CHOICE(STAGE_PROBE, "probe", filesystem, FILESYSTEM, probe, FLOW_CREATE, "usable here?"),
    CHOICE(STAGE_PROBE, "probe", process, PROCESS, probe, FLOW_CREATE, "usable here?"),
    CHOICE(STAGE_PROBE, "probe", runtime, RUNTIME, probe, FLOW_CREATE, "usable here?"),
    CHOICE(STAGE_PROBE, "match", runtime, RUNTIME, match, BOTH, "who executes the payload?"),
    ROW(STAGE_PREPARE, "prepare", isolation, ISOLATION, prepare, SIDE_HOST, FLOW_CREATE,
        "which namespaces to create and to join"),
    ROW(STAGE_PREPARE, "prepare", process, PROCESS, prepare, SIDE_HOST, BOTH,
        "check names, compile filters"),
    ROW(STAGE_PREPARE, "prepare", filesystem, FILESYSTEM, prepare, SIDE_HOST, FLOW_CREATE,
        "open sources, make the folders of layers"),
    ROW(STAGE_PREPARE, "prepare", resources, RESOURCES, prepare, SIDE_HOST, FLOW_CREATE,
        "create the group, set limits"),
    ROW(STAGE_JOIN, "join", isolation, ISOLATION, join, SIDE_HOST, FLOW_EXEC,
        "the container's namespaces"),
    ROW(STAGE_JOIN, "join", resources, RESOURCES, join, SIDE_HOST, FLOW_EXEC,
        "the container's group"),
    CORE(STAGE_CLONE, "clone", SIDE_HOST, BOTH, "a process in its namespaces and its group"),
    ROW(STAGE_ATTACH, "attach", isolation, ISOLATION, attach, SIDE_HOST, FLOW_CREATE,
        "id maps; the process waits"),
    ROW(STAGE_ATTACH, "attach", resources, RESOURCES, attach, SIDE_HOST, BOTH,
        "place the process where clone did not"),
    ROW(STAGE_ATTACH, "attach", filesystem, FILESYSTEM, attach, SIDE_HOST, FLOW_CREATE,
        "what needs the process's namespaces"),
    ROW(STAGE_ATTACH, "attach", process, PROCESS, attach, SIDE_HOST, BOTH,
        "what only the host may set"),
    ROW(STAGE_ENTER, "enter", isolation, ISOLATION, enter, SIDE_CHILD, FLOW_CREATE,
        "host name, sysctl"),
    ROW(STAGE_ENTER, "enter", filesystem, FILESYSTEM, enter, SIDE_CHILD, FLOW_CREATE,
        "root, mounts, devices, masks; the old root is visible"),
    CHOICE(STAGE_PLAN, "plan", runtime, RUNTIME, plan, BOTH,
           "who executes a payload that is not the kernel's, and what is mounted for it?"),
    CORE(STAGE_HOOKS, "hooks", SIDE_CHILD, FLOW_CREATE,
         "prestart and createRuntime on the host, createContainer here"),
    ROW(STAGE_PIVOT, "pivot", filesystem, FILESYSTEM, pivot, SIDE_CHILD, FLOW_CREATE,
        "let go of the old root"),
    ROW(STAGE_CONFINE, "confine", process, PROCESS, confine, SIDE_CHILD, BOTH,
        "terminal, limits, labels"),
    ROW(STAGE_DROP, "drop", process, PROCESS, drop, SIDE_CHILD, BOTH,
        "user, capabilities, filters"),
    ROW(STAGE_RESOLVE, "resolve", runtime, RUNTIME, resolve, SIDE_CHILD, BOTH, "find the payload"),
    CORE(STAGE_EXECUTE, "execute", SIDE_CHILD, BOTH, "execve of the payload"),
    ROW(STAGE_UPDATE, "update", resources, RESOURCES, update, SIDE_HOST, FLOW_LATER,
        "change limits"),
    ROW(STAGE_PAUSE, "pause", resources, RESOURCES, pause, SIDE_HOST, FLOW_LATER, "freeze"),
    ROW(STAGE_RESUME, "resume", resources, RESOURCES, resume, SIDE_HOST, FLOW_LATER, "thaw"),
    ROW(STAGE_OPEN_MOUNTS, "open", filesystem, FILESYSTEM, open_mounts, SIDE_HOST, FLOW_LATER,
        "open sources of further mounts"),
    ROW(STAGE_ADD_MOUNTS, "add", filesystem, FILESYSTEM, add_mounts, SIDE_CHILD, FLOW_LATER,
        "further mounts"),
    ROW(STAGE_REMOVE_MOUNTS, "remove", filesystem, FILESYSTEM, remove_mounts, SIDE_CHILD,
        FLOW_LATER, "unmount"),
    ROW(STAGE_RELEASE, "release", runtime, RUNTIME, release, SIDE_HOST, FLOW_LATER, "undo"),
    ROW(STAGE_RELEASE, "release", resources, RESOURCES, release, SIDE_HOST, FLOW_LATER,
        "kill what is left, undo"),
    ROW(STAGE_RELEASE, "release", filesystem, FILESYSTEM, release, SIDE_HOST, FLOW_LATER, "undo"),
    ROW(STAGE_RELEASE, "release", process, PROCESS, release, SIDE_HOST, FLOW_LATER, "undo"),
    ROW(STAGE_RELEASE, "release", isolation, ISOLATION, release, SIDE_HOST, FLOW_LATER, "undo"),
    {.name = NULL},
};

const struct stage_row *stage_rows(void)
{
    return rows;
}

static int call_member(struct flow *flow, const struct stage_row *row, struct flow_member *member,
                       struct barrer_error *err)
{
    struct instance *instance = member->instance;
    int r;

    if (member->kind != row->kind || !(row->flows & flow->which) || row->call == NULL ||
        (flow->kinds != 0 && !(flow->kinds & (1u << row->kind))) || !row->has(instance->plugin))
        return 0;
    log_write(BARRER_LOG_DEBUG, "stage %s %s %s", row->name, loader_kind_name(row->kind),
              instance->name);
    flow->context.in_child = row->side == SIDE_CHILD;
    r = row->call(flow, instance, err);
    if (r < 0)
        return error_wrap(err, r, "%s %s", loader_kind_name(row->kind), instance->name);
    return 0;
}

/* Forward through the rows and the members; the first error ends it. */
static int run_forward(struct flow *flow, enum stage stage, struct barrer_error *err)
{
    for (const struct stage_row *row = rows; row->name != NULL; row++) {
        if (row->stage != stage)
            continue;
        for (size_t i = 0; i < flow->n_members; i++) {
            int r = call_member(flow, row, &flow->members[i], err);

            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* The rows of `release` stand in the reverse order of those of `prepare`; within a kind backward
 * through the members. Goes on whatever fails. */
static int run_release(struct flow *flow, struct barrer_error *err)
{
    int first = 0;

    for (const struct stage_row *row = rows; row->name != NULL; row++) {
        for (size_t i = row->stage == STAGE_RELEASE ? flow->n_members : 0; i-- > 0;) {
            struct barrer_error failed;
            int r = call_member(flow, row, &flow->members[i], &failed);

            if (r < 0 && first == 0) {
                first = r;
                *err = failed;
            } else if (r < 0) {
                log_write(BARRER_LOG_ERROR, "%s", failed.text);
            }
        }
    }
    return first;
}

int stage_run(struct flow *flow, enum stage stage, struct barrer_error *err)
{
    return stage == STAGE_RELEASE ? run_release(flow, err) : run_forward(flow, stage, err);
}

int stage_any(const struct flow *flow, enum stage stage)
{
    for (const struct stage_row *row = rows; row->name != NULL; row++)
        for (size_t i = 0; i < flow->n_members; i++)
            if (row->stage == stage && row->kind == flow->members[i].kind && row->has != NULL &&
                row->has(flow->members[i].instance->plugin))
                return 1;
    return 0;
}
