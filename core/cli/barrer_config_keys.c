/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/barrer_config.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "config/keys.h"

static void print_keys(const struct tool *tool)
{
    const char *section;

    for (size_t i = 0; (section = keys_section(i)) != NULL; i++) {
        printf("%s%s[%s]%s\n", i > 0 ? "\n" : "", TOOL_BOLD(tool), section, TOOL_PLAIN(tool));
        tool_print_options(keys_of_section(section));
    }
}

static void print_json(void)
{
    struct json_object *root = json_object_new_object();
    const char *section;

    for (size_t i = 0; (section = keys_section(i)) != NULL; i++)
        json_object_object_add(root, section, tool_json_options(keys_of_section(section)));
    puts(json_object_to_json_string_ext(root,
                                        JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
}

int tool_keys(const struct tool *tool)
{
    if (tool->format != NULL && strcmp(tool->format, "json") == 0)
        print_json();
    else
        print_keys(tool);
    return TOOL_OK;
}
