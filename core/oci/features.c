/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/features.h"

#include <errno.h>
#include <string.h>

#include <json-c/json.h>

struct builder {
    const struct barrer_plugin *const *plugins;
    size_t n;
    int is_out_of_memory;
};

static void add(struct builder *builder, struct json_object *object, const char *name,
                struct json_object *value)
{
    if (object != NULL && value != NULL && json_object_object_add(object, name, value) == 0)
        return;
    json_object_put(value);
    builder->is_out_of_memory = 1;
}

static void add_text(struct builder *builder, struct json_object *object, const char *name,
                     const char *text)
{
    add(builder, object, name, json_object_new_string(text));
}

static void add_bool(struct builder *builder, struct json_object *object, const char *name,
                     int value)
{
    add(builder, object, name, json_object_new_boolean(value));
}

static int is_listed(struct json_object *array, const char *text)
{
    for (size_t i = 0; i < json_object_array_length(array); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(array, i)), text) == 0)
            return 1;
    return 0;
}

static void append(struct builder *builder, struct json_object *array, const char *text)
{
    struct json_object *value;

    if (array == NULL || is_listed(array, text))
        return;
    value = json_object_new_string(text);
    if (value != NULL && json_object_array_add(array, value) == 0)
        return;
    json_object_put(value);
    builder->is_out_of_memory = 1;
}

/* All VALUEs of "PATH=VALUE" of all plugins, each once, as an array. */
static struct json_object *collect_values(struct builder *builder, const char *path)
{
    struct json_object *array = json_object_new_array();
    size_t length = strlen(path);

    for (size_t i = 0; i < builder->n; i++) {
        const char *const *honours = builder->plugins[i]->honours;

        for (; honours != NULL && *honours != NULL; honours++)
            if (strncmp(*honours, path, length) == 0 && (*honours)[length] == '=')
                append(builder, array, *honours + length + 1);
    }
    return array;
}

static void add_values(struct builder *builder, struct json_object *object, const char *name,
                       const char *path)
{
    add(builder, object, name, collect_values(builder, path));
}

static int has_entry(const struct builder *builder, const char *entry)
{
    for (size_t i = 0; i < builder->n; i++) {
        const char *const *honours = builder->plugins[i]->honours;

        for (; honours != NULL && *honours != NULL; honours++)
            if (strcmp(*honours, entry) == 0)
                return 1;
    }
    return 0;
}

static void add_enabled(struct builder *builder, struct json_object *object, const char *name,
                        const char *entry)
{
    struct json_object *block = json_object_new_object();

    add_bool(builder, block, "enabled", has_entry(builder, entry));
    add(builder, object, name, block);
}

static void add_cgroup(struct builder *builder, struct json_object *platform)
{
    struct json_object *cgroup = json_object_new_object();

    add_bool(builder, cgroup, "v1", has_entry(builder, "linux.resources.hierarchy=v1"));
    add_bool(builder, cgroup, "v2", has_entry(builder, "linux.resources.hierarchy=v2"));
    add_bool(builder, cgroup, "systemd", has_entry(builder, "linux.resources.systemd=system"));
    add_bool(builder, cgroup, "systemdUser", has_entry(builder, "linux.resources.systemd=user"));
    add_bool(builder, cgroup, "rdma", has_entry(builder, "linux.resources.rdma"));
    add(builder, platform, "cgroup", cgroup);
}

static void add_seccomp(struct builder *builder, struct json_object *platform)
{
    struct json_object *seccomp = json_object_new_object();
    int is_enabled = has_entry(builder, "linux.seccomp");

    add_bool(builder, seccomp, "enabled", is_enabled);
    if (is_enabled) {
        add_values(builder, seccomp, "actions", "linux.seccomp.actions");
        add_values(builder, seccomp, "operators", "linux.seccomp.operators");
        add_values(builder, seccomp, "archs", "linux.seccomp.architectures");
        add_values(builder, seccomp, "knownFlags", "linux.seccomp.flags");
        add_values(builder, seccomp, "supportedFlags", "linux.seccomp.flags");
    }
    add(builder, platform, "seccomp", seccomp);
}

