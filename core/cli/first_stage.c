/* SPDX-License-Identifier: Apache-2.0
 *
 * What is installed as barrer-run: a small static program. It does state, list, start and kill
 * itself, which take no plugin; everything else it hands to the program proper, which links the
 * libraries and loads the plugins.
 *
 * The program proper is executed from a detached read-only clone of its mount when it is going to
 * be (or to join) a container: /proc/PID/exe of such a process is a way to the runtime's file, and
 * must not be a writable one (CVE-2019-5736).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "cli/operands.h"
#include "container/lifecycle.h"

extern char **environ;

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
        return with_container(cli, id, CONTAINER_LOCKED, 0, start, err);
    }
    if (kill_operands_parse(argc, argv, &operands, err) < 0)
        return -EINVAL;
    if (operands.all || operands.is_regex)
        return 0;
    return with_container(cli, operands.id, 0, operands.signal, light_kill, err);
}

/* A sealed copy in memory: where the kernel or the caller's privileges allow no mount. */
static int open_copy(const char *path)
{
    barrer_auto_fd int from_fd = open(path, O_RDONLY | O_CLOEXEC);
    barrer_auto_fd int to_fd = memfd_create("barrer-run", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct stat st;

    if (from_fd < 0 || to_fd < 0 || fstat(from_fd, &st) < 0)
        return -errno;
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = sendfile(to_fd, from_fd, NULL, (size_t)left);

        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        left -= n;
    }
    if (fcntl(to_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return -errno;
    return barrer_take_fd(&to_fd);
}

/* A descriptor of PATH through which nobody can open it for writing; -errno. */
static int open_protected(const char *path)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    barrer_auto_fd int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    if (fd >= 0 && mount_setattr(fd, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) == 0)
        return barrer_take_fd(&fd);
    return open_copy(path);
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

static int execute(const char *path, int is_protected, char **argv)
{
    barrer_auto_fd int fd = is_protected ? open_protected(path) : -1;

    if (!is_protected)
        (void)execv(path, argv);
    else if (fd >= 0)
        (void)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
    else
        errno = -fd;
    return -errno;
}

static int hand_over(struct cli *cli, char **argv)
{
    const char *verb = cli->argc > 0 ? cli->argv[0] : "";
    int is_protected =
        strcmp(verb, "create") == 0 || strcmp(verb, "run") == 0 || strcmp(verb, "exec") == 0;
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
