/* SPDX-License-Identifier: Apache-2.0
 *
 * plan: the stage table with the instance behind each row.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "container/lifecycle.h"
#include "flow/stages.h"

enum {
    OPTION_FORMAT = 256,
    OPTION_NO_PIVOT,
};

static const struct option table[] = {{"bundle", required_argument, NULL, 'b'},
                                      {"config", required_argument, NULL, 'f'},
                                      {"no-pivot", no_argument, NULL, OPTION_NO_PIVOT},
                                      {"format", required_argument, NULL, OPTION_FORMAT},
                                      {0}};

struct plan {
    struct json_object *rows; /* of --format json; NULL: print */
    int number;
};

static void show(struct plan *plan, const struct stage_row *row, const char *plugin,
                 const char *module, const char *file, unsigned line, const char *what)
{
    const char *kind = row->kind != 0 ? loader_kind_name(row->kind) : "core";
    const char *side = row->side == SIDE_HOST ? "host" : "container";
    char origin[512] = "";
    struct json_object *object;

    if (line > 0)
        (void)snprintf(origin, sizeof(origin), "%s:%u", file, line);
    else
        (void)snprintf(origin, sizeof(origin), "%s", file);
    plan->number++;
    if (plan->rows == NULL) {
        (void)printf("%3d  %-8s  %-9s  %-10s  %-16s  %-24s  %s\n", plan->number, row->name, side,
                     kind, plugin, origin, what);
        return;
    }
    object = json_object_new_object();
    json_object_object_add(object, "stage", json_object_new_string(row->name));
    json_object_object_add(object, "side", json_object_new_string(side));
    json_object_object_add(object, "kind", json_object_new_string(kind));
    if (row->kind != 0) {
        json_object_object_add(object, "instance", json_object_new_string(plugin));
        json_object_object_add(object, "module", json_object_new_string(module));
        json_object_object_add(object, "origin", json_object_new_string(origin));
    }
    json_object_object_add(object, "what", json_object_new_string(what));
    json_object_array_add(plan->rows, object);
}

/* Of the hosts, the one that executes the payload. */
static int is_called(const struct flow *flow, enum stage stage, const struct instance *instance)
{
    if (stage == STAGE_PLAN)
        return instance == flow->planner;
    if (stage == STAGE_RESOLVE)
        return instance == flow->runtime && (flow->planner == NULL || flow->payload.path == NULL);
    return 1;
}

static const char *what_of(const struct flow *flow, const struct stage_row *row)
{
    return row->stage == STAGE_PLAN && flow->payload.summary != NULL ? flow->payload.summary
                                                                     : row->what;
}

static void walk(const struct flow *flow, void *arg)
{
    struct plan *plan = arg;

    if (plan->rows == NULL)
        (void)printf("  #  %-8s  %-9s  %-10s  %-16s  %-24s  %s\n", "STAGE", "SIDE", "KIND",
                     "PLUGIN", "CONFIGURED IN", "WHAT");
    for (const struct stage_row *row = stage_rows(); row->name != NULL; row++) {
        if (!(row->flows & FLOW_CREATE))
            continue;
        if (row->kind == 0)
            show(plan, row, "-", "-", "", 0, row->what);
        for (size_t i = 0; i < flow->n_members; i++) {
            const struct flow_member *member = &flow->members[i];

            if (member->kind == row->kind && row->has(member->instance->plugin) &&
                is_called(flow, row->stage, member->instance))
                show(plan, row, member->instance->name, member->instance->module, member->file,
                     member->line, what_of(flow, row));
        }
    }
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct create_options options = {.id = "plan"};
    struct plan plan = {0};
    int c, r = 0, is_json = 0;

    while ((c = cli_option(argc, argv, "b:f:", table, err)) != -1) {
        switch (c) {
        case 'b':
            options.bundle = optarg;
            break;
        case 'f':
            options.file = optarg;
            break;
        case OPTION_NO_PIVOT:
            options.no_pivot = 1;
            break;
        case OPTION_FORMAT:
            if (strcmp(optarg, "json") != 0 && strcmp(optarg, "table") != 0)
                return error_fail(err, 0, "--format: expected table or json, got \"%s\"", optarg);
            is_json = strcmp(optarg, "json") == 0;
            break;
        default:
            return -EINVAL;
        }
    }
    if (optind + 1 < argc)
        r = error_fail(err, 0, "plan: expected at most one id, got also \"%s\"", argv[optind + 1]);
    if (is_json)
        plan.rows = json_object_new_array();
    if (r == 0)
        r = lifecycle_compose(&cli->global, &options, walk, &plan, err);
    if (r == 0)
        r = plan.rows != NULL ? cli_print_json(plan.rows, 1, err) : cli_flush(err);
    if (plan.rows != NULL)
        json_object_put(plan.rows);
    return r;
}

const struct cli_verb verb_plan = {
    "plan", "[OPTIONS] [ID]", "Print the stages that create would go through, without effects",
    "Options:\n"
    "  -b, --bundle DIR           the bundle (default: the working directory)\n"
    "  -f, --config FILE          the configuration (default: config.json in the bundle)\n"
    "      --no-pivot             as for create\n"
    "      --format table|json    how to print it\n",
    run};
