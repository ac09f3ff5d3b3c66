/* SPDX-License-Identifier: Apache-2.0 */
#include "pivot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "instance.h"
#include "remounts.h"
#include "targets.h"

/* The working directory is the root, so mount(2) is told numbers of descriptors only after going
 * back to /proc/self/fd. */
static int remount_readonly(struct overlayfs *self, const struct mount_attr *attr)
{
    int r;

    if (fchdir(self->fds_fd) < 0)
        return -errno;
    r = overlayfs_remount(self, self->root_fd, false, attr);
    if (fchdir(self->root_fd) < 0)
        return -errno;
    return r;
}

static int make_readonly(struct overlayfs *self, struct barrer_error *err)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    int r = -ENOSYS;

    if (!(self->lacks & OVERLAYFS_LACKS_MOUNT_SETATTR))
        r = mount_setattr(self->root_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ? -errno : 0;
    if (r == -ENOSYS || r == -EPERM || r == -EINVAL)
        r = remount_readonly(self, &attr);
    return r < 0 ? barrer_fail(self->host, err, -r, "make the root read-only") : 0;
}

static int swap_roots(struct overlayfs *self, struct barrer_error *err)
{
    /* enter left the working directory at the root. The old root is put on top of the new one
     * and taken away from there, so that no folder is needed for it. */
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        return barrer_fail(self->host, err, errno,
                           "pivot_root (--no-pivot helps where the root is an initramfs)");
    if (umount2(".", MNT_DETACH) < 0)
        return barrer_fail(self->host, err, errno, "unmount the old root");
    return 0;
}

/* The mount point of a line of mountinfo that is a proc or a sysfs, cut out of the line. */
static char *find_kernel_mount(char *line)
{
    char *type = strstr(line, " - "), *path = line;

    if (type == NULL || (strncmp(type + 3, "proc ", 5) != 0 && strncmp(type + 3, "sysfs ", 6) != 0))
        return NULL;
    for (int field = 1; field < 5 && path != NULL; field++)
        if ((path = strchr(path, ' ')) != NULL)
            path++;
    if (path != NULL)
        path[strcspn(path, " ")] = '\0';
    return path;
}

/* Whoever may mount in a user namespace of his own may mount a proc wherever the kernel finds a
 * whole one, with all that is masked in the container's. pivot_root takes the host's away; here they
 * would stay beneath the root. */
static int hide_kernel_mounts(struct overlayfs *self, const char *root, struct barrer_error *err)
{
    int fd = self->host->open_proc(self->host, "self/mountinfo", O_RDONLY, err);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    size_t size = 0;
    char *line = NULL;
    int r = 0;

    if (file == NULL)
        return fd < 0 ? fd : barrer_fail(self->host, err, ENOMEM, "read the table of mounts");
    while (r == 0 && getline(&line, &size, file) > 0) {
        const char *path = find_kernel_mount(line);

        if (path == NULL || overlayfs_is_below(path, root))
            continue;
        /* In a user namespace what the host mounted is locked, but can be covered. */
        if (umount2(path, MNT_DETACH) < 0 && access(path, F_OK) == 0 &&
            mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
            r = barrer_fail(self->host, err, errno, "take \"%s\" of the host away", path);
    }
    free(line);
    (void)fclose(file);
    return r;
}

static int move_root(struct overlayfs *self, struct barrer_error *err)
{
    char root[PATH_MAX];
    int r;

    if (getcwd(root, sizeof(root)) == NULL)
        return barrer_fail(self->host, err, errno, "find the root");
    r = hide_kernel_mounts(self, root, err);
    if (r < 0)
        return r;
    if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
        return barrer_fail(self->host, err, errno, "move the root to \"/\"");
    if (chroot(".") < 0 || chdir("/") < 0)
        return barrer_fail(self->host, err, errno, "change the root");
    return 0;
}

int overlayfs_pivot(struct overlayfs *self, const struct barrer_filesystem_request *request,
                    struct barrer_error *err)
{
    unsigned long propagation =
        (unsigned long)request->propagation & (MS_SHARED | MS_UNBINDABLE | MS_REC);
    int r = 0;

    if (!(request->namespaces & CLONE_NEWNS)) {
        if (chroot(".") < 0 || chdir("/") < 0)
            return barrer_fail(self->host, err, errno, "change the root");
        return 0;
    }
    if (request->flags & BARRER_FILESYSTEM_READONLY)
        r = make_readonly(self, err);
    if (r == 0)
        r = request->flags & BARRER_FILESYSTEM_NO_PIVOT ? move_root(self, err)
                                                        : swap_roots(self, err);
    if (r < 0 || (propagation & ~(unsigned long)MS_REC) == 0)
        return r;
    if (mount(NULL, "/", NULL, propagation, NULL) < 0)
        return barrer_fail(self->host, err, errno, "set the propagation of the root");
    return 0;
}
