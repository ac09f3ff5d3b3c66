/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/properties.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/log.h"
#include "oci/arena.h"

/*
 * Every property of config.json (runtime-spec 1.3) that this core knows, and which kind of plugin
 * can act on it. The grammar of a path, which plugins write in `honours`:
 *
 *   path     = name *( "." name ) [ "=" value ]
 *
 *   - names are those of config.json, as written there; arrays add no index, so that
 *     "linux.devices" is the whole list and "mounts.uidMappings" is that member of any mount;
 *   - "=value" is for rows marked VALUE below, whose values a backend knows one by one:
 *     "linux.namespaces.type=time", "linux.seccomp.actions=SCMP_ACT_KILL". The bare path of such a
 *     row means nothing in `honours`;
 *   - rows marked DECLARED are no members of config.json, and those marked DECLARED_TOO are not
 *     looked at for each container: they let a plugin say what `features` prints
 * ("mounts.options=rro", "process.capabilities=CAP_CHOWN", "linux.resources.hierarchy=v2").
 *
 * A container "sets" a property when the member is there and would have an effect: null, false,
 * "", [] and {} set nothing. A number always counts, also 0, except in rows marked LIMIT.
 *
 * Shapes: MEMBER: a value looked at as a whole. OBJECT, LIST: an object, an array of objects,
 * whose members have rows of their own; with a kind, the whole counts as a property as well.
 *
 * Kind 0: the core acts on it, or it is a part of a row above it, or it belongs to another
 * platform. The table is sorted by strcmp(3), since it is searched by halving.
 */
