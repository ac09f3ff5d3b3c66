/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include <json-c/json.h>

#include "oci/arena.h"
#include "oci/sections.h"

/* The specification wants these devices in every container, so their rules follow those of
 * config.json, where the last match wins. Making any node is allowed before them, without the
 * right to open it: the filesystem plugins make nodes inside the group. */
static const struct barrer_device_rule default_rules[] = {
    {1, 'c', -1, -1, "m"},   {1, 'b', -1, -1, "m"}, {1, 'c', 1, 3, "rwm"}, /* null */
    {1, 'c', 1, 5, "rwm"},                                                 /* zero */
    {1, 'c', 1, 7, "rwm"},                                                 /* full */
    {1, 'c', 1, 8, "rwm"},                                                 /* random */
    {1, 'c', 1, 9, "rwm"},                                                 /* urandom */
    {1, 'c', 5, 0, "rwm"},                                                 /* tty */
    {1, 'c', 5, 1, "rwm"},                                                 /* console */
    {1, 'c', 5, 2, "rwm"},                                                 /* ptmx */
    {1, 'c', 136, -1, "rwm"}                                               /* pts/N */
};
/* What stands in for a list that config.json does not have: nothing else may be opened. */
static const struct barrer_device_rule deny_all = {0, 'a', -1, -1, "rwm"};

#define N_DEFAULT_RULES (sizeof(default_rules) / sizeof(default_rules[0]))

static int read_cpu(const struct node *node, struct barrer_resources_request *request)
{
    static const struct field fields[] = {
        {"shares", FIELD_NUMBER, offsetof(struct barrer_cpu, shares), 0, INT64_MAX},
        {"quota", FIELD_NUMBER, offsetof(struct barrer_cpu, quota), -1, INT64_MAX},
        {"burst", FIELD_NUMBER, offsetof(struct barrer_cpu, burst), 0, INT64_MAX},
        {"period", FIELD_NUMBER, offsetof(struct barrer_cpu, period), 0, INT64_MAX},
        {"realtimeRuntime", FIELD_NUMBER, offsetof(struct barrer_cpu, realtime_runtime), -1,
         INT64_MAX},
        {"realtimePeriod", FIELD_NUMBER, offsetof(struct barrer_cpu, realtime_period), 0,
         INT64_MAX},
        {"idle", FIELD_NUMBER, offsetof(struct barrer_cpu, idle), 0, 1},
        {"cpus", FIELD_TEXT_OR_NULL, offsetof(struct barrer_cpu, cpus)},
        {"mems", FIELD_TEXT_OR_NULL, offsetof(struct barrer_cpu, mems)},
        {NULL},
    };

    return node_fields(node, fields, &request->cpu);
}

static int read_memory(const struct node *node, struct barrer_resources_request *request)
{
    static const struct field fields[] = {
        {"limit", FIELD_NUMBER, offsetof(struct barrer_memory, limit), -1, INT64_MAX},
        {"reservation", FIELD_NUMBER, offsetof(struct barrer_memory, reservation), -1, INT64_MAX},
        {"swap", FIELD_NUMBER, offsetof(struct barrer_memory, swap), -1, INT64_MAX},
        {"kernel", FIELD_NUMBER, offsetof(struct barrer_memory, kernel), -1, INT64_MAX},
        {"kernelTCP", FIELD_NUMBER, offsetof(struct barrer_memory, kernel_tcp), -1, INT64_MAX},
        /* Up to 100 in the specification; the kernel takes 200 since 5.8. */
        {"swappiness", FIELD_NUMBER, offsetof(struct barrer_memory, swappiness), 0, 200},
        {"disableOOMKiller", FIELD_FLAG, offsetof(struct barrer_memory, disable_oom_killer)},
        {"useHierarchy", FIELD_FLAG, offsetof(struct barrer_memory, use_hierarchy)},
        {"checkBeforeUpdate", FIELD_FLAG, offsetof(struct barrer_memory, check_before_update)},
        {NULL},
    };

    return node_fields(node, fields, &request->memory);
}

