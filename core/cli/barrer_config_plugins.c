/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/barrer_config.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "config/composition.h"

/* The plugins that were shown already: two instances of one module are one plugin. */
struct shown {
    const struct barrer_plugin *plugins[256];
    size_t n;
};

static int is_shown(struct shown *shown, const struct barrer_plugin *plugin)
{
    for (size_t i = 0; i < shown->n; i++)
        if (shown->plugins[i] == plugin)
            return 1;
    if (shown->n < sizeof(shown->plugins) / sizeof(shown->plugins[0]))
        shown->plugins[shown->n++] = plugin;
    return 0;
}

static int widest(int width, const char *text)
{
    return (int)strlen(text) > width ? (int)strlen(text) : width;
}

void tool_print_options(const struct barrer_option *options)
{
    int key = (int)strlen("OPTION"), type = (int)strlen("TYPE"), fallback = (int)strlen("DEFAULT");

    for (const struct barrer_option *o = options; o->key != NULL; o++) {
        key = widest(key, o->key);
        type = widest(type, o->type);
        fallback = widest(fallback, o->fallback != NULL ? o->fallback : "-");
    }
    printf("  %-*s  %-*s  %-*s  %s\n", key, "OPTION", type, "TYPE", fallback, "DEFAULT", "MEANING");
    for (const struct barrer_option *o = options; o->key != NULL; o++)
        printf("  %-*s  %-*s  %-*s  %s\n", key, o->key, type, o->type, fallback,
               o->fallback != NULL ? o->fallback : "-", o->help != NULL ? o->help : "");
}

static void print_plugin(const struct tool *tool, const struct loader *loader,
                         const struct barrer_plugin *plugin)
{
    printf("%s%s%s  %s  %s\n", TOOL_BOLD(tool), plugin->name, TOOL_PLAIN(tool),
           loader_kind_name(plugin->kind), plugin->version != NULL ? plugin->version : "-");
    printf("  %s\n  %s%s%s\n", plugin->summary != NULL ? plugin->summary : "-", TOOL_FAINT(tool),
           loader_file(loader, plugin), TOOL_PLAIN(tool));
    for (size_t i = 0; plugin->annotations != NULL && plugin->annotations[i] != NULL; i++)
        printf("  annotation %s\n", plugin->annotations[i]);
    if (plugin->options != NULL && plugin->options[0].key != NULL)
        tool_print_options(plugin->options);
}

static struct json_object *json_text(const char *text)
{
    return text != NULL ? json_object_new_string(text) : NULL;
}

static struct json_object *json_texts(const char *const *texts)
{
    struct json_object *array = json_object_new_array();

    for (; texts != NULL && *texts != NULL; texts++)
        json_object_array_add(array, json_object_new_string(*texts));
    return array;
}

struct json_object *tool_json_options(const struct barrer_option *options)
{
    struct json_object *array = json_object_new_array();

    for (; options != NULL && options->key != NULL; options++) {
        struct json_object *option = json_object_new_object();

        json_object_object_add(option, "key", json_text(options->key));
        json_object_object_add(option, "type", json_text(options->type));
        json_object_object_add(option, "default", json_text(options->fallback));
        json_object_object_add(option, "help", json_text(options->help));
        json_object_array_add(array, option);
    }
    return array;
}

static struct json_object *json_plugin(const struct loader *loader,
                                       const struct barrer_plugin *plugin)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "name", json_text(plugin->name));
    json_object_object_add(object, "kind", json_text(loader_kind_name(plugin->kind)));
    json_object_object_add(object, "version", json_text(plugin->version));
    json_object_object_add(object, "summary", json_text(plugin->summary));
    json_object_object_add(object, "file", json_text(loader_file(loader, plugin)));
    json_object_object_add(object, "options", tool_json_options(plugin->options));
    json_object_object_add(object, "honours", json_texts(plugin->honours));
    json_object_object_add(object, "annotations", json_texts(plugin->annotations));
    return object;
}

/* ARRAY NULL: as text. */
static int show_plugins(const struct tool *tool, const struct config *config, struct loader *loader,
                        const struct named_plugins *list, struct json_object *array)
{
    struct shown shown = {.n = 0};
    int status = TOOL_OK;

    for (size_t i = 0; i < list->n_plugins; i++) {
        const struct barrer_plugin *plugin = NULL;
        struct barrer_error err;

        if (named_plugin_load(&list->plugins[i], config, loader, &plugin, &err) < 0) {
            tool_complain(tool, err.text);
            status = TOOL_ERRORS;
        } else if (is_shown(&shown, plugin)) {
            continue;
        } else if (array != NULL) {
            json_object_array_add(array, json_plugin(loader, plugin));
        } else {
            if (shown.n > 1)
                putchar('\n');
            print_plugin(tool, loader, plugin);
        }
    }
    return status;
}

/* One plugin of the command line: an instance of the configuration, or a module. */
static int show_names(const struct tool *tool, const struct config *config, struct loader *loader,
                      struct json_object *array)
{
    int status = TOOL_OK;

    for (char **name = tool->names; *name != NULL; name++) {
        struct named_plugin plugin = {.instance = *name};
        struct named_plugins list = {.plugins = &plugin, .n_plugins = 1};

        if (!composition_is_instance_name(*name)) {
            fprintf(stderr, "barrer-config: \"%s\" cannot be the name of a plugin\n", *name);
            status = TOOL_ERRORS;
        } else if (show_plugins(tool, config, loader, &list, array) != TOOL_OK) {
            status = TOOL_ERRORS;
        }
    }
    return status;
}

static int show_all(const struct tool *tool, const struct config *config, struct loader *loader,
                    struct json_object *array)
{
    struct named_plugins list;
    struct barrer_error err;
    int status;

    if (named_plugins_collect(config, &list, &err) < 0) {
        tool_complain(tool, err.text);
        return TOOL_ERRORS;
    }
    status = show_plugins(tool, config, loader, &list, array);
    named_plugins_free(&list);
    return status;
}

int tool_plugins(const struct tool *tool)
{
    int is_json = tool->format != NULL && strcmp(tool->format, "json") == 0;
    struct json_object *array = is_json ? json_object_new_array() : NULL;
    struct config *config = tool_load(tool);
    struct loader *loader = config != NULL ? tool_create_loader(tool, config) : NULL;
    int status = TOOL_ERRORS;

    if (loader != NULL)
        status = tool->names[0] != NULL ? show_names(tool, config, loader, array)
                                        : show_all(tool, config, loader, array);
    if (loader != NULL && is_json)
        puts(json_object_to_json_string_ext(array, JSON_C_TO_STRING_PRETTY |
                                                       JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(array);
    loader_destroy(loader);
    config_destroy(config);
    return status;
}