#define MEMBER .shape = OCI_SHAPE_MEMBER
#define OBJECT .shape = OCI_SHAPE_OBJECT
#define LIST .shape = OCI_SHAPE_LIST
#define LIMIT .shape = OCI_SHAPE_LIMIT
#define VALUE .shape = OCI_SHAPE_VALUE, .has_values = 1
#define VALUE_AS(path) .shape = OCI_SHAPE_VALUE, .listed_as = path
#define DECLARED .shape = OCI_SHAPE_DECLARED, .has_values = 1
#define DECLARED_TOO .has_values = 1
#define ISOLATION BARRER_ISOLATION
#define RESOURCES BARRER_RESOURCES
#define FILESYSTEM BARRER_FILESYSTEM
#define PROCESS BARRER_PROCESS
#define RUNTIME BARRER_RUNTIME
/* clang-format off */
static const struct oci_property table[] = {
    {"annotations", 0, MEMBER},
    {"domainname", ISOLATION, MEMBER},
    {"freebsd", 0, MEMBER},
    {"hooks", 0, OBJECT},
    {"hooks.createContainer", 0, LIST},
    {"hooks.createContainer.args", 0, MEMBER},
    {"hooks.createContainer.env", 0, MEMBER},
    {"hooks.createContainer.path", 0, MEMBER},
    {"hooks.createContainer.timeout", 0, MEMBER},
    {"hooks.createRuntime", 0, LIST},
    {"hooks.createRuntime.args", 0, MEMBER},
    {"hooks.createRuntime.env", 0, MEMBER},
    {"hooks.createRuntime.path", 0, MEMBER},
    {"hooks.createRuntime.timeout", 0, MEMBER},
    {"hooks.poststart", 0, LIST},
    {"hooks.poststart.args", 0, MEMBER},
    {"hooks.poststart.env", 0, MEMBER},
    {"hooks.poststart.path", 0, MEMBER},
    {"hooks.poststart.timeout", 0, MEMBER},
    {"hooks.poststop", 0, LIST},
    {"hooks.poststop.args", 0, MEMBER},
    {"hooks.poststop.env", 0, MEMBER},
    {"hooks.poststop.path", 0, MEMBER},
    {"hooks.poststop.timeout", 0, MEMBER},
    {"hooks.prestart", 0, LIST},
    {"hooks.prestart.args", 0, MEMBER},
    {"hooks.prestart.env", 0, MEMBER},
    {"hooks.prestart.path", 0, MEMBER},
    {"hooks.prestart.timeout", 0, MEMBER},
    {"hooks.startContainer", 0, LIST},
    {"hooks.startContainer.args", 0, MEMBER},
    {"hooks.startContainer.env", 0, MEMBER},
    {"hooks.startContainer.path", 0, MEMBER},
    {"hooks.startContainer.timeout", 0, MEMBER},
    {"hostname", ISOLATION, MEMBER},
    {"linux", 0, OBJECT},
    {"linux.cgroupsPath", RESOURCES, MEMBER},
    {"linux.devices", FILESYSTEM, LIST},
    {"linux.devices.fileMode", 0, MEMBER},
    {"linux.devices.gid", 0, MEMBER},
    {"linux.devices.major", 0, MEMBER},
    {"linux.devices.minor", 0, MEMBER},
    {"linux.devices.path", 0, MEMBER},
    {"linux.devices.type", 0, MEMBER},
    {"linux.devices.uid", 0, MEMBER},
    {"linux.gidMappings", ISOLATION, LIST},
    {"linux.gidMappings.containerID", 0, MEMBER},
    {"linux.gidMappings.hostID", 0, MEMBER},
    {"linux.gidMappings.size", 0, MEMBER},
    {"linux.intelRdt", RESOURCES, OBJECT},
    {"linux.intelRdt.closID", RESOURCES, MEMBER},
    {"linux.intelRdt.enableMonitoring", RESOURCES, MEMBER},
    {"linux.intelRdt.l3CacheSchema", RESOURCES, MEMBER},
    {"linux.intelRdt.memBwSchema", RESOURCES, MEMBER},
    {"linux.intelRdt.schemata", RESOURCES, MEMBER},
    {"linux.maskedPaths", FILESYSTEM, MEMBER},
    {"linux.memoryPolicy", PROCESS, OBJECT},
    {"linux.memoryPolicy.flags", PROCESS, VALUE},
    {"linux.memoryPolicy.mode", PROCESS, VALUE},
    {"linux.memoryPolicy.nodes", 0, MEMBER},
    {"linux.mountLabel", FILESYSTEM, MEMBER},
    {"linux.namespaces", 0, LIST},
    {"linux.namespaces.path", 0, MEMBER},
    {"linux.namespaces.type", ISOLATION, VALUE}, /* pid network mount ipc uts user cgroup time */
    {"linux.netDevices", ISOLATION, MEMBER},
    {"linux.personality", PROCESS, OBJECT},
    {"linux.personality.domain", 0, MEMBER},
    {"linux.personality.flags", PROCESS, VALUE},
    {"linux.readonlyPaths", FILESYSTEM, MEMBER},
    {"linux.resources", 0, OBJECT},
    {"linux.resources.blockIO", 0, OBJECT},
    {"linux.resources.blockIO.leafWeight", RESOURCES, MEMBER},
    {"linux.resources.blockIO.throttleReadBpsDevice", RESOURCES, LIST},
    {"linux.resources.blockIO.throttleReadBpsDevice.major", 0, MEMBER},
    {"linux.resources.blockIO.throttleReadBpsDevice.minor", 0, MEMBER},
    {"linux.resources.blockIO.throttleReadBpsDevice.rate", 0, MEMBER},
    {"linux.resources.blockIO.throttleReadIOPSDevice", RESOURCES, LIST},
    {"linux.resources.blockIO.throttleReadIOPSDevice.major", 0, MEMBER},
    {"linux.resources.blockIO.throttleReadIOPSDevice.minor", 0, MEMBER},
    {"linux.resources.blockIO.throttleReadIOPSDevice.rate", 0, MEMBER},
    {"linux.resources.blockIO.throttleWriteBpsDevice", RESOURCES, LIST},
    {"linux.resources.blockIO.throttleWriteBpsDevice.major", 0, MEMBER},
    {"linux.resources.blockIO.throttleWriteBpsDevice.minor", 0, MEMBER},
    {"linux.resources.blockIO.throttleWriteBpsDevice.rate", 0, MEMBER},
    {"linux.resources.blockIO.throttleWriteIOPSDevice", RESOURCES, LIST},
    {"linux.resources.blockIO.throttleWriteIOPSDevice.major", 0, MEMBER},
    {"linux.resources.blockIO.throttleWriteIOPSDevice.minor", 0, MEMBER},
    {"linux.resources.blockIO.throttleWriteIOPSDevice.rate", 0, MEMBER},
    {"linux.resources.blockIO.weight", RESOURCES, MEMBER},
    {"linux.resources.blockIO.weightDevice", RESOURCES, LIST},
    {"linux.resources.blockIO.weightDevice.leafWeight", RESOURCES, MEMBER},
    {"linux.resources.blockIO.weightDevice.major", 0, MEMBER},
    {"linux.resources.blockIO.weightDevice.minor", 0, MEMBER},
    {"linux.resources.blockIO.weightDevice.weight", 0, MEMBER},
    {"linux.resources.cpu", 0, OBJECT},
    {"linux.resources.cpu.burst", RESOURCES, MEMBER},
    {"linux.resources.cpu.cpus", RESOURCES, MEMBER},
    {"linux.resources.cpu.idle", RESOURCES, MEMBER},
    {"linux.resources.cpu.mems", RESOURCES, MEMBER},
    {"linux.resources.cpu.period", RESOURCES, MEMBER},
    {"linux.resources.cpu.quota", RESOURCES, MEMBER},
    {"linux.resources.cpu.realtimePeriod", RESOURCES, MEMBER},
    {"linux.resources.cpu.realtimeRuntime", RESOURCES, MEMBER},
    {"linux.resources.cpu.shares", RESOURCES, MEMBER},
    {"linux.resources.devices", RESOURCES, LIST},
    {"linux.resources.devices.access", 0, MEMBER},
    {"linux.resources.devices.allow", 0, MEMBER},
    {"linux.resources.devices.major", 0, MEMBER},
    {"linux.resources.devices.minor", 0, MEMBER},
    {"linux.resources.devices.type", 0, MEMBER},
    {"linux.resources.hierarchy", RESOURCES, DECLARED}, /* v1 v2 */
    {"linux.resources.hugepageLimits", RESOURCES, LIST},
    {"linux.resources.hugepageLimits.limit", 0, MEMBER},
    {"linux.resources.hugepageLimits.pageSize", 0, MEMBER},
    {"linux.resources.memory", 0, OBJECT},
    {"linux.resources.memory.checkBeforeUpdate", RESOURCES, MEMBER},
    {"linux.resources.memory.disableOOMKiller", RESOURCES, MEMBER},
    /* 0 is what engines send to `update` for limits that they leave alone. */
    {"linux.resources.memory.kernel", RESOURCES, LIMIT},
    {"linux.resources.memory.kernelTCP", RESOURCES, LIMIT},
    {"linux.resources.memory.limit", RESOURCES, MEMBER},
    {"linux.resources.memory.reservation", RESOURCES, MEMBER},
    {"linux.resources.memory.swap", RESOURCES, MEMBER},
    {"linux.resources.memory.swappiness", RESOURCES, MEMBER},
    {"linux.resources.memory.useHierarchy", RESOURCES, MEMBER},
    {"linux.resources.network", 0, OBJECT},
    {"linux.resources.network.classID", RESOURCES, MEMBER},
    {"linux.resources.network.priorities", RESOURCES, LIST},
    {"linux.resources.network.priorities.name", 0, MEMBER},
    {"linux.resources.network.priorities.priority", 0, MEMBER},
    {"linux.resources.pids", 0, OBJECT},
    {"linux.resources.pids.limit", RESOURCES, MEMBER},
    {"linux.resources.rdma", RESOURCES, MEMBER},
    {"linux.resources.systemd", RESOURCES, DECLARED}, /* system user */
    {"linux.resources.unified", RESOURCES, MEMBER},
    {"linux.rootfsPropagation", FILESYSTEM, MEMBER},
    {"linux.seccomp", PROCESS, OBJECT},
    {"linux.seccomp.actions", PROCESS, DECLARED}, /* of defaultAction and syscalls.action */
    {"linux.seccomp.architectures", PROCESS, VALUE},
    {"linux.seccomp.defaultAction", PROCESS, VALUE_AS("linux.seccomp.actions")},
    {"linux.seccomp.defaultErrnoRet", 0, MEMBER},
    {"linux.seccomp.flags", PROCESS, VALUE},
    {"linux.seccomp.listenerMetadata", PROCESS, MEMBER},
    {"linux.seccomp.listenerPath", PROCESS, MEMBER},
    {"linux.seccomp.operators", PROCESS, DECLARED}, /* of syscalls.args.op */
    {"linux.seccomp.syscalls", 0, LIST},
    {"linux.seccomp.syscalls.action", PROCESS, VALUE_AS("linux.seccomp.actions")},
    {"linux.seccomp.syscalls.args", 0, LIST},
    {"linux.seccomp.syscalls.args.index", 0, MEMBER},
    {"linux.seccomp.syscalls.args.op", PROCESS, VALUE_AS("linux.seccomp.operators")},
    {"linux.seccomp.syscalls.args.value", 0, MEMBER},
    {"linux.seccomp.syscalls.args.valueTwo", 0, MEMBER},
    {"linux.seccomp.syscalls.errnoRet", 0, MEMBER},
    {"linux.seccomp.syscalls.names", 0, MEMBER},
    {"linux.sysctl", ISOLATION, MEMBER},
    {"linux.timeOffsets", ISOLATION, MEMBER},
    {"linux.uidMappings", ISOLATION, LIST},
    {"linux.uidMappings.containerID", 0, MEMBER},
    {"linux.uidMappings.hostID", 0, MEMBER},
    {"linux.uidMappings.size", 0, MEMBER},
    {"mounts", FILESYSTEM, LIST},
    {"mounts.destination", 0, MEMBER},
    {"mounts.gidMappings", FILESYSTEM, LIST},
    {"mounts.gidMappings.containerID", 0, MEMBER},
    {"mounts.gidMappings.hostID", 0, MEMBER},
    {"mounts.gidMappings.size", 0, MEMBER},
    {"mounts.options", 0, MEMBER, DECLARED_TOO}, /* ro rro nosuid ... */
    {"mounts.source", 0, MEMBER},
    {"mounts.type", 0, MEMBER},
    {"mounts.uidMappings", FILESYSTEM, LIST},
    {"mounts.uidMappings.containerID", 0, MEMBER},
    {"mounts.uidMappings.hostID", 0, MEMBER},
    {"mounts.uidMappings.size", 0, MEMBER},
    {"ociVersion", 0, MEMBER},
    {"process", 0, OBJECT},
    {"process.apparmorProfile", PROCESS, MEMBER},
    {"process.args", RUNTIME, MEMBER},
    {"process.capabilities", 0, OBJECT, DECLARED_TOO}, /* CAP_CHOWN ... */
    {"process.capabilities.ambient", PROCESS, MEMBER},
    {"process.capabilities.bounding", PROCESS, MEMBER},
    {"process.capabilities.effective", PROCESS, MEMBER},
    {"process.capabilities.inheritable", PROCESS, MEMBER},
    {"process.capabilities.permitted", PROCESS, MEMBER},
    {"process.commandLine", 0, MEMBER}, /* Windows */
    {"process.consoleSize", PROCESS, .shape = OCI_SHAPE_CONSOLE_SIZE}, /* counts only beside terminal: true */
    {"process.cwd", PROCESS, MEMBER},
    {"process.env", RUNTIME, MEMBER},
    {"process.execCPUAffinity", PROCESS, OBJECT},
    {"process.execCPUAffinity.final", 0, MEMBER},
    {"process.execCPUAffinity.initial", 0, MEMBER},
    {"process.ioPriority", PROCESS, OBJECT},
    {"process.ioPriority.class", 0, MEMBER},
    {"process.ioPriority.priority", 0, MEMBER},
    {"process.noNewPrivileges", PROCESS, MEMBER},
    {"process.oomScoreAdj", PROCESS, MEMBER},
    {"process.rlimits", PROCESS, LIST},
    {"process.rlimits.hard", 0, MEMBER},
    {"process.rlimits.soft", 0, MEMBER},
    {"process.rlimits.type", 0, MEMBER},
    {"process.scheduler", PROCESS, OBJECT},
    {"process.scheduler.deadline", 0, MEMBER},
    {"process.scheduler.flags", 0, MEMBER},
    {"process.scheduler.nice", 0, MEMBER},
    {"process.scheduler.period", 0, MEMBER},
    {"process.scheduler.policy", 0, MEMBER},
    {"process.scheduler.priority", 0, MEMBER},
    {"process.scheduler.runtime", 0, MEMBER},
    {"process.selinuxLabel", PROCESS, MEMBER},
    {"process.terminal", PROCESS, MEMBER},
    {"process.user", 0, OBJECT},
    {"process.user.additionalGids", PROCESS, MEMBER},
    {"process.user.gid", PROCESS, MEMBER},
    {"process.user.uid", PROCESS, MEMBER},
    {"process.user.umask", PROCESS, MEMBER},
    {"process.user.username", 0, MEMBER}, /* Windows */
    {"root", 0, OBJECT},
    {"root.path", FILESYSTEM, MEMBER},
    {"root.readonly", FILESYSTEM, MEMBER},
    {"solaris", 0, MEMBER},
    {"vm", ISOLATION, MEMBER},
    {"windows", 0, MEMBER},
    {"zos", 0, MEMBER},
    {NULL, 0, MEMBER},
};
/* clang-format on */

