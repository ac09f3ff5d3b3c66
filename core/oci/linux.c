/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "oci/arena.h"
#include "oci/sections.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static uint32_t namespace_type(const char *name)
{
    static const struct {
        const char *name;
        uint32_t type;
    } types[] = {
        {"pid", CLONE_NEWPID},       {"network", CLONE_NEWNET}, {"mount", CLONE_NEWNS},
        {"ipc", CLONE_NEWIPC},       {"uts", CLONE_NEWUTS},     {"user", CLONE_NEWUSER},
        {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    return 0;
}

static int read_namespace(const struct node *item, void *element)
{
    struct node type_node = node_member(item, "type"), path_node = node_member(item, "path");
    struct barrer_namespace *namespace = element;
    const char *type = NULL, *path = NULL;
    int r = node_require(&type_node);

    if (r == 0)
        r = node_text(&type_node, &type);
    if (r == 0)
        r = node_text(&path_node, &path);
    if (r < 0 || type == NULL)
        return r;
    namespace->type = namespace_type(type);
    if (namespace->type == 0)
        return node_fail(&type_node,
                         "expected pid, network, mount, ipc, uts, user, cgroup or time, got "
                         "\"%.64s\"",
                         type);
    /* Engines write "" for a new one. */
    if (path != NULL && path[0] != '\0')
        return node_path(&path_node, &namespace->path);
    return 0;
}

static int read_namespaces(const struct node *node, struct oci_spec *spec)
{
    const struct barrer_namespace *namespaces = NULL;
    uint32_t all = 0, created = 0;
    size_t i, n = 0;
    int r = node_list(node, sizeof(*namespaces), read_namespace, &namespaces, &n);

    if (r < 0)
        return r;
    for (i = 0; i < n; i++) {
        struct node item = node_item(node, i);

        if (all & namespaces[i].type)
            return node_fail(&item, "a second namespace of the same type");
        all |= namespaces[i].type;
        if (namespaces[i].path == NULL)
            created |= namespaces[i].type;
    }
    spec->isolation.namespaces = namespaces;
    spec->isolation.n_namespaces = n;
    spec->filesystem.namespaces = all;
    spec->filesystem.created = created;
    if (all & CLONE_NEWCGROUP)
        spec->resources.flags |= BARRER_RESOURCES_CGROUPNS;
    if (all & CLONE_NEWUSER)
        spec->process.flags |= BARRER_PROCESS_USERNS;
    return 0;
}

static int read_maps(const struct node *node, struct oci_spec *spec)
{
    struct barrer_isolation_request *isolation = &spec->isolation;
    struct node uid_maps = node_member(node, "uidMappings");
    struct node gid_maps = node_member(node, "gidMappings");
    int has_userns = (spec->filesystem.namespaces & CLONE_NEWUSER) != 0;
    int r = id_maps_read(&uid_maps, &isolation->uid_maps, &isolation->n_uid_maps);

    if (r == 0)
        r = id_maps_read(&gid_maps, &isolation->gid_maps, &isolation->n_gid_maps);
    if (r < 0)
        return r;
    if (!has_userns && isolation->n_uid_maps + isolation->n_gid_maps > 0)
        return node_fail(isolation->n_uid_maps > 0 ? &uid_maps : &gid_maps,
                         "set without a user namespace in linux.namespaces");
    spec->filesystem.uid_maps = isolation->uid_maps;
    spec->filesystem.n_uid_maps = isolation->n_uid_maps;
    spec->filesystem.gid_maps = isolation->gid_maps;
    spec->filesystem.n_gid_maps = isolation->n_gid_maps;
    return 0;
}

static int read_time_offset(const struct node *node, const char *clock,
                            struct barrer_isolation_request *isolation,
                            struct barrer_time_offset *offsets)
{
    static const struct field fields[] = {
        {"secs", FIELD_I64, offsetof(struct barrer_time_offset, seconds), INT64_MIN, INT64_MAX},
        {"nanosecs", FIELD_U32, offsetof(struct barrer_time_offset, nanoseconds), 0, 999999999},
        {NULL},
    };
    struct barrer_time_offset *offset = &offsets[isolation->n_time_offsets];

    if (node->json == NULL)
        return 0;
    offset->clock = clock;
    isolation->n_time_offsets++;
    return node_fields(node, fields, offset);
}

static int read_time_offsets(const struct node *node, struct oci_spec *spec)
{
    struct barrer_isolation_request *isolation = &spec->isolation;
    struct node monotonic, boottime;
    struct barrer_time_offset *offsets;
    int r = node_object(node);

    if (r < 0 || node->json == NULL)
        return r;
    offsets = arena_alloc(node->parse->arena, 2, sizeof(*offsets));
    if (offsets == NULL)
        return node_fail_memory(node);
    isolation->time_offsets = offsets;
    monotonic = node_member(node, "monotonic");
    boottime = node_member(node, "boottime");
    r = read_time_offset(&monotonic, "monotonic", isolation, offsets);
    if (r == 0)
        r = read_time_offset(&boottime, "boottime", isolation, offsets);
    if (r == 0 && isolation->n_time_offsets > 0 &&
        (spec->filesystem.namespaces & CLONE_NEWTIME) == 0)
        return node_fail(node, "set without a time namespace in linux.namespaces");
    return r;
}

/* {"eth0": {"name": "inside"}} */
static int read_net_devices(const struct node *node, struct oci_spec *spec)
{
    static const struct field fields[] = {
        {"name", FIELD_TEXT_OR_NULL, offsetof(struct barrer_net_device, name_inside)},
        {NULL},
    };
    struct barrer_net_device *devices;
    size_t n = 0;
    int r = node_object(node);

    if (r < 0 || node->json == NULL)
        return r;
    devices = arena_alloc(node->parse->arena, (size_t)json_object_object_length(node->json) + 1,
                          sizeof(*devices));
    if (devices == NULL)
        return node_fail_memory(node);
    json_object_object_foreach(node->json, key, value)
    {
        struct node member = {.parse = node->parse, .up = node, .name = key, .json = value};

        devices[n].name = key;
        r = node_fields(&member, fields, &devices[n++]);
        if (r < 0)
            return r;
    }
    spec->isolation.net_devices = devices;
    spec->isolation.n_net_devices = n;
    return 0;
}

static int read_device_numbers(const struct node *item, struct barrer_device *device)
{
    /* The kernel has 12 bits for a major and 20 for a minor number. */
    const struct field fields[] = {
        {"major", FIELD_I64, offsetof(struct barrer_device, major), 0, 4095, device->type != 'p'},
        {"minor", FIELD_I64, offsetof(struct barrer_device, minor), 0, 1048575,
         device->type != 'p'},
        {NULL},
    };

    return node_fields(item, fields, device);
}

static int read_device(const struct node *item, void *element)
{
    /* Some engines put the type of the file into its mode. */
    static const struct field fields[] = {
        {"path", FIELD_PATH, offsetof(struct barrer_device, path), .is_required = 1},
        {"fileMode", FIELD_U32, offsetof(struct barrer_device, mode), 0, S_IFMT | 07777},
        {"uid", FIELD_U32, offsetof(struct barrer_device, uid), 0, UINT32_MAX - 1},
        {"gid", FIELD_U32, offsetof(struct barrer_device, gid), 0, UINT32_MAX - 1},
        {NULL},
    };
    struct node type_node = node_member(item, "type");
    struct barrer_device *device = element;
    const char *type = NULL;
    int r = node_require(&type_node);

    if (r == 0)
        r = node_text(&type_node, &type);
    if (r < 0 || type == NULL)
        return r;
    if (strlen(type) != 1 || strchr("bcup", type[0]) == NULL)
        return node_fail(&type_node, "expected b, c, u or p, got \"%.64s\"", type);
    device->type = type[0];
    device->mode = 0666;
    r = node_fields(item, fields, device);
    device->mode &= 07777;
    return r < 0 ? r : read_device_numbers(item, device);
}

static int read_propagation(const struct node *node, uint64_t *ret_propagation)
{
    static const struct {
        const char *name;
        uint64_t flags;
    } all[] = {
        {"shared", MS_SHARED | MS_REC},
        {"slave", MS_SLAVE | MS_REC},
        {"private", MS_PRIVATE | MS_REC},
        {"unbindable", MS_UNBINDABLE | MS_REC},
    };
    const char *name = NULL, *bare;
    int r = node_text(node, &name);

    if (r < 0 || name == NULL || name[0] == '\0')
        return r;
    /* Engines write both "slave" and "rslave", and mean the second. */
    bare = name[0] == 'r' ? name + 1 : name;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strcmp(all[i].name, bare) != 0)
            continue;
        *ret_propagation = all[i].flags;
        return 0;
    }
    return node_fail(node, "expected shared, slave, private or unbindable, got \"%.64s\"", name);
}

