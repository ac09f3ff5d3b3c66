/* SPDX-License-Identifier: Apache-2.0
 *
 * An overlay has folders for layers, two at least where none of them is written to, and before
 * Linux 6.15 neither its layers nor the mount that one of its files is taken from may be detached.
 * So they are put together in a mount namespace of its own, by a process that shares memory and
 * descriptors with this one and is gone when sealed_open_mounts returns.
 */
#include "flow/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

#define STACK_SIZE (256u * 1024)

struct sealing {
    const char *const *paths;
    size_t n;
    int *fds;
    int scratch_fd; /* a tmpfs, the working directory: "lower", "empty" and "view" */
    int r;
    struct barrer_error *err;
};

static int fail_seal(struct sealing *s, int errnum, const char *path)
{
    return error_fail(s->err, errnum,
                      "mount \"%s\" so that a container with CAP_SYS_ADMIN cannot write to it, as "
                      "the lower layer of an overlay file system (take the capability from "
                      "process.capabilities, or have the files where an overlay can show "
                      "them)",
                      path);
}

static int open_scratch(struct sealing *s)
{
    barrer_auto_fd int fs_fd = fsopen("tmpfs", FSOPEN_CLOEXEC);

    if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    s->scratch_fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);
    if (s->scratch_fd < 0 ||
        move_mount(s->scratch_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        fchdir(s->scratch_fd) < 0)
        return -errno;
    return mkdir("lower", 0755) < 0 || mkdir("empty", 0755) < 0 || mkdir("view", 0755) < 0 ? -errno
                                                                                           : 0;
}

/* The namespace is a copy of the caller's, where nothing that is done here may be seen. */
static int enter(struct sealing *s)
{
    int r = unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
                ? -errno
                : open_scratch(s);

    return r < 0 ? error_fail(s->err, -r, "make a mount namespace to prepare mounts in") : 0;
}

/* The overlay of FOLDER, detached. */
static int open_overlay(const char *folder)
{
    barrer_auto_fd int lower_fd = open_tree(AT_FDCWD, folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    barrer_auto_fd int fs_fd = fsopen("overlay", FSOPEN_CLOEXEC);
    int fd;

    /* By a name that needs no quoting; one lies on the other. */
    if (lower_fd < 0 || fs_fd < 0 ||
        move_mount(lower_fd, "", AT_FDCWD, "lower", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", "barrer", 0) < 0 ||
        fsconfig(fs_fd, FSCONFIG_SET_STRING, "lowerdir", "lower:empty", 0) < 0 ||
        fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    return fd < 0 ? -errno : fd;
}

/* A file cannot be a layer: it is taken from the overlay of its folder. */
static int open_file(int overlay_fd, const char *name)
{
    int fd = open_tree(overlay_fd, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

    return fd < 0 ? -errno : fd;
}

/* All files of FOLDER among the paths from the one of number FIRST on, whose names REAL has. */
static int seal_files(struct sealing *s, char **real, size_t first, const char *folder)
{
    barrer_auto_fd int overlay_fd = open_overlay(folder);
    size_t length = folder[1] != '\0' ? strlen(folder) : 0; /* of what comes before a "/" */
    int r = overlay_fd < 0 ? overlay_fd : 0;

    if (r == 0 && move_mount(overlay_fd, "", AT_FDCWD, "view", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        r = -errno;
    for (size_t i = first; r == 0 && i < s->n; i++) {
        if (s->fds[i] >= 0 || strncmp(real[i], folder, length) != 0 || real[i][length] != '/' ||
            strchr(real[i] + length + 1, '/') != NULL)
            continue;
        s->fds[i] = open_file(overlay_fd, real[i] + length + 1);
        r = s->fds[i] < 0 ? s->fds[i] : 0;
    }
    return r;
}

static int seal(struct sealing *s, char **real, size_t i)
{
    char folder[PATH_MAX];
    struct stat st;

    if (s->fds[i] >= 0)
        return 0;
    if (stat(real[i], &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode)) {
        s->fds[i] = open_overlay(real[i]);
        return s->fds[i] < 0 ? s->fds[i] : 0;
    }
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(real[i], '/') - real[i]), real[i]);
    return seal_files(s, real, i, folder[0] != '\0' ? folder : "/");
}

static int seal_all(struct sealing *s, char **real)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->n; i++) {
        real[i] = realpath(s->paths[i], NULL);
        if (real[i] == NULL)
            r = fail_seal(s, errno, s->paths[i]);
    }
    for (size_t i = 0; r == 0 && i < s->n; i++) {
        r = seal(s, real, i);
        if (r < 0)
            r = fail_seal(s, -r, s->paths[i]);
    }
    return r;
}

static int run(void *arg)
{
    struct sealing *s = arg;
    char **real = calloc(s->n + 1, sizeof(*real));

    s->r = real == NULL ? error_fail(s->err, ENOMEM, "prepare mounts") : enter(s);
    if (real != NULL && s->r == 0)
        s->r = seal_all(s, real);
    for (size_t i = 0; real != NULL && i < s->n; i++)
        free(real[i]);
    free(real);
    barrer_close_fd(&s->scratch_fd);
    return 0;
}

int sealed_open_mounts(const char *const *paths, size_t n, int *fds, struct barrer_error *err)
{
    struct sealing s = {.paths = paths, .n = n, .fds = fds, .scratch_fd = -1, .err = err};
    char *stack = malloc(STACK_SIZE);
    pid_t pid = -1;

    for (size_t i = 0; i < n; i++)
        fds[i] = -1;
    s.r = -ECHILD;
    if (stack != NULL)
        pid = clone(run, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &s);
    if (pid < 0)
        s.r = error_fail(err, stack == NULL ? ENOMEM : errno, "clone a process to prepare mounts");
    else if (waitpid(pid, NULL, 0) == pid && s.r == -ECHILD)
        s.r = error_fail(err, ECHILD, "prepare mounts in a process of its own");
    free(stack);
    for (size_t i = 0; s.r < 0 && i < n; i++)
        barrer_close_fd(&fds[i]);
    return s.r;
}
