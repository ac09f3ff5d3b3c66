/* SPDX-License-Identifier: Apache-2.0
 *
 * barrer-config: look at the configuration without starting anything. barrer-config(1) is its
 * manual.
 */
#ifndef CORE_CLI_BARRER_CONFIG_H
#define CORE_CLI_BARRER_CONFIG_H

#include <stddef.h>

#include "config/config.h"
#include "config/words.h"
#include "plugin/loader.h"

enum tool_exit { TOOL_OK = 0, TOOL_ERRORS = 1, TOOL_USAGE = 2 };

/* The options of all commands. */
struct tool {
    struct config_request request;
    const char *plugin_dir; /* --plugin-dir, or NULL */
    const char *format;     /* --format, or NULL */
    const char *root;       /* --root, or NULL */
    int has_origin;         /* --origin */
    int is_boot;            /* --boot */
    int is_coloured;
    char **names; /* the arguments behind the command; NULL ends it */
};

/* One plugin that the configuration names. */
struct named_plugin {
    const char *instance;
    unsigned kind;                    /* of the key that names it; 0: only a section does */
    int is_provider;                  /* comes first in a list of its kind */
    const struct config_value *value; /* that names it, or NULL */
};

struct named_plugins {
    struct named_plugin *plugins;
    size_t n_plugins;
    struct words names; /* the instances' */
};

/* All plugins of the flows, in their order, and then those of sections alone. */
int named_plugins_collect(const struct config *config, struct named_plugins *ret_plugins,
                          struct barrer_error *err);
void named_plugins_free(struct named_plugins *plugins);
/* Load the module behind PLUGIN. Errors begin with the place that names it. */
int named_plugin_load(const struct named_plugin *plugin, const struct config *config,
                      struct loader *loader, const struct barrer_plugin **ret_plugin,
                      struct barrer_error *err);

/* The commands; each prints its errors. */
int tool_check(const struct tool *tool);
int tool_check_boot(const struct tool *tool); /* "check --boot" */
int tool_show(const struct tool *tool);
int tool_plugins(const struct tool *tool);
int tool_keys(const struct tool *tool);

/* What they share: the configuration, or a message and NULL. */
struct config *tool_load(const struct tool *tool);
struct loader *tool_create_loader(const struct tool *tool, const struct config *config);
/* Print one message, of one or more lines, on standard error. */
void tool_complain(const struct tool *tool, const char *text);

/* A table of options, or of keys. */
struct json_object;
void tool_print_options(const struct barrer_option *options);
struct json_object *tool_json_options(const struct barrer_option *options);

/* Start and end of a colour, or "" where there is none. */
#define TOOL_BOLD(tool) ((tool)->is_coloured ? "\033[1m" : "")
#define TOOL_FAINT(tool) ((tool)->is_coloured ? "\033[2m" : "")
#define TOOL_PLAIN(tool) ((tool)->is_coloured ? "\033[0m" : "")

#endif
