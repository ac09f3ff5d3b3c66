/* SPDX-License-Identifier: Apache-2.0
 *
 * The application's files, looked at before the runtime does: what it cannot load, it answers with
 * an abort and a stack trace.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrer/util.h>

#include "image.h"
#include "launcher.h"

int launch_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Not realpath(3): the application's own idea of its folder is that of its name. */
static void find_path(struct launch *launch)
{
    char cwd[PATH_MAX] = "";
    char *slash;

    if (launch->app[0] != '/' && getcwd(cwd, sizeof(cwd)) == NULL)
        launch_fail(LAUNCH_CANNOT_START, "run \"%s\": the working directory is gone", launch->app);
    if (asprintf(&launch->path, "%s%s%s", cwd,
                 launch->app[0] == '/' || strcmp(cwd, "/") == 0 ? "" : "/", launch->app) < 0)
        launch_fail(LAUNCH_CANNOT_START, "run \"%s\": out of memory", launch->app);
    if (cwd[0] == '/' && cwd[1] == '\0' && asprintf(&launch->path, "/%s", launch->app) < 0)
        launch_fail(LAUNCH_CANNOT_START, "run \"%s\": out of memory", launch->app);
    launch->folder = strdup(launch->path);
    slash = launch->folder != NULL ? strrchr(launch->folder, '/') : NULL;
    if (slash == NULL)
        launch_fail(LAUNCH_CANNOT_START, "run \"%s\": out of memory", launch->app);
    *(slash == launch->folder ? slash + 1 : slash) = '\0';
}

static int open_app(const struct launch *launch)
{
    int fd = open(launch->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd >= 0)
        return fd;
    if (errno == ENOENT || errno == ENOTDIR)
        launch_fail(LAUNCH_NOT_FOUND,
                    "run \"%s\": there is no such assembly (looked for \"%s\"; publish the "
                    "application into the container, or change its working directory)",
                    launch->app, launch->path);
    if (errno == EACCES)
        launch_fail(LAUNCH_NOT_RUNNABLE,
                    "run \"%s\": user %u may not read it: permission denied (chmod a+r the "
                    "application's files, and "
                    "a+x its folders)",
                    launch->path, (unsigned)geteuid());
    launch_fail(LAUNCH_NOT_RUNNABLE, "open \"%s\": %s", launch->path, strerror(errno));
}

static void check_kind(const struct launch *launch, const struct image *image)
{
    const char *what = NULL;

    switch (image->kind) {
    case IMAGE_ASSEMBLY:
        return;
    case IMAGE_EMPTY:
        what = "the file is empty";
        break;
    case IMAGE_ELF:
        what = "it is a program of the kernel's (run it without \"dotnet\")";
        break;
    case IMAGE_NATIVE:
        what = "it is a program of Windows without .NET in it";
        break;
    case IMAGE_TRUNCATED:
        what = "the file is cut off (publish it again)";
        break;
    case IMAGE_OTHER:
        what = "its content is of another kind (give the .dll that \"dotnet publish\" made)";
        break;
    }
    launch_fail(LAUNCH_NOT_RUNNABLE, "run \"%s\": it is no .NET assembly: %s", launch->path, what);
}

static void check_image(const struct launch *launch, int fd)
{
    struct image image;
    int r = image_read_fd(fd, &image);

    if (r == -EISDIR)
        launch_fail(LAUNCH_NOT_RUNNABLE,
                    "run \"%s\": it is not a regular file (give the .dll that \"dotnet publish\" "
                    "made)",
                    launch->path);
    if (r < 0)
        launch_fail(LAUNCH_NOT_RUNNABLE, "read \"%s\": %s", launch->path, strerror(-r));
    check_kind(launch, &image);
    if (!image.is_for_machine)
        launch_fail(LAUNCH_NOT_RUNNABLE,
                    "run \"%s\": it is built for %s and cannot be loaded on this machine (build it "
                    "for AnyCPU, or for this one)",
                    launch->path, image_machine_name(image.machine));
    if (image.entry_point == 0 && launch->entry == NULL)
        launch_fail(
            LAUNCH_NOT_RUNNABLE,
            "run \"%s\": it is a library and has no entry point (give the assembly that has "
            "a Main)",
            launch->path);
}

/* .NET's host would wait for ever to open a pipe. */
static void check_beside(const struct launch *launch, const char *suffix)
{
    char *path = launch_beside(launch, suffix);
    struct stat st;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        launch_fail(LAUNCH_NOT_RUNNABLE,
                    "run \"%s\": \"%s\" is not a regular file (publish it again)", launch->app,
                    path);
    free(path);
}

/* The runtime answers a startup hook that is not there with an abort. Names without a "/" are
 * assemblies that it looks for. */
static void check_hooks(const struct launch *launch)
{
    const char *hooks = getenv("DOTNET_STARTUP_HOOKS");
    char path[PATH_MAX];

    while (hooks != NULL && *hooks != '\0') {
        size_t n = strcspn(hooks, ":");

        (void)snprintf(path, sizeof(path), "%.*s", (int)n, hooks);
        if (path[0] == '/' && access(path, R_OK) < 0)
            launch_fail(LAUNCH_NOT_FOUND,
                        "run \"%s\": open the startup hook \"%s\" of DOTNET_STARTUP_HOOKS: %s "
                        "(unset the variable, or have the file in the container)",
                        launch->app, path, strerror(errno));
        hooks += n + (hooks[n] == ':');
    }
}

void launch_check_app(struct launch *launch)
{
    barrer_auto_fd int fd = -1;

    find_path(launch);
    fd = open_app(launch);
    check_image(launch, fd);
    check_beside(launch, ".runtimeconfig.json");
    check_beside(launch, ".runtimeconfig.dev.json");
    check_beside(launch, ".deps.json");
    check_hooks(launch);
}

char *launch_beside(const struct launch *launch, const char *suffix)
{
    size_t n = strlen(launch->path);
    char *path = NULL;

    if (n > 4 && launch->path[n - 4] == '.')
        n -= 4;
    if (asprintf(&path, "%.*s%s", (int)n, launch->path, suffix) < 0)
        launch_fail(LAUNCH_CANNOT_START, "run \"%s\": out of memory", launch->app);
    return path;
}

/* A library that is cut off ends the process with SIGBUS where it is loaded. */
static void check_library(const char *folder, const char *name)
{
    char path[PATH_MAX];
    barrer_auto_fd int fd = -1;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        launch_fail(LAUNCH_NOT_FOUND,
                    "start .NET: open \"%s\" of the runtime: %s (install the runtime again)", path,
                    strerror(errno));
    if (image_is_whole_elf(fd) <= 0)
        launch_fail(LAUNCH_NOT_FOUND,
                    "start .NET: \"%s\" of the runtime is cut off, or not for this machine "
                    "(install the runtime again)",
                    path);
}

void launch_check_runtime(const char *folder)
{
    static const char *const libraries[] = {"libcoreclr.so", "libclrjit.so", "libSystem.Native.so",
                                            NULL};
    char path[PATH_MAX];
    barrer_auto_fd int fd = -1;
    struct image image;

    for (const char *const *name = libraries; *name != NULL; name++)
        check_library(folder, *name);
    (void)snprintf(path, sizeof(path), "%s/System.Private.CoreLib.dll", folder);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || image_read_fd(fd, &image) < 0 || image.kind != IMAGE_ASSEMBLY)
        launch_fail(LAUNCH_NOT_FOUND,
                    "start .NET: \"%s\" of the runtime is missing or damaged (install the runtime "
                    "again)",
                    path);
}
