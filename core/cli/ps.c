/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "container/lifecycle.h"

static const struct option table[] = {{"format", required_argument, NULL, 'f'}, {0}};

struct pids {
    pid_t *pids;
    size_t n;
};

static void add(void *arg, pid_t pid)
{
    struct pids *all = arg;
    pid_t *larger = realloc(all->pids, (all->n + 1) * sizeof(*larger));

    if (larger == NULL)
        return;
    all->pids = larger;
    larger[all->n++] = pid;
}

static int compare(const void *a, const void *b)
{
    pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

    return (x > y) - (x < y);
}

/* All processes of the container's groups, or its first process where it has no group. */
static int find(struct cli *cli, const char *id, struct pids *all, struct barrer_error *err)
{
    struct container *container;
    struct flow flow = {0};
    int r = lifecycle_open_resources(&cli->global, id, 0, &container, &flow, err), n = 0;

    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < flow.n_members; i++) {
        const struct barrer_resources_ops *ops = flow.members[i].instance->plugin->ops;

        if (!BARRER_HAS(ops, processes))
            continue;
        n++;
        r = ops->processes(flow.members[i].instance->self, add, all, err);
    }
    if (r == 0 && n == 0 && container_status(container) != CONTAINER_STOPPED)
        add(all, container->pid);
    if (all->n > 0)
        qsort(all->pids, all->n, sizeof(*all->pids), compare);
    flow_fini(&flow);
    loader_destroy(flow.loader);
    container_close(container);
    return r;
}

static int print_json(const struct pids *all, struct barrer_error *err)
{
    struct json_object *array = json_object_new_array();
    int r;

    for (size_t i = 0; i < all->n; i++)
        json_object_array_add(array, json_object_new_int(all->pids[i]));
    r = cli_print_json(array, 0, err);
    json_object_put(array);
    return r;
}

static int is_ours(const struct pids *all, const char *line, int column)
{
    const char *at = line;
    pid_t pid;

    for (int i = 0; i < column; i++) {
        at += strspn(at, " \t");
        at += strcspn(at, " \t\n");
    }
    pid = (pid_t)strtol(at, NULL, 10);
    return all->n > 0 && bsearch(&pid, all->pids, all->n, sizeof(pid), compare) != NULL;
}

/* Which column of ps's heading is "PID"; -1. */
static int find_column(char *heading)
{
    int column = 0;

    for (char *next = heading, *word; (word = strsep(&next, " \t\n")) != NULL;) {
        if (strcmp(word, "PID") == 0)
            return column;
        column += *word != '\0';
    }
    return -1;
}

static int filter(FILE *from, const struct pids *all, struct barrer_error *err)
{
    char *line = NULL, *heading;
    size_t size = 0;
    int column = -1;

    while (getline(&line, &size, from) > 0) {
        if (column < 0) {
            heading = strdup(line);
            column = heading != NULL ? find_column(heading) : -1;
            free(heading);
            if (column < 0)
                break;
            (void)fputs(line, stdout);
        } else if (is_ours(all, line, column)) {
            (void)fputs(line, stdout);
        }
    }
    free(line);
    return column < 0 ? error_fail(err, 0, "run ps: expected a PID column in its output") : 0;
}

/* ps(1) knows how to show processes; we only choose the lines. */
static int print_table(const struct pids *all, char **options, struct barrer_error *err)
{
    char *standard[] = {(char[]){"ps"}, (char[]){"-ef"}, NULL};
    int fds[2], r;
    FILE *from;
    pid_t pid;

    if (pipe(fds) < 0 || (pid = fork()) < 0)
        return error_fail(err, errno, "run ps");
    if (pid == 0) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)close(fds[0]);
        (void)close(fds[1]);
        if (*options != NULL)
            *--options = standard[0];
        (void)execvp("ps", *options != NULL ? options : standard);
        _exit(127);
    }
    (void)close(fds[1]);
    from = fdopen(fds[0], "r");
    r = from == NULL ? error_fail(err, errno, "read from ps") : filter(from, all, err);
    if (from != NULL)
        (void)fclose(from);
    (void)waitpid(pid, NULL, 0);
    return r < 0 ? r : cli_flush(err);
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    const char *format = "table";
    struct pids all = {0};
    int c, r;

    while ((c = cli_option(argc, argv, "+f:", table, err)) != -1) {
        if (c != 'f')
            return -EINVAL;
        format = optarg;
    }
    if (optind >= argc)
        return error_fail(err, 0, "ps: expected the id of a container");
    if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
        return error_fail(err, 0, "--format: expected table or json, got \"%s\"", format);
    r = find(cli, argv[optind], &all, err);
    if (r == 0)
        r = strcmp(format, "json") == 0 ? print_json(&all, err)
                                        : print_table(&all, argv + optind + 1, err);
    free(all.pids);
    return r;
}

const struct cli_verb verb_ps = {"ps", "[OPTIONS] ID [PS OPTIONS]",
                                 "List the processes of a container",
                                 "Options:\n"
                                 "  -f, --format table|json    ps(1)'s lines, or pids as JSON\n",
                                 run};
