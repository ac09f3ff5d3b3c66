/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <ltdl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/path.h"
#include "plugin/descriptor.h"

#define MAX_NAME 32
#define BUILT_IN "(built in)"

struct module {
    struct module *next;
    char *name;
    char *file; /* absolute path, or BUILT_IN */
    const struct barrer_plugin *plugin;
};

struct loader {
    char *folder;
    int is_protected;
    int read_only_fd; /* the folder on a detached read-only clone of its mount; -1 */
    struct module *modules;
};

/* What dlopen(3) said last; libltdl would turn every reason into "file not found". */
static char dlopen_error[1024];

static lt_module open_module(lt_user_data data, const char *file, lt_dladvise advise)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    (void)data;
    (void)advise;
    if (handle == NULL) {
        const char *why = dlerror();

        (void)snprintf(dlopen_error, sizeof(dlopen_error), "%s", why != NULL ? why : "unknown");
    }
    return handle;
}

/* Nothing is unloaded: threads, TLS and exit handlers of a library cannot be taken back. */
static int close_module(lt_user_data data, lt_module module)
{
    (void)data;
    (void)module;
    return 0;
}

static void *find_symbol(lt_user_data data, lt_module module, const char *symbol)
{
    (void)data;
    return dlsym(module, symbol);
}

/* Put our loader in the place of libltdl's own, which binds lazily and loses dlerror's text. */
static int register_loader(struct barrer_error *err)
{
    lt_dlvtable *table;

    if (lt_dlloader_find("barrer") != NULL)
        return 0;
    /* lt_dlexit frees it, so it has to be on the heap; a removed one is ours to free. */
    table = calloc(1, sizeof(*table));
    if (table == NULL)
        return error_fail(err, ENOMEM, "register the plugin loader");
    *table = (lt_dlvtable){
        .name = "barrer",
        .module_open = open_module,
        .module_close = close_module,
        .find_sym = find_symbol,
        .priority = LT_DLLOADER_APPEND,
    };
    if (lt_dlloader_add(table) != 0) {
        free(table);
        return error_fail(err, 0, "register the plugin loader: %s", lt_dlerror());
    }
    free(lt_dlloader_remove("lt_dlopen"));
    return 0;
}

static int start_ltdl(struct barrer_error *err)
{
#ifdef BARRER_BUILTIN_PLUGINS
    LTDL_SET_PRELOADED_SYMBOLS();
#endif
    if (lt_dlinit() != 0)
        return error_fail(err, 0, "start libltdl: %s", lt_dlerror());
    return register_loader(err);
}

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
    int r;

    if (plugin_dir != NULL && strcmp(plugin_dir, BARRER_PLUGIN_DIR) != 0 && getauxval(AT_SECURE)) {
        (void)error_fail(err, 0,
                         "plugin folder \"%s\": only \"%s\" is used by a program that is set-uid "
                         "or has file capabilities",
                         plugin_dir, BARRER_PLUGIN_DIR);
        return complain(err, EPERM);
    }
    r = start_ltdl(err);
    if (r < 0)
        return r;
    loader = calloc(1, sizeof(*loader));
    if (loader != NULL) {
        loader->read_only_fd = -1;
        loader->folder = absolute_folder(plugin_dir != NULL ? plugin_dir : BARRER_PLUGIN_DIR);
    }
    if (loader == NULL || loader->folder == NULL) {
        free(loader);
        (void)lt_dlexit();
        return error_fail(err, errno, "find plugin folder \"%s\"", plugin_dir);
    }
    *ret_loader = loader;
    return 0;
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
    barrer_close_fd(&loader->read_only_fd);
    free(loader->folder);
    free(loader);
    (void)lt_dlexit();
}

void loader_protect(struct loader *loader)
{
    loader->is_protected = 1;
}

const char *loader_folder(const struct loader *loader)
{
    return loader->folder;
}

static int check_module_name(const char *name, struct barrer_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz", others[] = "0123456789_";
    size_t n = 0;

    for (; name[n] != '\0'; n++)
        if (strchr(letters, name[n]) == NULL && (n == 0 || strchr(others, name[n]) == NULL))
            break;
    if (n > 0 && n <= MAX_NAME && name[n] == '\0')
        return 0;
    return error_fail(err, 0,
                      "plugin \"%s\": not a module name, wanted: at most %d small letters, digits "
                      "and \"_\", without folder and \".so\"",
                      name, MAX_NAME);
}

/* What the loader of the system said, without the file name in front, and what to do about it. */
static int refuse_load(const char *path, const char *file, struct barrer_error *err)
{
    const char *why = dlopen_error, *remedy = "rebuild or reinstall it";
    size_t n = strlen(path);

    if (strncmp(why, path, n) == 0 && strncmp(why + n, ": ", 2) == 0)
        why += n + 2;
    if (strstr(why, "undefined symbol") != NULL)
        remedy =
            "neither the plugin nor a library that it is linked with has it: link what it uses";
    else if (strstr(why, "cannot open shared object file") != NULL)
        remedy = "install the library that it needs";
    return error_fail(err, 0, "\"%s\": cannot be loaded: %s (%s)", file, why, remedy);
}

