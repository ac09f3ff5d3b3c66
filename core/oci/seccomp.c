/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "oci/arena.h"
#include "oci/sections.h"

static int read_arg(const struct node *item, void *element)
{
    /* A system call has six arguments (syscall(2)). */
    static const struct field fields[] = {
        {"index", FIELD_U32, offsetof(struct barrer_seccomp_arg, index), 0, 5, 1},
        {"value", FIELD_U64, offsetof(struct barrer_seccomp_arg, value), 0, 0, 1},
        {"valueTwo", FIELD_U64, offsetof(struct barrer_seccomp_arg, value_two)},
        {"op", FIELD_TEXT, offsetof(struct barrer_seccomp_arg, op), 0, 0, 1},
        {NULL},
    };

    return node_fields(item, fields, element);
}

static int read_rule(const struct node *item, void *element)
{
    static const struct field fields[] = {
        {"names", FIELD_TEXTS, offsetof(struct barrer_seccomp_rule, names), .is_required = 1},
        {"action", FIELD_TEXT, offsetof(struct barrer_seccomp_rule, action), .is_required = 1},
        {"errnoRet", FIELD_NUMBER, offsetof(struct barrer_seccomp_rule, errno_ret), 0, UINT32_MAX},
        {NULL},
    };
    struct barrer_seccomp_rule *rule = element;
    struct node names, args;
    int r = node_fields(item, fields, rule);

    if (r < 0)
        return r;
    names = node_member(item, "names");
    if (rule->names[0] == NULL)
        return node_fail(&names, "expected at least one name, got an empty array");
    args = node_member(item, "args");
    return node_list(&args, sizeof(*rule->args), read_arg, &rule->args, &rule->n_args);
}

static int check_listener(const struct node *node, const struct barrer_seccomp *seccomp)
{
    struct node metadata = node_member(node, "listenerMetadata");
    struct node path = node_member(node, "listenerPath");

    if (seccomp->listener_metadata != NULL && seccomp->listener_path == NULL)
        return node_fail(&metadata, "set without linux.seccomp.listenerPath");
    if (seccomp->listener_path != NULL && seccomp->listener_path[0] != '/')
        return node_fail(&path, "expected an absolute path, got \"%.256s\"",
                         seccomp->listener_path);
    return 0;
}

int seccomp_read(const struct node *node, const struct barrer_seccomp **ret_seccomp)
{
    static const char *const empty[] = {NULL};
    static const struct field fields[] = {
        {"defaultAction", FIELD_TEXT, offsetof(struct barrer_seccomp, default_action),
         .is_required = 1},
        {"defaultErrnoRet", FIELD_NUMBER, offsetof(struct barrer_seccomp, default_errno_ret), 0,
         UINT32_MAX},
        {"architectures", FIELD_TEXTS, offsetof(struct barrer_seccomp, architectures)},
        {"flags", FIELD_TEXTS, offsetof(struct barrer_seccomp, flags)},
        {"listenerPath", FIELD_TEXT_OR_NULL, offsetof(struct barrer_seccomp, listener_path)},
        {"listenerMetadata", FIELD_TEXT_OR_NULL,
         offsetof(struct barrer_seccomp, listener_metadata)},
        {NULL},
    };
    struct barrer_seccomp *seccomp;
    struct node rules;
    int r;

    if (node->json == NULL)
        return 0;
    seccomp = arena_alloc(node->parse->arena, 1, sizeof(*seccomp));
    if (seccomp == NULL)
        return node_fail_memory(node);
    seccomp->architectures = seccomp->flags = empty;
    r = node_fields(node, fields, seccomp);
    if (r == 0)
        r = check_listener(node, seccomp);
    if (r < 0)
        return r;
    rules = node_member(node, "syscalls");
    r = node_list(&rules, sizeof(*seccomp->rules), read_rule, &seccomp->rules, &seccomp->n_rules);
    *ret_seccomp = seccomp;
    return r;
}
