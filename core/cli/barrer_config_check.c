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
                      const struct config_value *value)
{
    struct named_plugin *plugins;

    for (size_t i = 0; i < list->n_plugins; i++)
        if (strcmp(list->plugins[i].instance, instance) == 0 &&
            (kind == 0 || list->plugins[i].kind == kind))
            return 0;
    plugins = reallocarray(list->plugins, list->n_plugins + 1, sizeof(*plugins));
    if (plugins == NULL)
        return -ENOMEM;
    list->plugins = plugins;
    if (words_add(&list->names, instance) < 0)
        return -ENOMEM;
    plugins[list->n_plugins++] = (struct named_plugin){
        .instance = list->names.words[list->names.n - 1], .kind = kind, .value = value};
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
            r = add_plugin(list, *name, kind, value);
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
            r = add_plugin(&list, keys_instance(value->section), 0, value);
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

int named_plugin_load(const struct named_plugin *plugin, const struct config *config,
                      struct loader *loader, const struct barrer_plugin **ret_plugin,
                      struct barrer_error *err)
{
    const struct config_value *value = plugin->value;
    char section[64];
    const char *module;
    int r;

    (void)snprintf(section, sizeof(section), "plugin %s", plugin->instance);
    module = config_text(config, section, "module", plugin->instance);
    r = loader_load(loader, module, plugin->kind, ret_plugin, err);
    if (r >= 0 || value == NULL)
        return r;
    if (plugin->kind == 0)
        return value->line > 0
                   ? error_wrap(err, r, "%s:%u: [%s]", value->file, value->line, value->section)
                   : error_wrap(err, r, "%s: [%s]", value->file, value->section);
    return value->line > 0
               ? error_wrap(err, r, "%s:%u: [%s] %s", value->file, value->line, value->section,
                            value->key)
               : error_wrap(err, r, "%s: [%s] %s", value->file, value->section, value->key);
}

/* Everything that create would check of one plugin; the number of messages. */
static unsigned check_plugin(const struct tool *tool, const struct config *config,
                             struct loader *loader, const struct named_plugin *named)
{
    const struct barrer_plugin *plugin = NULL;
    struct barrer_pair *options = NULL;
    barrer_auto_free char **annotations = NULL;
    struct barrer_error err;
    unsigned errors = 0;

    if (named_plugin_load(named, config, loader, &plugin, &err) < 0) {
        tool_complain(tool, err.text);
        return 1;
    }
    if (config_options(config, named->instance, plugin->options, &options, &err) < 0) {
        tool_complain(tool, err.text);
        errors++;
    }
    config_options_free(options);
    if (config_annotations(config, named->instance, plugin->annotations, &annotations, &err) < 0) {
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
    unsigned errors = 0;

    if (named_plugins_collect(config, &list, &err) < 0) {
        tool_complain(tool, err.text);
        return 1;
    }
    for (size_t i = 0; i < list.n_plugins; i++)
        errors += check_plugin(tool, config, loader, &list.plugins[i]);
    if (errors == 0)
        printf("no errors; %zu plugins checked\n", list.n_plugins);
    named_plugins_free(&list);
    return errors;
}

int tool_check(const struct tool *tool)
{
    struct config *config = tool_load(tool);
    struct loader *loader = config != NULL ? tool_create_loader(tool, config) : NULL;
    unsigned errors = loader != NULL ? check_plugins(tool, config, loader) : 1;

    loader_destroy(loader);
    config_destroy(config);
    return errors == 0 ? TOOL_OK : TOOL_ERRORS;
}
