/* SPDX-License-Identifier: Apache-2.0
 *
 * config.json and process.json of the OCI runtime specification 1.3, read with json-c, checked,
 * and turned into the request structs of the plugin kinds. All strings and arrays of the requests
 * belong to the spec object.
 */
#ifndef CORE_OCI_SPEC_H
#define CORE_OCI_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include <barrer/filesystem.h>
#include <barrer/isolation.h>
#include <barrer/process.h>
#include <barrer/resources.h>
#include <barrer/runtime.h>

#include "base/error.h"

struct json_object;

struct oci_hook {
    const char *path;               /* absolute */
    const char *const *args;        /* argv[0] included; NULL ends it; NULL: the path alone */
    const char *const *environment; /* or NULL: an empty environment */
    int64_t timeout;                /* seconds; 0: none */
};

struct oci_hooks {
    const struct oci_hook *hooks;
    size_t n_hooks;
};

enum oci_hook_kind {
    OCI_HOOK_PRESTART,
    OCI_HOOK_CREATE_RUNTIME,
    OCI_HOOK_CREATE_CONTAINER,
    OCI_HOOK_START_CONTAINER,
    OCI_HOOK_POSTSTART,
    OCI_HOOK_POSTSTOP,
    OCI_HOOK_KINDS
};

enum oci_shape { /* see properties.c */
                 OCI_SHAPE_MEMBER,
                 OCI_SHAPE_OBJECT,
                 OCI_SHAPE_LIST,
                 OCI_SHAPE_VALUE,
                 OCI_SHAPE_DECLARED,
                 OCI_SHAPE_CONSOLE_SIZE,
                 OCI_SHAPE_LIMIT
};

/* A property that config.json sets, for the check that some chosen backend honours it; or a row of
 * the table in properties.c, which has the grammar of `path`. */
struct oci_property {
    const char *path; /* "linux.resources.pids.limit", or "linux.namespaces.type=time" */
    unsigned kind;    /* BARRER_ISOLATION ...: which kind's backends can honour it, for the message;
                         0 (only in the table): the core, or a part of another row */
    /* Of the table only. */
    uint8_t shape;      /* enum oci_shape */
    uint8_t has_values; /* "PATH=VALUE" may stand in a plugin's `honours` */
    const char *listed_as;
};

struct oci_spec {
    struct json_object *json; /* as read; kept for state.json */
    const char *oci_version;
    struct barrer_isolation_request isolation;
    struct barrer_resources_request resources;
    struct barrer_filesystem_request filesystem;
    struct barrer_process_request process;
    struct barrer_runtime_request runtime;
    struct oci_hooks hooks[OCI_HOOK_KINDS];
    const char *hook_stdout, *hook_stderr; /* files that the hooks' output is appended to; or NULL;
                                              set by the caller, not from config.json */
    const struct barrer_pair *annotations; /* key == NULL ends it */
    const struct oci_property *properties; /* path == NULL ends it */
    void *memory;                          /* the arena behind all of the above */
};

/* Read config.json: FILE below BUNDLE (absolute; the folder that holds root.path); FILE NULL means
 * "config.json"; an absolute FILE is taken as it is. At most 16 MiB, nested at most 64 deep.
 * Errors name the property: "config.json: process.args: expected an array of strings, got a
 * number". Fields of the requests that are not in config.json (flags such as ROOTLESS, id,
 * state_fd, ...) are left zero for the caller, which sets them before the flow starts; fds are -1.
 */
int oci_spec_load(const char *bundle, const char *file, struct oci_spec **ret_spec,
                  struct barrer_error *err);
/* From the copy of config.json that state.json keeps (JSON: borrowed). */
int oci_spec_from_json(const char *bundle, struct json_object *json, struct oci_spec **ret_spec,
                       struct barrer_error *err);
void oci_spec_destroy(struct oci_spec *spec); /* NULL is fine */

/* Whether the process may have the capability NAME ("CAP_SYS_ADMIN"), or come to it. */
int oci_may_have(const struct oci_spec *spec, const char *name);

/* `exec --process FILE`: a process object, on its own. Fills `process`, `runtime`, `properties`
 * and nothing else of a spec. */
int oci_process_load(const char *file, struct oci_spec **ret_spec, struct barrer_error *err);
int oci_process_from_json(struct json_object *json, struct oci_spec **ret_spec,
                          struct barrer_error *err);

/* `update --resources FILE` ("-": standard input): a linux.resources object. Fills `resources`
 * and `properties`. */
int oci_resources_load(const char *file, struct oci_spec **ret_spec, struct barrer_error *err);
int oci_resources_from_json(struct json_object *json, struct oci_spec **ret_spec,
                            struct barrer_error *err);

/* `mounts add|remove ID FILE`: an array of mounts. Fills `filesystem.mounts` and `properties`. */
int oci_mounts_load(const char *file, const char *bundle, struct oci_spec **ret_spec,
                    struct barrer_error *err);

/* Parse a regular file of at most LIMIT bytes and 64 levels as one JSON value with nothing behind
 * it; the error names line and column. Of two members of one name the last counts. ret_json is
 * owned by the caller (json_object_put). */
int oci_json_read(int dir_fd, const char *file, size_t limit, struct json_object **ret_json,
                  struct barrer_error *err);
/* The same for a file of any kind, as a pipe, and for standard input ("-"). */
int oci_json_read_stream(int dir_fd, const char *file, size_t limit, struct json_object **ret_json,
                         struct barrer_error *err);
/* The same for TEXT, behind whose LENGTH bytes a NUL follows; FILE is its name in errors. */
int oci_json_parse(const char *file, const char *text, size_t length, struct json_object **ret_json,
                   struct barrer_error *err);

/* `spec`: the default config.json, for root or --rootless (with the caller's ids mapped). */
struct json_object *oci_spec_default(int rootless);
/* All property paths that this core knows: path == NULL ends it. */
const struct oci_property *oci_properties(void);
/* Whether an entry of a descriptor's `honours` follows that table. */
int oci_property_is_known(const char *honoured);
/* Whether ID is a valid container id: [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, at most 1024 characters. */
int oci_id_check(const char *id, struct barrer_error *err);

#endif
