/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include <barrer/plugin.h>
#include <barrer/util.h>

#include "base/log.h"
#include "cli/cli.h"
#include "container/glance.h"

static const struct option table[] = {
    {"format", required_argument, NULL, 'f'}, {"quiet", no_argument, NULL, 'q'}, {0}};

static void print_row(const char *id, int width, const struct glance *row)
{
    (void)printf("%-*s %-11d %-9s %-39s %-30s %s\n", width, id, row->pid,
                 container_status_name(row->status), row->bundle, row->created, row->owner);
}

/* One that cannot be read is named on standard error, and does not hide the others. NULL then. */
static struct container *open_one(const char *root, const char *id)
{
    struct container *container;
    struct barrer_error err;

    if (container_open(root, id, 0, &container, &err) == 0)
        return container;
    /* Gone since the folder was read, or just being made. */
    if (err.errnum != ENOENT)
        (void)cli_error(&err, 0);
    return NULL;
}

static const char *text_or_none(const char *text)
{
    return text != NULL ? text : "";
}

static void print_slowly(const char *root, const char *id, int width)
{
    struct container *container = open_one(root, id);
    enum container_status status;
    struct glance row;

    if (container == NULL)
        return;
    status = container_status(container);
    row.pid = status == CONTAINER_STOPPED ? 0 : container->pid;
    row.status = status;
    row.bundle = text_or_none(container_text(container, "bundle"));
    row.created = text_or_none(container_text(container, "created"));
    row.owner = text_or_none(container_text(container, "owner"));
    print_row(id, width, &row);
    container_close(container);
}

static void print_table(const char *root, struct dirent **entries, int n)
{
    barrer_auto_fd int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct glance row;
    int width = 11;

    for (int i = 0; i < n; i++)
        if ((int)strlen(entries[i]->d_name) > width)
            width = (int)strlen(entries[i]->d_name);
    (void)printf("%-*s %-11s %-9s %-39s %-30s %s\n", width, "ID", "PID", "STATUS", "BUNDLE",
                 "CREATED", "OWNER");
    for (int i = 0; i < n; i++) {
        if (root_fd >= 0 && glance(root_fd, entries[i]->d_name, &row))
            print_row(entries[i]->d_name, width, &row);
        else
            print_slowly(root, entries[i]->d_name, width);
    }
}

static int print_json(const char *root, struct dirent **entries, int n, struct barrer_error *err)
{
    struct json_object *all = json_object_new_array();
    int r;

    for (int i = 0; i < n; i++) {
        struct container *container = open_one(root, entries[i]->d_name);
        enum container_status status;

        if (container == NULL)
            continue;
        status = container_status(container);
        json_object_array_add(all,
                              container_state(container, container_status_name(status),
                                              status == CONTAINER_STOPPED ? 0 : container->pid));
        container_close(container);
    }
    r = cli_print_json(json_object_array_length(all) > 0 ? all : NULL, 0, err);
    json_object_put(all);
    return r;
}

static int list(const char *root, const char *format, int is_quiet, struct barrer_error *err)
{
    struct dirent **entries;
    int n = container_list(root, &entries, err), r = 0;

    if (n < 0)
        return n;
    if (is_quiet)
        for (int i = 0; i < n; i++)
            (void)printf("%s\n", entries[i]->d_name);
    else if (strcmp(format, "json") == 0)
        r = print_json(root, entries, n, err);
    else
        print_table(root, entries, n);
    container_list_free(entries, n);
    return r < 0 ? r : cli_flush(err);
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
    /* The default root is made by the first container; one that is named is there, or is a mistake. */
    if (cli->root != NULL && access(cli->root, F_OK) < 0)
        return error_fail(err, errno, "list the containers of \"%s\"", cli->root);
    return list(cli->global.root, format, is_quiet, err);
}

const struct cli_verb verb_list = {"list", "[OPTIONS]", "List the containers of the state root",
                                   "Options:\n"
                                   "  -f, --format table|json    how to print them\n"
                                   "  -q, --quiet                ids only\n",
                                   run};
