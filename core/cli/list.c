/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/plugin.h>

#include "base/log.h"
#include "cli/cli.h"
#include "container/state.h"

static const struct option table[] = {
    {"format", required_argument, NULL, 'f'}, {"quiet", no_argument, NULL, 'q'}, {0}};

static void print_row(struct json_object *state, int width)
{
    const char *const keys[] = {"id", "status", "bundle", "created", "owner"};
    const char *texts[5];

    for (size_t i = 0; i < 5; i++) {
        texts[i] = json_object_get_string(json_object_object_get(state, keys[i]));
        if (texts[i] == NULL)
            texts[i] = "";
    }
    (void)printf("%-*s %-11d %-9s %-39s %-30s %s\n", width, texts[0],
                 json_object_get_int(json_object_object_get(state, "pid")), texts[1], texts[2],
                 texts[3], texts[4]);
}

/* One that cannot be read is named on standard error, and does not hide the others. */
static struct json_object *read_one(const char *root, const char *id)
{
    struct container *container;
    enum container_status status;
    struct json_object *state;
    struct barrer_error err;

    if (container_open(root, id, 0, &container, &err) < 0) {
        /* Gone since the folder was read, or just being made. */
        if (err.errnum != ENOENT)
            (void)cli_error(&err, 0);
        return NULL;
    }
    status = container_status(container);
    state = container_state(container, container_status_name(status),
                            status == CONTAINER_STOPPED ? 0 : container->pid);
    container_close(container);
    return state;
}

static void print_table(struct json_object *all)
{
    int width = 11;

    for (size_t i = 0; i < json_object_array_length(all); i++) {
        struct json_object *id = json_object_object_get(json_object_array_get_idx(all, i), "id");

        if (json_object_get_string_len(id) > width)
            width = json_object_get_string_len(id);
    }
    (void)printf("%-*s %-11s %-9s %-39s %-30s %s\n", width, "ID", "PID", "STATUS", "BUNDLE",
                 "CREATED", "OWNER");
    for (size_t i = 0; i < json_object_array_length(all); i++)
        print_row(json_object_array_get_idx(all, i), width);
}

static int list(const char *root, const char *format, int is_quiet, struct barrer_error *err)
{
    struct json_object *all = json_object_new_array();
    char **ids;
    int r = container_list(root, &ids, err);

    for (size_t i = 0; r == 0 && ids[i] != NULL; i++) {
        struct json_object *state = NULL;

        if (is_quiet)
            (void)printf("%s\n", ids[i]);
        else
            state = read_one(root, ids[i]);
        if (state != NULL)
            json_object_array_add(all, state);
        free(ids[i]);
    }
    if (r == 0) {
        free(ids);
        if (!is_quiet && strcmp(format, "json") == 0)
            r = cli_print_json(json_object_array_length(all) > 0 ? all : NULL, 0, err);
        else if (!is_quiet)
            print_table(all);
        if (r == 0)
            r = cli_flush(err);
    }
    json_object_put(all);
    return r;
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    const char *format = "table";
    int c, is_quiet = 0;

    while ((c = cli_option(argc, argv, "f:q", table, err)) != -1) {
        if (c == '?')
            return -EINVAL;
        if (c == 'f')
            format = optarg;
        else
            is_quiet = 1;
    }
    if (optind < argc)
        return error_fail(err, 0, "list: expected no operand, got \"%s\"", argv[optind]);
    if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
        return error_fail(err, 0, "--format: expected table or json, got \"%s\"", format);
    return list(cli->global.root, format, is_quiet, err);
}

const struct cli_verb verb_list = {"list", "[OPTIONS]", "List the containers of the state root",
                                   "Options:\n"
                                   "  -f, --format table|json    how to print them\n"
                                   "  -q, --quiet                ids only\n",
                                   run};
