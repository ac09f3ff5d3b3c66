/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "oci/arena.h"
#include "oci/sections.h"

#define CPU_LIST_CHARACTERS "0123456789, -"

/* An object that is read by a table into fresh memory; *RET stays alone when there is none. */
static int read_struct(const struct node *node, const struct field *fields, size_t size, void **ret)
{
    void *target;

    if (node->json == NULL)
        return 0;
    target = arena_alloc(node->parse->arena, 1, size);
    if (target == NULL)
        return node_fail_memory(node);
    *ret = target;
    return node_fields(node, fields, target);
}

static int read_gids(const struct node *node, struct barrer_process_request *request)
{
    uint32_t *gids;
    size_t i, n;
    int r = node_count(node, &n);

    if (r < 0 || n == 0)
        return r;
    gids = arena_alloc(node->parse->arena, n, sizeof(*gids));
    if (gids == NULL)
        return node_fail_memory(node);
    for (i = 0; i < n; i++) {
        struct node item = node_item(node, i);
        uint64_t gid = 0;

        /* (gid_t)-1 means "no group" to the kernel. */
        r = node_uint(&item, UINT32_MAX - 1, &gid);
        if (r < 0)
            return r;
        gids[i] = (uint32_t)gid;
    }
    request->additional_gids = gids;
    request->n_additional_gids = n;
    return 0;
}

static int read_user(const struct node *node, struct barrer_process_request *request)
{
    static const struct field fields[] = {
        {"uid", FIELD_U32, offsetof(struct barrer_process_request, uid), 0, UINT32_MAX - 1},
        {"gid", FIELD_U32, offsetof(struct barrer_process_request, gid), 0, UINT32_MAX - 1},
        {"umask", FIELD_NUMBER, offsetof(struct barrer_process_request, umask), 0, 0777},
        {NULL},
    };
    struct node gids;
    int r = node_fields(node, fields, request);

    if (r < 0)
        return r;
    gids = node_member(node, "additionalGids");
    return read_gids(&gids, request);
}

