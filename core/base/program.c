/* SPDX-License-Identifier: Apache-2.0 */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

extern char **environ;

static char **successor;

/* A sealed copy in memory: where the kernel or the caller's privileges allow no mount. */
static int open_copy(const char *path)
{
    barrer_auto_fd int from_fd = open(path, O_RDONLY | O_CLOEXEC);
    barrer_auto_fd int to_fd = -1;
    struct stat st;

    if (from_fd < 0)
        return -errno;
    to_fd = memfd_create("barrer-run", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (to_fd < 0 || fstat(from_fd, &st) < 0)
        return -errno;
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = sendfile(to_fd, from_fd, NULL, (size_t)left);

        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        left -= n;
    }
    if (fcntl(to_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return -errno;
    return barrer_take_fd(&to_fd);
}

/* A descriptor of PATH through which nobody can open it for writing; -errno. */
static int open_protected(const char *path)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    barrer_auto_fd int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    if (fd >= 0 && mount_setattr(fd, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) == 0)
        return barrer_take_fd(&fd);
    return open_copy(path);
}

int program_execute(const char *path, int is_protected, char **argv)
{
    barrer_auto_fd int fd = is_protected ? open_protected(path) : -1;

    if (!is_protected)
        (void)execv(path, argv);
    else if (fd >= 0)
        (void)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
    else
        errno = -fd;
    return -errno;
}

/* A copy of the vector, since getopt_long(3) may put another order into the original. */
void program_set_successor(char **argv)
{
    size_t n = 0;

    while (argv[n] != NULL)
        n++;
    successor = calloc(n + 1, sizeof(*successor));
    if (successor != NULL)
        memcpy(successor, argv, n * sizeof(*successor));
}

int program_succeed(void)
{
    const char *path = BARRER_PROGRAM;

    if (successor == NULL)
        return -ENOENT;
    /* Set-uid: ARGV[0] is whatever the caller wrote. */
    if (successor[0] != NULL && successor[0][0] == '/' && !getauxval(AT_SECURE))
        path = successor[0];
    return program_execute(path, 1, successor);
}
