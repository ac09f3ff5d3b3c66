/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/descriptor.h"

#include <stddef.h>
#include <string.h>

#include <barrer/filesystem.h>
#include <barrer/isolation.h>
#include <barrer/process.h>
#include <barrer/resources.h>
#include <barrer/runtime.h>
#include <barrer/util.h>

#include "config/keys.h"
#include "config/types.h"

#define MAX_TEXT 4096

const char *descriptor_kind_name(unsigned kind)
{
    static const char *const names[] = {
        [BARRER_ISOLATION] = "isolation",   [BARRER_RESOURCES] = "resources",
        [BARRER_FILESYSTEM] = "filesystem", [BARRER_PROCESS] = "process",
        [BARRER_RUNTIME] = "runtime",
    };

    return kind < sizeof(names) / sizeof(*names) ? names[kind] : NULL;
}

static int check_text(const char *file, const char *what, const char *text,
                      struct barrer_error *err)
{
    size_t n = text != NULL ? strnlen(text, MAX_TEXT) : 0;

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            n = 0;
    if (n == 0 || n == MAX_TEXT)
        return error_fail(err, 0, "\"%s\": its %s is missing or not one printable line", file,
                          what);
    return 0;
}
static int check_version(const char *file, const struct barrer_plugin *plugin,
                         struct barrer_error *err)
{
    /* In 0.x every minor version may change everything. */
    if (plugin->abi_major != BARRER_ABI_MAJOR ||
        (BARRER_ABI_MAJOR == 0 && plugin->abi_minor != BARRER_ABI_MINOR))
        return error_fail(err, 0,
                          "\"%s\": built for plugin ABI %u.%u, this barrer provides %d.%d (rebuild "
                          "the plugin with this barrer's headers)",
                          file, plugin->abi_major, plugin->abi_minor, BARRER_ABI_MAJOR,
                          BARRER_ABI_MINOR);
    if (plugin->need_minor > BARRER_ABI_MINOR)
        return error_fail(err, 0,
                          "\"%s\": needs plugin ABI %u.%u or later, this barrer provides %d.%d "
                          "(upgrade barrer)",
                          file, plugin->abi_major, plugin->need_minor, BARRER_ABI_MAJOR,
                          BARRER_ABI_MINOR);
    return 0;
}

int descriptor_check_kind(const char *file, const struct barrer_plugin *plugin, unsigned kind,
                          struct barrer_error *err)
{
    const char *found = descriptor_kind_name(plugin->kind);

    if (found == NULL)
        return error_fail(err, 0,
                          "\"%s\": is of kind %u, which this barrer does not know (upgrade barrer)",
                          file, plugin->kind);
    if (kind != 0 && plugin->kind != kind)
        return error_fail(err, 0,
                          "\"%s\": is a plugin of kind \"%s\", wanted: \"%s\" (name it under \"%s "
                          "=\" in barrer.conf)",
                          file, found, descriptor_kind_name(kind), found);
    return 0;
}

/* Magic to name: the members that say what the rest means. */
static int check_head(const char *file, const char *module, const struct barrer_plugin *plugin,
                      unsigned kind, struct barrer_error *err)
{
    size_t wanted = offsetof(struct barrer_plugin, ops) + sizeof(plugin->ops);
    int r;

    if (plugin->magic != BARRER_MAGIC)
        return error_fail(err, 0,
                          "\"%s\": its descriptor begins with 0x%08x, wanted: 0x%08x (not a barrer "
                          "plugin, or built for another byte order)",
                          file, (unsigned)plugin->magic, BARRER_MAGIC);
    if (plugin->size < wanted)
        return error_fail(err, 0,
                          "\"%s\": its descriptor has %u bytes, wanted: at least %zu (set .size, "
                          "and rebuild it)",
                          file, (unsigned)plugin->size, wanted);
    r = check_version(file, plugin, err);
    if (r == 0)
        r = descriptor_check_kind(file, plugin, kind, err);
    if (r < 0)
        return r;
    if (plugin->flags != 0)
        return error_fail(err, 0,
                          "\"%s\": sets flags 0x%x, which this barrer does not know (upgrade "
                          "barrer, or clear them)",
                          file, (unsigned)plugin->flags);
    if (plugin->reserved != 0)
        return error_fail(err, 0, "\"%s\": its member \"reserved\" is %u, wanted: 0", file,
                          (unsigned)plugin->reserved);
    r = check_text(file, "name", plugin->name, err);
    if (r == 0 && strcmp(plugin->name, module) != 0)
        r = error_fail(err, 0, "\"%s\": calls itself \"%s\", wanted: \"%s\" (rename one of them)",
                       file, plugin->name, module);
    return r;
}

