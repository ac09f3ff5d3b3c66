/* SPDX-License-Identifier: Apache-2.0 */
#include "config/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

#include "config/composition.h"
#include "config/types.h"
#include "config/tree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEYS_LIMIT 16

static const struct barrer_option core_keys[] = {
    {"log-level", "enum(error|warning|notice|info|debug)", "warning",
     "how much is written to the file that --log names"},
    {"plugin-dir", "path", BARRER_PLUGIN_DIR, "the folder that plugins are loaded from"},
    {NULL, NULL, NULL, NULL},
};

/* Where the plugin was built. */
#ifdef BARRER_SYSTEMD
#define SYSTEMD_PLUGINS "systemd resctrl"
#else
#define SYSTEMD_PLUGINS NULL
#endif

static const struct barrer_option flow_keys[] = {
    {"isolation", KEYS_PLUGINS, "namespace", "which namespaces are created or joined"},
    {"resources", KEYS_PLUGINS, "cgroup | cgroup1 resctrl", "limits, accounting, freezing"},
    {"resources-systemd", KEYS_PLUGINS, SYSTEMD_PLUGINS,
     "the same when the caller asks for systemd's cgroups"},
    {"filesystem", KEYS_PLUGINS, "overlayfs", "the root file system, mounts and devices"},
    {"process", KEYS_PLUGINS, "process seccomp", "credentials, limits and filters of the process"},
    {"runtime", KEYS_PLUGINS, "clrhost native", "what executes the payload; the first that claims it"},
    {NULL, NULL, NULL, NULL},
};

static const struct barrer_option plugin_keys[] = {
    {"module", "string", "NAME", "the module that the plugin is an instance of"},
    {"allow-annotations", "list(string)", NULL, "annotations of a container that it may read"},
    {"when", "string", NULL, "the property of config.json without which the plugin is left out"},
    {NULL, NULL, NULL, NULL},
};

static const struct {
    const char *section;
    const struct barrer_option *keys;
} sections[] = {
    {"core", core_keys},
    {"flow container", flow_keys},
    {"flow boot", flow_keys},
};

const char *keys_section(size_t i)
{
    if (i < COUNT(sections))
        return sections[i].section;
    return i == COUNT(sections) ? "plugin NAME" : NULL;
}

const char *keys_instance(const char *section)
{
    return strncmp(section, "plugin ", 7) == 0 ? section + 7 : NULL;
}

int keys_is_comment(const char *key)
{
    return strncmp(key, "x-", 2) == 0;
}

const struct barrer_option *keys_of_section(const char *section)
{
    for (size_t i = 0; i < COUNT(sections); i++)
        if (strcmp(section, sections[i].section) == 0)
            return sections[i].keys;
    return keys_instance(section) != NULL ? plugin_keys : NULL;
}

int keys_check_section(const char *file, unsigned line, const char *section,
                       struct problems *problems)
{
    const char *names[COUNT(sections) + 1] = {NULL};
    const char *instance = keys_instance(section), *nearest;

    if (instance != NULL) {
        if (composition_is_instance_name(instance))
            return 1;
        problems_add_at(problems, file, line,
                        "[%s]: \"%s\" cannot be the name of a plugin (a-z, then a-z, 0-9, \"_\" "
                        "and \"-\", at most 32 characters)",
                        section, instance);
        return 0;
    }
    if (keys_of_section(section) != NULL)
        return 1;
    for (size_t i = 0; i < COUNT(sections); i++)
        names[i] = sections[i].section;
    nearest = config_nearest(section, names);
    if (nearest != NULL)
        problems_add_at(problems, file, line, "[%s]: unknown section (did you mean \"[%s]\"?)",
                        section, nearest);
    else if (strncmp(section, "service ", 8) == 0 || strcmp(section, "service") == 0)
        problems_add_at(problems, file, line,
                        "[%s]: unknown section (this version of barrer starts containers and no "
                        "services)",
                        section);
    else
        problems_add_at(problems, file, line,
                        "[%s]: unknown section (known are \"[core]\", \"[flow container]\", "
                        "\"[flow boot]\" and \"[plugin NAME]\")",
                        section);
    return 0;
}

