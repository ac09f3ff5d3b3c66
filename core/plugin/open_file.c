/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins from files, by libltdl; and those that --enable-builtin-plugins preopens.
 */
#include "plugin/opener.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ltdl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/path.h"

#define BUILT_IN "(built in)"

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

int opener_is_at_hand(const struct opener *opener, const char *name)
{
    (void)opener;
    (void)name;
    return 1;
}

int opener_loads_files(void)
{
    return getauxval(AT_BASE) != 0;
}

int opener_has_successor(void)
{
    return 0;
}

int opener_init(struct opener *opener, char *folder, struct barrer_error *err)
{
    int r = start_ltdl(err);

    *opener = (struct opener){.folder = folder, .read_only_fd = -1};
    if (r < 0)
        free(folder);
    return r;
}

void opener_fini(struct opener *opener)
{
    barrer_close_fd(&opener->read_only_fd);
    free(opener->folder);
    (void)lt_dlexit();
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
static int check_file(const struct opener *opener, const char *file, const char *name,
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
                         name, name, opener->folder);
        /* The text is complete in itself. */
        if (err != NULL)
            err->errnum = ENOENT;
        return -ENOENT;
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

/* Where to open NAME: a path of its own for IS_PROTECTED, else FILE. A caller who may not clone
 * mounts does without: root of a container is then not the plugins' owner either, or it is the
 * caller, who may write them anyway. */
static char *path_to_open(struct opener *opener, const char *name, const char *file)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    char *path;

    if (opener->is_protected && opener->read_only_fd < 0) {
        barrer_auto_fd int fd =
            open_tree(AT_FDCWD, opener->folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

        if (fd >= 0 &&
            mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only, sizeof(read_only)) == 0)
            opener->read_only_fd = barrer_take_fd(&fd);
        else
            opener->is_protected = 0;
    }
    if (opener->read_only_fd < 0)
        return strdup(file);
    return asprintf(&path, "/proc/self/fd/%d/%s.so", opener->read_only_fd, name) < 0 ? NULL : path;
}

/* A built-in of the name comes first. */
int opener_open(struct opener *opener, const char *name, char **ret_file,
                const struct barrer_plugin **ret_plugin, struct barrer_error *err)
{
    char symbol[OPENER_NAME_MAX + sizeof("_LTX_barrer")];
    lt_dlhandle handle = open_builtin(name);
    const int is_builtin = handle != NULL;
    barrer_auto_free char *file = NULL, *path = NULL;

    if ((is_builtin ? asprintf(&file, BUILT_IN)
                    : asprintf(&file, "%s/%s.so", opener->folder, name)) < 0)
        return error_fail(err, ENOMEM, "load plugin \"%s\"", name);
    if (!is_builtin) {
        int r = check_file(opener, file, name, err);

        if (r < 0)
            return r;
        /* A path with a folder, so that libltdl searches nowhere; not lt_dlopenext, which would
         * prefer a NAME.la. */
        path = path_to_open(opener, name, file);
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
    return is_builtin;
}