/* The operations that a kind cannot do without, by their place in its table. */
struct requirement {
    unsigned kind;
    size_t offset;
    const char *name;
    int of_provider; /* an addition of a list may leave it out */
};

static const struct requirement requirements[] = {
    {BARRER_ISOLATION, offsetof(struct barrer_isolation_ops, prepare), "prepare", 0},
    {BARRER_ISOLATION, offsetof(struct barrer_isolation_ops, join), "join", 0},
    {BARRER_RESOURCES, offsetof(struct barrer_resources_ops, prepare), "prepare", 0},
    {BARRER_RESOURCES, offsetof(struct barrer_resources_ops, join), "join", 0},
    {BARRER_FILESYSTEM, offsetof(struct barrer_filesystem_ops, enter), "enter", 0},
    {BARRER_FILESYSTEM, offsetof(struct barrer_filesystem_ops, prepare), "prepare", 1},
    {BARRER_FILESYSTEM, offsetof(struct barrer_filesystem_ops, pivot), "pivot", 1},
    {BARRER_PROCESS, offsetof(struct barrer_process_ops, confine), "confine", 1},
    {BARRER_PROCESS, offsetof(struct barrer_process_ops, drop), "drop", 1},
    {BARRER_RUNTIME, offsetof(struct barrer_runtime_ops, match), "match", 0},
    {BARRER_RUNTIME, offsetof(struct barrer_runtime_ops, resolve), "resolve", 0},
};

/* Tables as long as they were in ABI 0.1, up to their last member of then. */
static const size_t table_sizes[] = {
    [BARRER_ISOLATION] = offsetof(struct barrer_isolation_ops, release) + sizeof(void (*)(void)),
    [BARRER_RESOURCES] = offsetof(struct barrer_resources_ops, release) + sizeof(void (*)(void)),
    [BARRER_FILESYSTEM] = offsetof(struct barrer_filesystem_ops, release) + sizeof(void (*)(void)),
    [BARRER_PROCESS] = offsetof(struct barrer_process_ops, release) + sizeof(void (*)(void)),
    [BARRER_RUNTIME] = offsetof(struct barrer_runtime_ops, release) + sizeof(void (*)(void)),
};

static int has_operation(const struct barrer_plugin *plugin, const struct requirement *wanted)
{
    void (*operation)(void);

    memcpy(&operation, (const char *)plugin->ops + wanted->offset, sizeof(operation));
    return operation != NULL;
}

/* A host that plans is asked nothing else. */
static int is_planner(const struct barrer_plugin *plugin)
{
    return plugin->kind == BARRER_RUNTIME &&
           BARRER_HAS((const struct barrer_runtime_ops *)plugin->ops, plan);
}

static int check_operations(const char *file, const struct barrer_plugin *plugin, int as_provider,
                            struct barrer_error *err)
{
    const char *kind = descriptor_kind_name(plugin->kind);

    for (size_t i = 0; i < sizeof(requirements) / sizeof(*requirements); i++) {
        const struct requirement *wanted = &requirements[i];

        if (wanted->kind != plugin->kind || wanted->of_provider != as_provider ||
            has_operation(plugin, wanted) || is_planner(plugin))
            continue;
        return error_fail(err, 0,
                          "\"%s\": has no operation \"%s\", which %s of kind \"%s\" needs%s", file,
                          wanted->name, as_provider ? "the first plugin" : "a plugin", kind,
                          as_provider ? " (put it behind the one that has it)" : "");
    }
    return 0;
}

static int check_table(const char *file, const struct barrer_plugin *plugin,
                       struct barrer_error *err)
{
    uint32_t size = 0;

