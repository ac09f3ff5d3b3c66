/* SPDX-License-Identifier: Apache-2.0
 *
 * The short way: CoreCLR itself, with frameworks found by the same rules, and without .deps.json:
 * what the application needs beside its frameworks is in its folder.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clr_abi.h"
#include "launcher.h"
#include "versions.h"

#define VERSIONS 64

#if defined(__aarch64__)
#define RUNTIME_IDENTIFIER "linux-arm64"
#else
#define RUNTIME_IDENTIFIER "linux-x64"
#endif

struct direct {
    struct launch *launch;
    void *library;
    void *host;
    unsigned domain;
    struct properties properties;
};

static void *check_memory(void *memory)
{
    if (memory == NULL)
        launch_fail(LAUNCH_CANNOT_START, "start .NET: out of memory");
    return memory;
}

static enum roll_forward find_policy(const struct launch *launch, const struct config *config,
                                     const struct framework *framework)
{
    const char *name =
        framework->roll_forward != NULL ? framework->roll_forward : config->roll_forward;
    enum roll_forward policy = ROLL_MINOR;

    if (getenv("DOTNET_ROLL_FORWARD") != NULL)
        name = getenv("DOTNET_ROLL_FORWARD");
    if (launch->roll_forward != NULL)
        name = launch->roll_forward;
    if (name != NULL && roll_forward_parse(name, &policy) < 0)
        launch_fail(LAUNCH_NOT_RUNNABLE,
                    "run \"%s\": rollForward: expected Disable, LatestPatch, Minor, LatestMinor, "
                    "Major or LatestMajor, got \"%s\"",
                    launch->app, name);
    return policy;
}

/* The folder of the version that serves FRAMEWORK, a fresh string. */
static char *find_framework(const struct launch *launch, const struct config *config,
                            const struct framework *framework)
{
    enum roll_forward policy = find_policy(launch, config, framework);
    struct version wanted, versions[VERSIONS];
    char folder[PATH_MAX], text[128], *path;
    int chosen = -1;

    if (strchr(framework->name, '/') != NULL || version_parse(framework->version, &wanted) < 0)
        launch_fail(LAUNCH_NOT_RUNNABLE, "run \"%s\": \"%s %s\" is no framework and version",
                    launch->app, framework->name, framework->version);
    (void)snprintf(folder, sizeof(folder), "%s/shared/%s",
                   launch->dotnet_root != NULL ? launch->dotnet_root : "", framework->name);
    if (launch->dotnet_root != NULL)
        chosen =
            version_choose(&wanted, policy, versions, versions_list(folder, versions, VERSIONS));
    if (chosen < 0)
        launch_fail(LAUNCH_NOT_FOUND,
                    "run \"%s\": it wants %s %s, and \"%s\" has none that serves (install it, or "
                    "let the application roll forward: DOTNET_ROLL_FORWARD=Major)",
                    launch->app, framework->name, framework->version, folder);
    version_format(&versions[chosen], text, sizeof(text));
    if (asprintf(&path, "%s/%s", folder, text) < 0)
        path = NULL;
    return check_memory(path);
}

/* What the configuration lists; ASP.NET's includes the runtime's own. */
static void find_frameworks(struct launch *launch)
{
    char *file = launch_beside(launch, ".runtimeconfig.json");
    static struct config config;
    static const struct framework core = {.name = "Microsoft.NETCore.App", .version = "8.0.0"};
    const char *why;
    int has_core = 0;

    if (config_read(file, &config, &why) < 0 && why[0] != '\0')
        launch_fail(LAUNCH_NOT_RUNNABLE, "run \"%s\": \"%s\" cannot be used: %s", launch->app, file,
                    why);
    for (size_t i = 0; i < config.properties.n; i++)
        properties_add(&launch->properties, config.properties.all[i].key,
                       config.properties.all[i].value);
    if (launch->n_frameworks > 0)
        return;
    if (config.is_self_contained) {
        launch->frameworks[launch->n_frameworks++] = launch->folder;
        return;
    }
    if (launch->no_runtime != NULL)
        launch_fail(LAUNCH_NOT_FOUND, "%s", launch->no_runtime);
    if (config.n_frameworks == 0) {
        config.frameworks[config.n_frameworks++] = core;
        config.roll_forward = "LatestMajor";
    }
    for (size_t i = 0; i < config.n_frameworks; i++)
        has_core |= strcmp(config.frameworks[i].name, core.name) == 0;
    if (!has_core && config.n_frameworks < sizeof(config.frameworks) / sizeof(*config.frameworks)) {
        config.frameworks[config.n_frameworks] = core;
        config.frameworks[config.n_frameworks++].version = config.frameworks[0].version;
    }
    /* The runtime's own comes first. */
    for (int is_core = 1; is_core >= 0; is_core--)
        for (size_t i = 0; i < config.n_frameworks; i++)
            if ((strcmp(config.frameworks[i].name, core.name) == 0) == is_core)
                launch->frameworks[launch->n_frameworks++] =
                    find_framework(launch, &config, &config.frameworks[i]);
}

