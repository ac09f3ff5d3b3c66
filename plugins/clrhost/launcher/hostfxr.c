/* SPDX-License-Identifier: Apache-2.0
 *
 * The usual way: .NET's own host finds frameworks, dependencies and settings.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clr_abi.h"
#include "launcher.h"
#include "versions.h"

#define VERSIONS 64

struct host {
    struct launch *launch;
    void *library;
    const char *root; /* where the library is from */
    clr_hostfxr_handle handle;
    clr_hostfxr_get_property get_property;
    clr_hostfxr_set_property set_property;
};

/* The highest version, pre-releases included. */
static int find_in_root(const char *root, char *path, size_t size)
{
    struct version versions[VERSIONS];
    char folder[PATH_MAX - 256], text[128];
    size_t n, best = 0;

    (void)snprintf(folder, sizeof(folder), "%s/host/fxr", root);
    n = versions_list(folder, versions, VERSIONS);
    if (n == 0)
        return -1;
    for (size_t i = 1; i < n; i++)
        if (version_compare(&versions[i], &versions[best]) > 0)
            best = i;
    version_format(&versions[best], text, sizeof(text));
    (void)snprintf(path, size, "%s/%s/libhostfxr.so", folder, text);
    return 0;
}

/* An application that brings its own runtime has its host beside it. */
static void find_library(struct host *host, char *path, size_t size)
{
    const struct launch *launch = host->launch;

    if (launch->folder != NULL) {
        (void)snprintf(path, size, "%s/libhostfxr.so", launch->folder);
        if (launch_exists(path)) {
            host->root = launch->folder;
            return;
        }
    }
    if (launch->no_runtime != NULL)
        launch_fail(LAUNCH_NOT_FOUND, "%s", launch->no_runtime);
    host->root = launch->dotnet_root;
    if (host->root == NULL)
        launch_fail(LAUNCH_NOT_FOUND,
                    "find a .NET runtime: none in DOTNET_ROOT, /etc/dotnet/install_location, "
                    "/usr/share/dotnet or /usr/lib/dotnet (install one)");
    if (find_in_root(host->root, path, size) < 0)
        launch_fail(LAUNCH_NOT_FOUND,
                    "find a .NET runtime in \"%s\": no version of it in host/fxr (install one)",
                    host->root);
}

static void *find_symbol(const struct host *host, const char *name)
{
    void *symbol = dlsym(host->library, name);

    if (symbol == NULL)
        launch_fail(LAUNCH_CANNOT_START,
                    "start .NET: libhostfxr.so has no %s (it is older than "
                    ".NET 6: install a newer one)",
                    name);
    return symbol;
}

static void write_error(const char *message)
{
    launch_quote(message);
}

static void open_library(struct host *host)
{
    char path[PATH_MAX + 32];

    find_library(host, path, sizeof(path));
    host->library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (host->library == NULL)
        launch_fail(LAUNCH_NOT_FOUND, "load the host of .NET: %s (install the runtime again)",
                    dlerror());
}

static void keep_errors(const struct host *host)
{
    void *symbol = find_symbol(host, "hostfxr_set_error_writer");
    clr_hostfxr_set_error_writer set_error_writer;

    memcpy(&set_error_writer, &symbol, sizeof(symbol));
    (void)set_error_writer(write_error);
}