static int read_pids(const struct node *node, struct barrer_resources_request *request)
{
    static const struct field fields[] = {
        {"limit", FIELD_NUMBER, offsetof(struct barrer_resources_request, pids_limit), -1,
         INT64_MAX},
        {NULL},
    };

    int r = node_fields(node, fields, request);

    /* As runc: the container's own process is there, and nothing can be had for less. systemd refuses 0. */
    if (r == 0 && request->pids_limit.is_set && request->pids_limit.value == 0)
        request->pids_limit.value = 1;
    return r;
}

static int read_weight(const struct node *item, void *element)
{
    static const struct field fields[] = {
        {"major", FIELD_I64, offsetof(struct barrer_block_weight, major), 0, 4095, 1},
        {"minor", FIELD_I64, offsetof(struct barrer_block_weight, minor), 0, 1048575, 1},
        {"weight", FIELD_NUMBER, offsetof(struct barrer_block_weight, weight), 0, UINT16_MAX},
        {"leafWeight", FIELD_NUMBER, offsetof(struct barrer_block_weight, leaf_weight), 0,
         UINT16_MAX},
        {NULL},
    };
    const struct barrer_block_weight *weight = element;
    int r = node_fields(item, fields, element);

    if (r == 0 && !weight->weight.is_set && !weight->leaf_weight.is_set)
        return node_fail(item, "neither weight nor leafWeight is set");
    return r;
}

static int read_throttle(const struct node *item, void *element)
{
    static const struct field fields[] = {
        {"major", FIELD_I64, offsetof(struct barrer_block_throttle, major), 0, 4095, 1},
        {"minor", FIELD_I64, offsetof(struct barrer_block_throttle, minor), 0, 1048575, 1},
        {"rate", FIELD_U64, offsetof(struct barrer_block_throttle, rate), 0, 0, 1},
        {NULL},
    };

    return node_fields(item, fields, element);
}

static int read_throttles(const struct node *node, struct barrer_block_io *block_io)
{
    const struct {
        const char *name;
        const struct barrer_block_throttle **throttles;
        size_t *n;
    } lists[] = {
        {"throttleReadBpsDevice", &block_io->read_bps, &block_io->n_read_bps},
        {"throttleWriteBpsDevice", &block_io->write_bps, &block_io->n_write_bps},
        {"throttleReadIOPSDevice", &block_io->read_iops, &block_io->n_read_iops},
        {"throttleWriteIOPSDevice", &block_io->write_iops, &block_io->n_write_iops},
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct node list = node_member(node, lists[i].name);

        r = node_list(&list, sizeof(struct barrer_block_throttle), read_throttle,
                      lists[i].throttles, lists[i].n);
    }
    return r;
}

static int read_block_io(const struct node *node, struct barrer_resources_request *request)
{
    static const struct field fields[] = {
        {"weight", FIELD_NUMBER, offsetof(struct barrer_block_io, weight), 0, UINT16_MAX},
        {"leafWeight", FIELD_NUMBER, offsetof(struct barrer_block_io, leaf_weight), 0, UINT16_MAX},
        {NULL},
    };
    struct barrer_block_io *block_io = &request->block_io;
    struct node weights = node_member(node, "weightDevice");
    int r = node_fields(node, fields, block_io);

    if (r == 0)
        r = node_list(&weights, sizeof(*block_io->weight_device), read_weight,
                      &block_io->weight_device, &block_io->n_weight_device);
    return r < 0 ? r : read_throttles(node, block_io);
}

/* It becomes part of a file's name in the group: digits without a leading zero, K, M or G, B. */
static int is_page_size(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits < 20 && text[0] != '0' && text[digits] != '\0' &&
           strchr("KMG", text[digits]) != NULL && strcmp(text + digits + 1, "B") == 0;
}