static int read_paths(const struct node *node, const char *const **ret_paths)
{
    static const char *const none[] = {NULL};
    int r;

    *ret_paths = none;
    r = node_texts(node, ret_paths);
    for (size_t i = 0; r == 0 && (*ret_paths)[i] != NULL; i++) {
        struct node item;

        if ((*ret_paths)[i][0] == '/')
            continue;
        item = node_item(node, i);
        return node_fail(&item, "expected an absolute path, got \"%.256s\"", (*ret_paths)[i]);
    }
    return r;
}

static int read_personality(const struct node *node, struct oci_spec *spec)
{
    struct node domain = node_member(node, "domain"), flags = node_member(node, "flags");
    const char *const *ignored = NULL;
    int r = node_object(node);

    if (r < 0 || node->json == NULL)
        return r;
    r = node_require(&domain);
    if (r == 0)
        r = node_text(&domain, &spec->process.personality);
    /* None are defined; each counts as a property that no backend honours. */
    return r < 0 ? r : node_texts(&flags, &ignored);
}

static int read_memory_policy(const struct node *node, struct oci_spec *spec)
{
    static const char *const no_flags[] = {NULL};
    static const struct field fields[] = {
        {"mode", FIELD_TEXT, offsetof(struct barrer_memory_policy, mode), .is_required = 1},
        {"nodes", FIELD_TEXT_OR_NULL, offsetof(struct barrer_memory_policy, nodes)},
        {"flags", FIELD_TEXTS, offsetof(struct barrer_memory_policy, flags)},
        {NULL},
    };
    struct node mode = node_member(node, "mode");
    struct barrer_memory_policy *policy;
    int r;

    if (node->json == NULL || json_object_is_type(node->json, json_type_null))
        return 0;
    policy = arena_alloc(node->parse->arena, 1, sizeof(*policy));
    if (policy == NULL)
        return node_fail_memory(node);
    policy->flags = no_flags;
    r = node_object(node);
    if (r == 0 && mode.json == NULL)
        r = node_fail(&mode, "invalid memory policy mode: missing, and the specification requires it");
    if (r == 0)
        r = node_fields(node, fields, policy);
    spec->process.memory_policy = policy;
    return r;
}