/* A table of a few hundred rows that names 20 unknown members is enough for any reader. */
#define MAX_WARNINGS 20
#define MAX_PATH_LENGTH 256
/* The same values follow each other closely (the actions of a filter's rules); a list that names
 * one twice is as good. */
#define LOOK_BACK 32

struct collector {
    const char *file;
    struct arena *arena;
    struct oci_property *list;
    size_t n, size;
    unsigned warnings;
    int is_out_of_memory;
    unsigned char is_listed[sizeof(table) / sizeof(table[0])];
};

static int compare_path(const void *key, const void *row)
{
    return strcmp(key, ((const struct oci_property *)row)->path);
}

static const struct oci_property *find_row(const char *path)
{
    return bsearch(path, table, sizeof(table) / sizeof(table[0]) - 1, sizeof(table[0]),
                   compare_path);
}

const struct oci_property *oci_properties(void)
{
    return table;
}

int oci_property_is_known(const char *honoured)
{
    size_t length = strcspn(honoured, "=");
    char path[MAX_PATH_LENGTH];
    const struct oci_property *row;

    if (length >= sizeof(path))
        return 0;
    memcpy(path, honoured, length);
    path[length] = '\0';
    row = find_row(path);
    if (row == NULL)
        return 0;
    if (honoured[length] == '=')
        return row->has_values && honoured[length + 1] != '\0';
    return row->kind != 0 && row->shape != OCI_SHAPE_VALUE && row->shape != OCI_SHAPE_DECLARED;
}

