/* SPDX-License-Identifier: Apache-2.0
 *
 * From a module's name to its checked descriptor. Modules are loaded by libltdl through a loader
 * of our own (RTLD_NOW, RTLD_LOCAL, RTLD_NODELETE; dlerror's text is kept; no .la files, no
 * search, no environment), each file approved by path_check_trusted with every folder above it; or
 * they are preopened, in the builds that link them in. Nothing is ever unloaded.
 */
#ifndef CORE_PLUGIN_LOADER_H
#define CORE_PLUGIN_LOADER_H

#include <barrer/plugin.h>

#include "base/error.h"

struct loader;

/* PLUGIN_DIR: absolute, or relative to the working directory; NULL: the compiled-in folder. It is
 * looked at first when a module that is not preopened is loaded. Refuses set-uid use (AT_SECURE)
 * with any folder but the compiled-in one. */
int loader_create(const char *plugin_dir, struct loader **ret_loader, struct barrer_error *err);
/* Map plugins from a detached read-only clone of the folder's mount, as far as the caller may make
 * one: a process of ours that is in a container must hold no way to a writable plugin
 * (/proc/PID/map_files). */
void loader_protect(struct loader *loader);
void loader_destroy(struct loader *loader); /* unloads nothing; NULL is fine */
/* The folder, absolute; for state.json. */
const char *loader_folder(const struct loader *loader);

/* Load MODULE and check its descriptor, in the order of barrer-plugin(7): magic, size, version,
 * kind (which must be KIND; 0: any), flags, reserved, name, required operations, schema. A module that
 * is loaded already is returned again. */
int loader_load(struct loader *loader, const char *module, unsigned kind,
                const struct barrer_plugin **ret_plugin, struct barrer_error *err);
/* Whether it is loaded. */
int loader_has(const struct loader *loader, const char *module);
/* Whether loading may run code of a file, which may do anything: not where all are linked in. */
int loader_runs_files(void);
/* Whether it can be loaded also after a clone: this program has it, or reads it from a file. */
int loader_is_at_hand(const struct loader *loader, const char *module);
/* The file it came from, or "(built in)". */
const char *loader_file(const struct loader *loader, const struct barrer_plugin *plugin);
/* Whether PLUGIN, which this loader loaded, may come first in the list of its kind (filesystem and
 * process: additions may leave out operations that a provider needs); 0, or an error. */
int loader_check_provider(const struct loader *loader, const struct barrer_plugin *plugin,
                          struct barrer_error *err);
/* "isolation" ... for BARRER_ISOLATION ...; NULL for an unknown kind. */
const char *loader_kind_name(unsigned kind);

#endif
