/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/barrer_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

#include "config/composition.h"
#include "config/keys.h"

static unsigned kind_of_key(const char *key)
{
    static const struct {
        const char *key;
        unsigned kind;
    } kinds[] = {
        {"isolation", BARRER_ISOLATION},
        {"resources", BARRER_RESOURCES},
        {"resources-systemd", BARRER_RESOURCES},
        {"filesystem", BARRER_FILESYSTEM},
        {"process", BARRER_PROCESS},
        {"runtime", BARRER_RUNTIME},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].key, key) == 0)
            return kinds[i].kind;
    return 0;
}

/* KIND 0 is only added when the instance is not there yet. */
static int add_plugin(struct named_plugins *list, const char *instance, unsigned kind,
                      int is_provider, const struct config_value *value)
{
    struct named_plugin *plugins;

    for (size_t i = 0; i < list->n_plugins; i++)
        if (strcmp(list->plugins[i].instance, instance) == 0 &&
            (kind == 0 ||
             (list->plugins[i].kind == kind && list->plugins[i].is_provider == is_provider)))
            return 0;
    plugins = reallocarray(list->plugins, list->n_plugins + 1, sizeof(*plugins));
    if (plugins == NULL)
        return -ENOMEM;
    list->plugins = plugins;
    if (words_add(&list->names, instance) < 0)
        return -ENOMEM;
    plugins[list->n_plugins++] =
        (struct named_plugin){.instance = list->names.words[list->names.n - 1],
                              .kind = kind,
                              .is_provider = is_provider,
                              .value = value};
    return 0;
}

static int add_composition(struct named_plugins *list, const struct config_value *value)
{
    unsigned kind = kind_of_key(value->key);
    struct composition *composition = NULL;
    int r;

    if (strncmp(value->section, "flow ", 5) != 0 || kind == 0)
        return 0;
    r = composition_parse(value, &composition, NULL);
    for (size_t i = 0; r == 0 && i < composition->n_positions; i++)
        for (char **name = composition->positions[i].alternatives; r == 0 && *name; name++)
            r = add_plugin(list, *name, kind, i == 0, value);
    composition_destroy(composition);
    return r;
}

int named_plugins_collect(const struct config *config, struct named_plugins *ret_plugins,
                          struct barrer_error *err)
{
    struct named_plugins list = {.plugins = NULL};
    const struct config_value *value;
    int r = 0;

    /* Section by section, so that a plugin of both flows counts as the container's. */
    for (size_t i = 0; r == 0 && keys_section(i) != NULL; i++)
        for (size_t j = 0; r == 0 && (value = config_at(config, j)) != NULL; j++)
            if (strcmp(value->section, keys_section(i)) == 0)
                r = add_composition(&list, value);
    for (size_t i = 0; r == 0 && (value = config_at(config, i)) != NULL; i++)
        if (keys_instance(value->section) != NULL)
            r = add_plugin(&list, keys_instance(value->section), 0, 0, value);
    if (r < 0) {
        named_plugins_free(&list);
        return error_fail(err, -r, "list the plugins");
    }
    *ret_plugins = list;
    return 0;
}

void named_plugins_free(struct named_plugins *list)
{
    words_fini(&list->names);
    free(list->plugins);
    list->plugins = NULL;
    list->n_plugins = 0;
}

/* Put the place that names PLUGIN in front of the error. */
static int wrap(const struct named_plugin *plugin, int r, struct barrer_error *err)
{
    const struct config_value *value = plugin->value;
    char line[16] = "";

    if (value == NULL)
        return r;
    if (value->line > 0)
        (void)snprintf(line, sizeof(line), ":%u", value->line);
    if (plugin->kind == 0)
        return error_wrap(err, r, "%s%s: [%s]", value->file, line, value->section);
    return error_wrap(err, r, "%s%s: [%s] %s", value->file, line, value->section, value->key);
}

int named_plugin_load(const struct named_plugin *plugin, const struct config *config,
                      struct loader *loader, const struct barrer_plugin **ret_plugin,
                      struct barrer_error *err)
{
    char section[64];
    const char *module;
    int r;

    (void)snprintf(section, sizeof(section), "plugin %s", plugin->instance);
    module = config_text(config, section, "module", plugin->instance);
    r = loader_load(loader, module, plugin->kind, ret_plugin, err);
    return r < 0 ? wrap(plugin, r, err) : 0;
}

static int check_options(const struct config *config, const char *instance,
                         const struct barrer_plugin *plugin, struct barrer_error *err)
{
    struct barrer_pair *options = NULL;
    int r = config_options(config, instance, plugin->options, &options, err);

    config_options_free(options);
    return r;
}

static int check_annotations(const struct config *config, const char *instance,
                             const struct barrer_plugin *plugin, struct barrer_error *err)
{
    char **annotations = NULL;
    int r = config_annotations(config, instance, plugin->annotations, &annotations, err);

    free(annotations);
    return r;
}

/* Whether an earlier plugin of the list is the same instance, in another place. */
static int is_repeated(const struct named_plugins *list, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(list->plugins[j].instance, list->plugins[i].instance) == 0)
            return 1;
    return 0;
}

/* Everything that create would check of one plugin; the number of messages. */
static unsigned check_plugin(const struct tool *tool, const struct config *config,
                             struct loader *loader, const struct named_plugin *named,
                             int with_section)
{
    const struct barrer_plugin *plugin;
    struct barrer_error err;
    unsigned errors = 0;

    if (named_plugin_load(named, config, loader, &plugin, &err) < 0) {
        tool_complain(tool, err.text);
        return 1;
    }
    if (named->is_provider && loader_check_provider(loader, plugin, &err) < 0) {
        (void)wrap(named, -EINVAL, &err);
        tool_complain(tool, err.text);
        errors++;
    }
    if (with_section && check_options(config, named->instance, plugin, &err) < 0) {
        tool_complain(tool, err.text);
        errors++;
    }
    if (with_section && check_annotations(config, named->instance, plugin, &err) < 0) {
        tool_complain(tool, err.text);
        errors++;
    }
    return errors;
}

static unsigned check_plugins(const struct tool *tool, const struct config *config,
                              struct loader *loader)
{
    struct named_plugins list;
    struct barrer_error err;
    unsigned errors = 0, instances = 0;

    if (named_plugins_collect(config, &list, &err) < 0) {
        tool_complain(tool, err.text);
        return 1;
    }
    for (size_t i = 0; i < list.n_plugins; i++) {
        int is_new = !is_repeated(&list, i);

        errors += check_plugin(tool, config, loader, &list.plugins[i], is_new);
        instances += is_new;
    }
    if (errors == 0)
        printf("no errors; %u plugins checked\n", instances);
    named_plugins_free(&list);
    return errors;
}

int tool_check(const struct tool *tool)
{
    struct loader *loader = NULL;
    struct config *config;
    unsigned errors = 1;

    if (tool->is_boot)
        return tool_check_boot(tool);
    config = tool_load(tool);
    if (config != NULL)
        loader = tool_create_loader(tool, config);
    if (loader != NULL)
        errors = check_plugins(tool, config, loader);

    loader_destroy(loader);
    config_destroy(config);
    return errors == 0 ? TOOL_OK : TOOL_ERRORS;
}
