/* SPDX-License-Identifier: Apache-2.0 */
#include "upper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "instance.h"
#include "removals.h"

/* The path of the folder that holds the container's, or IN_STATE. */
#define FACT "upper-in"
#define IN_STATE "state"
/* The name in the state folder; in a folder of the option "upper" it is the container's id. */
#define STATE_NAME "overlay"

/* The folder that is to hold ours, and our folder's name in it. IN "": the state folder. */
static int open_parent(struct overlayfs *self, const struct barrer_filesystem_request *request,
                       const char *in, const char **ret_name, int *ret_own_fd,
                       struct barrer_error *err)
{
    if (*in == '\0') {
        *ret_name = STATE_NAME;
        return request->state_fd;
    }
    *ret_name = request->id;
    *ret_own_fd = open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_own_fd < 0)
        return barrer_fail(self->host, err, errno, "open \"%s\" (option \"upper\")", in);
    return *ret_own_fd;
}

/* What the kernel keeps beside files in the upper layer needs extended attributes: trusted ones,
 * or those of users where the caller's root is not the host's. */
static int check_attributes(struct overlayfs *self, const struct barrer_filesystem_request *request,
                            int fd, const char *path, bool *ret_is_user_xattr,
                            struct barrer_error *err)
{
    bool is_user = (request->flags & BARRER_FILESYSTEM_ROOTLESS) != 0;

    if (!is_user && fsetxattr(fd, "trusted.overlay.barrer", "", 0, 0) < 0) {
        if (errno != EPERM)
            return barrer_fail(
                self->host, err, errno,
                "set an extended attribute on \"%s\" (set \"upper\" to a folder of a "
                "file system that has them)",
                path);
        is_user = true;
    }
    if (!is_user)
        (void)fremovexattr(fd, "trusted.overlay.barrer");
    if (is_user && fsetxattr(fd, "user.overlay.barrer", "", 0, 0) < 0)
        return barrer_fail(self->host, err, errno,
                           "set an extended attribute on \"%s\" (tmpfs has those of users since "
                           "Linux 6.6; set \"upper\" to a folder of a file system that has them)",
                           path);
    if (is_user)
        (void)fremovexattr(fd, "user.overlay.barrer");
    *ret_is_user_xattr = is_user;
    return 0;
}

/* The overlay's root has owner and mode of the upper layer, so that takes over the root's. */
static int copy_root(struct overlayfs *self, const struct barrer_filesystem_request *request,
                     int fd, struct barrer_error *err)
{
    struct stat root;

    if (stat(request->root, &root) < 0)
        return barrer_fail(self->host, err, errno, "open the root \"%s\"", request->root);
    if ((root.st_uid != geteuid() || root.st_gid != getegid()) &&
        fchown(fd, root.st_uid, root.st_gid) < 0 && errno != EPERM)
        return barrer_fail(self->host, err, errno, "change the owner of the upper layer");
    if (fchmod(fd, root.st_mode & 07777) < 0)
        return barrer_fail(self->host, err, errno, "change the mode of the upper layer");
    return 0;
}

static int make_folder(struct overlayfs *self, int parent_fd, const char *name, const char *path,
                       bool is_kept, struct barrer_error *err)
{
    int fd;

    if (mkdirat(parent_fd, name, 0700) < 0 && (errno != EEXIST || !is_kept))
        return barrer_fail(self->host, err, errno, "make folder \"%s\"", path);
    fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? barrer_fail(self->host, err, errno, "open folder \"%s\"", path) : fd;
}

static int make_both(struct overlayfs *self, const struct barrer_filesystem_request *request,
                     int parent_fd, const char *name, bool is_kept, struct overlayfs_upper *upper,
                     bool *ret_is_user_xattr, struct barrer_error *err)
{
    barrer_auto_fd int folder_fd = -1, upper_fd = -1, work_fd = -1;
    int r;

    folder_fd = make_folder(self, parent_fd, name, upper->upper, is_kept, err);
    if (folder_fd < 0)
        return folder_fd;
    upper_fd = make_folder(self, folder_fd, "upper", upper->upper, is_kept, err);
    if (upper_fd < 0)
        return upper_fd;
    work_fd = make_folder(self, folder_fd, "work", upper->work, is_kept, err);
    if (work_fd < 0)
        return work_fd;
    r = check_attributes(self, request, upper_fd, upper->upper, ret_is_user_xattr, err);
    return r < 0 ? r : copy_root(self, request, upper_fd, err);
}

int overlayfs_upper_make(struct overlayfs *self, const struct barrer_filesystem_request *request,
                         struct overlayfs_upper *upper, bool *ret_is_user_xattr,
                         struct barrer_error *err)
{
    const char *in = self->host->option(self->host, "upper");
    const char *keep = self->host->option(self->host, "keep-upper"), *name;
    bool is_kept = keep != NULL && strcmp(keep, "yes") == 0;
    barrer_auto_fd int own_fd = -1;
    struct stat st;
    int parent_fd, r;

    in = in == NULL ? "" : in;
    if (is_kept && *in == '\0')
        return barrer_fail(self->host, err, EINVAL,
                           "\"keep-upper\" needs \"upper\": the state folder is not kept");
    parent_fd = open_parent(self, request, in, &name, &own_fd, err);
    if (parent_fd < 0)
        return parent_fd;
    if (asprintf(&upper->upper, "%s/%s/upper", *in == '\0' ? request->state_path : in, name) < 0)
        upper->upper = NULL;
    if (asprintf(&upper->work, "%s/%s/work", *in == '\0' ? request->state_path : in, name) < 0)
        upper->work = NULL;
    if (upper->upper == NULL || upper->work == NULL)
        return barrer_fail(self->host, err, ENOMEM, "make the upper layer");
    /* Before the effect; but never take over a folder that is there already, since it would be
     * removed with the container. */
    if (!is_kept && fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return barrer_fail(self->host, err, EEXIST, "make folder \"%s\"", upper->upper);
    r = is_kept ? 0 : self->host->put_fact(self->host, FACT, *in == '\0' ? IN_STATE : in, err);
    return r < 0
               ? r
               : make_both(self, request, parent_fd, name, is_kept, upper, ret_is_user_xattr, err);
}

int overlayfs_upper_remove(struct overlayfs *self, const struct barrer_filesystem_request *request,
                           struct barrer_error *err)
{
    const char *in = self->host->get_fact(self->host, FACT), *name;
    barrer_auto_fd int own_fd = -1;
    int parent_fd, r;

    if (in == NULL)
        return 0;
    if (strcmp(in, IN_STATE) == 0)
        in = "";
    parent_fd = open_parent(self, request, in, &name, &own_fd, err);
    /* Where the folder above is gone, ours is gone too. */
    if (parent_fd == -ENOENT)
        return 0;
    if (parent_fd < 0)
        return parent_fd;
    r = overlayfs_remove_folder(parent_fd, name);
    if (r == -EXDEV)
        return barrer_fail(self->host, err, EBUSY,
                           "remove the upper layer \"%s\": something is mounted in it", name);
    return r < 0 ? barrer_fail(self->host, err, -r, "remove the upper layer \"%s\"", name) : 0;
}

void overlayfs_upper_fini(struct overlayfs_upper *upper)
{
    free(upper->upper);
    free(upper->work);
    *upper = (struct overlayfs_upper){0};
}