static int refuse_symbol(const char *file, const char *name, struct barrer_error *err)
{
    return error_fail(err, 0,
                      "\"%s\": exports no symbol \"%s_LTX_barrer\" (not a barrer plugin, or built "
                      "as one of another name: write BARRER_PLUGIN(%s))",
                      file, name, name);
}

/* Nobody but root and barrer's owner can write the file or any folder on the way to it, so there
 * is nobody who could exchange it between this check and dlopen(3): opening the file first and
 * loading its descriptor would keep out only those who may write the plugin anyway, and the
 * dynamic linker takes "/proc/self/fd/N" for the module that was loaded under that name before. */
static int check_file(const struct loader *loader, const char *file, const char *name,
                      struct barrer_error *err)
{
    int r;

    if (getauxval(AT_BASE) == 0)
        return error_fail(err, 0,
                          "plugin \"%s\": not built in, and this barrer is linked statically, so "
                          "it loads no files (use the dynamic build)",
                          name);
    r = path_check_trusted(file, PATH_EXE_OWNER, err);
    if (r == -ENOENT) {
        (void)error_fail(err, 0,
                         "plugin \"%s\": no file \"%s.so\" in \"%s\" (install it, or correct the "
                         "name in barrer.conf)",
                         name, name, loader->folder);
        return complain(err, ENOENT);
    }
    return r < 0 ? error_wrap(err, r, "plugin \"%s\"", name) : 0;
}

#ifdef BARRER_BUILTIN_PLUGINS
static lt_dlhandle open_builtin(const char *name)
{
    lt_dlhandle handle = NULL;
    lt_dladvise advise;

    if (lt_dladvise_init(&advise) != 0)
        return NULL;
    /* Preopened modules are found by a bare name only; with this advice nothing else is tried. */
    if (lt_dladvise_preload(&advise) == 0)
        handle = lt_dlopenadvise(name, advise);
    (void)lt_dladvise_destroy(&advise);
    return handle;
}
#else
static lt_dlhandle open_builtin(const char *name)
{
    (void)name;
    return NULL;
}
#endif

/* Where to open NAME: a path of its own for loader_protect, else FILE. A caller who may not clone
 * mounts does without: root of a container is then not the plugins' owner either, or it is the
 * caller, who may write them anyway. */
static char *path_to_open(struct loader *loader, const char *name, const char *file)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    char *path;

    if (loader->is_protected && loader->read_only_fd < 0) {
        barrer_auto_fd int fd =
            open_tree(AT_FDCWD, loader->folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

        if (fd >= 0 &&
            mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof(read_only)) == 0)
            loader->read_only_fd = barrer_take_fd(&fd);
        else
            loader->is_protected = 0;
    }
    if (loader->read_only_fd < 0)
        return strdup(file);
    return asprintf(&path, "/proc/self/fd/%d/%s.so", loader->read_only_fd, name) < 0 ? NULL : path;
}

/* Find MODULE's descriptor; *RET_FILE is allocated. A built-in of the name comes first. */
static int open_plugin(struct loader *loader, const char *name, char **ret_file,
                       const struct barrer_plugin **ret_plugin, struct barrer_error *err)
{
    char symbol[MAX_NAME + sizeof("_LTX_barrer")];
    lt_dlhandle handle = open_builtin(name);
    barrer_auto_free char *file = NULL, *path = NULL;

    if ((handle != NULL ? asprintf(&file, BUILT_IN)
                        : asprintf(&file, "%s/%s.so", loader->folder, name)) < 0)
        return error_fail(err, ENOMEM, "load plugin \"%s\"", name);
    if (handle == NULL) {
        int r = check_file(loader, file, name, err);

        if (r < 0)
            return r;
        /* A path with a folder, so that libltdl searches nowhere; not lt_dlopenext, which would
         * prefer a NAME.la. */
        path = path_to_open(loader, name, file);
        handle = path != NULL ? lt_dlopen(path) : NULL;
        if (handle == NULL)
            return path != NULL ? refuse_load(path, file, err)
                                : error_fail(err, ENOMEM, "load plugin \"%s\"", name);
    }
    (void)snprintf(symbol, sizeof(symbol), "%s_LTX_barrer", name);
    *ret_plugin = lt_dlsym(handle, symbol);
    if (*ret_plugin == NULL)
        return refuse_symbol(file, name, err);
    *ret_file = file;
    file = NULL;
    return 0;
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

int loader_load(struct loader *loader, const char *name, unsigned kind,
                const struct barrer_plugin **ret_plugin, struct barrer_error *err)
{
    const struct module *known = find_module(loader, name);
    const struct barrer_plugin *plugin;
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
        r = open_plugin(loader, name, &file, &plugin, err);
    if (r < 0)
        return r;
    r = descriptor_check(file, name, plugin, kind, err);
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
