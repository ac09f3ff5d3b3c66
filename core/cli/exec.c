/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "container/lifecycle.h"

enum {
    OPTION_CONSOLE_SOCKET = 256,
    OPTION_PIDFD_SOCKET,
    OPTION_PID_FILE,
    OPTION_CWD,
    OPTION_PROCESS_LABEL,
    OPTION_APPARMOR,
    OPTION_NO_NEW_PRIVS,
    OPTION_PRESERVE_FDS,
    OPTION_CGROUP,
    OPTION_IGNORE_PAUSED,
    OPTION_NO_SUBREAPER,
};

static const struct option table[] = {
    {"console-socket", required_argument, NULL, OPTION_CONSOLE_SOCKET},
    {"pidfd-socket", required_argument, NULL, OPTION_PIDFD_SOCKET},
    {"pid-file", required_argument, NULL, OPTION_PID_FILE},
    {"cwd", required_argument, NULL, OPTION_CWD},
    {"env", required_argument, NULL, 'e'},
    {"tty", no_argument, NULL, 't'},
    {"user", required_argument, NULL, 'u'},
    {"additional-gids", required_argument, NULL, 'g'},
    {"process", required_argument, NULL, 'p'},
    {"detach", no_argument, NULL, 'd'},
    {"process-label", required_argument, NULL, OPTION_PROCESS_LABEL},
    {"apparmor", required_argument, NULL, OPTION_APPARMOR},
    {"no-new-privs", no_argument, NULL, OPTION_NO_NEW_PRIVS},
    {"cap", required_argument, NULL, 'c'},
    {"preserve-fds", required_argument, NULL, OPTION_PRESERVE_FDS},
    {"cgroup", required_argument, NULL, OPTION_CGROUP},
    {"ignore-paused", no_argument, NULL, OPTION_IGNORE_PAUSED},
    {"no-subreaper", no_argument, NULL, OPTION_NO_SUBREAPER},
    {0},
};

static int set_text(struct exec_options *options, int c)
{
    switch (c) {
    case OPTION_CONSOLE_SOCKET:
        options->console_socket = optarg;
        return 1;
    case OPTION_PIDFD_SOCKET:
        options->pidfd_socket = optarg;
        return 1;
    case OPTION_PID_FILE:
        options->pid_file = optarg;
        return 1;
    case OPTION_CWD:
        options->cwd = optarg;
        return 1;
    case 'u':
        options->user = optarg;
        return 1;
    case 'p':
        options->process_file = optarg;
        return 1;
    case OPTION_PROCESS_LABEL:
        options->process_label = optarg;
        return 1;
    case OPTION_APPARMOR:
        options->apparmor = optarg;
        return 1;
    default:
        return 0;
    }
}

static int set_option(struct exec_options *options, int c, struct barrer_error *err)
{
    long long number;
    int r;

    switch (c) {
    case 'e':
        return cli_append(&options->environment, optarg, err);
    case 'g':
        return cli_append(&options->additional_gids, optarg, err);
    case 'c':
        return cli_append(&options->capabilities, optarg, err);
    case OPTION_CGROUP:
        return cli_append(&options->cgroups, optarg, err);
    case 't':
        options->tty = 1;
        return 0;
    case 'd':
        options->detach = 1;
        return 0;
    case OPTION_NO_NEW_PRIVS:
        options->no_new_privs = 1;
        return 0;
    case OPTION_IGNORE_PAUSED:
        options->ignore_paused = 1;
        return 0;
    case OPTION_NO_SUBREAPER:
        return 0;
    case OPTION_PRESERVE_FDS:
        r = cli_number("preserve-fds", optarg, 0, &number, err);
        if (r == 0 && number > 10000)
            r = error_fail(err, 0, "--preserve-fds: expected at most 10000, got %lld", number);
        if (r == 0)
            options->preserve_fds = (int)number;
        return r;
    default:
        return set_text(options, c) ? 0 : -EINVAL;
    }
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct exec_options options = {0};
    int c, r = 0, status = 0;

    while (r == 0 && (c = cli_option(argc, argv, "+e:tu:g:p:dc:", table, err)) != -1)
        r = set_option(&options, c, err);
    if (r == 0 && optind >= argc)
        r = error_fail(err, 0, "exec: expected the id of a container");
    if (r == 0) {
        options.id = argv[optind];
        options.args = argv + optind + 1;
        if (options.process_file == NULL && options.args[0] == NULL)
            r = error_fail(err, 0, "exec: expected a command behind the id, or --process FILE");
    }
    if (r == 0)
        r = lifecycle_exec(&cli->global, &options, &status, err);
    free(options.cgroups);
    free(options.environment);
    free(options.capabilities);
    free(options.additional_gids);
    return r < 0 ? r : status;
}

const struct cli_verb verb_exec = {
    "exec", "[OPTIONS] ID COMMAND [ARG...]", "Run a further process in a container",
    "Options:\n"
    "  -p, --process FILE         the process object, as JSON\n"
    "  -d, --detach               do not wait for its end\n"
    "  -t, --tty                  give it a terminal\n"
    "  -u, --user UID[:GID]       its user\n"
    "  -g, --additional-gids GID  a further group; may be repeated\n"
    "  -e, --env KEY=VALUE        a variable of its environment; may be repeated\n"
    "  -c, --cap CAPABILITY       a further capability; may be repeated\n"
    "      --cwd DIR              its working directory\n"
    "      --no-new-privs         it cannot gain privileges\n"
    "      --process-label LABEL  its SELinux label\n"
    "      --apparmor PROFILE     its AppArmor profile\n"
    "      --cgroup [CONTROLLER,...:]PATH\n"
    "                             a sub-group of the container's cgroup; may be repeated\n"
    "      --console-socket PATH  unix socket that receives the terminal\n"
    "      --pid-file FILE        write its pid\n"
    "      --pidfd-socket PATH    unix socket that receives a pidfd of it\n"
    "      --preserve-fds N       pass N more descriptors than 0, 1 and 2\n"
    "      --ignore-paused        also in a paused container, where it starts when that resumes\n"
    "      --no-subreaper         accepted; barrer-run never is a subreaper\n",
    run};