/* null, false, "", [] and {} have no effect. */
static int has_effect(struct json_object *json)
{
    switch (json_object_get_type(json)) {
    case json_type_null:
        return 0;
    case json_type_boolean:
        return json_object_get_boolean(json);
    case json_type_string:
        return json_object_get_string_len(json) > 0;
    case json_type_array:
        return json_object_array_length(json) > 0;
    case json_type_object:
        return json_object_object_length(json) > 0;
    default:
        return 1;
    }
}

static void append(struct collector *collector, const char *path, unsigned kind)
{
    if (collector->n + 1 >= collector->size) {
        size_t size = collector->size > 0 ? collector->size * 2 : 64;
        struct oci_property *list = arena_alloc(collector->arena, size, sizeof(*list));

        if (list == NULL) {
            collector->is_out_of_memory = 1;
            return;
        }
        if (collector->n > 0)
            memcpy(list, collector->list, collector->n * sizeof(*list));
        collector->list = list;
        collector->size = size;
    }
    collector->list[collector->n++] = (struct oci_property){.path = path, .kind = kind};
}

static int is_recent(const struct collector *collector, const char *path, const char *value)
{
    size_t first = collector->n > LOOK_BACK ? collector->n - LOOK_BACK : 0, length = strlen(path);

    for (size_t i = collector->n; i > first; i--) {
        const char *listed = collector->list[i - 1].path;

        if (strncmp(listed, path, length) == 0 && listed[length] == '=' &&
            strcmp(listed + length + 1, value) == 0)
            return 1;
    }
    return 0;
}

