/* SPDX-License-Identifier: Apache-2.0 */
#include "clrhost.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* As the host "native" has it. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *clrhost_variable(const char *const *environment, const char *name)
{
    size_t n = strlen(name);

    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return *environment + n + 1;
    return NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static int ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), n_end = strlen(end);

    return n > n_end && strcasecmp(text + n - n_end, end) == 0;
}

/* A descriptor (O_PATH) of the regular file NAME, seen from CWD in the container; -errno. */
static int open_file(const struct clrhost *self, const struct barrer_runtime_request *request,
                     const char *name, const char *suffix)
{
    barrer_auto_fd int fd = -1;
    char path[PATH_MAX];
    struct stat st;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s%s", name[0] == '/' ? "" : request->cwd, name,
                         suffix) >= sizeof(path))
        return -ENAMETOOLONG;
    fd = self->host->open_in_root(self->host, request->root_fd, path, O_PATH, 0, NULL);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return -EISDIR;
    return barrer_take_fd(&fd);
}

static int is_file(const struct clrhost *self, const struct barrer_runtime_request *request,
                   const char *name, const char *suffix)
{
    barrer_auto_fd int fd = open_file(self, request, name, suffix);

    return fd >= 0;
}

static ssize_t read_head(const struct clrhost *self, int fd, char *head, size_t size)
{
    barrer_auto_fd int folder_fd =
        self->host->open_proc(self->host, "self/fd", O_PATH | O_DIRECTORY, NULL);
    barrer_auto_fd int file_fd = -1;
    char name[16];

    (void)snprintf(name, sizeof(name), "%d", fd);
    file_fd = folder_fd < 0 ? -1 : openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return file_fd < 0 ? -errno : pread(file_fd, head, size, 0);
}

/* Whether a search for "dotnet" in the container finds one. */
static int has_dotnet(const struct clrhost *self, const struct barrer_runtime_request *request)
{
    const char *folders = clrhost_variable(request->environment, "PATH");

    if (folders == NULL)
        folders = DEFAULT_PATH;
    for (;;) {
        size_t n = strcspn(folders, ":");
        char path[PATH_MAX];

        if ((size_t)snprintf(path, sizeof(path), "%.*s/dotnet", (int)n, folders) < sizeof(path) &&
            n > 0 && is_file(self, request, path, ""))
            return 1;
        if (folders[n] == '\0')
            return 0;
        folders += n + 1;
    }
}

/* "dotnet" as a command of a script, or as an argument of its own. */
static int speaks_of_dotnet(const char *text)
{
    for (const char *p = text; (p = strstr(p, "dotnet")) != NULL; p += 6) {
        int is_start = p == text || isspace((unsigned char)p[-1]) || strchr(";&|('\"`", p[-1]);

        if (is_start && (p[6] == '\0' || isspace((unsigned char)p[6])))
            return 1;
    }
    return 0;
}

/* IS_SCRIPT: of args[0], to which an assembly is not given to be read. */
static int is_wrapper(const struct barrer_runtime_request *request, int is_script)
{
    for (size_t i = 1; request->args[i] != NULL; i++)
        if (speaks_of_dotnet(request->args[i]) || (is_script && ends_in(request->args[i], ".dll")))
            return 1;
    return 0;
}

/* By name and content. What is wrong with an assembly, the launcher says. */
static enum clrhost_form read_form(const struct clrhost *self,
                                   const struct barrer_runtime_request *request)
{
    const char *name = request->args[0];
    int is_named = ends_in(name, ".dll") || ends_in(name, ".exe");
    barrer_auto_fd int fd = -1;
    char head[4] = "";
    ssize_t n;

    if (ends_in(name, ".so"))
        return CLRHOST_LIBRARY;
    if (strchr(name, '/') == NULL && !is_named)
        return is_wrapper(request, 0) ? CLRHOST_WRAPPER : CLRHOST_NONE;
    fd = open_file(self, request, name, "");
    n = fd < 0 ? 0 : read_head(self, fd, head, sizeof(head));
    if (n >= 2 && memcmp(head, "MZ", 2) == 0)
        return CLRHOST_ASSEMBLY;
    if (n == 4 && memcmp(head, "\177ELF", 4) == 0 && is_file(self, request, name, ".dll"))
        return CLRHOST_APPHOST;
    if (ends_in(name, ".dll"))
        return CLRHOST_ASSEMBLY;
    return is_wrapper(request, n >= 2 && memcmp(head, "#!", 2) == 0) ? CLRHOST_WRAPPER
                                                                     : CLRHOST_NONE;
}

void clrhost_command_read(const struct clrhost *self, const struct barrer_runtime_request *request,
                          struct clrhost_command *command)
{
    const char *name = request->args[0];

    *command = (struct clrhost_command){.form = CLRHOST_NONE};
    if (strcmp(base_name(name), "dotnet") == 0) {
        command->form = CLRHOST_MUXER;
        command->has_dotnet = strchr(name, '/') != NULL ? is_file(self, request, name, "")
                                                        : has_dotnet(self, request);
        return;
    }
    command->form = read_form(self, request);
    if (command->form != CLRHOST_NONE)
        command->has_dotnet = has_dotnet(self, request);
}
