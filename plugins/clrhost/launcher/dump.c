/* SPDX-License-Identifier: Apache-2.0
 *
 * The runtime's program that writes crash dumps is linked to the libraries of the system, which a
 * container may not have. The launcher is mounted over it, and starts it with those that came
 * along.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher.h"

#ifdef LAUNCHER_LOADER
static const char name[] = "/createdump";

/* ".../10.0.12/createdump" is "createdump/10.0.12" of the layer. */
static int find_program(const char *called, char *path, size_t size)
{
    size_t n = strlen(called), n_name = sizeof(name) - 1;
    const char *version;

    if (n <= n_name || strcmp(called + n - n_name, name) != 0)
        return 0;
    version = memrchr(called, '/', n - n_name);
    return version != NULL &&
           (size_t)snprintf(path, size, LAUNCHER_LAYER "createdump%.*s",
                            (int)(called + n - n_name - version), version) < size;
}

void launch_dump(int argc, char **argv)
{
    static const char *const loader[] = {LAUNCHER_LOADER, "--library-path", LAUNCHER_LAYER "lib"};
    const char **args;
    char path[PATH_MAX];

    if (argc < 1 || !find_program(argv[0], path, sizeof(path)))
        return;
    args = calloc((size_t)argc + 4, sizeof(*args));
    if (args == NULL)
        launch_fail(LAUNCH_CANNOT_START, "write a crash dump: out of memory");
    memcpy(args, loader, sizeof(loader));
    args[3] = path;
    for (int i = 1; i < argc; i++)
        args[3 + i] = argv[i];
    (void)execv(loader[0], (char **)(uintptr_t)args);
    launch_fail(LAUNCH_CANNOT_START, "write a crash dump: execute \"%s\": %s", path,
                strerror(errno));
}
#else
void launch_dump(int argc, char **argv)
{
    (void)argc, (void)argv;
}
#endif
