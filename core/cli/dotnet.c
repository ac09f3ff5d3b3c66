/* SPDX-License-Identifier: Apache-2.0
 *
 * dotnet: run an assembly isolated, in a bundle that is made for it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ids.h"
#include "cli/cli.h"
#include "config/types.h"
#include "container/bundle.h"
#include "container/caller.h"
#include "container/lifecycle.h"
#include "oci/spec.h"

enum {
    OPTION_READ_ONLY = 256,
    OPTION_NET,
    OPTION_ENV,
    OPTION_USER,
    OPTION_ID,
};

static const struct option table[] = {{"read-only", no_argument, NULL, OPTION_READ_ONLY},
                                      {"net", required_argument, NULL, OPTION_NET},
                                      {"memory", required_argument, NULL, 'm'},
                                      {"env", required_argument, NULL, 'e'},
                                      {"volume", required_argument, NULL, 'v'},
                                      {"user", required_argument, NULL, 'u'},
                                      {"id", required_argument, NULL, OPTION_ID},
                                      {0}};

/* The statuses of "docker run". */
#define STATUS_FAILED 125
#define STATUS_NOT_RUNNABLE 126
#define STATUS_NOT_FOUND 127

struct dotnet {
    const char **environment, **volumes; /* NULL ends each; or NULL */
    const char *id;
    char own_id[32];
    char *memory; /* bytes, in digits; or NULL */
    long long uid, gid;
    int is_read_only, is_net_host, is_rootless;
    char *folder; /* of the assembly, absolute */
    char *name;   /* of the assembly */
    char **args;  /* behind it */
};

static char *bundle; /* removed at exit, which the end of the container is */

static void remove_bundle(void)
{
    if (bundle != NULL)
        bundle_remove(bundle);
}

static int parse_user(struct dotnet *d, const char *text, struct barrer_error *err)
{
    char *end;

    d->uid = strtoll(text, &end, 10);
    d->gid = 0;
    if (end != text && *end == ':' && end[1] >= '0' && end[1] <= '9')
        d->gid = strtoll(end + 1, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || d->uid >= UINT32_MAX ||
        d->gid >= UINT32_MAX)
        return error_fail(err, 0, "--user: expected UID or UID:GID in digits, got \"%s\"", text);
    return 0;
}

static int check_volume(const char *text, struct barrer_error *err)
{
    const char *colon = strchr(text, ':');

    if (text[0] != '/' || colon == NULL || colon[1] != '/')
        return error_fail(err, 0,
                          "--volume: expected /SOURCE:/DESTINATION or "
                          "/SOURCE:/DESTINATION:ro, got \"%s\"",
                          text);
    colon = strchr(colon + 1, ':');
    if (colon != NULL && strcmp(colon, ":ro") != 0 && strcmp(colon, ":rw") != 0)
        return error_fail(err, 0, "--volume: expected \"ro\" or \"rw\" at the end, got \"%s\"",
                          colon + 1);
    return 0;
}

/* As options of barrer.conf, and docker's spelling, 64m. */
static int parse_memory(const char *text, char **ret_memory, struct barrer_error *err)
{
    barrer_auto_free char *copy = strdup(text);
    size_t n = strlen(text);

    if (copy == NULL)
        return error_fail(err, ENOMEM, "--memory");
    if (n > 0 && copy[n - 1] != 'B')
        copy[n - 1] = (char)toupper((unsigned char)copy[n - 1]);
    return type_normalise("size", copy, ret_memory, err);
}

static int set_option(struct dotnet *d, int c, struct barrer_error *err)
{
    int r = 0;

    switch (c) {
    case OPTION_READ_ONLY:
        d->is_read_only = 1;
        break;
    case OPTION_NET:
        if (strcmp(optarg, "none") != 0 && strcmp(optarg, "host") != 0)
            return error_fail(err, 0, "--net: expected none or host, got \"%s\"", optarg);
        d->is_net_host = strcmp(optarg, "host") == 0;
        break;
    case 'm':
        r = parse_memory(optarg, &d->memory, err);
        if (r < 0)
            return error_fail(err, 0, "--memory: expected a size such as 64M, got \"%s\"", optarg);
        break;
    case 'e':
        if (strchr(optarg, '=') == NULL || optarg[0] == '=')
            return error_fail(err, 0, "--env: expected NAME=VALUE, got \"%s\"", optarg);
        r = cli_append(&d->environment, optarg, err);
        break;
    case 'v':
        r = check_volume(optarg, err);
        if (r == 0)
            r = cli_append(&d->volumes, optarg, err);
        break;
    case 'u':
        r = parse_user(d, optarg, err);
        break;
    case OPTION_ID:
        d->id = optarg;
        break;
    default:
        r = -EINVAL;
    }
    return r;
}

