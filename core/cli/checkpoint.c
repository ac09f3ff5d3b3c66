/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>

#include "container/lifecycle.h"

enum {
    OPTION_PARENT_PATH = 256,
    OPTION_LEAVE_RUNNING,
    OPTION_PRE_DUMP,
    OPTION_TCP_SKIP_IN_FLIGHT,
    OPTION_STATUS_FD,
    OPTION_PAGE_SERVER,
};

static const struct option table[] = {
    CRIU_OPTIONS,
    {"parent-path", required_argument, NULL, OPTION_PARENT_PATH},
    {"leave-running", no_argument, NULL, OPTION_LEAVE_RUNNING},
    {"pre-dump", no_argument, NULL, OPTION_PRE_DUMP},
    {"tcp-skip-in-flight", no_argument, NULL, OPTION_TCP_SKIP_IN_FLIGHT},
    {"status-fd", required_argument, NULL, OPTION_STATUS_FD},
    {"page-server", required_argument, NULL, OPTION_PAGE_SERVER},
    {0},
};

/* A name with the number that it has in CRIU's rpc.proto. */
struct choice {
    const char *name;
    int number;
};

static int choose(const char *option, const struct choice *choices, const char *text,
                  int *ret_number, struct barrer_error *err)
{
    char names[128] = "";

    for (; choices->name != NULL; choices++) {
        if (strcmp(choices->name, text) == 0) {
            *ret_number = choices->number;
            return 0;
        }
        if (names[0] != '\0')
            strncat(names, choices[1].name != NULL ? ", " : " or ",
                    sizeof(names) - strlen(names) - 1);
        strncat(names, choices->name, sizeof(names) - strlen(names) - 1);
    }
    return error_fail(err, 0, "--%s: expected %s, got \"%s\"", option, names, text);
}

void criu_options_init(struct criu_common *common)
{
    *common = (struct criu_common){.image_path = "checkpoint", .cgroups_mode = 3};
}

static int set_switch(struct criu_common *common, int option)
{
    switch (option) {
    case OPTION_TCP_ESTABLISHED:
        return common->tcp_established = 1;
    case OPTION_TCP_CLOSE:
        return common->tcp_close = 1;
    case OPTION_EXT_UNIX_SK:
        return common->ext_unix_sk = 1;
    case OPTION_SHELL_JOB:
        return common->shell_job = 1;
    case OPTION_FILE_LOCKS:
        return common->file_locks = 1;
    case OPTION_AUTO_DEDUP:
        return common->auto_dedup = 1;
    case OPTION_LAZY_PAGES:
        return common->lazy_pages = 1;
    case OPTION_LINK_REMAP:
        return common->link_remap = 1;
    default:
        return 0;
    }
}

int criu_options_set(struct criu_common *common, int option, struct barrer_error *err)
{
    static const struct choice modes[] = {
        {"soft", 3}, {"full", 4}, {"strict", 5}, {"ignore", 0}, {NULL, 0}};
    static const struct choice locks[] = {{"iptables", 1}, {"nftables", 2}, {"skip", 3}, {NULL, 0}};
    static const struct choice spaces[] = {{"network", CLONE_NEWNET}, {NULL, 0}};
    int space, r;

    switch (option) {
    case OPTION_IMAGE_PATH:
        common->image_path = optarg;
        return 0;
    case OPTION_WORK_PATH:
        common->work_path = optarg;
        return 0;
    case OPTION_MANAGE_CGROUPS_MODE:
        return choose("manage-cgroups-mode", modes, optarg, &common->cgroups_mode, err);
    case OPTION_NETWORK_LOCK:
        return choose("network-lock", locks, optarg, &common->network_lock, err);
    case OPTION_EMPTY_NS:
        r = choose("empty-ns", spaces, optarg, &space, err);
        if (r == 0)
            common->empty_ns = (unsigned)space;
        return r;
    default:
        return set_switch(common, option) ? 0 : 1;
    }
}

static int set_status_fd(struct checkpoint_options *options, struct barrer_error *err)
{
    long long number;
    int r = cli_number("status-fd", optarg, 0, &number, err);

    if (r < 0)
        return r;
    if (number > INT32_MAX || fcntl((int)number, F_GETFD) < 0)
        return error_fail(err, EBADF, "use --status-fd %s", optarg);
    options->status_fd = (int)number;
    return 0;
}

static int set_page_server(struct checkpoint_options *options, struct barrer_error *err)
{
    const char *colon = strrchr(optarg, ':');
    long long port;

    if (colon == NULL || colon == optarg ||
        cli_number("page-server", colon + 1, 1, &port, NULL) < 0 || port > 65535)
        return error_fail(err, 0, "--page-server: expected ADDRESS:PORT, got \"%s\"", optarg);
    options->page_server = optarg;
    return 0;
}

static int set_option(struct checkpoint_options *options, int c, struct barrer_error *err)
{
    int r = criu_options_set(&options->common, c, err);

    if (r <= 0)
        return r;
    switch (c) {
    case OPTION_PARENT_PATH:
        options->parent_path = optarg;
        return 0;
    case OPTION_LEAVE_RUNNING:
        options->leave_running = 1;
        return 0;
    case OPTION_PRE_DUMP:
        options->pre_dump = 1;
        return 0;
    case OPTION_TCP_SKIP_IN_FLIGHT:
        options->tcp_skip_in_flight = 1;
        return 0;
    case OPTION_STATUS_FD:
        return set_status_fd(options, err);
    case OPTION_PAGE_SERVER:
        return set_page_server(options, err);
    default:
        return -EINVAL;
    }
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct checkpoint_options options = {.status_fd = -1};
    int c, r = 0;

    criu_options_init(&options.common);
    while (r == 0 && (c = cli_option(argc, argv, "", table, err)) != -1)
        r = set_option(&options, c, err);
    if (r == 0)
        r = cli_id(argc, argv, &options.id, err);
    return r < 0 ? r : lifecycle_checkpoint(&cli->global, &options, err);
}

const struct cli_verb verb_checkpoint = {
    "checkpoint", "[OPTIONS] ID", "Save the processes of a container with CRIU, and remove it",
    "Options:\n" CRIU_HELP "      --leave-running        the container goes on\n"
    "      --pre-dump             save memory only, and the container goes on\n"
    "      --parent-path DIR      where an earlier --pre-dump is, relative to --image-path\n"
    "      --tcp-skip-in-flight   TCP connections that are being made are not saved\n"
    "      --page-server ADDRESS:PORT\n"
    "                             where memory is sent instead of to files\n"
    "      --status-fd N          CRIU writes a NUL to this descriptor when --lazy-pages is "
    "ready\n",
    run};
