/* SPDX-License-Identifier: Apache-2.0
 *
 * What the operator wants of every run: a file of KEY=VALUE lines, in containers.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <barrer/util.h>

#include "launcher.h"

static const struct {
    const char *name;
    enum launch_mode mode;
} modes[] = {
    {"auto", MODE_AUTO}, {"hostfxr", MODE_HOSTFXR}, {"direct", MODE_DIRECT}, {"aot", MODE_AOT}};

int launch_set(struct launch *launch, const char *key, const char *value)
{
    if (strcmp(key, "mode") == 0) {
        for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
            if (strcmp(value, modes[i].name) == 0) {
                launch->mode = modes[i].mode;
                return 0;
            }
        return -1;
    }
    if (strcmp(key, "entry") == 0)
        launch->entry = value;
    else if (strcmp(key, "gen0-budget") == 0)
        launch->gen0_budget = value;
    else if (strcmp(key, "diagnostics") == 0)
        launch->has_diagnostics = strcmp(value, "yes") == 0;
    else if (strcmp(key, "no-runtime") == 0)
        launch->no_runtime = value;
    else if (strcmp(key, "memory-limit") == 0)
        launch->memory_limit = strtoull(value, NULL, 10);
    else
        return -1;
    return 0;
}

static void read_file(struct launch *launch, const char *file)
{
    static char text[8192]; /* values point into it */
    char *next = text, *line;

    if (barrer_read_at(AT_FDCWD, file, text, sizeof(text)) < 0)
        return;
    while ((line = strsep(&next, "\n")) != NULL) {
        char *equals = strchr(line, '=');

        if (equals == NULL)
            continue;
        *equals = '\0';
        (void)launch_set(launch, line, equals + 1);
    }
}

static int has_hosts(const char *root)
{
    char path[PATH_MAX];

    return (size_t)snprintf(path, sizeof(path), "%s/host/fxr", root) < sizeof(path) &&
           access(path, F_OK) == 0;
}

/* The system's .NET, as .NET's own hosts look for it. */
static char *find_dotnet(void)
{
    static const char *const folders[] = {"/usr/share/dotnet",
                                          "/usr/lib/dotnet",
                                          "/usr/lib64/dotnet",
                                          "/usr/local/share/dotnet",
                                          "/usr/local/lib/dotnet",
                                          "/opt/dotnet",
                                          NULL};
    const char *root = getenv("DOTNET_ROOT");
    char line[PATH_MAX];

    if (root != NULL && root[0] != '\0')
        return realpath(root, NULL);
    if (barrer_read_at(AT_FDCWD, "/etc/dotnet/install_location", line, sizeof(line)) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        return realpath(line, NULL);
    }
    for (const char *const *folder = folders; *folder != NULL; folder++)
        if (has_hosts(*folder))
            return realpath(*folder, NULL);
    return NULL;
}

void launch_read_settings(struct launch *launch)
{
    launch->gen0_budget = "1048576";
    if (LAUNCHER_IN_CONTAINER) {
        launch->dotnet_root = strdup(LAUNCHER_LAYER "root");
        read_file(launch, LAUNCHER_LAYER "settings");
    } else {
        launch->dotnet_root = find_dotnet();
    }
}
