/* SPDX-License-Identifier: Apache-2.0
 *
 * What is installed as barrer-run: a small static program. It does state, list, start and kill
 * itself, which take no plugin; everything else it hands over. barrer-run-static beside the program
 * proper is the same program with the shipped plugins linked in: it costs no dynamic linking, and
 * hands over to the program proper, which loads plugins from files, when a container takes another
 * plugin than these.
 *
 * Both are executed from a detached read-only clone of their mount when they are going to be (or to
 * join) a container: /proc/PID/exe of such a process is a way to the runtime's file, and must not
 * be a writable one (CVE-2019-5736).
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/program.h"
#include "cli/cli.h"
#include "cli/operands.h"
#include "container/lifecycle.h"

/* 1 when done, 0 when it takes the program proper. */
static int with_container(struct cli *cli, const char *id, unsigned flags, int signal,
                          int (*act)(struct container *container, int signal,
                                     struct barrer_error *err),
                          struct barrer_error *err)
{
    struct container *container;
    int r = container_open(cli->global.root, id, flags, &container, err);

    if (r < 0)
        return r;
    r = act(container, signal, err);
    container_close(container);
    return r;
}

static int start(struct container *container, int signal, struct barrer_error *err)
{
    (void)signal;
    return light_start(container, err);
}

/* The light form of start and kill. */
static int try_light(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    static const struct option none[] = {{0}};
    struct kill_operands operands;
    const char *id;

    if (strcmp(argv[0], "start") == 0) {
        if (cli_option(argc, argv, "", none, err) != -1 || cli_id(argc, argv, &id, err) < 0)
            return -EINVAL;
        /* It waits until the payload is ready. */
        if (getenv("NOTIFY_SOCKET") != NULL)
            return 0;
        return with_container(cli, id, CONTAINER_LOCKED, 0, start, err);
    }
    if (kill_operands_parse(argc, argv, &operands, err) < 0)
        return -EINVAL;
    if (operands.all || operands.is_regex)
        return 0;
    return with_container(cli, operands.id, 0, operands.signal, light_kill, err);
}

/* Where the program proper is: beside this one as both are installed (and built), or else where
 * configure said. */
static const char *find_program(char *path, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", path, size);
    char *slash;

    if (n > 0 && (size_t)n < size) {
        path[n] = '\0';
        slash = strrchr(path, '/');
        if (slash != NULL && (size_t)(slash - path) + sizeof(BARRER_PROGRAM_RELATIVE) < size) {
            memcpy(slash + 1, BARRER_PROGRAM_RELATIVE, sizeof(BARRER_PROGRAM_RELATIVE));
            return path;
        }
    }
    return BARRER_PROGRAM;
}

/* The static program first, which hands over what it cannot do. Returns -errno only. */
static int execute(const char *program, int is_protected, char **argv)
{
    char path[PATH_MAX];
    int r = -ENOENT;

    argv[0] = (char *)(uintptr_t)program;
    if (HAS_STATIC_PROGRAM &&
        snprintf(path, sizeof(path), "%s-static", program) < (int)sizeof(path))
        r = program_execute(path, is_protected, argv);
    return r == -ENOENT ? program_execute(program, is_protected, argv) : r;
}

static int hand_over(struct cli *cli, char **argv)
{
    const char *verb = cli->argc > 0 ? cli->argv[0] : "";
    int is_protected = strcmp(verb, "create") == 0 || strcmp(verb, "run") == 0 ||
                       strcmp(verb, "exec") == 0 || strcmp(verb, "dotnet") == 0 ||
                       strcmp(verb, "mounts") == 0;
    const char *program;
    struct barrer_error err;
    char path[PATH_MAX];
    int r;

    program = find_program(path, sizeof(path));
    r = execute(program, is_protected, argv);
    if (r == -ENOENT) {
        program = BARRER_PROGRAM;
        r = execute(program, is_protected, argv);
    }
    if (cli_apply(cli, &err) == 0)
        (void)error_fail(&err, -r, "execute \"%s\"", program);
    cli_error(&err, 1);
    cli_fini(cli);
    return 1;
}

static int run_light(struct cli *cli, char **argv)
{
    struct barrer_error err = {0};
    int r = cli_apply(cli, &err);

    if (r == 0) {
        optind = 0;
        r = try_light(cli, cli->argc, cli->argv, &err);
    }
    if (r == 0)
        return hand_over(cli, argv);
    r = r < 0 ? cli_error(&err, 1) : 0;
    cli_fini(cli);
    return r;
}

static int wants_help(const struct cli *cli)
{
    for (int i = 1; i < cli->argc; i++)
        if (strcmp(cli->argv[i], "--help") == 0 || strcmp(cli->argv[i], "-h") == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    static const struct cli_verb *const verbs[] = {&verb_state, &verb_list, NULL};
    const struct cli_verb *verb;
    struct barrer_error err = {0};
    struct cli cli;

    if (cli_parse(&cli, argc, argv, &err) < 0)
        return cli_error(&err, 1);
    if (cli.argc > 0 && !cli.wants_help && !cli.wants_version && !wants_help(&cli)) {
        verb = cli_find(verbs, cli.argv[0]);
        if (verb != NULL)
            return cli_run(&cli, verb);
        if (strcmp(cli.argv[0], "start") == 0 || strcmp(cli.argv[0], "kill") == 0)
            return run_light(&cli, argv);
    }
    return hand_over(&cli, argv);
}
