/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/barrer_config.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "config/reader.h"

/* Whether the value can be written as one line "key = value": its parts are the whole of it, and
 * the line is not too long to be read again. */
static int fits_one_line(const struct config_value *value, const struct config_part *parts)
{
    return !parts[0].is_append &&
           strlen(value->key) + strlen(value->value) + 3 <= READER_LINE_LIMIT;
}

/* Without blanks where the line would become too long with them. */
static void print_line(const char *key, const char *operator, const char * text)
{
    size_t length = strlen(key) + strlen(operator) + strlen(text) + 2;
    const char *blank = length <= READER_LINE_LIMIT ? " " : "";

    printf("%s%s%s%s%s\n", key, blank, operator, blank, text);
}

static void print_origin(const struct tool *tool, const char *file, unsigned line)
{
    if (line > 0)
        printf("%s# %s:%u%s\n", TOOL_FAINT(tool), file, line, TOOL_PLAIN(tool));
    else
        printf("%s# %s%s\n", TOOL_FAINT(tool), file, TOOL_PLAIN(tool));
}

static void print_value(const struct tool *tool, const struct config_value *value)
{
    size_t n_parts;
    const struct config_part *parts = config_parts(value, &n_parts);

    if (!tool->has_origin && fits_one_line(value, parts)) {
        print_line(value->key, "=", value->value);
        return;
    }
    for (size_t i = 0; i < n_parts; i++) {
        if (tool->has_origin)
            print_origin(tool, parts[i].file, parts[i].line);
        print_line(value->key, parts[i].is_append ? "+=" : "=", parts[i].text);
    }
}

/* What is printed can be read again by --config. */
static void show_ini(const struct tool *tool, const struct config *config)
{
    const struct config_value *value;
    const char *section = NULL;

    for (size_t i = 0; (value = config_at(config, i)) != NULL; i++) {
        if (section == NULL || strcmp(section, value->section) != 0)
            printf("%s%s[%s]%s\n", section != NULL ? "\n" : "", TOOL_BOLD(tool), value->section,
                   TOOL_PLAIN(tool));
        section = value->section;
        print_value(tool, value);
    }
}

static struct json_object *json_origins(const struct config_value *value)
{
    struct json_object *origins = json_object_new_array();
    size_t n_parts;
    const struct config_part *parts = config_parts(value, &n_parts);

    for (size_t i = 0; i < n_parts; i++) {
        struct json_object *origin = json_object_new_object();

        json_object_object_add(origin, "file", json_object_new_string(parts[i].file));
        if (parts[i].line > 0)
            json_object_object_add(origin, "line", json_object_new_int64(parts[i].line));
        json_object_object_add(origin, "append", json_object_new_boolean(parts[i].is_append));
        json_object_object_add(origin, "value", json_object_new_string(parts[i].text));
        json_object_array_add(origins, origin);
    }
    return origins;
}

static struct json_object *json_value(const struct tool *tool, const struct config_value *value)
{
    struct json_object *object;

    if (!tool->has_origin)
        return json_object_new_string(value->value);
    object = json_object_new_object();
    json_object_object_add(object, "value", json_object_new_string(value->value));
    json_object_object_add(object, "origins", json_origins(value));
    return object;
}

static void show_json(const struct tool *tool, const struct config *config)
{
    struct json_object *root = json_object_new_object(), *section = NULL;
    const struct config_value *value;

    for (size_t i = 0; (value = config_at(config, i)) != NULL; i++) {
        if (!json_object_object_get_ex(root, value->section, &section)) {
            section = json_object_new_object();
            json_object_object_add(root, value->section, section);
        }
        json_object_object_add(section, value->key, json_value(tool, value));
    }
    puts(json_object_to_json_string_ext(root,
                                        JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
}

int tool_show(const struct tool *tool)
{
    struct config *config = tool_load(tool);

    if (config == NULL)
        return TOOL_ERRORS;
    if (tool->format != NULL && strcmp(tool->format, "json") == 0)
        show_json(tool, config);
    else
        show_ini(tool, config);
    config_destroy(config);
    return TOOL_OK;
}
