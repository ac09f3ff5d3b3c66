/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>

#include "launcher.h"

const char *properties_get(const struct properties *properties, const char *key)
{
    for (size_t i = 0; i < properties->n; i++)
        if (strcmp(properties->all[i].key, key) == 0)
            return properties->all[i].value;
    return NULL;
}

void properties_add(struct properties *properties, const char *key, const char *value)
{
    struct property *larger;

    if (properties_get(properties, key) != NULL)
        return;
    larger = reallocarray(properties->all, properties->n + 1, sizeof(*larger));
    if (larger == NULL)
        launch_fail(LAUNCH_CANNOT_START, "start .NET: out of memory");
    larger[properties->n++] = (struct property){key, value};
    properties->all = larger;
}

static int folder_has_icu(const char *path)
{
    DIR *folder = opendir(path);
    int is_there = 0;

    if (folder == NULL)
        return 0;
    for (struct dirent *entry; !is_there && (entry = readdir(folder)) != NULL;)
        is_there = strncmp(entry->d_name, "libicuuc.so.", 12) == 0;
    (void)closedir(folder);
    return is_there;
}

int launch_has_icu(void)
{
    static const char *const folders[] = {
#if LAUNCHER_IN_CONTAINER
        LAUNCHER_LAYER "lib",
#endif
#if defined(__aarch64__)
        "/usr/lib/aarch64-linux-gnu",
        "/lib/aarch64-linux-gnu",
#else
        "/usr/lib/x86_64-linux-gnu",
        "/lib/x86_64-linux-gnu",
#endif
        "/usr/lib64",
        "/lib64",
        "/usr/lib",
        "/lib",
        NULL
    };

    for (const char *const *folder = folders; *folder != NULL; folder++)
        if (folder_has_icu(*folder))
            return 1;
    return 0;
}

/* Where the container has its cgroups mounted, the runtime reads its limit there. */
static int sees_cgroups(void)
{
    struct statfs fs;

    return statfs("/sys/fs/cgroup", &fs) == 0 &&
           (fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == TMPFS_MAGIC);
}

/* As the runtime does it with a limit that it reads itself: three quarters. */
static void add_heap_limit(const struct launch *launch, struct properties *defaults)
{
    static char text[32];

    if (launch->memory_limit == 0 || getenv("DOTNET_GCHeapHardLimit") != NULL || sees_cgroups())
        return;
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)(launch->memory_limit / 4 * 3));
    properties_add(defaults, "System.GC.HeapHardLimit", text);
}

static void add_globalization(struct properties *defaults,
                              const char *(*get)(void *arg, const char *key), void *arg)
{
    static const char key[] = "System.Globalization.Invariant";
    const char *said = get(arg, key);

    if (said != NULL && strcasecmp(said, "true") == 0)
        return;
    if (launch_has_icu())
        return;
    if (said == NULL)
        properties_add(defaults, key, "true");
    else
        launch_fail(LAUNCH_CANNOT_START,
                    "start .NET: the application wants cultures (%s is \"%s\") and there is no ICU "
                    "(install libicu on the host or in the image, or let InvariantGlobalization be "
                    "true)",
                    key, said);
}

void launch_add_defaults(const struct launch *launch, struct properties *defaults,
                         const char *(*get)(void *arg, const char *key), void *arg)
{
    if (strcmp(launch->gen0_budget, "0") != 0)
        properties_add(defaults, "System.GC.Gen0MaxBudget", launch->gen0_budget);
    add_heap_limit(launch, defaults);
    add_globalization(defaults, get, arg);
}
