/* SPDX-License-Identifier: Apache-2.0
 *
 * The options that checkpoint and restore share.
 */
#ifndef CORE_CLI_CHECKPOINT_H
#define CORE_CLI_CHECKPOINT_H

#include "cli/cli.h"

enum {
    OPTION_IMAGE_PATH = 512,
    OPTION_WORK_PATH,
    OPTION_TCP_ESTABLISHED,
    OPTION_TCP_CLOSE,
    OPTION_EXT_UNIX_SK,
    OPTION_SHELL_JOB,
    OPTION_FILE_LOCKS,
    OPTION_AUTO_DEDUP,
    OPTION_LAZY_PAGES,
    OPTION_LINK_REMAP,
    OPTION_MANAGE_CGROUPS_MODE,
    OPTION_NETWORK_LOCK,
    OPTION_EMPTY_NS,
};

#define CRIU_OPTIONS                                                                               \
    {"image-path", required_argument, NULL, OPTION_IMAGE_PATH},                                    \
        {"work-path", required_argument, NULL, OPTION_WORK_PATH},                                  \
        {"tcp-established", no_argument, NULL, OPTION_TCP_ESTABLISHED},                            \
        {"tcp-close", no_argument, NULL, OPTION_TCP_CLOSE},                                        \
        {"ext-unix-sk", no_argument, NULL, OPTION_EXT_UNIX_SK},                                    \
        {"shell-job", no_argument, NULL, OPTION_SHELL_JOB},                                        \
        {"file-locks", no_argument, NULL, OPTION_FILE_LOCKS},                                      \
        {"auto-dedup", no_argument, NULL, OPTION_AUTO_DEDUP},                                      \
        {"lazy-pages", no_argument, NULL, OPTION_LAZY_PAGES},                                      \
        {"link-remap", no_argument, NULL, OPTION_LINK_REMAP},                                      \
        {"manage-cgroups-mode", required_argument, NULL, OPTION_MANAGE_CGROUPS_MODE},              \
        {"network-lock", required_argument, NULL, OPTION_NETWORK_LOCK},                            \
    {                                                                                              \
        "empty-ns", required_argument, NULL, OPTION_EMPTY_NS                                       \
    }

#define CRIU_HELP                                                                                  \
    "      --image-path DIR       CRIU's files (default: the folder checkpoint)\n"                 \
    "      --work-path DIR        its log and what it needs meanwhile (default: the same)\n"       \
    "      --tcp-established      open TCP connections are saved, too\n"                           \
    "      --tcp-close            TCP connections are closed by the restore\n"                     \
    "      --ext-unix-sk          unix sockets may be connected to outside\n"                      \
    "      --shell-job            the terminal may be the caller's\n"                              \
    "      --file-locks           file locks are saved, too\n"                                     \
    "      --auto-dedup           memory is once in the images, not in each of a row\n"            \
    "      --lazy-pages           memory is fetched when it is used\n"                             \
    "      --link-remap           removed files get a name meanwhile\n"                            \
    "      --manage-cgroups-mode MODE\n"                                                           \
    "                             soft (default), full, strict or ignore\n"                        \
    "      --network-lock METHOD  iptables (default), nftables or skip\n"                          \
    "      --empty-ns network     a new network namespace instead of what it held\n"

/* The defaults. */
void criu_options_init(struct criu_common *common);
/* One of the options above: 0; 1 for another one. */
int criu_options_set(struct criu_common *common, int option, struct barrer_error *err);

#endif