static int has_name(const char *const *names, const char *name)
{
    for (; names != NULL && *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return 1;
    return 0;
}

int oci_may_have(const struct oci_spec *spec, const char *name)
{
    return spec->process.capabilities != NULL &&
           has_name(spec->process.capabilities->bounding, name);
}

static int read_capabilities(const struct node *node, struct barrer_process_request *request)
{
    static const struct field fields[] = {
        {"bounding", FIELD_TEXTS, offsetof(struct barrer_capabilities, bounding)},
        {"effective", FIELD_TEXTS, offsetof(struct barrer_capabilities, effective)},
        {"inheritable", FIELD_TEXTS, offsetof(struct barrer_capabilities, inheritable)},
        {"permitted", FIELD_TEXTS, offsetof(struct barrer_capabilities, permitted)},
        {"ambient", FIELD_TEXTS, offsetof(struct barrer_capabilities, ambient)},
        {NULL},
    };
    void *capabilities = NULL;
    int r = read_struct(node, fields, sizeof(struct barrer_capabilities), &capabilities);

    request->capabilities = capabilities;
    return r;
}

static int read_rlimit(const struct node *item, void *element)
{
    static const struct field fields[] = {
        {"type", FIELD_TEXT, offsetof(struct barrer_rlimit, type), .is_required = 1},
        {"soft", FIELD_U64, offsetof(struct barrer_rlimit, soft), .is_required = 1},
        {"hard", FIELD_U64, offsetof(struct barrer_rlimit, hard), .is_required = 1},
        {NULL},
    };
    struct barrer_rlimit *rlimit = element;
    int r = node_fields(item, fields, rlimit);

    if (r < 0)
        return r;
    if (rlimit->soft > rlimit->hard)
        return node_fail(item, "the soft limit %llu of \"%.64s\" is above the hard limit %llu",
                         (unsigned long long)rlimit->soft, rlimit->type,
                         (unsigned long long)rlimit->hard);
    return 0;
}

static int read_rlimits(const struct node *node, struct barrer_process_request *request)
{
    const struct barrer_rlimit *rlimits = NULL;
    size_t i, k, n = 0;
    int r = node_list(node, sizeof(*rlimits), read_rlimit, &rlimits, &n);

    if (r < 0)
        return r;
    /* Linux has 16 of them (getrlimit(2)); more cannot all differ and exist. */
    if (n > 64)
        return node_fail(node, "expected at most 64 limits, got %zu", n);
    for (i = 0; i < n; i++)
        for (k = 0; k < i; k++)
            if (strcmp(rlimits[i].type, rlimits[k].type) == 0)
                return node_fail(node, "\"%.64s\" is listed twice", rlimits[i].type);
    request->rlimits = rlimits;
    request->n_rlimits = n;
    return 0;
}

static int read_scheduler(const struct node *node, struct barrer_process_request *request)
{
    static const char *const no_flags[] = {NULL};
    static const struct field fields[] = {
        {"policy", FIELD_TEXT, offsetof(struct barrer_scheduler, policy), .is_required = 1},
        {"flags", FIELD_TEXTS, offsetof(struct barrer_scheduler, flags)},
        {"nice", FIELD_I32, offsetof(struct barrer_scheduler, nice), -20, 19},
        {"priority", FIELD_I32, offsetof(struct barrer_scheduler, priority), 0, 99},
        {"runtime", FIELD_U64, offsetof(struct barrer_scheduler, runtime)},
        {"deadline", FIELD_U64, offsetof(struct barrer_scheduler, deadline)},
        {"period", FIELD_U64, offsetof(struct barrer_scheduler, period)},
        {NULL},
    };
    struct barrer_scheduler *scheduler;
    void *fresh = NULL;
    int r = read_struct(node, fields, sizeof(struct barrer_scheduler), &fresh);

    scheduler = fresh;
    if (r == 0 && scheduler != NULL && scheduler->flags == NULL)
        scheduler->flags = no_flags;
    request->scheduler = scheduler;
    return r;
}

static int read_io_priority(const struct node *node, struct barrer_process_request *request)
{
    static const struct field fields[] = {
        {"class", FIELD_TEXT, offsetof(struct barrer_io_priority, priority_class),
         .is_required = 1},
        {"priority", FIELD_I32, offsetof(struct barrer_io_priority, priority), 0, 7},
        {NULL},
    };
    void *io_priority = NULL;
    int r = read_struct(node, fields, sizeof(struct barrer_io_priority), &io_priority);

    request->io_priority = io_priority;
    return r;
}

static int read_cpu_list(const struct node *affinity, const char *name, const char **ret_list)
{
    struct node node = node_member(affinity, name);
    const char *list = NULL;
    int r = node_text(&node, &list);

    if (r < 0 || list == NULL || list[0] == '\0')
        return r;
    if (list[strspn(list, CPU_LIST_CHARACTERS)] != '\0')
        return node_fail(&node, "expected a list of CPUs such as \"0-3,7\", got \"%.256s\"", list);
    *ret_list = list;
    return 0;
}

static int read_affinity(const struct node *node, struct barrer_process_request *request)
{
    int r = node_object(node);

    if (r == 0)
        r = read_cpu_list(node, "initial", &request->cpu_affinity_initial);
    return r < 0 ? r : read_cpu_list(node, "final", &request->cpu_affinity_final);
}

/* The size counts beside a terminal only, but has to be right in any case. */
static int read_console_size(const struct node *node, struct barrer_process_request *request)
{
    /* The kernel's struct winsize has 16 bits for each. */
    static const struct field fields[] = {
        {"width", FIELD_U32, offsetof(struct barrer_process_request, console_width), 0, UINT16_MAX},
        {"height", FIELD_U32, offsetof(struct barrer_process_request, console_height), 0,
         UINT16_MAX},
        {NULL},
    };

    return node_fields(node, fields, request);
}

static int read_flags(const struct node *node, struct barrer_process_request *request)
{
    struct node terminal = node_member(node, "terminal");
    struct node no_new_privs = node_member(node, "noNewPrivileges");
    int has_terminal = 0, has_no_new_privs = 0, r;

    r = node_bool(&terminal, &has_terminal);
    if (r == 0)
        r = node_bool(&no_new_privs, &has_no_new_privs);
    if (has_terminal)
        request->flags |= BARRER_PROCESS_TERMINAL;
    if (has_no_new_privs)
        request->flags |= BARRER_PROCESS_NO_NEW_PRIVS;
    return r;
}

static int check_environment(const struct node *node, const char *const *environment)
{
    for (size_t i = 0; environment[i] != NULL; i++) {
        struct node item;

        if (environment[i][0] != '=' && strchr(environment[i], '=') != NULL)
            continue;
        item = node_item(node, i);
        return node_fail(&item, "expected \"NAME=VALUE\", got \"%.256s\"", environment[i]);
    }
    return 0;
}

static int read_payload(const struct node *node, struct barrer_process_request *request)
{
    static const char *const empty[] = {NULL};
    static const struct field fields[] = {
        {"args", FIELD_TEXTS, offsetof(struct barrer_process_request, args), .is_required = 1},
        {"env", FIELD_TEXTS, offsetof(struct barrer_process_request, environment)},
        {"cwd", FIELD_PATH, offsetof(struct barrer_process_request, cwd), .is_required = 1},
        {"apparmorProfile", FIELD_TEXT_OR_NULL,
         offsetof(struct barrer_process_request, apparmor_profile)},
        {"selinuxLabel", FIELD_TEXT_OR_NULL,
         offsetof(struct barrer_process_request, selinux_label)},
        {"oomScoreAdj", FIELD_NUMBER, offsetof(struct barrer_process_request, oom_score_adj), -1000,
         1000},
        {NULL},
    };
    struct node args, environment;
    int r = node_fields(node, fields, request);

    if (r < 0)
        return r;
    args = node_member(node, "args");
    if (request->args[0] == NULL)
        return node_fail(&args, "expected at least one string, got an empty array");
    if (request->environment == NULL)
        request->environment = empty;
    environment = node_member(node, "env");
    return check_environment(&environment, request->environment);
}

int process_read(const struct node *node, struct oci_spec *spec)
{
    static const struct {
        const char *name;
        int (*read)(const struct node *node, struct barrer_process_request *request);
    } parts[] = {
        {"user", read_user},
        {"capabilities", read_capabilities},
        {"rlimits", read_rlimits},
        {"scheduler", read_scheduler},
        {"ioPriority", read_io_priority},
        {"execCPUAffinity", read_affinity},
        {"consoleSize", read_console_size},
    };
    struct barrer_process_request *request = &spec->process;
    int r = node_object(node);

    if (r == 0)
        r = read_payload(node, request);
    if (r == 0)
        r = read_flags(node, request);
    for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct node part = node_member(node, parts[i].name);

        r = parts[i].read(&part, request);
    }
    spec->runtime.args = request->args;
    spec->runtime.environment = request->environment;
    spec->runtime.cwd = request->cwd;
    return r;
}