    if (plugin->open == NULL)
        return error_fail(err, 0, "\"%s\": has no \"open\"", file);
    if (plugin->ops == NULL)
        return error_fail(err, 0, "\"%s\": has no table of operations", file);
    memcpy(&size, plugin->ops, sizeof(size));
    if (size < table_sizes[plugin->kind])
        return error_fail(err, 0,
                          "\"%s\": its table of operations has %u bytes, wanted: at least %zu (set "
                          "its .size, and rebuild it)",
                          file, (unsigned)size, table_sizes[plugin->kind]);
    return check_operations(file, plugin, 0, err);
}

static int is_key(const char *key)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

    if (*key == '\0' || strchr(letters, *key) == NULL)
        return 0;
    for (; *key != '\0'; key++)
        if (strchr(letters, *key) == NULL && strchr("0123456789-", *key) == NULL)
            return 0;
    return 1;
}

/* Keys of [plugin NAME] that the core reads itself. */
static int is_reserved_key(const char *key)
{
    const struct barrer_option *known = keys_of_section("plugin NAME");

    while (known->key != NULL && strcmp(known->key, key) != 0)
        known++;
    return known->key != NULL || keys_is_comment(key);
}

/* A default that its own type refuses would be an error at every container. */
static int check_default(const char *file, const struct barrer_option *option,
                         struct barrer_error *err)
{
    barrer_auto_free char *normal = NULL;
    int r;

    if (option->fallback == NULL)
        return 0;
    r = type_normalise(option->type, option->fallback, &normal, err);
    return r < 0 ? error_wrap(err, r, "\"%s\": default of its option \"%s\"", file, option->key)
                 : 0;
}

static int check_option(const char *file, const struct barrer_option *option,
                        struct barrer_error *err)
{
    int r;

    if (!is_key(option->key))
        return error_fail(err, 0,
                          "\"%s\": its option \"%s\" is no valid key, wanted: small letters, "
                          "digits and \"-\" (rename it)",
                          file, option->key);
    if (is_reserved_key(option->key))
        return error_fail(err, 0,
                          "\"%s\": its option \"%s\" is a key that barrer reads itself (rename it)",
                          file, option->key);
    if (option->type == NULL || !type_is_known(option->type))
        return error_fail(err, 0,
                          "\"%s\": its option \"%s\" is of type \"%s\", wanted: bool, uint, size, "
                          "duration, path, string, enum(a|b) or list(TYPE)",
                          file, option->key, option->type != NULL ? option->type : "");
    r = check_default(file, option, err);
    if (r < 0 || option->help == NULL)
        return r;
    return check_text(file, "help of an option", option->help, err);
}

static int check_options(const char *file, const struct barrer_option *options,
                         struct barrer_error *err)
{
    for (const struct barrer_option *o = options; o != NULL && o->key != NULL; o++) {
        int r = check_option(file, o, err);

        if (r < 0)
            return r;
        for (const struct barrer_option *before = options; before < o; before++)
            if (strcmp(before->key, o->key) == 0)
                return error_fail(err, 0, "\"%s\": declares its option \"%s\" twice", file, o->key);
    }
    return 0;
}

static int check_names(const char *file, const char *what, const char *const *names,
                       struct barrer_error *err)
{
    for (; names != NULL && *names != NULL; names++) {
        const char *p = *names;

        while (*p > ' ' && *p < 0x7f)
            p++;
        if (*p != '\0' || p == *names)
            return error_fail(err, 0,
                              "\"%s\": an entry of its list \"%s\" is empty or not printable", file,
                              what);
    }
    return 0;
}

static int check_texts(const char *file, const struct barrer_plugin *plugin,
                       struct barrer_error *err)
{
    int r = check_text(file, "version", plugin->version, err);

    if (r == 0)
        r = check_text(file, "summary", plugin->summary, err);
    if (r == 0)
        r = check_options(file, plugin->options, err);
    if (r == 0)
        r = check_names(file, "honours", plugin->honours, err);
    if (r == 0)
        r = check_names(file, "annotations", plugin->annotations, err);
    return r;
}

int descriptor_check(const char *file, const char *module, const struct barrer_plugin *plugin,
                     unsigned kind, struct barrer_error *err)
{
    int r = check_head(file, module, plugin, kind, err);

    if (r == 0)
        r = check_table(file, plugin, err);
    if (r == 0)
        r = check_texts(file, plugin, err);
    return r;
}

int descriptor_check_provider(const char *file, const struct barrer_plugin *plugin,
                              struct barrer_error *err)
{
    return check_operations(file, plugin, 1, err);
}
