/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the host's .NET is: as .NET's own hosts look for it, after the operator's word for it.
 */
#include "clrhost.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#if defined(__aarch64__)
#define ARCHITECTURE "arm64"
#define VARIABLE "DOTNET_ROOT_ARM64"
#else
#define ARCHITECTURE "x64"
#define VARIABLE "DOTNET_ROOT_X64"
#endif

static const char *const usual[] = {"/usr/share/dotnet",
                                    "/usr/lib/dotnet",
                                    "/usr/lib64/dotnet",
                                    "/usr/local/share/dotnet",
                                    "/usr/local/lib/dotnet",
                                    "/opt/dotnet",
                                    NULL};

static int is_dotnet(const char *root)
{
    char path[PATH_MAX];
    struct stat st;

    return root[0] == '/' &&
           (size_t)snprintf(path, sizeof(path), "%s/host/fxr", root) < sizeof(path) &&
           stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The first line of the file that an installation registers itself with. */
static int read_location(const char *file, char *line, size_t size)
{
    ssize_t n = barrer_read_at(AT_FDCWD, file, line, size);

    if (n <= 0)
        return 0;
    line[strcspn(line, "\r\n")] = '\0';
    return line[0] == '/';
}

static int take(const char *root, char **ret_root)
{
    *ret_root = realpath(root, NULL);
    return *ret_root != NULL;
}

/* What somebody chose is right, or wrong: it is not passed over in silence. */
static const char *check_chosen(struct clrhost *self, const char *by, const char *root,
                                char **ret_root)
{
    if (is_dotnet(root) && take(root, ret_root))
        return NULL;
    return clrhost_text(self,
                        "find a .NET runtime in \"%s\" of %s: there is no folder host/fxr in it "
                        "(install .NET there, or change %s)",
                        root, by, by);
}

const char *clrhost_find_dotnet(struct clrhost *self, char **ret_root)
{
    static const char *const variables[] = {VARIABLE, "DOTNET_ROOT", NULL};
    static const char *const files[] = {"/etc/dotnet/install_location_" ARCHITECTURE,
                                        "/etc/dotnet/install_location", NULL};
    const char *root = self->host->option(self->host, "dotnet-root");
    char line[PATH_MAX];

    if (root != NULL)
        return check_chosen(self, "[plugin clrhost] dotnet-root", root, ret_root);
    for (const char *const *name = variables; *name != NULL; name++)
        if ((root = getenv(*name)) != NULL && root[0] != '\0')
            return check_chosen(self, *name, root, ret_root);
    for (const char *const *file = files; *file != NULL; file++)
        if (read_location(*file, line, sizeof(line)))
            return check_chosen(self, *file, line, ret_root);
    for (const char *const *folder = usual; *folder != NULL; folder++)
        if (is_dotnet(*folder) && take(*folder, ret_root))
            return NULL;
    return "find a .NET runtime on the host: none in /usr/share/dotnet, /usr/lib/dotnet, "
           "/usr/lib64/dotnet, /usr/local/share/dotnet, /usr/local/lib/dotnet or /opt/dotnet "
           "(install one, or set [plugin clrhost] dotnet-root or DOTNET_ROOT)";
}
