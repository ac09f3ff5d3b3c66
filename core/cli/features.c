/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/features.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "container/annotations.h"
#include "container/criu.h"
#include "flow/flow.h"

static const struct option table[] = {{0}};

/* As runc and crun tell their callers. */
static void add_checkpoint(const struct cli *cli, struct json_object *json)
{
    struct json_object *annotations = json_object_object_get(json, "annotations");
    barrer_auto_free char *criu = criu_find(cli->global.criu);
    const char *enabled = criu != NULL ? "true" : "false";

    json_object_object_add(annotations, "org.opencontainers.runc.checkpoint.enabled",
                           json_object_new_string(enabled));
    json_object_object_add(annotations, "run.oci.crun.checkpoint.enabled",
                           json_object_new_string(enabled));
}

static void add_core_annotations(struct json_object *json)
{
    struct json_object *array = json_object_object_get(json, "potentiallyUnsafeConfigAnnotations");

    for (const char *const *key = annotations_of_core; *key != NULL; key++)
        json_object_array_add(array, json_object_new_string(*key));
}

static int print(const struct cli *cli, const struct flow *flow, struct barrer_error *err)
{
    const struct barrer_plugin **plugins = calloc(flow->n_members + 1, sizeof(*plugins));
    struct json_object *json;
    int r;

    if (plugins == NULL)
        return error_fail(err, ENOMEM, "list the features");
    for (size_t i = 0; i < flow->n_members; i++)
        plugins[i] = flow->members[i].instance->plugin;
    r = features_build(plugins, flow->n_members, &json, err);
    if (r == 0) {
        add_checkpoint(cli, json);
        add_core_annotations(json);
        r = cli_print_json(json, 1, err);
        json_object_put(json);
    }
    free(plugins);
    return r;
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct config_request request = {.file = cli->global.config_file, .sets = cli->global.sets};
    const char *folder = cli->global.plugin_dir;
    struct config *config = NULL;
    struct flow flow = {0};
    int r;

    if (cli_option(argc, argv, "", table, err) != -1)
        return -EINVAL;
    if (optind < argc)
        return error_fail(err, 0, "features: expected no operand, got \"%s\"", argv[optind]);
    host_context_init(&flow.context);
    r = config_load(&request, &config, err);
    if (r == 0 && folder == NULL)
        folder = config_text(config, "core", "plugin-dir", NULL);
    if (r == 0)
        r = loader_create(folder, &flow.loader, err);
    if (r == 0)
        r = flow_compose_all(&flow, config, err);
    if (r == 0)
        r = print(cli, &flow, err);
    flow_fini(&flow);
    loader_destroy(flow.loader);
    config_destroy(config);
    return r;
}

const struct cli_verb verb_features = {
    "features", "", "Print what the configured plugins honour, as JSON", "Options:\n", run};