static int read_hugepage_limit(const struct node *item, void *element)
{
    static const struct field fields[] = {
        {"pageSize", FIELD_TEXT, offsetof(struct barrer_hugepage_limit, page_size), 0, 0, 1},
        {"limit", FIELD_U64, offsetof(struct barrer_hugepage_limit, limit), 0, 0, 1},
        {NULL},
    };
    const struct barrer_hugepage_limit *limit = element;
    struct node page_size = node_member(item, "pageSize");
    int r = node_fields(item, fields, element);

    if (r == 0 && !is_page_size(limit->page_size))
        return node_fail(&page_size, "expected a size such as \"2MB\", got \"%.64s\"",
                         limit->page_size);
    return r;
}

static int read_hugepage_limits(const struct node *node, struct barrer_resources_request *request)
{
    return node_list(node, sizeof(*request->hugepage_limits), read_hugepage_limit,
                     &request->hugepage_limits, &request->n_hugepage_limits);
}

static int read_priority(const struct node *item, void *element)
{
    static const struct field fields[] = {
        {"name", FIELD_TEXT, offsetof(struct barrer_network_priority, name), 0, 0, 1},
        {"priority", FIELD_U32, offsetof(struct barrer_network_priority, priority), 0, 0, 1},
        {NULL},
    };

    return node_fields(item, fields, element);
}

static int read_network(const struct node *node, struct barrer_resources_request *request)
{
    static const struct field fields[] = {
        {"classID", FIELD_NUMBER, offsetof(struct barrer_resources_request, network_class_id), 0,
         UINT32_MAX},
        {NULL},
    };
    struct node priorities = node_member(node, "priorities");
    int r = node_fields(node, fields, request);

    return r < 0 ? r
                 : node_list(&priorities, sizeof(*request->network_priorities), read_priority,
                             &request->network_priorities, &request->n_network_priorities);
}

static int read_rdma_limit(const struct node *node, struct barrer_rdma_limit *limit)
{
    static const struct field fields[] = {
        {"hcaHandles", FIELD_NUMBER, offsetof(struct barrer_rdma_limit, hca_handles), 0,
         UINT32_MAX},
        {"hcaObjects", FIELD_NUMBER, offsetof(struct barrer_rdma_limit, hca_objects), 0,
         UINT32_MAX},
        {NULL},
    };
    int r;

    if (limit->device[0] == '\0' || strpbrk(limit->device, " \n") != NULL)
        return node_fail(node, "not the name of a device");
    r = node_fields(node, fields, limit);
    if (r == 0 && !limit->hca_handles.is_set && !limit->hca_objects.is_set)
        return node_fail(node, "neither hcaHandles nor hcaObjects is set");
    return r;
}

static int read_rdma(const struct node *node, struct barrer_resources_request *request)
{
    struct barrer_rdma_limit *limits;
    size_t n = 0;
    int r = node_object(node);

    if (r < 0 || node->json == NULL)
        return r;
    limits = arena_alloc(node->parse->arena, (size_t)json_object_object_length(node->json),
                         sizeof(*limits));
    if (limits == NULL)
        return node_fail_memory(node);
    json_object_object_foreach(node->json, key, value)
    {
        struct node member = {.parse = node->parse, .up = node, .name = key, .json = value};

        limits[n].device = key;
        r = read_rdma_limit(&member, &limits[n++]);
        if (r < 0)
            return r;
    }
    request->rdma = limits;
    request->n_rdma = n;
    return 0;
}

static int read_device_type(const struct node *node, char *ret_type)
{
    const char *type = NULL;
    int r = node_text(node, &type);

    if (r < 0 || type == NULL || type[0] == '\0')
        return r;
    if (strlen(type) != 1 || strchr("abc", type[0]) == NULL)
        return node_fail(node, "expected a, b or c, got \"%.64s\"", type);
    *ret_type = type[0];
    return 0;
}

