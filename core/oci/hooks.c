/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "oci/sections.h"

static int read_hook(const struct node *item, void *element)
{
    static const struct field fields[] = {
        {"path", FIELD_PATH, offsetof(struct oci_hook, path), .is_required = 1},
        {"args", FIELD_TEXTS, offsetof(struct oci_hook, args)},
        {"env", FIELD_TEXTS, offsetof(struct oci_hook, environment)},
        {"timeout", FIELD_I64, offsetof(struct oci_hook, timeout), 1, INT32_MAX},
        {NULL},
    };
    struct oci_hook *hook = element;
    int r = node_fields(item, fields, hook);

    /* [] means the same as no args at all: argv[0] is the path then. */
    if (r == 0 && hook->args != NULL && hook->args[0] == NULL)
        hook->args = NULL;
    return r;
}

int hooks_read(const struct node *node, struct oci_spec *spec)
{
    static const char *const names[OCI_HOOK_KINDS] = {
        [OCI_HOOK_PRESTART] = "prestart",
        [OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
        [OCI_HOOK_CREATE_CONTAINER] = "createContainer",
        [OCI_HOOK_START_CONTAINER] = "startContainer",
        [OCI_HOOK_POSTSTART] = "poststart",
        [OCI_HOOK_POSTSTOP] = "poststop",
    };
    int r = node_object(node);

    for (size_t i = 0; r == 0 && i < OCI_HOOK_KINDS; i++) {
        struct node list = node_member(node, names[i]);

        r = node_list(&list, sizeof(*spec->hooks[i].hooks), read_hook, &spec->hooks[i].hooks,
                      &spec->hooks[i].n_hooks);
    }
    return r;
}