/* A text, or each text of an array, as PATH=VALUE. What is something else the readers refuse. */
static void append_values(struct collector *collector, const struct oci_property *row,
                          struct json_object *json)
{
    const char *path = row->listed_as != NULL ? row->listed_as : row->path, *value;

    if (json_object_is_type(json, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(json); i++)
            append_values(collector, row, json_object_array_get_idx(json, i));
        return;
    }
    if (!json_object_is_type(json, json_type_string))
        return;
    value = json_object_get_string(json);
    if (value[0] == '\0' || is_recent(collector, path, value))
        return;
    path = arena_printf(collector->arena, "%s=%s", path, value);
    if (path == NULL)
        collector->is_out_of_memory = 1;
    else
        append(collector, path, row->kind);
}

static void append_row(struct collector *collector, const struct oci_property *row)
{
    size_t i = (size_t)(row - table);

    if (row->kind == 0 || collector->is_listed[i])
        return;
    collector->is_listed[i] = 1;
    append(collector, row->path, row->kind);
}

static void warn(struct collector *collector, const char *path)
{
    if (collector->warnings++ < MAX_WARNINGS)
        log_write(BARRER_LOG_WARNING, "%s: %s: unknown property, ignored", collector->file, path);
}

static void walk_object(struct collector *collector, struct json_object *object, char *path,
                        size_t length);

