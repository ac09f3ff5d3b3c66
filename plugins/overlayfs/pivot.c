/* SPDX-License-Identifier: Apache-2.0 */
#include "pivot.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "instance.h"
#include "remounts.h"

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

static int move_root(struct overlayfs *self, struct barrer_error *err)
{
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