static int parse(struct dotnet *d, int argc, char **argv, struct barrer_error *err)
{
    int c, r;

    /* "+": what is behind the assembly is its own. */
    while ((c = cli_option(argc, argv, "+m:e:v:u:", table, err)) != -1) {
        r = set_option(d, c, err);
        if (r < 0)
            return r;
    }
    if (optind >= argc)
        return error_fail(err, 0, "dotnet: expected an assembly, such as bin/App.dll");
    d->args = argv + optind + 1;
    (void)snprintf(d->own_id, sizeof(d->own_id), "dotnet-%d", (int)getpid());
    if (d->id == NULL)
        d->id = d->own_id;
    return 0;
}

/* The assembly and its folder; -ENOENT and -EACCES as a shell would say them. */
static int find_assembly(struct dotnet *d, const char *path, struct barrer_error *err)
{
    char *real = realpath(path, NULL), *slash;
    struct stat st;

    if (real == NULL)
        return error_fail(err, errno, "run assembly \"%s\"", path);
    if (stat(real, &st) == 0 && !S_ISREG(st.st_mode)) {
        free(real);
        return error_fail(err, EACCES, "run assembly \"%s\", which is not a regular file", path);
    }
    slash = strrchr(real, '/');
    d->name = strdup(slash + 1);
    *(slash == real ? slash + 1 : slash) = '\0';
    d->folder = real;
    return d->name == NULL ? error_fail(err, ENOMEM, "run assembly \"%s\"", path) : 0;
}

static struct json_object *child(struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);

    if (value == NULL) {
        value = json_object_new_object();
        json_object_object_add(object, key, value);
    }
    return value;
}

static void set_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

static void add_bind(struct json_object *mounts, const char *source, size_t n_source,
                     const char *destination, size_t n_destination, int is_read_only)
{
    struct json_object *mount = json_object_new_object(), *options = json_object_new_array();

    json_object_array_add(options, json_object_new_string("rbind"));
    json_object_array_add(options, json_object_new_string("nosuid"));
    json_object_array_add(options, json_object_new_string("nodev"));
    json_object_array_add(options, json_object_new_string(is_read_only ? "ro" : "rw"));
    json_object_object_add(mount, "source", json_object_new_string_len(source, (int)n_source));
    json_object_object_add(mount, "destination",
                           json_object_new_string_len(destination, (int)n_destination));
    set_text(mount, "type", "bind");
    json_object_object_add(mount, "options", options);
    json_object_array_add(mounts, mount);
}

static void add_file(struct json_object *mounts, const char *path)
{
    if (access(path, R_OK) == 0)
        add_bind(mounts, path, strlen(path), path, strlen(path), 1);
}

static void add_volume(struct json_object *mounts, const char *text)
{
    const char *destination = strchr(text, ':') + 1;
    size_t n = strcspn(destination, ":");

    add_bind(mounts, text, (size_t)(destination - 1 - text), destination, n,
             strcmp(destination + n, ":ro") == 0);
}

static void set_mounts(const struct dotnet *d, struct json_object *spec)
{
    struct json_object *mounts = json_object_object_get(spec, "mounts");
    struct json_object *tmp =
        json_tokener_parse("{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
                           "\"options\":[\"nosuid\",\"nodev\",\"mode=1777\"]}");

    json_object_array_add(mounts, tmp);
    add_bind(mounts, d->folder, strlen(d->folder), "/app", 4, 1);
    /* Time zones, and whom TLS trusts: .NET reads the host's where there is no other. */
    add_file(mounts, "/usr/share/zoneinfo");
    add_file(mounts, "/etc/localtime");
    add_file(mounts, "/etc/ssl");
    if (d->is_net_host) {
        add_file(mounts, "/etc/resolv.conf");
        add_file(mounts, "/etc/hosts");
    }
    for (size_t i = 0; d->volumes != NULL && d->volumes[i] != NULL; i++)
        add_volume(mounts, d->volumes[i]);
}

static void set_network(const struct dotnet *d, struct json_object *spec)
{
    struct json_object *namespaces = json_object_object_get(child(spec, "linux"), "namespaces");
    int has_network = 0;

    for (size_t i = 0; i < json_object_array_length(namespaces); i++) {
        struct json_object *one = json_object_array_get_idx(namespaces, i);
        int is_network =
            strcmp(json_object_get_string(json_object_object_get(one, "type")), "network") == 0;

        has_network |= is_network;
        if (is_network && d->is_net_host)
            (void)json_object_array_del_idx(namespaces, i--, 1);
    }
    if (!d->is_net_host && !has_network)
        json_object_array_add(namespaces, json_tokener_parse("{\"type\":\"network\"}"));
}