static void add_intel_rdt(struct builder *builder, struct json_object *platform)
{
    struct json_object *rdt = json_object_new_object();

    add_bool(builder, rdt, "enabled", has_entry(builder, "linux.intelRdt"));
    add_bool(builder, rdt, "schemata", has_entry(builder, "linux.intelRdt.schemata"));
    add_bool(builder, rdt, "monitoring", has_entry(builder, "linux.intelRdt.enableMonitoring"));
    add(builder, platform, "intelRdt", rdt);
}

static void add_memory_policy(struct builder *builder, struct json_object *platform)
{
    struct json_object *policy = json_object_new_object();

    add_values(builder, policy, "modes", "linux.memoryPolicy.mode");
    add_values(builder, policy, "flags", "linux.memoryPolicy.flags");
    add(builder, platform, "memoryPolicy", policy);
}

static void add_mount_extensions(struct builder *builder, struct json_object *platform)
{
    struct json_object *extensions = json_object_new_object();

    add_enabled(builder, extensions, "idmap", "mounts.uidMappings");
    add(builder, platform, "mountExtensions", extensions);
}

static struct json_object *build_linux(struct builder *builder)
{
    struct json_object *platform = json_object_new_object();

    add_values(builder, platform, "namespaces", "linux.namespaces.type");
    add_values(builder, platform, "capabilities", "process.capabilities");
    add_cgroup(builder, platform);
    add_seccomp(builder, platform);
    add_enabled(builder, platform, "apparmor", "process.apparmorProfile");
    add_enabled(builder, platform, "selinux", "process.selinuxLabel");
    add_intel_rdt(builder, platform);
    add_memory_policy(builder, platform);
    add_mount_extensions(builder, platform);
    add_enabled(builder, platform, "netDevices", "linux.netDevices");
    return platform;
}

/* The hooks are run by the core, whatever the plugins are. */
static struct json_object *build_hooks(struct builder *builder)
{
    static const char *const hooks[] = {"prestart",       "createRuntime", "createContainer",
                                        "startContainer", "poststart",     "poststop"};
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
        append(builder, array, hooks[i]);
    return array;
}

/* Which plugins there are, for people. */
static struct json_object *build_annotations(struct builder *builder)
{
    struct json_object *annotations = json_object_new_object();

    for (size_t i = 0; i < builder->n; i++) {
        char name[128] = "org.barrer.plugin.";
        const struct barrer_plugin *plugin = builder->plugins[i];

        strncat(name, plugin->name, sizeof(name) - strlen(name) - 1);
        add_text(builder, annotations, name, plugin->version != NULL ? plugin->version : "");
    }
    return annotations;
}

static struct json_object *build_unsafe_annotations(struct builder *builder)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < builder->n; i++) {
        const char *const *keys = builder->plugins[i]->annotations;

        for (; keys != NULL && *keys != NULL; keys++)
            append(builder, array, *keys);
    }
    return array;
}

int features_build(const struct barrer_plugin *const *plugins, size_t n,
                   struct json_object **ret_json, struct barrer_error *err)
{
    struct builder builder = {.plugins = plugins, .n = n};
    struct json_object *json = json_object_new_object();

    add_text(&builder, json, "ociVersionMin", "1.0.0");
    add_text(&builder, json, "ociVersionMax", "1.3.0");
    add(&builder, json, "hooks", build_hooks(&builder));
    add_values(&builder, json, "mountOptions", "mounts.options");
    add(&builder, json, "linux", build_linux(&builder));
    add(&builder, json, "annotations", build_annotations(&builder));
    add(&builder, json, "potentiallyUnsafeConfigAnnotations", build_unsafe_annotations(&builder));
    if (builder.is_out_of_memory) {
        json_object_put(json);
        return error_fail(err, ENOMEM, "build the features");
    }
    *ret_json = json;
    return 0;
}