/* Each of the letters at most once. */
static int is_access(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (strchr("rwm", *p) == NULL || strchr(p + 1, *p) != NULL)
            return 0;
    return 1;
}

static int read_device_rule(const struct node *item, void *element)
{
    static const struct field fields[] = {
        {"major", FIELD_I64, offsetof(struct barrer_device_rule, major), -1, UINT32_MAX},
        {"minor", FIELD_I64, offsetof(struct barrer_device_rule, minor), -1, UINT32_MAX},
        {"access", FIELD_TEXT_OR_NULL, offsetof(struct barrer_device_rule, access)},
        {NULL},
    };
    struct node allow = node_member(item, "allow"), type = node_member(item, "type");
    struct node access = node_member(item, "access");
    struct barrer_device_rule *rule = element;
    int is_allowed = 0, r = node_require(&allow);

    *rule = (struct barrer_device_rule){.type = 'a', .major = -1, .minor = -1, .access = "rwm"};
    if (r == 0)
        r = node_bool(&allow, &is_allowed);
    if (r == 0)
        r = read_device_type(&type, &rule->type);
    if (r == 0)
        r = node_fields(item, fields, rule);
    if (r < 0)
        return r;
    rule->allow = (uint32_t)is_allowed;
    if (!is_access(rule->access))
        return node_fail(&access, "expected some of \"rwm\", got \"%.64s\"", rule->access);
    return 0;
}

static int read_devices(const struct node *node, struct barrer_resources_request *request)
{
    return node_list(node, sizeof(*request->devices), read_device_rule, &request->devices,
                     &request->n_devices);
}

/* Whether the last rule about all devices allows them, and none behind it denies any. */
static int allows_all(const struct barrer_device_rule *rules, size_t n)
{
    while (n-- > 0) {
        if (!rules[n].allow)
            return 0;
        if (rules[n].type == 'a' && strlen(rules[n].access) == 3)
            return 1;
    }
    return 0;
}

static int add_default_rules(const struct node *node, struct barrer_resources_request *request)
{
    size_t n = request->n_devices;
    struct barrer_device_rule *rules;

    if (allows_all(request->devices, n))
        return 0;
    rules = arena_alloc(node->parse->arena, n + 1 + N_DEFAULT_RULES, sizeof(*rules));
    if (rules == NULL)
        return node_fail_memory(node);
    if (n > 0)
        memcpy(rules, request->devices, n * sizeof(*rules));
    else
        rules[n++] = deny_all;
    memcpy(rules + n, default_rules, sizeof(default_rules));
    request->devices = rules;
    request->n_devices = n + N_DEFAULT_RULES;
    return 0;
}

static int read_unified(const struct node *node, struct barrer_resources_request *request)
{
    int r = node_pairs(node, &request->unified, &request->n_unified);

    for (size_t i = 0; r == 0 && i < request->n_unified; i++)
        if (strchr(request->unified[i].key, '/') != NULL)
            return node_fail(node, "\"%.64s\" is not the name of a file in a cgroup",
                             request->unified[i].key);
    return r;
}

int resources_read_update(const struct node *node, struct oci_spec *spec)
{
    static const struct {
        const char *name;
        int (*read)(const struct node *node, struct barrer_resources_request *request);
    } parts[] = {
        {"cpu", read_cpu},
        {"memory", read_memory},
        {"pids", read_pids},
        {"blockIO", read_block_io},
        {"hugepageLimits", read_hugepage_limits},
        {"network", read_network},
        {"rdma", read_rdma},
        {"devices", read_devices},
        {"unified", read_unified},
    };
    int r = node_object(node);

    for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct node part = node_member(node, parts[i].name);

        r = parts[i].read(&part, &spec->resources);
    }
    return r;
}

int resources_read(const struct node *node, struct oci_spec *spec)
{
    int r = resources_read_update(node, spec);

    return r < 0 ? r : add_default_rules(node, &spec->resources);
}