static int is_assembly(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".dll") == 0;
}

static void add_folder(FILE *list, const char *path)
{
    DIR *folder = opendir(path);

    if (folder == NULL)
        launch_fail(LAUNCH_NOT_FOUND, "start .NET: there is no folder \"%s\" of the runtime", path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (is_assembly(entry->d_name))
            (void)fprintf(list, "%s/%s:", path, entry->d_name);
    (void)closedir(folder);
}

/* Absolute, with "/" at its end where it is asked for; fresh. */
static char *absolute(const char *folder, const char *end)
{
    char *real = realpath(folder, NULL), *path;

    if (real == NULL)
        launch_fail(LAUNCH_NOT_FOUND, "start .NET: there is no folder \"%s\"", folder);
    if (asprintf(&path, "%s%s", real, end) < 0)
        path = NULL;
    free(real);
    return check_memory(path);
}

static void add_lists(struct direct *direct)
{
    struct launch *launch = direct->launch;
    char *assemblies = NULL, *libraries = NULL;
    size_t size;
    FILE *list = check_memory(open_memstream(&assemblies, &size));
    FILE *native = check_memory(open_memstream(&libraries, &size));

    /* The list takes names with ".dll" alone; what is executed is found by its path. */
    if (is_assembly(launch->path))
        (void)fprintf(list, "%s:", launch->path);
    (void)fprintf(native, "%s/:", launch->folder);
    for (size_t i = 0; i < launch->n_frameworks; i++) {
        launch->frameworks[i] = absolute(launch->frameworks[i], "");
        add_folder(list, launch->frameworks[i]);
        (void)fprintf(native, "%s/:", launch->frameworks[i]);
    }
    if (fclose(list) != 0 || fclose(native) != 0)
        check_memory(NULL);
    properties_add(&direct->properties, "TRUSTED_PLATFORM_ASSEMBLIES", assemblies);
    properties_add(&direct->properties, "NATIVE_DLL_SEARCH_DIRECTORIES", libraries);
    properties_add(&direct->properties, "APP_PATHS", launch->folder);
    properties_add(&direct->properties, "APP_CONTEXT_BASE_DIRECTORY",
                   absolute(launch->folder, "/"));
    properties_add(&direct->properties, "RUNTIME_IDENTIFIER", RUNTIME_IDENTIFIER);
}

static const char *get_property(void *arg, const char *key)
{
    return properties_get(arg, key);
}

static void add_properties(struct direct *direct)
{
    const struct launch *launch = direct->launch;
    const char *hooks = getenv("DOTNET_STARTUP_HOOKS");
    struct properties defaults = {0};

    add_lists(direct);
    for (size_t i = 0; i < launch->properties.n; i++)
        properties_add(&direct->properties, launch->properties.all[i].key,
                       launch->properties.all[i].value);
    if (hooks != NULL && hooks[0] != '\0')
        properties_add(&direct->properties, "STARTUP_HOOKS", hooks);
    launch_add_defaults(launch, &defaults, get_property, &direct->properties);
    for (size_t i = 0; i < defaults.n; i++)
        properties_add(&direct->properties, defaults.all[i].key, defaults.all[i].value);
}

static void *find_symbol(const struct direct *direct, const char *name)
{
    void *symbol = dlsym(direct->library, name);

    if (symbol == NULL)
        launch_fail(LAUNCH_CANNOT_START, "start .NET: libcoreclr.so has no %s", name);
    return symbol;
}

static void write_error(const char *message)
{
    launch_quote(message);
}

static void open_library(struct direct *direct)
{
    clr_coreclr_set_error_writer set_error_writer;
    char path[PATH_MAX];
    void *symbol;

    launch_check_runtime(direct->launch->frameworks[0]);
    (void)snprintf(path, sizeof(path), "%s/libcoreclr.so", direct->launch->frameworks[0]);
    direct->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (direct->library == NULL)
        launch_fail(LAUNCH_CANNOT_START, "load the runtime: %s", dlerror());
    symbol = dlsym(direct->library, "coreclr_set_error_writer");
    if (symbol != NULL) {
        memcpy(&set_error_writer, &symbol, sizeof(symbol));
        (void)set_error_writer(write_error);
    }
}

static const char *explain(int r)
{
    switch ((unsigned)r) {
    case 0x8007ff0bu:
        return "it does not find its own path (mount a procfs on /proc of the container)";
    case 0x8007000eu:
        return "it gets too little memory, or threads, or there is no procfs on /proc (raise the "
               "limits of memory and processes)";
    case 0x80070008u:
        return "it cannot make a thread (raise the limit of processes to 16 or more)";
    case 0x8007000cu:
    case 0x8007054fu:
        return "a system call is refused, or the limit of open files is too low (let the seccomp "
               "profile allow sysinfo and sched_setaffinity; raise RLIMIT_NOFILE to 64 or more)";
    case 0x80004005u:
        return "it cannot reserve memory (raise RLIMIT_AS)";
    default:
        return launch_quoted();
    }
}

static void start(struct direct *direct)
{
    const struct properties *properties = &direct->properties;
    const char **keys = check_memory(calloc(properties->n * 2, sizeof(*keys)));
    const char **values = keys + properties->n;
    void *symbol = find_symbol(direct, "coreclr_initialize");
    clr_coreclr_initialize function;
    int r;

    for (size_t i = 0; i < properties->n; i++) {
        keys[i] = properties->all[i].key;
        values[i] = properties->all[i].value;
    }
    memcpy(&function, &symbol, sizeof(symbol));
    launch_guard(direct->launch);
    r = function(direct->launch->self, "dotnet", (int)properties->n, keys, values, &direct->host,
                 &direct->domain);
    if (r < 0)
        launch_fail(LAUNCH_CANNOT_START, "start .NET for \"%s\": %s", direct->launch->app,
                    launch_obstacle() != NULL ? launch_obstacle() : explain(r));
}

/* Main, with the arguments behind APP. */
static int run_main(struct direct *direct)
{
    const struct launch *launch = direct->launch;
    int argc = launch->argc - launch->app_index - 1;
    const char **argv = (const char **)(uintptr_t)(launch->argv + launch->app_index + 1);
    void *symbol = find_symbol(direct, "coreclr_execute_assembly");
    clr_coreclr_execute_assembly execute;
    clr_coreclr_shutdown_2 shut_down;
    unsigned code = 0;
    int latched = 0, r;

    memcpy(&execute, &symbol, sizeof(symbol));
    r = execute(direct->host, direct->domain, argc, argv, launch->path, &code);
    if (r < 0)
        launch_fail(LAUNCH_NOT_RUNNABLE, "run \"%s\": %s", launch->app, launch_quoted());
    symbol = find_symbol(direct, "coreclr_shutdown_2");
    memcpy(&shut_down, &symbol, sizeof(symbol));
    return shut_down(direct->host, direct->domain, &latched) >= 0 ? latched : (int)code;
}

/* TYPE:METHOD, of the assembly itself. */
static int run_entry(struct direct *direct)
{
    const struct launch *launch = direct->launch;
    char *type = check_memory(strdup(launch->entry)), *method = strrchr(type, ':');
    char *assembly = launch_beside(launch, "");
    void *symbol = find_symbol(direct, "coreclr_create_delegate"), *delegate;
    clr_coreclr_create_delegate create;
    int (*function)(int argc, char **argv);
    int r;

    if (method == NULL)
        launch_fail(LAUNCH_NOT_RUNNABLE, "--entry: expected NAMESPACE.TYPE:METHOD, got \"%s\"",
                    launch->entry);
    *method++ = '\0';
    memcpy(&create, &symbol, sizeof(symbol));
    r = create(direct->host, direct->domain, strrchr(assembly, '/') + 1, type, method, &delegate);
    if (r < 0)
        launch_fail(LAUNCH_NOT_RUNNABLE,
                    "run \"%s\": it has no method \"%s\" of type \"%s\" that can be called from C "
                    "(mark it with UnmanagedCallersOnly, static, as int (int, byte**), and keep "
                    "trimming from removing it)",
                    launch->app, method, type);
    memcpy(&function, &delegate, sizeof(delegate));
    return function(launch->argc - launch->app_index, launch->argv + launch->app_index);
}

int launch_direct(struct launch *launch)
{
    struct direct direct = {.launch = launch};

    launch_check_app(launch);
    find_frameworks(launch);
    add_properties(&direct);
    open_library(&direct);
    start(&direct);
    return launch->entry != NULL ? run_entry(&direct) : run_main(&direct);
}