static int read_intel_rdt(const struct node *node, struct oci_spec *spec)
{
    static const char *const no_lines[] = {NULL};
    static const struct field fields[] = {
        {"closID", FIELD_TEXT_OR_NULL, offsetof(struct barrer_intel_rdt, clos_id)},
        {"l3CacheSchema", FIELD_TEXT_OR_NULL, offsetof(struct barrer_intel_rdt, l3_cache_schema)},
        {"memBwSchema", FIELD_TEXT_OR_NULL, offsetof(struct barrer_intel_rdt, mem_bw_schema)},
        {"schemata", FIELD_TEXTS, offsetof(struct barrer_intel_rdt, schemata)},
        {NULL},
    };
    struct node monitoring = node_member(node, "enableMonitoring");
    struct barrer_intel_rdt *rdt;
    int is_monitored = 0, r = node_object(node);

    /* {} sets nothing. */
    if (r < 0 || node->json == NULL || json_object_object_length(node->json) == 0)
        return r;
    rdt = arena_alloc(node->parse->arena, 1, sizeof(*rdt));
    if (rdt == NULL)
        return node_fail_memory(node);
    rdt->schemata = no_lines;
    r = node_fields(node, fields, rdt);
    if (r == 0)
        r = node_bool(&monitoring, &is_monitored);
    rdt->enable_monitoring = is_monitored != 0;
    spec->resources.intel_rdt = rdt;
    return r;
}

static int read_paths_and_devices(const struct node *node, struct oci_spec *spec)
{
    struct barrer_filesystem_request *filesystem = &spec->filesystem;
    struct node masked = node_member(node, "maskedPaths");
    struct node readonly = node_member(node, "readonlyPaths");
    struct node propagation = node_member(node, "rootfsPropagation");
    struct node devices = node_member(node, "devices");
    int r = read_paths(&masked, &filesystem->masked_paths);

    if (r == 0)
        r = read_paths(&readonly, &filesystem->readonly_paths);
    if (r == 0)
        r = read_propagation(&propagation, &filesystem->propagation);
    if (r == 0)
        r = node_list(&devices, sizeof(*filesystem->devices), read_device, &filesystem->devices,
                      &filesystem->n_devices);
    return r;
}

static int read_isolation(const struct node *node, struct oci_spec *spec)
{
    struct node namespaces = node_member(node, "namespaces");
    struct node sysctl = node_member(node, "sysctl");
    struct node time_offsets = node_member(node, "timeOffsets");
    struct node net_devices = node_member(node, "netDevices");
    int r = read_namespaces(&namespaces, spec);

    if (r == 0)
        r = read_maps(node, spec);
    if (r == 0)
        r = node_pairs(&sysctl, &spec->isolation.sysctl, &spec->isolation.n_sysctl);
    if (r == 0)
        r = read_time_offsets(&time_offsets, spec);
    return r < 0 ? r : read_net_devices(&net_devices, spec);
}

int linux_read(const struct node *node, struct oci_spec *spec)
{
    static const struct field fields[] = {
        {"cgroupsPath", FIELD_TEXT_OR_NULL, offsetof(struct oci_spec, resources.path)},
        {"mountLabel", FIELD_TEXT_OR_NULL, offsetof(struct oci_spec, filesystem.mount_label)},
        {NULL},
    };
    struct node personality = node_member(node, "personality");
    struct node resources = node_member(node, "resources");
    struct node seccomp = node_member(node, "seccomp");
    struct node memory_policy = node_member(node, "memoryPolicy");
    struct node intel_rdt = node_member(node, "intelRdt");
    int r = node_fields(node, fields, spec);

    if (r == 0)
        r = read_isolation(node, spec);
    if (r == 0)
        r = read_paths_and_devices(node, spec);
    if (r == 0)
        r = read_personality(&personality, spec);
    if (r == 0)
        r = read_memory_policy(&memory_policy, spec);
    if (r == 0)
        r = read_intel_rdt(&intel_rdt, spec);
    if (r == 0)
        r = seccomp_read(&seccomp, &spec->process.seccomp);
    return r < 0 ? r : resources_read(&resources, spec);
}
