/* SPDX-License-Identifier: Apache-2.0
 *
 * The C and C++ libraries of the host that CoreCLR is linked with, and those that .NET opens when
 * they are there: a container may have none, or others.
 */
#include "clrhost.h"

#include <limits.h>
#include <stdio.h>

#if defined(__aarch64__)
#define TRIPLET "aarch64-linux-gnu"
#define LOADER "ld-linux-aarch64.so.1"
#else
#define TRIPLET "x86_64-linux-gnu"
#define LOADER "ld-linux-x86-64.so.2"
#endif

/* libcoreclr's own needs, and theirs. libc's companions are empty since glibc 2.34, and needed. */
static const char *const required[] = {LOADER,
                                       "libc.so.6",
                                       "libm.so.6",
                                       "libdl.so.2",
                                       "libpthread.so.0",
                                       "librt.so.1",
                                       "libgcc_s.so.1",
                                       "libstdc++.so.6",
#ifdef CLRHOST_LAUNCHER_NEEDS
                                       CLRHOST_LAUNCHER_NEEDS,
#endif
                                       NULL};
static const char *const optional[] = {"libssl.so.3", "libcrypto.so.3", "libssl.so.1.1",
                                       "libcrypto.so.1.1", NULL};
static const char folders[] =
    "/lib/" TRIPLET " /usr/lib/" TRIPLET " /lib64 /usr/lib64 /lib /usr/lib";

/* The versions of ICU that .NET looks for, the newest first, and its parts. */
#define ICU_NEWEST 90
#define ICU_OLDEST 50
static const char *const icu[] = {"libicuuc", "libicui18n", "libicudata", NULL};

/* Find NAME in the folders: a text of SELF, or NULL. */
static const char *find(struct clrhost *self, const char *list, const char *name)
{
    for (;;) {
        size_t n = strcspn(list, " ");
        char path[PATH_MAX];

        if ((size_t)snprintf(path, sizeof(path), "%.*s/%s", (int)n, list, name) < sizeof(path) &&
            access(path, R_OK) == 0)
            return clrhost_text(self, "%s", path);
        if (list[n] == '\0')
            return NULL;
        list += n + 1;
    }
}

static int add(struct clrhost *self, const char *name, const char *file, struct barrer_error *err)
{
    return clrhost_add(self, BARRER_LAYER_MOUNT, clrhost_text(self, "lib/%s", name), file, err);
}

static int add_required(struct clrhost *self, const char *list, const char *name,
                        struct barrer_error *err)
{
    const char *file = find(self, list, name);

    if (file == NULL)
        return barrer_fail(self->host, err, ENOENT,
                           "find %s for .NET in the folders %s of this host (install it, or set "
                           "[plugin clrhost] library-path)",
                           name, list);
    return add(self, name, file, err);
}

static int add_icu(struct clrhost *self, const char *list, struct barrer_error *err)
{
    for (int version = ICU_NEWEST; version >= ICU_OLDEST; version--) {
        char name[32];
        int r = 0;

        (void)snprintf(name, sizeof(name), "%s.so.%d", icu[0], version);
        if (find(self, list, name) == NULL)
            continue;
        for (const char *const *part = icu; r == 0 && *part != NULL; part++) {
            (void)snprintf(name, sizeof(name), "%s.so.%d", *part, version);
            r = add_required(self, list, name, err);
        }
        return r;
    }
    return 0;
}

/* `libraries =`: names that are to be there. */
static int add_further(struct clrhost *self, const char *list, const char *names,
                       struct barrer_error *err)
{
    int r = 0;

    while (r == 0 && names != NULL && *names != '\0') {
        size_t n = strcspn(names, " ");
        char name[NAME_MAX + 1];

        (void)snprintf(name, sizeof(name), "%.*s", (int)n, names);
        names += n + (names[n] == ' ');
        r = strchr(name, '/') == NULL
                ? add_required(self, list, name, err)
                : barrer_fail(self->host, err, EINVAL,
                              "[plugin clrhost] libraries: expected a file name such as "
                              "libfoo.so.1, got \"%s\"",
                              name);
    }
    return r;
}

int clrhost_add_libraries(struct clrhost *self, struct barrer_error *err)
{
    const struct barrer_host *host = self->host;
    const char *list = host->option(host, "library-path");
    int r = clrhost_add(self, BARRER_LAYER_FOLDER, "lib", NULL, err);

    if (list == NULL)
        list = folders;
    for (size_t i = 0; r == 0 && required[i] != NULL; i++)
        r = add_required(self, list, required[i], err);
    for (size_t i = 0; r == 0 && optional[i] != NULL; i++) {
        const char *file = find(self, list, optional[i]);

        if (file != NULL)
            r = add(self, optional[i], file, err);
    }
    if (r == 0)
        r = add_icu(self, list, err);
    return r < 0 ? r : add_further(self, list, host->option(host, "libraries"), err);
}
