/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>
#include <json-c/json.h>

#include "oci/arena.h"
#include "oci/properties.h"
#include "oci/sections.h"

#define MAX_FILE_SIZE ((size_t)16 << 20)
#define NEWEST_MINOR 3

/* One kind of document: where it stands in config.json, and how it is read. */
struct document {
    const char *prefix;
    int (*read)(const struct node *node, const char *bundle, struct oci_spec *spec);
    int (*read_file)(int dir_fd, const char *file, size_t limit, struct json_object **ret_json,
                     struct barrer_error *err);
};

static int read_version(const struct node *root, struct oci_spec *spec)
{
    struct node node = node_member(root, "ociVersion");
    int r = node_require(&node);
    const char *version;
    char *end;

    if (r == 0)
        r = node_text(&node, &spec->oci_version);
    if (r < 0)
        return r;
    version = spec->oci_version;
    /* "1.MINOR.PATCH", and perhaps "-rc.1" or "-dev" or "+build" behind it. */
    if (strncmp(version, "1.", 2) == 0 && version[2] >= '0' && version[2] <= '0' + NEWEST_MINOR &&
        version[3] == '.' && version[4] >= '0' && version[4] <= '9') {
        (void)strtoul(version + 4, &end, 10);
        if (*end == '\0' || *end == '-' || *end == '+')
            return 0;
    }
    return node_fail(&node, "found version \"%.64s\", wanted 1.0.0 to 1.%d.x", version,
                     NEWEST_MINOR);
}

static int read_names(const struct node *root, struct oci_spec *spec)
{
    static const struct field fields[] = {
        {"hostname", FIELD_TEXT_OR_NULL, offsetof(struct oci_spec, isolation.hostname)},
        {"domainname", FIELD_TEXT_OR_NULL, offsetof(struct oci_spec, isolation.domainname)},
        {NULL},
    };
    struct node hostname = node_member(root, "hostname"),
                domainname = node_member(root, "domainname");
    int r = node_fields(root, fields, spec);

    if (r < 0 || (spec->filesystem.namespaces & CLONE_NEWUTS) != 0)
        return r;
    if (spec->isolation.hostname != NULL)
        return node_fail(&hostname, "set without a uts namespace in linux.namespaces");
    if (spec->isolation.domainname != NULL)
        return node_fail(&domainname, "set without a uts namespace in linux.namespaces");
    return 0;
}

static int read_parts(const struct node *root, const char *bundle, struct oci_spec *spec)
{
    struct node process = node_member(root, "process"), rootfs = node_member(root, "root");
    struct node mounts = node_member(root, "mounts"), platform = node_member(root, "linux");
    struct node hooks = node_member(root, "hooks"), annotations = node_member(root, "annotations");
    int r = linux_read(&platform, spec);

    if (r == 0)
        r = node_require(&process);
    if (r == 0)
        r = process_read(&process, spec);
    if (r == 0)
        r = node_require(&rootfs);
    if (r == 0)
        r = root_read(&rootfs, bundle, spec);
    if (r == 0)
        r = mounts_read(&mounts, bundle, spec);
    if (r == 0)
        r = hooks_read(&hooks, spec);
    if (r == 0)
        r = node_pairs(&annotations, &spec->annotations, NULL);
    return r;
}

static int read_config(const struct node *root, const char *bundle, struct oci_spec *spec)
{
    int r = read_version(root, spec);

    if (r == 0)
        r = read_parts(root, bundle, spec);
    if (r == 0)
        r = read_names(root, spec);
    if (spec->process.flags & BARRER_PROCESS_TERMINAL)
        spec->filesystem.flags |= BARRER_FILESYSTEM_TERMINAL;
    spec->filesystem.bundle = bundle;
    return r;
}

static int read_process(const struct node *root, const char *bundle, struct oci_spec *spec)
{
    (void)bundle;
    return process_read(root, spec);
}

static int read_resources(const struct node *root, const char *bundle, struct oci_spec *spec)
{
    (void)bundle;
    return resources_read_update(root, spec);
}

static int read_mounts(const struct node *root, const char *bundle, struct oci_spec *spec)
{
    struct node mounts = node_member(root, "mounts");

    return mounts_read(&mounts, bundle, spec);
}

static const struct document config_document = {"", read_config, oci_json_read};
static const struct document process_document = {"process", read_process, oci_json_read_stream};
static const struct document resources_document = {"linux.resources", read_resources,
                                                   oci_json_read_stream};
static const struct document mounts_document = {"", read_mounts, oci_json_read_stream};

static void init_requests(struct oci_spec *spec)
{
    static const char *const no_paths[] = {NULL};
    static const struct barrer_pair no_pairs[] = {{NULL, NULL}};

    spec->isolation.size = sizeof(spec->isolation);
    spec->resources.size = sizeof(spec->resources);
    spec->filesystem.size = sizeof(spec->filesystem);
    spec->filesystem.state_fd = -1;
    spec->filesystem.masked_paths = no_paths;
    spec->filesystem.readonly_paths = no_paths;
    spec->process.size = sizeof(spec->process);
    spec->process.console_socket_fd = -1;
    spec->process.environment = no_paths;
    spec->runtime.size = sizeof(spec->runtime);
    spec->annotations = no_pairs;
}

