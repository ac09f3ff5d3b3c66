/* SPDX-License-Identifier: Apache-2.0
 *
 * create and run share their options.
 */
#include <errno.h>

#include "cli/cli.h"
#include "container/lifecycle.h"

enum {
    OPTION_CONSOLE_SOCKET = 256,
    OPTION_PID_FILE,
    OPTION_PIDFD_SOCKET,
    OPTION_NO_PIVOT,
    OPTION_NO_NEW_KEYRING,
    OPTION_PRESERVE_FDS,
    OPTION_KEEP,
    OPTION_NO_SUBREAPER,
};

#define CREATE_OPTIONS                                                                             \
    {"bundle", required_argument, NULL, 'b'}, {"config", required_argument, NULL, 'f'},            \
        {"console-socket", required_argument, NULL, OPTION_CONSOLE_SOCKET},                        \
        {"pid-file", required_argument, NULL, OPTION_PID_FILE},                                    \
        {"pidfd-socket", required_argument, NULL, OPTION_PIDFD_SOCKET},                            \
        {"no-pivot", no_argument, NULL, OPTION_NO_PIVOT},                                          \
        {"no-new-keyring", no_argument, NULL, OPTION_NO_NEW_KEYRING},                              \
        {"no-subreaper", no_argument, NULL, OPTION_NO_SUBREAPER},                                  \
    {                                                                                              \
        "preserve-fds", required_argument, NULL, OPTION_PRESERVE_FDS                               \
    }

#define CREATE_HELP                                                                                \
    "Options:\n"                                                                                   \
    "  -b, --bundle DIR           the bundle (default: the working directory)\n"                   \
    "  -f, --config FILE          the configuration (default: config.json in the bundle)\n"        \
    "      --console-socket PATH  unix socket that receives the terminal\n"                        \
    "      --pid-file FILE        write the pid of the container's process\n"                      \
    "      --pidfd-socket PATH    unix socket that receives a pidfd of it\n"                       \
    "      --no-pivot             use MS_MOVE and chroot instead of pivot_root\n"                  \
    "      --no-new-keyring       keep the caller's session keyring\n"                             \
    "      --no-subreaper         accepted; barrer-run never is a subreaper\n"                     \
    "      --preserve-fds N       pass N more descriptors than 0, 1 and 2\n"

static const struct option create_table[] = {CREATE_OPTIONS, {0}};
static const struct option run_table[] = {CREATE_OPTIONS,
                                          {"detach", no_argument, NULL, 'd'},
                                          {"keep", no_argument, NULL, OPTION_KEEP},
                                          {0}};

static int set_option(struct create_options *options, int c, struct barrer_error *err)
{
    long long number;
    int r = 0;

    switch (c) {
    case 'b':
        options->bundle = optarg;
        break;
    case 'f':
        options->file = optarg;
        break;
    case 'd':
        options->detach = 1;
        break;
    case OPTION_CONSOLE_SOCKET:
        options->console_socket = optarg;
        break;
    case OPTION_PID_FILE:
        options->pid_file = optarg;
        break;
    case OPTION_PIDFD_SOCKET:
        options->pidfd_socket = optarg;
        break;
    case OPTION_NO_PIVOT:
        options->no_pivot = 1;
        break;
    case OPTION_NO_NEW_KEYRING:
        options->no_new_keyring = 1;
        break;
    case OPTION_NO_SUBREAPER:
        break;
    case OPTION_KEEP:
        options->keep = 1;
        break;
    case OPTION_PRESERVE_FDS:
        r = cli_number("preserve-fds", optarg, 0, &number, err);
        if (r == 0 && number > 10000)
            r = error_fail(err, 0, "--preserve-fds: expected at most 10000, got %lld", number);
        if (r == 0)
            options->preserve_fds = (int)number;
        break;
    default:
        r = -EINVAL;
    }
    return r;
}

static int parse(int argc, char **argv, struct create_options *options, struct barrer_error *err)
{
    int c, r;

    while ((c = cli_option(argc, argv, options->is_run ? "b:f:d" : "b:f:",
                           options->is_run ? run_table : create_table, err)) != -1) {
        r = set_option(options, c, err);
        if (r < 0)
            return r;
    }
    return cli_id(argc, argv, &options->id, err);
}

static int create_or_run(struct cli *cli, int argc, char **argv, int is_run,
                         struct barrer_error *err)
{
    struct create_options options = {.is_run = is_run};
    int status = 0, r = parse(argc, argv, &options, err);

    if (r == 0)
        r = lifecycle_create(&cli->global, &options, &status, err);
    return r < 0 ? r : status;
}

static int run_create(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    return create_or_run(cli, argc, argv, 0, err);
}

static int run_run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    return create_or_run(cli, argc, argv, 1, err);
}

const struct cli_verb verb_create = {
    "create", "[OPTIONS] ID", "Set up a container that waits for `start`", CREATE_HELP, run_create};

const struct cli_verb verb_run = {
    "run", "[OPTIONS] ID", "Set up a container, start it, and remove it when it ends",
    CREATE_HELP "  -d, --detach               do not wait for its end\n"
                "      --keep                 do not remove it at its end\n",
    run_run};