static void set_process(const struct dotnet *d, struct json_object *spec)
{
    struct json_object *process = child(spec, "process"), *args = json_object_new_array();
    struct json_object *user = json_object_new_object();
    struct json_object *environment = json_object_object_get(process, "env");

    json_object_array_add(args, json_object_new_string("dotnet"));
    json_object_array_add(args, json_object_new_string(d->name));
    for (char **arg = d->args; *arg != NULL; arg++)
        json_object_array_add(args, json_object_new_string(*arg));
    json_object_object_add(process, "args", args);
    set_text(process, "cwd", "/app");
    json_object_object_add(process, "terminal",
                           json_object_new_boolean(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)));
    json_object_object_add(user, "uid", json_object_new_int64(d->uid));
    json_object_object_add(user, "gid", json_object_new_int64(d->gid));
    json_object_object_add(process, "user", user);
    for (size_t i = 0; d->environment != NULL && d->environment[i] != NULL; i++)
        json_object_array_add(environment, json_object_new_string(d->environment[i]));
}

/* The default config.json with what the options change, written to the bundle. */
static int write_config(const struct dotnet *d, struct barrer_error *err)
{
    struct json_object *spec = oci_spec_default(d->is_rootless);
    barrer_auto_fd int fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const char *text;
    int r;

    if (spec == NULL || fd < 0) {
        json_object_put(spec);
        return error_fail(err, ENOMEM, "make a configuration");
    }
    set_process(d, spec);
    set_mounts(d, spec);
    set_network(d, spec);
    json_object_object_add(child(spec, "root"), "readonly",
                           json_object_new_boolean(d->is_read_only));
    if (d->memory != NULL)
        json_object_object_add(child(child(child(spec, "linux"), "resources"), "memory"), "limit",
                               json_object_new_int64(strtoll(d->memory, NULL, 10)));
    text = json_object_to_json_string_ext(spec, JSON_C_TO_STRING_PRETTY);
    r = fd_replace_file(fd, "config.json", text, strlen(text), 0600);
    json_object_put(spec);
    return r < 0 ? error_fail(err, -r, "write \"%s/config.json\"", bundle) : 0;
}

static int is_rootless(const struct cli *cli, struct barrer_error *err)
{
    barrer_auto_fd int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (proc_fd < 0)
        return error_fail(err, errno, "open \"/proc\"");
    return caller_is_rootless(cli->global.rootless, proc_fd);
}

static int run_container(struct cli *cli, struct dotnet *d, int *ret_status,
                         struct barrer_error *err)
{
    struct create_options options = {.is_run = 1, .id = d->id, .owns_bundle = 1};
    int r = is_rootless(cli, err);

    if (r < 0)
        return r;
    d->is_rootless = r;
    r = bundle_create(&bundle, err);
    if (r < 0)
        return r;
    if (atexit(remove_bundle) != 0)
        return error_fail(err, ENOMEM, "run the container");
    options.bundle = bundle;
    r = write_config(d, err);
    return r < 0 ? r : lifecycle_create(&cli->global, &options, ret_status, err);
}

static int status_of(const struct barrer_error *err, int is_payload)
{
    if (is_payload && err->errnum == ENOENT)
        return STATUS_NOT_FOUND;
    if (is_payload && err->errnum == EACCES)
        return STATUS_NOT_RUNNABLE;
    return STATUS_FAILED;
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct dotnet d = {0};
    int status = 0, is_payload = 0, r = parse(&d, argc, argv, err);

    if (r == 0) {
        is_payload = 1;
        r = find_assembly(&d, argv[optind], err);
    }
    if (r == 0) {
        r = run_container(cli, &d, &status, err);
        is_payload = strncmp(err->text, "runtime ", 8) == 0;
    }
    free(d.folder);
    free(d.name);
    free(d.memory);
    free(d.environment);
    free(d.volumes);
    return r < 0 ? cli_error(err, status_of(err, is_payload)) : status;
}

const struct cli_verb verb_dotnet = {
    "dotnet", "[OPTIONS] ASSEMBLY [ARGUMENT...]",
    "Run a .NET assembly in a container that is made for it",
    "The assembly's folder is /app of the container, and nothing of it can be written.\n\n"
    "Options:\n"
    "      --read-only            do not let it write to its root file system\n"
    "      --net none|host        its network: loopback alone (the default), or the host's\n"
    "  -m, --memory SIZE          at most so much memory\n"
    "  -e, --env NAME=VALUE       an environment variable; may be repeated\n"
    "  -v, --volume SOURCE:DESTINATION[:ro]\n"
    "                             a file or folder of the host; may be repeated\n"
    "  -u, --user UID[:GID]       not as root\n"
    "      --id ID                the container's id (default: dotnet-PID)\n",
    run};
