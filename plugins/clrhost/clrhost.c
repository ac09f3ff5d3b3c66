/* SPDX-License-Identifier: Apache-2.0
 *
 * What is executed for a payload of .NET, and what is mounted for it: top to bottom in plan().
 */
#include "clrhost.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define SETTINGS_SIZE 8192
#define ANNOTATION "org.barrer.clrhost."
#define FRAMEWORK "shared/Microsoft.NETCore.App"

const char *clrhost_text(struct clrhost *self, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    int n;

    if (self->n_texts == sizeof(self->texts) / sizeof(*self->texts))
        return NULL;
    va_start(ap, fmt);
    n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    self->texts[self->n_texts++] = text;
    return text;
}

int clrhost_add(struct clrhost *self, uint32_t type, const char *path, const char *content,
                struct barrer_error *err)
{
    if (self->n_layer == sizeof(self->layer) / sizeof(*self->layer))
        return barrer_fail(self->host, err, E2BIG, "mount so many files for .NET");
    if (path == NULL || (content == NULL && type != BARRER_LAYER_FOLDER))
        return barrer_fail(self->host, err, ENOMEM, "plan the mounts for .NET");
    self->layer[self->n_layer++] =
        (struct barrer_layer_entry){.type = type, .path = path, .content = content};
    return 0;
}

/* An annotation that the operator allows counts more than his option. */
static const char *setting(const struct clrhost *self, const char *key)
{
    char annotation[64];
    const char *value;

    (void)snprintf(annotation, sizeof(annotation), ANNOTATION "%s", key);
    value = self->host->annotation(self->host, annotation);
    return value != NULL ? value : self->host->option(self->host, key);
}

static int is_one_of(const char *value, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(value, *words) == 0)
            return 1;
    return 0;
}

/* Annotations are hostile, and become lines of a file. */
static int check_setting(const struct clrhost *self, const char *key, const char *value,
                         struct barrer_error *err)
{
    static const char *const modes[] = {"auto", "hostfxr", "direct", "aot", NULL};
    static const char *const bools[] = {"yes", "no", NULL};
    int is_good = 1;

    if (strcmp(key, "mode") == 0)
        is_good = is_one_of(value, modes);
    else if (strcmp(key, "diagnostics") == 0)
        is_good = is_one_of(value, bools);
    else if (strcmp(key, "gen0-budget") == 0)
        is_good =
            value[0] != '\0' && value[strspn(value, "0123456789")] == '\0' && strlen(value) < 18;
    for (const char *p = value; *p != '\0'; p++)
        is_good &= (unsigned char)*p >= ' ' && *p != 0x7f;
    if (is_good && strlen(value) < 512)
        return 0;
    return barrer_fail(self->host, err, EINVAL,
                       "use the annotation " ANNOTATION "%s (its value is none that the option of "
                       "this name takes)",
                       key);
}

/* What the launcher reads: lines of KEY=VALUE. */
static int add_settings(struct clrhost *self, const struct barrer_runtime_request *request,
                        const char *why_no_runtime, struct barrer_error *err)
{
    static const char *const keys[] = {"mode", "entry", "gen0-budget", "diagnostics", NULL};
    char text[SETTINGS_SIZE];
    size_t used = 0;

    for (const char *const *key = keys; *key != NULL; key++) {
        const char *value = setting(self, *key);
        int r = value == NULL ? 0 : check_setting(self, *key, value, err);

        if (r < 0)
            return r;
        if (value != NULL && used < sizeof(text))
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s=%s\n", *key, value);
    }
    if (request->memory_limit > 0 && used < sizeof(text))
        used += (size_t)snprintf(text + used, sizeof(text) - used, "memory-limit=%lld\n",
                                 (long long)request->memory_limit);
    if (why_no_runtime != NULL && used < sizeof(text))
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "no-runtime=%s\n", why_no_runtime);
    if (used >= sizeof(text))
        return barrer_fail(self->host, err, E2BIG, "write the settings of the .NET launcher");
    return clrhost_add(self, BARRER_LAYER_FILE, "settings", clrhost_text(self, "%s", text), err);
}

static const char *helper(struct clrhost *self, const struct barrer_runtime_request *request,
                          const char *name)
{
    return clrhost_text(self, "%s/clrhost/%s", request->plugin_dir, name);
}

