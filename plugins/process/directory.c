/* SPDX-License-Identifier: Apache-2.0 */
#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <barrer/util.h>

/* Make NAME, the last component of PATH, below PARENT_FD unless it is there; open it. */
static int make_folder(const struct barrer_host *host, int root_fd, int parent_fd, const char *path,
                       const char *name, struct barrer_error *err)
{
    int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    int fd = host->open_in_root(host, root_fd, path, flags, 0, err);

    if (fd != -ENOENT)
        return fd;
    if (mkdirat(parent_fd, name, 0755) < 0)
        return barrer_fail(host, err, errno, "make the working directory \"%s\"", path);
    return host->open_in_root(host, root_fd, path, flags, 0, err);
}

/* mkdir -p within the root. Magic links such as /proc/self/fd/7 are refused by open_in_root, so
 * that nothing is made outside of it. */
static int make_folders(const struct barrer_host *host, const char *cwd, struct barrer_error *err)
{
    barrer_auto_fd int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    barrer_auto_fd int parent_fd = -1;
    barrer_auto_free char *path = strdup(cwd);
    char *p = path;

    if (root_fd < 0 || path == NULL)
        return barrer_fail(host, err, errno, "make the working directory \"%s\"", cwd);
    parent_fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
    while (parent_fd >= 0) {
        char *name = p + strspn(p, "/");
        char end;
        int fd;

        if (*name == '\0')
            return 0;
        p = name + strcspn(name, "/");
        end = *p;
        *p = '\0';
        fd = make_folder(host, root_fd, parent_fd, path, name, err);
        *p = end;
        if (fd < 0)
            return fd;
        barrer_close_fd(&parent_fd);
        parent_fd = fd;
    }
    return barrer_fail(host, err, errno, "make the working directory \"%s\"", cwd);
}

/* A directory that cannot be reached from the root, as one that a leaked descriptor or a magic link
 * leads to, has no path: the kernel says "(unreachable)/...". (The function of libc would then
 * search through "..".) */
static int check_inside(const struct barrer_host *host, const char *cwd, struct barrer_error *err)
{
    char path[PATH_MAX];

    if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
        return barrer_fail(host, err, errno, "find the path of the working directory \"%s\"", cwd);
    if (path[0] != '/')
        return barrer_fail(host, err, EPERM,
                           "change to \"%s\": it leads out of the container's root", cwd);
    return 0;
}

int process_directory_enter(const struct barrer_host *host,
                            const struct barrer_process_request *request, struct barrer_error *err)
{
    const char *cwd = request->cwd;
    int r = chdir(cwd);

    if (r < 0 && errno == ENOENT && !(request->flags & BARRER_PROCESS_EXEC)) {
        r = make_folders(host, cwd, err);
        if (r < 0)
            return r;
        r = chdir(cwd);
    }
    if (r < 0)
        return barrer_fail(host, err, errno, "change to the working directory \"%s\"", cwd);
    return strcmp(cwd, "/") == 0 ? 0 : check_inside(host, cwd, err);
}
