/* SPDX-License-Identifier: Apache-2.0
 *
 * The sections and keys that the core itself knows, their defaults, and the check of their values.
 */
#ifndef CORE_CONFIG_KEYS_H
#define CORE_CONFIG_KEYS_H

#include "config/config.h"
#include "config/problems.h"

/* The type of a key whose value is a composition, beside those of barrer/plugin.h. */
#define KEYS_PLUGINS "plugins"

/* The names of the sections, for people: "core" ... "plugin NAME"; NULL behind the last. */
const char *keys_section(size_t i);
/* The keys of a section by its name, key == NULL ends them; NULL: not a section of the core. */
const struct barrer_option *keys_of_section(const char *section);
/* The instance that a section "plugin NAME" is for, or NULL. */
const char *keys_instance(const char *section);
/* The service that a section "service NAME" is for, or NULL. */
const char *keys_service(const char *section);
/* The default of a key of the core's, or NULL. */
const char *keys_default(const char *section, const char *key);
/* Whether KEY is one that nobody interprets: x-... */
int keys_is_comment(const char *key);

/* Check a section's name: 1, or 0 with a problem added. */
int keys_check_section(const char *file, unsigned line, const char *section,
                       struct problems *problems);
/* The same for a key in a section that is known; keys of plugins are checked for their form. */
int keys_check_key(const char *file, unsigned line, const char *section, const char *key,
                   struct problems *problems);
/* Add the defaults of all keys. */
int keys_add_built_in(struct config *config);
/* Check the merged values of the keys that the core reads. */
void keys_check_values(const struct config *config, struct problems *problems);

#endif
