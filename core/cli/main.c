/* SPDX-License-Identifier: Apache-2.0
 *
 * The program proper: every verb. first_stage.c executes it.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/program.h"
#include "cli/cli.h"
#include "container/criu.h"
#include "plugin/opener.h"

static const struct cli_verb *const verbs[] = {
    &verb_create,   &verb_start,  &verb_run,    &verb_exec,   &verb_kill,
    &verb_delete,   &verb_state,  &verb_list,   &verb_ps,     &verb_pause,
    &verb_resume,   &verb_update, &verb_mounts, &verb_events, &verb_spec,
    &verb_features, &verb_plan,   &verb_dotnet, &verb_checkpoint, &verb_restore, NULL};

static int print_help(void)
{
    (void)printf("Usage: barrer-run [GLOBAL OPTIONS] VERB [OPTIONS] [ARGUMENTS]\n\n"
                 "Run OCI containers through the plugins that barrer.conf names.\n\nVerbs:\n");
    for (size_t i = 0; verbs[i] != NULL; i++)
        (void)printf("  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
    (void)printf("\nGlobal options:\n"
                 "      --root DIR             the state root (default: /run/barrer-run)\n"
                 "      --log FILE             where messages go instead of stderr, also journald:ID "
                 "or\n"
                 "                             syslog:ID; errors go to stderr as well\n"
                 "      --log-format FORMAT    text or json\n"
                 "      --log-level LEVEL      error, warning, notice, info or debug\n"
                 "      --debug                the same as --log-level debug\n"
                 "      --config FILE          this barrer.conf instead of the system's\n"
                 "      --set SECTION.KEY=VALUE\n"
                 "                             change one value of it; may be repeated\n"
                 "      --plugin-dir DIR       where plugins are\n"
                 "      --cgroup-manager NAME  cgroupfs, systemd or disabled\n"
                 "      --systemd-cgroup       the same as --cgroup-manager systemd\n"
                 "      --criu PROGRAM         CRIU, for checkpoint and restore (default: criu in PATH)\n"
                 "      --rootless auto|true|false\n"
                 "                             whether the caller counts as unprivileged\n"
                 "  -h, --help                 print this, or the help of a verb behind it\n"
                 "  -v, --version              print the version\n\n"
                 "barrer-run(1), barrer.conf(5) and barrer-plugin(7) say more.\n");
    return fflush(stdout) == 0 ? 0 : 1;
}

/* The last line names what crun's callers look for in crun's: word of sd_notify(3), labels,
 * capabilities, filters of system calls and of devices; CRIU, where there is one. */
static int print_version(void)
{
    barrer_auto_free char *criu = criu_find(NULL);

    (void)printf("barrer-run version %s\ncommit: %s\nspec: 1.3.0\n"
                 "+SYSTEMD +SELINUX +APPARMOR +CAP +SECCOMP +EBPF%s\n",
                 PACKAGE_VERSION, PACKAGE_VERSION, criu != NULL ? " +CRIU" : "");
    return fflush(stdout) == 0 ? 0 : 1;
}

/* A closed standard descriptor would be taken by the next file that is opened, and the payload
 * would read or write that. */
static void fill_standard_descriptors(void)
{
    struct pollfd fds[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

    if (poll(fds, 3, 0) <= 0)
        return;
    for (int fd = 0; fd < 3; fd++)
        if (fds[fd].revents & POLLNVAL)
            (void)open("/dev/null", O_RDWR);
}

int main(int argc, char **argv)
{
    const struct cli_verb *verb;
    struct barrer_error err = {0};
    struct cli cli;

    if (opener_has_successor())
        program_set_successor(argv);
    fill_standard_descriptors();
    /* For a caller that ignores it the kernel would reap our processes, with their status. */
    (void)signal(SIGCHLD, SIG_DFL);
    if (cli_parse(&cli, argc, argv, &err) < 0)
        return cli_error(&err, 1);
    if (cli.wants_version)
        return print_version();
    if (cli.wants_help)
        return print_help();
    if (cli.argc == 0) {
        (void)error_fail(&err, 0, "expected a verb (see --help)");
        return cli_error(&err, 1);
    }
    verb = cli_find(verbs, cli.argv[0]);
    if (verb != NULL)
        return cli_run(&cli, verb);
    if (cli_apply(&cli, &err) == 0)
        (void)error_fail(&err, 0, "unknown verb \"%s\": No help topic for '%s' (see --help)",
                         cli.argv[0], cli.argv[0]);
    cli_error(&err, 1);
    cli_fini(&cli);
    return 1;
}