/* Why the runtime could not be initialised. */
__attribute__((noreturn)) static void fail_start(const struct host *host)
{
    const char *app = host->launch->app, *obstacle = launch_obstacle();

    if (obstacle != NULL)
        launch_fail(LAUNCH_CANNOT_START, "start .NET for \"%s\": %s", app, obstacle);
    if (strstr(launch_quoted(), "8007000E") != NULL)
        launch_fail(
            LAUNCH_CANNOT_START,
            "start .NET for \"%s\": there is too little memory, or the limit of processes is "
            "too low (raise them): %s",
            app, launch_quoted());
    launch_fail(LAUNCH_CANNOT_START, "start .NET for \"%s\": %s", app, launch_quoted());
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* "10.0.12, 9.0.3", or "none". */
static void list_installed(const char *root, const char *framework, char *text, size_t size)
{
    struct version versions[VERSIONS];
    char folder[PATH_MAX];
    size_t n, used = 0;

    (void)snprintf(folder, sizeof(folder), "%s/shared/%s", root, framework);
    n = strchr(framework, '/') == NULL ? versions_list(folder, versions, VERSIONS) : 0;
    (void)snprintf(text, size, "none");
    for (size_t i = 0; i < n && used + 1 < size; i++) {
        char version[128];

        version_format(&versions[i], version, sizeof(version));
        used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", version);
    }
}

static int is_served(const char *root, const struct config *config,
                     const struct framework *framework)
{
    const char *policy_name =
        framework->roll_forward != NULL ? framework->roll_forward : config->roll_forward;
    struct version versions[VERSIONS], wanted;
    enum roll_forward policy = ROLL_MINOR;
    char folder[PATH_MAX];

    if (getenv("DOTNET_ROLL_FORWARD") != NULL)
        policy_name = getenv("DOTNET_ROLL_FORWARD");
    if (policy_name != NULL)
        (void)roll_forward_parse(policy_name, &policy);
    (void)snprintf(folder, sizeof(folder), "%s/shared/%s", root, framework->name);
    return version_parse(framework->version, &wanted) == 0 &&
           version_choose(&wanted, policy, versions, versions_list(folder, versions, VERSIONS)) >=
               0;
}

static void fail_framework(const struct host *host)
{
    char *file = launch_beside(host->launch, ".runtimeconfig.json");
    struct config config;
    const char *why;

    if (config_read(file, &config, &why) == 0)
        for (size_t i = 0; i < config.n_frameworks; i++) {
            const struct framework *framework = &config.frameworks[i];
            char installed[512];

            if (is_served(host->root, &config, framework))
                continue;
            list_installed(host->root, framework->name, installed, sizeof(installed));
            launch_fail(LAUNCH_NOT_FOUND,
                        "run \"%s\": it wants %s %s, and the host's .NET has of that: %s (install "
                        "it on the host, or let the application roll forward: "
                        "DOTNET_ROLL_FORWARD=Major)",
                        host->launch->app, framework->name, framework->version, installed);
        }
    launch_fail(LAUNCH_NOT_FOUND, "run \"%s\": a framework that it wants is not on the host: %s",
                host->launch->app, launch_quoted());
}

static void fail_config(const struct host *host)
{
    char *file = launch_beside(host->launch, ".runtimeconfig.json");
    struct config config;
    const char *why;

    if (config_read(file, &config, &why) == 0 || why[0] == '\0')
        why = launch_quoted();
    launch_fail(LAUNCH_NOT_RUNNABLE, "run \"%s\": \"%s\" cannot be used: %s (publish it again)",
                host->launch->app, file, why);
}

static void fail_missing_library(const struct host *host)
{
    char *config = launch_beside(host->launch, ".runtimeconfig.json");

    if (!launch_exists(config))
        launch_fail(LAUNCH_NOT_RUNNABLE,
                    "run \"%s\": there is no \"%s\", which says what frameworks it needs (publish "
                    "the application as a whole, or start it with --mode=direct)",
                    host->launch->app, base_name(config));
    launch_fail(LAUNCH_NOT_FOUND,
                "start .NET for \"%s\": a library of the runtime in \"%s\" is "
                "missing: %s (install the runtime again)",
                host->launch->app, host->root, launch_quoted());
}

static const char *get_property(void *arg, const char *key)
{
    const struct host *host = arg;
    const char *value;

    return host->get_property(host->handle, key, &value) == 0 ? value : NULL;
}

/* The folder of the runtime itself, from the list of its assemblies. */
static void check_runtime(struct host *host)
{
    static const char name[] = "/System.Private.CoreLib.dll";
    const char *list = get_property(host, "TRUSTED_PLATFORM_ASSEMBLIES");
    const char *end = list != NULL ? strstr(list, name) : NULL;
    const char *start = end;
    char folder[PATH_MAX];

    if (end == NULL)
        return;
    while (start > list && start[-1] != ':')
        start--;
    if ((size_t)(end - start) >= sizeof(folder))
        return;
    memcpy(folder, start, (size_t)(end - start));
    folder[end - start] = '\0';
    launch_check_runtime(folder);
}

/* A status of the host as a sentence. */
__attribute__((noreturn)) static void fail_status(const struct host *host, int32_t status)
{
    const struct launch *launch = host->launch;

    switch ((uint32_t)status & 0xff) {
    case CLR_FRAMEWORK_MISSING:
    case CLR_FRAMEWORK_COMPATIBILITY:
        fail_framework(host);
        break;
    case CLR_BAD_CONFIG:
        fail_config(host);
        break;
    case CLR_RESOLVE:
        launch_fail(LAUNCH_NOT_FOUND,
                    "start .NET for \"%s\": libcoreclr.so of the runtime in \"%s\" is missing "
                    "(install the runtime again)",
                    launch->app, host->root);
    case CLR_LIBRARY_LOAD:
    case CLR_LIBRARY_MISSING:
    case CLR_BIND:
        fail_missing_library(host);
        break;
    case CLR_BAD_DEPS:
    case CLR_RESOLVER:
        launch_fail(LAUNCH_NOT_RUNNABLE,
                    "run \"%s\": \"%s\" or what it lists cannot be used: %s (publish it again)",
                    launch->app, launch_beside(launch, ".deps.json"), launch_quoted());
    case CLR_NOT_RUNNABLE:
    case CLR_HOST_ARGUMENTS:
    case CLR_INVALID_ARGUMENT:
        launch_fail(LAUNCH_NOT_RUNNABLE, "run \"%s\": %s", launch->app, launch_quoted());
    default:
        fail_start(host);
    }
    abort();
}

static void set_properties(struct host *host)
{
    const struct launch *launch = host->launch;
    struct properties defaults = {0};

    for (size_t i = 0; i < launch->properties.n; i++)
        (void)host->set_property(host->handle, launch->properties.all[i].key,
                                 launch->properties.all[i].value);
    launch_add_defaults(launch, &defaults, get_property, host);
    for (size_t i = 0; i < defaults.n; i++)
        if (get_property(host, defaults.all[i].key) == NULL)
            (void)host->set_property(host->handle, defaults.all[i].key, defaults.all[i].value);
}

static void initialize(struct host *host)
{
    struct launch *launch = host->launch;
    struct clr_hostfxr_parameters parameters = {
        .size = sizeof(parameters), .host_path = launch->self, .dotnet_root = host->root};
    void *symbol = find_symbol(host, "hostfxr_initialize_for_dotnet_command_line");
    clr_hostfxr_initialize function;
    int32_t r;

    memcpy(&function, &symbol, sizeof(symbol));
    symbol = find_symbol(host, "hostfxr_get_runtime_property_value");
    memcpy(&host->get_property, &symbol, sizeof(symbol));
    symbol = find_symbol(host, "hostfxr_set_runtime_property_value");
    memcpy(&host->set_property, &symbol, sizeof(symbol));
    r = function(launch->argc, (const char **)(uintptr_t)launch->argv, &parameters, &host->handle);
    if (r < 0 || host->handle == NULL)
        fail_status(host, r);
}

int launch_hostfxr(struct launch *launch)
{
    struct host host = {.launch = launch};
    clr_hostfxr_run_app run_app;
    void *symbol;
    int32_t r;

    launch_check_app(launch);
    open_library(&host);
    keep_errors(&host);
    initialize(&host);
    check_runtime(&host);
    set_properties(&host);
    symbol = find_symbol(&host, "hostfxr_run_app");
    memcpy(&run_app, &symbol, sizeof(symbol));
    launch_guard(launch);
    r = run_app(host.handle);
    if (CLR_IS_STATUS(r))
        fail_status(&host, r);
    return r;
}

/* The host takes a program with an assembly of its name for that assembly's: there is none. */
int launch_inquiry(struct launch *launch)
{
    static const char name[] = "dotnet";
    struct host host = {.launch = launch};
    const char **argv = calloc((size_t)launch->argc + 2, sizeof(*argv));
    clr_hostfxr_main function;
    char app[PATH_MAX];
    void *symbol;

    if (argv == NULL)
        launch_fail(LAUNCH_CANNOT_START, "start .NET: out of memory");
    argv[0] = name;
    memcpy(argv + 1, launch->argv, (size_t)launch->argc * sizeof(*argv));
    (void)snprintf(app, sizeof(app), "%s.dll", launch->self);
    open_library(&host);
    symbol = find_symbol(&host, "hostfxr_main_startupinfo");
    memcpy(&function, &symbol, sizeof(symbol));
    return function(launch->argc + 1, argv, launch->self, host.root, app);
}
