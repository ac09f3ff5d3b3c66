/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a plugin's descriptor can be believed: it is data that somebody else compiled, read
 * before any of his code runs. A fault is the plugin author's, so every message names the file,
 * what was found, what is wanted, and what to do.
 */
#ifndef CORE_PLUGIN_DESCRIPTOR_H
#define CORE_PLUGIN_DESCRIPTOR_H

#include <barrer/plugin.h>

#include "base/error.h"

/* In the order of barrer-plugin(7): magic, size, version, kind (which must be KIND; 0: any), flags,
 * reserved, name (which must be MODULE), open and operations, texts, options, lists. */
int descriptor_check(const char *file, const char *module, const struct barrer_plugin *plugin,
                     unsigned kind, struct barrer_error *err);
int descriptor_check_kind(const char *file, const struct barrer_plugin *plugin, unsigned kind,
                          struct barrer_error *err);
/* Whether it has what the first plugin of its kind's list needs beyond an addition. */
int descriptor_check_provider(const char *file, const struct barrer_plugin *plugin,
                              struct barrer_error *err);
/* "isolation" ... for BARRER_ISOLATION ...; NULL for an unknown kind. */
const char *descriptor_kind_name(unsigned kind);

#endif