static void walk_value(struct collector *collector, const struct oci_property *row,
                       struct json_object *object, struct json_object *json, char *path,
                       size_t length)
{
    if (!has_effect(json))
        return;
    switch ((enum oci_shape)row->shape) {
    case OCI_SHAPE_VALUE:
        append_values(collector, row, json);
        return;
    case OCI_SHAPE_CONSOLE_SIZE:
        if (!has_effect(json_object_object_get(object, "terminal")))
            return;
        break;
    case OCI_SHAPE_LIMIT:
        if (json_object_is_type(json, json_type_int) && json_object_get_int64(json) == 0)
            return;
        break;
    case OCI_SHAPE_OBJECT:
        append_row(collector, row);
        if (json_object_is_type(json, json_type_object))
            walk_object(collector, json, path, length);
        return;
    case OCI_SHAPE_LIST:
        append_row(collector, row);
        for (size_t i = 0;
             json_object_is_type(json, json_type_array) && i < json_object_array_length(json); i++)
            walk_object(collector, json_object_array_get_idx(json, i), path, length);
        return;
    case OCI_SHAPE_MEMBER:
    case OCI_SHAPE_DECLARED:
        break;
    }
    append_row(collector, row);
}

/* PATH names OBJECT, and has room for longer ones. */
static void walk_object(struct collector *collector, struct json_object *object, char *path,
                        size_t length)
{
    if (!json_object_is_type(object, json_type_object))
        return;
    json_object_object_foreach(object, key, json)
    {
        size_t dot = length > 0, key_length = strlen(key);
        const struct oci_property *row = NULL;

        if (length + dot + key_length < MAX_PATH_LENGTH) {
            path[length] = '.';
            memcpy(path + length + dot, key, key_length + 1);
            row = find_row(path);
        }
        if (row != NULL && row->shape != OCI_SHAPE_DECLARED)
            walk_value(collector, row, object, json, path, length + dot + key_length);
        else
            warn(collector,
                 row != NULL || length + dot + key_length < MAX_PATH_LENGTH ? path : key);
        path[length] = '\0';
    }
}

int properties_collect(struct json_object *json, const char *prefix, const char *file,
                       struct arena *arena, const struct oci_property **ret_properties,
                       struct barrer_error *err)
{
    struct collector collector = {.file = file, .arena = arena};
    char path[MAX_PATH_LENGTH];
    size_t length = strlen(prefix);

    memcpy(path, prefix, length + 1);
    walk_object(&collector, json, path, length);
    /* The end; the arena's memory is zeroed, but the list may be full or not there. */
    append(&collector, NULL, 0);
    if (collector.is_out_of_memory)
        return error_fail(err, ENOMEM, "read \"%s\"", file);
    *ret_properties = collector.list;
    return 0;
}