static int is_key(const char *key)
{
    if (*key < 'a' || *key > 'z')
        return 0;
    return key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

int keys_check_key(const char *file, unsigned line, const char *section, const char *key,
                   struct problems *problems)
{
    const struct barrer_option *keys = keys_of_section(section);
    const char *names[KEYS_LIMIT] = {NULL}, *nearest;

    if (keys == NULL)
        return 0;
    if (is_key(key) && (keys_instance(section) != NULL || keys_is_comment(key)))
        return 1;
    for (size_t i = 0; keys[i].key != NULL; i++) {
        if (strcmp(key, keys[i].key) == 0)
            return 1;
        names[i] = keys[i].key;
    }
    nearest = config_nearest(key, names);
    if (nearest != NULL)
        problems_add_at(problems, file, line, "[%s] %s: unknown key (did you mean \"%s\"?)",
                        section, key, nearest);
    else if (!is_key(key))
        problems_add_at(problems, file, line, "[%s] %s: not a key (a-z, then a-z, 0-9 and \"-\")",
                        section, key);
    else
        problems_add_at(problems, file, line, "[%s] %s: unknown key", section, key);
    return 0;
}

int keys_add_built_in(struct config *config)
{
    for (size_t i = 0; i < COUNT(sections); i++) {
        for (const struct barrer_option *key = sections[i].keys; key->key != NULL; key++) {
            int r = key->fallback == NULL
                        ? 0
                        : tree_add_built_in(config, sections[i].section, key->key, key->fallback);

            if (r < 0)
                return r;
        }
    }
    return 0;
}

static const struct barrer_option *find_key(const struct config_value *value)
{
    const struct barrer_option *key = keys_of_section(value->section);

    while (key != NULL && key->key != NULL && strcmp(key->key, value->key) != 0)
        key++;
    return key != NULL && key->key != NULL ? key : NULL;
}

static int check_plugins(const struct config_value *value, struct barrer_error *err)
{
    struct composition *composition = NULL;
    int r = composition_parse(value, &composition, err);

    composition_destroy(composition);
    return r;
}

static int check_typed(const struct config_value *value, const char *type, struct barrer_error *err)
{
    barrer_auto_free char *normal = NULL;
    struct barrer_error why;
    size_t n_parts;
    int r;

    (void)config_parts(value, &n_parts);
    if (n_parts > 1 && !type_is_list(type))
        return config_fail(err, value, "takes one value, which \"+=\" cannot add to");
    r = type_normalise(type, value->value, &normal, &why);
    return r == 0         ? 0
           : r == -ENOMEM ? error_fail(err, ENOMEM, "check [%s] %s", value->section, value->key)
                          : config_fail(err, value, "%s", why.text);
}

static int check_module(const struct config_value *value, struct barrer_error *err)
{
    if (composition_is_module_name(value->value))
        return 0;
    return config_fail(err, value,
                       "\"%s\" cannot be the name of a module (a-z, then a-z, 0-9 and \"_\", at "
                       "most 32 characters; no path and no \".so\")",
                       value->value);
}

/* "linux.seccomp", "linux.namespaces.type=time" */
static int check_property(const struct config_value *value, struct barrer_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *text = value->value;

    for (const char *p = text; *p != '\0'; p++)
        if (strchr(letters, *p) == NULL && (p == text || strchr("0123456789._=-", *p) == NULL))
            return config_fail(err, value,
                               "expected one property of config.json, such as "
                               "\"linux.seccomp\", got \"%s\"",
                               text);
    return 0;
}

static int check_value(const struct config_value *value, const struct barrer_option *key,
                       struct barrer_error *err)
{
    if (strcmp(key->type, KEYS_PLUGINS) == 0)
        return check_plugins(value, err);
    if (strcmp(key->key, "module") == 0)
        return check_module(value, err);
    if (strcmp(key->key, "when") == 0)
        return check_property(value, err);
    return check_typed(value, key->type, err);
}

void keys_check_values(const struct config *config, struct problems *problems)
{
    for (const struct entry *entry = config->entries; entry != NULL; entry = entry->next) {
        const struct config_value *value = &entry->value;
        const struct barrer_option *key = value->value != NULL ? find_key(value) : NULL;
        struct barrer_error err;

        if (key != NULL && check_value(value, key, &err) < 0)
            problems_add(problems, "%s", err.text);
    }
}
