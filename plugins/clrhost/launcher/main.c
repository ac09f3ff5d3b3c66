/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line, and the state of the process that .NET relies on.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "launcher.h"

/* What .NET hangs or dies of when it is inherited. Whether HUP or INT are ignored is the
 * application's affair. */
static void reset_signals(void)
{
    static const int needed[] = {SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
        (void)signal(needed[i], SIG_DFL);
}

/* The kernel has told the way by which it was found, should the file be replaced by now. */
static char *find_self(void)
{
    char *self = realpath("/proc/self/exe", NULL);

    return self != NULL ? self : realpath((const char *)getauxval(AT_EXECFN), NULL);
}

/* What the interpreter has kept from the dynamic loader is the application's. */
static void show_variables(void)
{
    static const char hidden[] = {LAUNCHER_HIDDEN, 'D', '_', '\0'};

    for (char **variable = environ; *variable != NULL; variable++)
        if (strncmp(*variable, hidden, strlen(hidden)) == 0)
            **variable = 'L';
}

static const char *value_of(const char *arg, const char *option)
{
    size_t n = strlen(option);

    return strncmp(arg, option, n) == 0 && arg[n] == '=' ? arg + n + 1 : NULL;
}

static void add_framework(struct launch *launch, const char *folder)
{
    size_t limit = sizeof(launch->frameworks) / sizeof(*launch->frameworks);

    if (launch->n_frameworks == limit)
        launch_fail(LAUNCH_CANNOT_START, "--framework: expected at most %zu of them", limit);
    launch->frameworks[launch->n_frameworks++] = folder;
}

static void add_property(struct launch *launch, char *text)
{
    char *equals = strchr(text, '=');

    if (equals == NULL || equals == text)
        launch_fail(LAUNCH_CANNOT_START, "--property: expected KEY=VALUE, got \"%s\"", text);
    *equals = '\0';
    properties_add(&launch->properties, text, equals + 1);
}

/* An option of ours, which stand before all else: 1. */
static int take_own_option(struct launch *launch, char *arg)
{
    const char *value;

    if ((value = value_of(arg, "--mode")) != NULL) {
        if (launch_set(launch, "mode", value) < 0)
            launch_fail(LAUNCH_CANNOT_START,
                        "--mode: expected auto, hostfxr, direct or aot, got \"%s\"", value);
    } else if ((value = value_of(arg, "--entry")) != NULL) {
        launch->entry = value;
    } else if ((value = value_of(arg, "--framework")) != NULL) {
        add_framework(launch, value);
    } else if ((value = value_of(arg, "--gen0-budget")) != NULL) {
        launch->gen0_budget = value;
    } else if (value_of(arg, "--property") != NULL) {
        add_property(launch, arg + strlen("--property="));
    } else {
        return 0;
    }
    return 1;
}

/* dotnet's own options, which have a value each. */
static int is_host_option(const char *arg)
{
    static const char *const options[] = {"--additionalprobingpath",
                                          "--additional-deps",
                                          "--depsfile",
                                          "--runtimeconfig",
                                          "--roll-forward",
                                          "--roll-forward-on-no-candidate-fx",
                                          "--fx-version",
                                          NULL};

    for (const char *const *option = options; *option != NULL; option++)
        if (strcasecmp(arg, *option) == 0)
            return 1;
    return 0;
}

/* "exec" stays in front: .NET takes some options behind it only. */
static void find_app(struct launch *launch, int has_exec)
{
    int i = has_exec;

    while (i + 1 < launch->argc && is_host_option(launch->argv[i])) {
        if (strcasecmp(launch->argv[i], "--roll-forward") == 0)
            launch->roll_forward = launch->argv[i + 1];
        i += 2;
    }
    launch->app_index = i;
    launch->app = i < launch->argc ? launch->argv[i] : NULL;
}

static int is_assembly_name(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && (strcasecmp(name + n - 4, ".dll") == 0 ||
                     strcasecmp(name + n - 4, ".exe") == 0 || strcmp(name + n - 3, ".so") == 0);
}

static void print_usage(void)
{
    (void)printf(
        "Usage: dotnet [exec] [OPTIONS] APP.dll [ARGUMENT...]\n\n"
        "Run a .NET application with the runtime of the host that barrer-run brought into\n"
        "this container. --list-runtimes and --info say which that is.\n\n"
        "Options, before those that dotnet itself has for \"exec\":\n"
        "  --mode=auto|hostfxr|direct|aot\n"
        "                         how it is started\n"
        "  --entry=TYPE:METHOD    direct: call a method marked UnmanagedCallersOnly;\n"
        "                         aot: call this symbol of the library\n"
        "  --framework=DIR        direct: a folder of the runtime; may be repeated\n"
        "  --property=KEY=VALUE   a property of the runtime; may be repeated\n"
        "  --gen0-budget=BYTES    how much is allocated between two short collections\n");
}

static void parse(struct launch *launch, int argc, char **argv)
{
    int i = 1, has_exec;

    while (i < argc && take_own_option(launch, argv[i]))
        i++;
    has_exec = i < argc && strcmp(argv[i], "exec") == 0;
    launch->argc = argc - i;
    launch->argv = argv + i;
    find_app(launch, has_exec);
    if (launch->app == NULL && !has_exec && argc == 1) {
        print_usage();
        exit(0);
    }
    if (launch->app == NULL)
        launch_fail(LAUNCH_CANNOT_START,
                    "expected the name of an assembly (see \"dotnet --help\")");
    if (strcmp(launch->app, "--help") == 0 || strcmp(launch->app, "-h") == 0) {
        print_usage();
        exit(0);
    }
}

/* A word of the SDK's, such as "build". */
static void refuse_command(const struct launch *launch)
{
    if (!is_assembly_name(launch->app) && strchr(launch->app, '/') == NULL &&
        !launch_exists(launch->app))
        launch_fail(LAUNCH_NOT_FOUND,
                    "run \"dotnet %s\": commands of the SDK are not there, this is the runtime "
                    "alone (give an assembly: dotnet App.dll)",
                    launch->app);
}

static enum launch_mode choose_mode(const struct launch *launch)
{
    size_t n = strlen(launch->app);

    if (launch->mode != MODE_AUTO)
        return launch->mode;
    if (n > 3 && strcmp(launch->app + n - 3, ".so") == 0)
        return MODE_AOT;
    /* Only coreclr itself calls a method other than Main, or takes a name without ".dll". */
    return launch->entry != NULL || launch->n_frameworks > 0 || !is_assembly_name(launch->app)
               ? MODE_DIRECT
               : MODE_HOSTFXR;
}

int main(int argc, char **argv)
{
    static struct launch launch;

    reset_signals();
    launch_dump(argc, argv);
    show_variables();
    launch_read_settings(&launch);
    parse(&launch, argc, argv);
    launch.self = find_self();
    if (launch.self == NULL)
        launch_fail(
            LAUNCH_CANNOT_START,
            "start .NET: the launcher does not find its own path in /proc/self/exe (mount a "
            "procfs on /proc of the container)");
    if (!launch.has_diagnostics)
        (void)setenv("DOTNET_EnableDiagnostics", "0", 0);
    if (strncmp(launch.app, "--", 2) == 0)
        return launch_inquiry(&launch);
    refuse_command(&launch);
    switch (choose_mode(&launch)) {
    case MODE_AOT:
        return launch_aot(&launch);
    case MODE_DIRECT:
        return launch_direct(&launch);
    default:
        return launch_hostfxr(&launch);
    }
}