/* An empty spec that shares JSON. */
static struct oci_spec *create_spec(struct json_object *json)
{
    struct arena *arena = arena_create();
    struct oci_spec *spec = arena != NULL ? arena_alloc(arena, 1, sizeof(*spec)) : NULL;

    if (spec == NULL) {
        arena_destroy(arena);
        return NULL;
    }
    spec->memory = arena;
    spec->json = json_object_get(json);
    init_requests(spec);
    return spec;
}

static int read_document(const struct document *document, const struct node *root,
                         const char *bundle, struct oci_spec *spec)
{
    int r;

    if (!json_object_is_type(root->json, json_type_object))
        return node_fail(root, "expected an object at the top level");
    if (bundle != NULL) {
        bundle = arena_printf(spec->memory, "%s", bundle);
        if (bundle == NULL)
            return node_fail_memory(root);
    }
    r = document->read(root, bundle, spec);
    return r < 0 ? r
                 : properties_collect(root->json, document->prefix, root->parse->file, spec->memory,
                                      &spec->properties, root->parse->err);
}

static int load_json(const struct document *document, const char *bundle, const char *file,
                     struct json_object *json, struct oci_spec **ret_spec, struct barrer_error *err)
{
    struct oci_spec *spec = create_spec(json);
    struct parse parse = {.file = file, .err = err};
    struct node root = {.parse = &parse, .json = json};
    int r;

    if (spec == NULL)
        return error_fail(err, ENOMEM, "read \"%s\"", file);
    parse.arena = spec->memory;
    r = read_document(document, &root, bundle, spec);
    if (r < 0)
        oci_spec_destroy(spec);
    else
        *ret_spec = spec;
    return r;
}

static int load_file(const struct document *document, const char *bundle, const char *path,
                     const char *file, struct oci_spec **ret_spec, struct barrer_error *err)
{
    struct json_object *json = NULL;
    int r = document->read_file(AT_FDCWD, path, MAX_FILE_SIZE, &json, err);

    if (r < 0)
        return r;
    r = load_json(document, bundle, file, json, ret_spec, err);
    json_object_put(json);
    return r;
}

int oci_spec_load(const char *bundle, const char *file, struct oci_spec **ret_spec,
                  struct barrer_error *err)
{
    barrer_auto_free char *path = NULL;

    if (file == NULL)
        file = "config.json";
    if (asprintf(&path, file[0] == '/' ? "%.0s%s" : "%s/%s", bundle, file) < 0) {
        path = NULL;
        return error_fail(err, ENOMEM, "read \"%s\"", file);
    }
    return load_file(&config_document, bundle, path, file, ret_spec, err);
}

int oci_spec_from_json(const char *bundle, struct json_object *json, struct oci_spec **ret_spec,
                       struct barrer_error *err)
{
    return load_json(&config_document, bundle, "config.json", json, ret_spec, err);
}

int oci_process_load(const char *file, struct oci_spec **ret_spec, struct barrer_error *err)
{
    return load_file(&process_document, NULL, file, file, ret_spec, err);
}

int oci_process_from_json(struct json_object *json, struct oci_spec **ret_spec,
                          struct barrer_error *err)
{
    return load_json(&process_document, NULL, "process", json, ret_spec, err);
}

int oci_resources_load(const char *file, struct oci_spec **ret_spec, struct barrer_error *err)
{
    return load_file(&resources_document, NULL, file,
                     strcmp(file, "-") == 0 ? "standard input" : file, ret_spec, err);
}

int oci_resources_from_json(struct json_object *json, struct oci_spec **ret_spec,
                            struct barrer_error *err)
{
    return load_json(&resources_document, NULL, "resources", json, ret_spec, err);
}

int oci_mounts_load(const char *file, const char *bundle, struct oci_spec **ret_spec,
                    struct barrer_error *err)
{
    const char *name = strcmp(file, "-") == 0 ? "standard input" : file;
    struct json_object *array = NULL, *json;
    int r = mounts_document.read_file(AT_FDCWD, file, MAX_FILE_SIZE, &array, err);

    if (r < 0)
        return r;
    if (!json_object_is_type(array, json_type_array)) {
        json_object_put(array);
        return error_fail(err, 0, "%s: expected an array of mounts", name);
    }
    json = json_object_new_object();
    json_object_object_add(json, "mounts", array);
    r = load_json(&mounts_document, bundle, name, json, ret_spec, err);
    json_object_put(json);
    return r;
}

void oci_spec_destroy(struct oci_spec *spec)
{
    if (spec == NULL)
        return;
    json_object_put(spec->json);
    /* The spec itself lives there. */
    arena_destroy(spec->memory);
}
