/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/checkpoint.h"
#include "container/lifecycle.h"

enum {
    OPTION_CONSOLE_SOCKET = 256,
    OPTION_PID_FILE,
    OPTION_NO_SUBREAPER,
    OPTION_NO_PIVOT,
    OPTION_LSM_PROFILE,
    OPTION_LSM_MOUNT_CONTEXT,
};

static const struct option table[] = {
    CRIU_OPTIONS,
    {"bundle", required_argument, NULL, 'b'},
    {"detach", no_argument, NULL, 'd'},
    {"console-socket", required_argument, NULL, OPTION_CONSOLE_SOCKET},
    {"pid-file", required_argument, NULL, OPTION_PID_FILE},
    {"no-subreaper", no_argument, NULL, OPTION_NO_SUBREAPER},
    {"no-pivot", no_argument, NULL, OPTION_NO_PIVOT},
    {"lsm-profile", required_argument, NULL, OPTION_LSM_PROFILE},
    {"lsm-mount-context", required_argument, NULL, OPTION_LSM_MOUNT_CONTEXT},
    {0},
};

static int set_option(struct create_options *create, struct restore_options *restore, int c,
                      struct barrer_error *err)
{
    int r = criu_options_set(&restore->common, c, err);

    if (r <= 0)
        return r;
    switch (c) {
    case 'b':
        create->bundle = optarg;
        return 0;
    case 'd':
        create->detach = 1;
        return 0;
    case OPTION_CONSOLE_SOCKET:
        create->console_socket = optarg;
        return 0;
    case OPTION_PID_FILE:
        create->pid_file = optarg;
        return 0;
    case OPTION_LSM_PROFILE:
        restore->lsm_profile = optarg;
        return 0;
    case OPTION_LSM_MOUNT_CONTEXT:
        restore->lsm_mount_context = optarg;
        return 0;
    case OPTION_NO_SUBREAPER:
    case OPTION_NO_PIVOT:
        return 0;
    default:
        return -EINVAL;
    }
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct restore_options restore = {.lsm_profile = NULL};
    struct create_options create = {.is_run = 1, .restore = &restore};
    int c, status = 0, r = 0;

    criu_options_init(&restore.common);
    while (r == 0 && (c = cli_option(argc, argv, "b:d", table, err)) != -1)
        r = set_option(&create, &restore, c, err);
    if (r == 0)
        r = cli_id(argc, argv, &create.id, err);
    if (r == 0)
        r = lifecycle_create(&cli->global, &create, &status, err);
    return r < 0 ? r : status;
}

const struct cli_verb verb_restore = {
    "restore", "[OPTIONS] ID", "Set up a container with the processes that checkpoint saved",
    "Options:\n"
    "  -b, --bundle DIR           the bundle (default: the working directory)\n"
    "  -d, --detach               do not wait for its end\n"
    "      --console-socket PATH  unix socket that receives the terminal\n"
    "      --pid-file FILE        write the pid of the container's process\n"
    "      --no-subreaper         accepted; barrer-run never is a subreaper\n"
    "      --no-pivot             accepted; CRIU makes the root the root\n"
    "      --lsm-profile TYPE:NAME\n"
    "                             another profile of AppArmor, or label of SELinux\n"
    "      --lsm-mount-context LABEL\n"
    "                             another SELinux label for its mounts\n" CRIU_HELP,
    run};
