/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <barrer/util.h>

#include "plugin/descriptor.h"
#include "plugin/opener.h"

struct module {
    struct module *next;
    char *name;
    char *file; /* absolute path, or BUILT_IN */
    const struct barrer_plugin *plugin;
};

struct loader {
    struct opener opener;
    struct module *modules;
};

/* An absolute name of the folder, without asking the system for one that is absolute already. */
static char *absolute_folder(const char *folder)
{
    char *text = NULL, *cwd;

    if (folder[0] == '/')
        return strdup(folder);
    cwd = getcwd(NULL, 0);
    if (cwd == NULL || asprintf(&text, "%s/%s", cwd, folder) < 0)
        text = NULL;
    free(cwd);
    return text;
}

/* The text is complete in itself; its code is ERRNUM. */
static int complain(struct barrer_error *err, int errnum)
{
    if (err != NULL)
        err->errnum = errnum;
    return -errnum;
}

int loader_create(const char *plugin_dir, struct loader **ret_loader, struct barrer_error *err)
{
    struct loader *loader;
    char *folder;
    int r;

    if (plugin_dir != NULL && strcmp(plugin_dir, BARRER_PLUGIN_DIR) != 0 && getauxval(AT_SECURE)) {
        (void)error_fail(err, 0,
                         "plugin folder \"%s\": only \"%s\" is used by a program that is set-uid "
                         "or has file capabilities",
                         plugin_dir, BARRER_PLUGIN_DIR);
        return complain(err, EPERM);
    }
    loader = calloc(1, sizeof(*loader));
    folder = absolute_folder(plugin_dir != NULL ? plugin_dir : BARRER_PLUGIN_DIR);
    if (loader == NULL || folder == NULL) {
        r = error_fail(err, errno, "find plugin folder \"%s\"", plugin_dir);
        free(loader);
        free(folder);
        return r;
    }
    r = opener_init(&loader->opener, folder, err);
    if (r < 0) {
        free(loader);
        return r;
    }
    *ret_loader = loader;
    return 0;
}

int loader_is_at_hand(const struct loader *loader, const char *module)
{
    return opener_is_at_hand(&loader->opener, module);
}

void loader_destroy(struct loader *loader)
{
    if (loader == NULL)
        return;
    while (loader->modules != NULL) {
        struct module *module = loader->modules;

        loader->modules = module->next;
        free(module->name);
        free(module->file);
        free(module);
    }
    opener_fini(&loader->opener);
    free(loader);
}

void loader_protect(struct loader *loader)
{
    loader->opener.is_protected = 1;
}

const char *loader_folder(const struct loader *loader)
{
    return loader->opener.folder;
}

static int check_module_name(const char *name, struct barrer_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz", others[] = "0123456789_";
    size_t n = 0;

    for (; name[n] != '\0'; n++)
        if (strchr(letters, name[n]) == NULL && (n == 0 || strchr(others, name[n]) == NULL))
            break;
    if (n > 0 && n <= OPENER_NAME_MAX && name[n] == '\0')
        return 0;
    return error_fail(err, 0,
                      "plugin \"%s\": not a module name, wanted: at most %d small letters, digits "
                      "and \"_\", without folder and \".so\"",
                      name, OPENER_NAME_MAX);
}

static struct module *find_module(const struct loader *loader, const char *name)
{
    struct module *module = loader->modules;

    while (module != NULL && strcmp(module->name, name) != 0)
        module = module->next;
    return module;
}

static int add_module(struct loader *loader, const char *name, char *file,
                      const struct barrer_plugin *plugin, struct barrer_error *err)
{
    struct module *module = calloc(1, sizeof(*module));

    if (module != NULL)
        module->name = strdup(name);
    if (module == NULL || module->name == NULL) {
        free(module);
        free(file);
        return error_fail(err, ENOMEM, "load plugin \"%s\"", name);
    }
    module->file = file;
    module->plugin = plugin;
    module->next = loader->modules;
    loader->modules = module;
    return 0;
}

int loader_has(const struct loader *loader, const char *module)
{
    return find_module(loader, module) != NULL;
}

int loader_runs_files(void)
{
    return opener_loads_files();
}

int loader_load(struct loader *loader, const char *name, unsigned kind,
                const struct barrer_plugin **ret_plugin, struct barrer_error *err)
{
    const struct module *known = find_module(loader, name);
    const struct barrer_plugin *plugin = NULL;
    char *file = NULL;
    int r;

    if (known != NULL) {
        r = descriptor_check_kind(known->file, known->plugin, kind, err);
        if (r == 0)
            *ret_plugin = known->plugin;
        return r;
    }
    r = check_module_name(name, err);
    if (r == 0)
        r = opener_open(&loader->opener, name, &file, &plugin, err);
    if (r < 0)
        return r;
    r = r > 0 ? descriptor_check_kind(file, plugin, kind, err)
              : descriptor_check(file, name, plugin, kind, err);
    if (r < 0) {
        free(file);
        return r;
    }
    r = add_module(loader, name, file, plugin, err);
    if (r == 0)
        *ret_plugin = plugin;
    return r;
}

const char *loader_file(const struct loader *loader, const struct barrer_plugin *plugin)
{
    for (const struct module *module = loader->modules; module != NULL; module = module->next)
        if (module->plugin == plugin)
            return module->file;
    return NULL;
}

int loader_check_provider(const struct loader *loader, const struct barrer_plugin *plugin,
                          struct barrer_error *err)
{
    return descriptor_check_provider(loader_file(loader, plugin), plugin, err);
}

const char *loader_kind_name(unsigned kind)
{
    return descriptor_kind_name(kind);
}