static int wants_dumps(const struct barrer_runtime_request *request)
{
    static const char *const names[] = {"DOTNET_DbgEnableMiniDump", "COMPlus_DbgEnableMiniDump",
                                        NULL};

    for (const char *const *name = names; *name != NULL; name++) {
        const char *value = clrhost_variable(request->environment, *name);

        if (value != NULL && strcmp(value, "1") == 0)
            return 1;
    }
    return 0;
}

/* The launcher in place of the program that writes dumps, which it finds in another folder. */
static int add_dumper(struct clrhost *self, const struct barrer_runtime_request *request,
                      const char *root, const char *version, struct barrer_error *err)
{
    const char *program = clrhost_text(self, "%s/" FRAMEWORK "/%s/createdump", root, version);
    int r;

    if (program == NULL || access(program, X_OK) < 0)
        return 0;
    r = clrhost_add(self, BARRER_LAYER_MOUNT, clrhost_text(self, "createdump/%s", version), program,
                    err);
    return r < 0 ? r
                 : clrhost_add(self, BARRER_LAYER_MOUNT,
                               clrhost_text(self, "root/" FRAMEWORK "/%s/createdump", version),
                               helper(self, request, "dotnet"), err);
}

static int add_dumpers(struct clrhost *self, const struct barrer_runtime_request *request,
                       const char *root, struct barrer_error *err)
{
    char path[PATH_MAX];
    DIR *folder;
    int r;

    (void)snprintf(path, sizeof(path), "%s/" FRAMEWORK, root);
    folder = opendir(path);
    if (folder == NULL)
        return 0;
    r = clrhost_add(self, BARRER_LAYER_FOLDER, "createdump", NULL, err);
    for (struct dirent *entry; r == 0 && (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            r = add_dumper(self, request, root, entry->d_name, err);
    (void)closedir(folder);
    return r;
}

/* The runtimes, and the host that chooses among them; not an SDK that stands beside them. Where
 * there is no .NET the launcher says so, as it says all else that keeps a payload from running. */
static int add_root(struct clrhost *self, const struct barrer_runtime_request *request,
                    const char **ret_why, struct barrer_error *err)
{
    static const char *const parts[] = {"host", "shared", NULL};
    barrer_auto_free char *root = NULL;
    const char *why = clrhost_find_dotnet(self, &root);
    int r = clrhost_add(self, BARRER_LAYER_FOLDER, "root", NULL, err);

    *ret_why = why;
    for (const char *const *part = parts; r == 0 && why == NULL && *part != NULL; part++) {
        const char *folder = clrhost_text(self, "%s/%s", root, *part);

        if (folder != NULL && access(folder, F_OK) < 0)
            continue;
        r = clrhost_add(self, BARRER_LAYER_MOUNT, clrhost_text(self, "root/%s", *part), folder,
                        err);
    }
    return r == 0 && why == NULL && wants_dumps(request) ? add_dumpers(self, request, root, err)
                                                         : r;
}

static int add_runtime(struct clrhost *self, const struct barrer_runtime_request *request,
                       struct barrer_error *err)
{
    const char *why = NULL;
    int r = add_root(self, request, &why, err);

    if (r == 0)
        r = clrhost_add(self, BARRER_LAYER_MOUNT, "interpreter",
                        helper(self, request, "interpreter"), err);
    if (r == 0)
        r = clrhost_add(self, BARRER_LAYER_FOLDER, "bin", NULL, err);
    if (r == 0)
        r = clrhost_add(self, BARRER_LAYER_MOUNT, "bin/dotnet", helper(self, request, "dotnet"),
                        err);
    if (r == 0)
        r = clrhost_add_libraries(self, err);
    return r < 0 ? r : add_settings(self, request, why, err);
}

static size_t count(const char *const *list)
{
    size_t n = 0;

    while (list[n] != NULL)
        n++;
    return n;
}

/* [INIT PROGRAM] NAME ARGUMENT...: the mini-init executes PROGRAM with the rest as its argv. */
static int make_args(struct clrhost *self, const struct barrer_runtime_request *request,
                     const struct clrhost_command *command, int with_init, struct barrer_error *err)
{
    const char *const *asked = request->args;
    int is_dotnet = command->form != CLRHOST_WRAPPER;
    const char *program = !is_dotnet ? asked[0] : command->has_dotnet ? "dotnet" : CLRHOST_LAUNCHER;
    const char **args = calloc(count(asked) + 4, sizeof(*args));
    size_t n = 0;

    self->args = args;
    if (args == NULL)
        return barrer_fail(self->host, err, ENOMEM, "make the command");
    if (with_init) {
        args[n++] = CLRHOST_INIT;
        args[n++] = program;
    }
    if (is_dotnet)
        args[n++] = "dotnet";
    if (command->form == CLRHOST_APPHOST)
        args[n++] = clrhost_text(self, "%s.dll", asked[0]);
    if (command->form == CLRHOST_APPHOST || command->form == CLRHOST_MUXER)
        asked++;
    memcpy(args + n, asked, count(asked) * sizeof(*args));
    return 0;
}

/* The payload's own, in which "dotnet" is found. */
static int make_environment(struct clrhost *self, const struct barrer_runtime_request *request,
                            const struct clrhost_command *command, struct barrer_error *err)
{
    const char *const *asked = request->environment;
    const char *path = clrhost_variable(asked, "PATH");
    const char **all = calloc(count(asked) + 3, sizeof(*all));
    size_t n = 0;

    self->environment = all;
    if (all == NULL)
        return barrer_fail(self->host, err, ENOMEM, "make the environment");
    for (; *asked != NULL; asked++) {
        if (command->has_dotnet || strncmp(*asked, "PATH=", 5) != 0)
            all[n] = *asked;
        else
            all[n] = clrhost_text(self, "PATH=%s%s" CLRHOST_BIN, path, path[0] != '\0' ? ":" : "");
        n++;
    }
    all[n] = NULL;
    if (command->has_dotnet)
        return 0;
    if (path == NULL)
        all[n++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:" CLRHOST_BIN;
    if (command->form == CLRHOST_WRAPPER &&
        clrhost_variable(request->environment, "DOTNET_ROOT") == NULL)
        all[n++] = "DOTNET_ROOT=" CLRHOST_LAYER "root";
    return 0;
}

/* A program that does the work of the mini-init, as engines put it in front with --init. */
static int is_init(const char *program)
{
    static const char *const names[] = {"podman-init", "docker-init", "catatonit", "tini",
                                        "tini-static", "dumb-init",   NULL};
    const char *slash = strrchr(program, '/');

    return is_one_of(slash != NULL ? slash + 1 : program, names);
}

static int wants_init(const struct clrhost *self, const struct barrer_runtime_request *request)
{
    return !(request->flags & BARRER_RUNTIME_EXEC) && !is_init(request->args[0]) &&
           strcmp(self->host->option(self->host, "init"), "yes") == 0;
}

/* create has made the layer, or not: then there is nothing to run an assembly with. */
static int check_layer(const struct clrhost *self, const struct clrhost_command *command,
                       struct barrer_error *err)
{
    const char *layer = self->host->get_fact(self->host, "layer");

    if (command->has_dotnet || (layer != NULL && strcmp(layer, "runtime") == 0))
        return 0;
    return barrer_fail(self->host, err, ENOENT,
                       "run .NET in this container, which was created without its runtime (create "
                       "it with the annotation org.barrer.runtime=clrhost)");
}

static int make_layer(struct clrhost *self, const struct barrer_runtime_request *request,
                      const struct clrhost_command *command, int with_init,
                      struct barrer_error *err)
{
    int r;

    if (request->flags & BARRER_RUNTIME_EXEC)
        return check_layer(self, command, err);
    r = self->host->put_fact(self->host, "layer", command->has_dotnet ? "init" : "runtime", err);
    if (r == 0 && with_init)
        r = clrhost_add(self, BARRER_LAYER_MOUNT, "init", helper(self, request, "init"), err);
    if (r == 0 && !command->has_dotnet)
        r = add_runtime(self, request, err);
    return r;
}

/* As the launcher chooses it. */
static const char *mode_of(struct clrhost *self, const struct barrer_runtime_request *request)
{
    const char *mode = setting(self, "mode");
    const char *name = request->args[0];
    size_t n = strlen(name);

    if (strcmp(mode, "auto") != 0)
        return clrhost_text(self, "%s, as mode says", mode);
    if (n > 3 && strcmp(name + n - 3, ".so") == 0)
        return "aot, as it is a shared library";
    if (setting(self, "entry") != NULL)
        return "direct, as an entry is named";
    return "hostfxr, as nothing asks for another mode";
}

static const char *summarize(struct clrhost *self, const struct barrer_runtime_request *request,
                             const struct clrhost_command *command, int with_init)
{
    static const char *const forms[] = {
        [CLRHOST_NONE] = "",
        [CLRHOST_ASSEMBLY] = "an assembly",
        [CLRHOST_APPHOST] = "the host of an assembly",
        [CLRHOST_MUXER] = "the command dotnet",
        [CLRHOST_LIBRARY] = "a library",
        [CLRHOST_WRAPPER] = "a command that may run dotnet",
    };

    return clrhost_text(self, "%s, by %s%s", forms[command->form],
                        command->has_dotnet ? "the container's own dotnet" : mode_of(self, request),
                        with_init ? "; below an init" : "");
}

static int plan(void *data, const struct barrer_runtime_request *request,
                struct barrer_payload *payload, struct barrer_error *err)
{
    struct clrhost *self = data;
    struct clrhost_command command;
    int with_init = wants_init(self, request);
    int r;

    clrhost_command_read(self, request, &command);
    if (command.form == CLRHOST_LIBRARY)
        command.form = strcmp(setting(self, "mode"), "aot") == 0 ? CLRHOST_ASSEMBLY : CLRHOST_NONE;
    if (command.form == CLRHOST_NONE && request->flags & BARRER_RUNTIME_NAMED)
        command.form = CLRHOST_WRAPPER;
    if (command.form == CLRHOST_NONE)
        return 0;
    /* Its own .NET is not ours to look after, as long as it can be executed as it stands. */
    if (command.has_dotnet && (command.form == CLRHOST_MUXER || command.form == CLRHOST_WRAPPER))
        return 0;
    r = make_layer(self, request, &command, with_init, err);
    if (r == 0)
        r = make_args(self, request, &command, with_init, err);
    if (r == 0)
        r = make_environment(self, request, &command, err);
    if (r < 0)
        return r;
    if (with_init)
        payload->path = CLRHOST_INIT;
    else if (command.form != CLRHOST_WRAPPER && !command.has_dotnet)
        payload->path = CLRHOST_LAUNCHER;
    payload->summary = summarize(self, request, &command, with_init);
    payload->args = self->args;
    payload->environment = self->environment;
    payload->layer = self->layer;
    payload->n_layer = self->n_layer;
    return 1;
}

static int open_instance(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct clrhost *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin \"clrhost\"");
    self->host = host;
    *ret_self = self;
    return 0;
}

static void close_instance(void *data)
{
    struct clrhost *self = data;

    while (self->n_texts > 0)
        free(self->texts[--self->n_texts]);
    free((void *)self->args);
    free((void *)self->environment);
    free(self);
}

static const struct barrer_option options[] = {
    {"dotnet-root", "path", NULL,
     "the folder of the host's .NET runtime; unset: DOTNET_ROOT, what /etc/dotnet says, or the "
     "usual folders"},
    {"mode", "enum(auto|hostfxr|direct|aot)", "auto", "how assemblies are started"},
    {"gen0-budget", "size", "1M",
     "how much is allocated between two of the garbage collector's short runs; more is faster and "
     "takes more memory; 0: as .NET has it"},
    {"diagnostics", "bool", "no", "whether tools such as dotnet-counters can attach"},
    {"init", "bool", "yes", "put a small init in front of the payload, as process 1"},
    {"libraries", "list(string)", NULL,
     "further libraries of the host that .NET finds in the container, such as libgssapi_krb5.so.2"},
    {"library-path", "list(path)", NULL, "the host's folders of libraries; unset: the usual ones"},
    {NULL, NULL, NULL, NULL},
};

static const char *const honours[] = {"process.args", "process.env", NULL};
static const char *const annotations[] = {ANNOTATION "mode", ANNOTATION "entry",
                                          ANNOTATION "gen0-budget", ANNOTATION "diagnostics", NULL};

static const struct barrer_runtime_ops ops = {
    .size = sizeof(ops),
    .plan = plan,
};

BARRER_PLUGIN(clrhost) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RUNTIME,
    .name = "clrhost",
    .version = "0.1",
    .summary = "runs .NET assemblies with the host's runtime",
    .options = options,
    .honours = honours,
    .annotations = annotations,
    .open = open_instance,
    .close = close_instance,
    .ops = &ops,
};
