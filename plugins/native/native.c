/* SPDX-License-Identifier: Apache-2.0
 *
 * The runtime host "native": the payload is a program that the kernel can execute, found as a
 * shell would find it. Nothing runs beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrer/runtime.h>
#include <barrer/util.h>

/* Searched when the payload's environment has no PATH. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct instance {
    const struct barrer_host *host;
    char *path; /* of the payload, when it was searched for */
};

/* Whether the caller may execute PATH: 0, or -errno; -EISDIR for what is not a regular file.
 * access(2) asks for the real ids, which equal the effective ones here, but with fewer
 * capabilities; where that makes a difference faccessat2(2) (Linux 5.8) decides. It is not asked
 * first, since seccomp filters older than it make it fail for no reason of the file. */
static int check_executable(const char *path)
{
    struct stat st;

    if (access(path, X_OK) < 0) {
        int saved = errno;

        if (saved != EACCES || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
            return -saved;
    }
    if (stat(path, &st) < 0)
        return -errno;
    return S_ISREG(st.st_mode) ? 0 : -EISDIR;
}

/* The texts are those by which container engines tell exit status 126 from 127. Some look for the
 * system's text as Go has it, in lower case, so it is not left to the core to append it. */
static int fail_executable(const struct barrer_host *host, int r, const char *path,
                           struct barrer_error *err)
{
    switch (r) {
    case -EISDIR:
        (void)barrer_fail(host, err, 0, "exec: the path `%s` is not a regular file: permission denied", path);
        return -EACCES;
    case -EACCES:
        (void)barrer_fail(host, err, 0, "open executable `%s`: permission denied", path);
        return r;
    case -ENOENT:
        (void)barrer_fail(host, err, 0, "open executable `%s`: no such file or directory", path);
        return r;
    }
    return barrer_fail(host, err, -r, "open executable `%s`", path);
}

static int fail_not_found(const struct barrer_host *host, const char *name,
                          struct barrer_error *err)
{
    (void)barrer_fail(host, err, 0,
                      "executable file `%s` not found in $PATH: no such file or directory", name);
    return -ENOENT;
}

static const char *find_variable(const char *const *environment, const char *name)
{
    size_t n = strlen(name);

    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return *environment + n + 1;
    return NULL;
}

/* A file that is there and cannot be executed is worth reporting when nothing else is found. A
 * folder that the payload's user may not search fails with the same EACCES and is passed over. */
static int is_refused(int r, const char *path)
{
    struct stat st;

    return r == -EACCES && stat(path, &st) == 0;
}

static int search(struct instance *self, const char *name, const char *folders,
                  struct barrer_error *err)
{
    char candidate[PATH_MAX], refused[PATH_MAX] = "";

    for (const char *folder = folders; folder != NULL;) {
        size_t n = strcspn(folder, ":");
        /* An empty element is the working directory (POSIX.1, "PATH"). */
        int length = snprintf(candidate, sizeof(candidate), "%.*s%s%s", (int)n, n > 0 ? folder : "",
                              n > 0 ? "/" : "./", name);
        int r;

        folder = folder[n] == ':' ? folder + n + 1 : NULL;
        if (length >= (int)sizeof(candidate))
            continue;
        r = check_executable(candidate);
        if (r == 0) {
            self->path = strdup(candidate);
            return self->path != NULL ? 0
                                      : barrer_fail(self->host, err, ENOMEM, "find the payload");
        }
        if (refused[0] == '\0' && is_refused(r, candidate))
            memcpy(refused, candidate, (size_t)length + 1);
    }
    if (refused[0] != '\0')
        return fail_executable(self->host, -EACCES, refused, err);
    return fail_not_found(self->host, name, err);
}

static int match(void *data, const struct barrer_runtime_request *request, struct barrer_error *err)
{
    (void)data;
    (void)request;
    (void)err;
    return 1;
}

static int resolve(void *data, const struct barrer_runtime_request *request,
                   struct barrer_payload *payload, struct barrer_error *err)
{
    struct instance *self = data;
    const char *name = request->args[0], *folders;
    int r;

    payload->fd = -1;
    payload->args = request->args;
    payload->environment = request->environment;
    if (strchr(name, '/') != NULL) {
        r = check_executable(name);
        if (r < 0)
            return fail_executable(self->host, r, name, err);
        payload->path = name;
        return 0;
    }
    if (name[0] == '\0')
        return fail_not_found(self->host, name, err);
    folders = find_variable(request->environment, "PATH");
    r = search(self, name, folders != NULL ? folders : DEFAULT_PATH, err);
    if (r < 0)
        return r;
    payload->path = self->path;
    return 0;
}

static int open_instance(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct instance *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin \"native\"");
    self->host = host;
    *ret_self = self;
    return 0;
}

static void close_instance(void *data)
{
    struct instance *self = data;

    free(self->path);
    free(self);
}

static const char *const honours[] = {"process.args", "process.env", NULL};

static const struct barrer_runtime_ops ops = {
    .size = sizeof(ops),
    .match = match,
    .resolve = resolve,
};

BARRER_PLUGIN(native) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RUNTIME,
    .name = "native",
    .version = "0.1",
    .summary = "runs a program that the kernel can execute",
    .honours = honours,
    .open = open_instance,
    .close = close_instance,
    .ops = &ops,
};
