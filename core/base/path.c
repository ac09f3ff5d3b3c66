/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <barrer/util.h>

/* As many as the kernel follows (path_resolution(7)). */
#define MAX_LINKS 40
/* How often a step is repeated that a rename disturbed. */
#define MAX_RACES 64
/* The inode of a procfs root, fixed by the kernel (PROC_ROOT_INO). */
#define PROC_ROOT_INODE 1

/* openat2(2): 1 works, 0 does not, -1 not asked yet. */
static int openat2_state = -1;

int path_has_openat2(void)
{
    /* A size of 0 is EINVAL where the call exists, and opens nothing. */
    if (openat2_state < 0)
        openat2_state = syscall(SYS_openat2, -1, "", NULL, 0) < 0 && errno == EINVAL;
    return openat2_state;
}

/* Returns a descriptor, a negative errno, or -ENOSYS where the call does not exist. */
static int try_openat2(int dir_fd, const char *path, int flags, uint32_t mode, uint64_t resolve)
{
    struct open_how how = {.resolve = resolve};

    if (openat2_state == 0)
        return -ENOSYS;
    /* openat(2) ignores what does not go together, openat2(2) refuses it. */
    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE)
        how.mode = mode & 07777;
    how.flags = (uint64_t)(unsigned)flags | O_CLOEXEC;
    for (int i = 0; i < MAX_RACES; i++) {
        long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

        if (fd >= 0) {
            openat2_state = 1;
            return (int)fd;
        }
        /* EAGAIN: a rename or mount somewhere raced with the resolution of "..". */
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    /* A seccomp filter may answer EPERM, but so may a file; and a container's own filter may have
     * been loaded since the last answer. */
    if (errno == EPERM || errno == ENOSYS) {
        int saved = errno;

        openat2_state = -1;
        return path_has_openat2() ? -saved : -ENOSYS;
    }
    return -errno;
}

/* A walk through a root: the folders on the way (so that ".." is the folder that the walk came
 * from, which a rename cannot put outside), and the text that is still to be resolved. */
struct walk {
    int root_fd;
    int folder_fds[PATH_MAX / 2];
    size_t depth;
    unsigned links;
    char rest[PATH_MAX];
};

static int walk_folder(const struct walk *walk)
{
    return walk->depth == 0 ? walk->root_fd : walk->folder_fds[walk->depth - 1];
}

static void walk_up(struct walk *walk)
{
    if (walk->depth > 0)
        (void)close(walk->folder_fds[--walk->depth]);
}

static void walk_to_root(struct walk *walk)
{
    while (walk->depth > 0)
        walk_up(walk);
}

/* Links of procfs below its root ("/proc/1/root") lead to objects, not to their text. */
static int is_magic_link(int folder_fd)
{
    struct statfs fs;
    struct stat st;

    if (fstatfs(folder_fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
        return 0;
    return fstat(folder_fd, &st) < 0 || st.st_ino != PROC_ROOT_INODE;
}

/* Put a link's TARGET, of N bytes, in place of the component that ended before REST. */
static int walk_link(struct walk *walk, const char *target, size_t n, const char *rest)
{
    size_t rest_length = strlen(rest);

    if (++walk->links > MAX_LINKS || is_magic_link(walk_folder(walk)))
        return -ELOOP;
    if (n == 0)
        return -ENOENT;
    if (n + rest_length >= sizeof(walk->rest))
        return -ENAMETOOLONG;
    if (target[0] == '/')
        walk_to_root(walk);
    memmove(walk->rest + n, rest, rest_length + 1);
    memcpy(walk->rest, target, n);
    return 0;
}

/* Enter the folder NAME; REST follows it in the text. */
static int walk_into(struct walk *walk, const char *name, const char *rest)
{
    char target[PATH_MAX];
    ssize_t n;
    int fd;

    fd = openat(walk_folder(walk), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    /* On the descriptor, so that nobody can exchange what is asked. */
    n = readlinkat(fd, "", target, sizeof(target));
    if (n >= 0) {
        (void)close(fd);
        return (size_t)n < sizeof(target) ? walk_link(walk, target, (size_t)n, rest)
                                          : -ENAMETOOLONG;
    }
    if (walk->depth == sizeof(walk->folder_fds) / sizeof(*walk->folder_fds)) {
        (void)close(fd);
        return -ENAMETOOLONG;
    }
    walk->folder_fds[walk->depth++] = fd;
    memmove(walk->rest, rest, strlen(rest) + 1);
    return 0;
}

/* Open NAME, the last component. 1: it was a link, whose target now is the text. */
static int walk_last(struct walk *walk, const char *name, int flags, uint32_t mode, int *ret_fd)
{
    int follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    char target[PATH_MAX];

    for (int i = 0; i < MAX_RACES; i++) {
        ssize_t n = follow ? readlinkat(walk_folder(walk), name, target, sizeof(target)) : -1;
        int fd, r;

        if (n >= 0) {
            r = (size_t)n < sizeof(target) ? walk_link(walk, target, (size_t)n, "") : -ENAMETOOLONG;
            return r < 0 ? r : 1;
        }
        fd = openat(walk_folder(walk), name, flags | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
        /* A link that came in between is ELOOP, or with O_PATH the link itself. */
        if (fd < 0 && errno == ELOOP && follow)
            continue;
        if (fd < 0)
            return -errno;
        if (follow && (flags & O_PATH) && readlinkat(fd, "", target, sizeof(target)) >= 0) {
            (void)close(fd);
            continue;
        }
        *ret_fd = fd;
        return 0;
    }
    return -ELOOP;
}

static int walk_open(struct walk *walk, int flags, uint32_t mode, int *ret_fd)
{
    for (;;) {
        char *name = walk->rest + strspn(walk->rest, "/"), component[NAME_MAX + 1];
        size_t n = strcspn(name, "/");
        int r = 0;

        if (n == 0)
            break;
        if (n > NAME_MAX)
            return -ENAMETOOLONG;
        memcpy(component, name, n);
        component[n] = '\0';
        name += n;
        if (strcmp(component, ".") == 0 || strcmp(component, "..") == 0) {
            /* "file/." and "file/.." are errors, since "file" is no folder. */
            if (faccessat(walk_folder(walk), ".", F_OK, 0) < 0)
                return -errno;
            if (component[1] == '.')
                walk_up(walk);
            memmove(walk->rest, name, strlen(name) + 1);
        } else if (*name != '\0') {
            r = walk_into(walk, component, name);
        } else {
            r = walk_last(walk, component, flags, mode, ret_fd);
            if (r == 0)
                return 0;
        }
        if (r < 0)
            return r;
    }
    /* The path ended in "/", "." or "..". */
    *ret_fd = openat(walk_folder(walk), ".", (flags & ~O_NOFOLLOW) | O_CLOEXEC, (mode_t)mode);
    return *ret_fd < 0 ? -errno : 0;
}

static int open_by_walk(int root_fd, const char *path, int flags, uint32_t mode)
{
    struct walk walk;
    int fd = -1, r;

    if (*path == '\0')
        return -ENOENT;
    if (strlen(path) >= sizeof(walk.rest))
        return -ENAMETOOLONG;
    walk.root_fd = root_fd;
    walk.depth = 0;
    walk.links = 0;
    strcpy(walk.rest, path);
    r = walk_open(&walk, flags, mode, &fd);
    walk_to_root(&walk);
    return r < 0 ? r : fd;
}

int path_open_in_root(int root_fd, const char *path, int flags, uint32_t mode)
{
    int fd = try_openat2(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

    return fd == -ENOSYS ? open_by_walk(root_fd, path, flags, mode) : fd;
}

/* Whether FD is a file of procfs, seen through the mount MOUNT_ID (0: not known). */
static int check_proc_file(int fd, uint64_t mount_id)
{
    struct statfs fs;
    struct statx sx;

    if (fstatfs(fd, &fs) < 0)
        return -errno;
    if (fs.f_type != PROC_SUPER_MAGIC)
        return -EXDEV;
    /* A bind mount of one procfs file on another (STATX_MNT_ID: Linux 5.8). */
    if (mount_id != 0 && statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) == 0 &&
        (sx.stx_mask & STATX_MNT_ID) && sx.stx_mnt_id != mount_id)
        return -EXDEV;
    return 0;
}

/* "self/..." and "thread-self/..." with the number that they stand for. */
static int expand_self(int proc_fd, const char *path, char *expanded, size_t size)
{
    size_t n = strcspn(path, "/");
    char name[sizeof("thread-self")] = "", target[64] = "";

    if (n < sizeof(name))
        memcpy(name, path, n);
    if (strcmp(name, "self") == 0 || strcmp(name, "thread-self") == 0) {
        if (readlinkat(proc_fd, name, target, sizeof(target) - 1) < 0)
            return -errno;
        path += n;
    }
    if (strlen(target) + strlen(path) >= size)
        return -ENAMETOOLONG;
    (void)stpcpy(stpcpy(expanded, target), path);
    return 0;
}

static int open_proc_by_walk(int proc_fd, const char *path, int flags)
{
    char text[PATH_MAX], *name, *save = NULL;
    barrer_auto_fd int folder_fd = -1;
    uint64_t mount_id = 0;
    struct statx sx;
    int r;

    if (*path == '/')
        return -EXDEV;
    r = expand_self(proc_fd, path, text, sizeof(text));
    if (r < 0)
        return r;
    if (statx(proc_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) == 0 && (sx.stx_mask & STATX_MNT_ID))
        mount_id = sx.stx_mnt_id;
    name = strtok_r(text, "/", &save);
    if (name == NULL)
        return -ENOENT;
    for (;;) {
        char *next = strtok_r(NULL, "/", &save);
        int step_flags = next == NULL ? flags : O_PATH | O_DIRECTORY;
        int fd;

        if (strcmp(name, "..") == 0)
            return -EXDEV;
        fd = openat(folder_fd < 0 ? proc_fd : folder_fd, name, step_flags | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return -errno;
        barrer_close_fd(&folder_fd);
        folder_fd = fd;
        r = check_proc_file(fd, mount_id);
        if (r < 0)
            return r;
        if (next == NULL)
            return barrer_take_fd(&folder_fd);
        name = next;
    }
}

int path_open_proc(int proc_fd, const char *path, int flags)
{
    int fd = try_openat2(proc_fd, path, flags, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);

    return fd == -ENOSYS ? open_proc_by_walk(proc_fd, path, flags) : fd;
}

/* A text that is complete in itself, with EPERM as its code. */
static int refused(struct barrer_error *err)
{
    if (err != NULL)
        err->errnum = EPERM;
    return -EPERM;
}

int path_open_procfs(int *ret_fd, struct barrer_error *err)
{
    barrer_auto_fd int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct statfs fs;
    struct stat st;

    if (fd < 0)
        return error_fail(err, errno, "open \"/proc\"");
    if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        return error_fail(err, errno, "look at \"/proc\"");
    if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE) {
        (void)error_fail(err, 0, "\"/proc\" is not a procfs (mount one: mount -t proc proc /proc)");
        return refused(err);
    }
    *ret_fd = barrer_take_fd(&fd);
    return 0;
}

uid_t path_trusted_owner(void)
{
    static uid_t owner = PATH_EXE_OWNER;
    struct stat st;

    if (owner == PATH_EXE_OWNER)
        owner = stat("/proc/self/exe", &st) == 0 ? st.st_uid : 0;
    return owner;
}

/* What a process has approved already, as paths without links; filled once, asked often. */
static struct {
    uid_t owner;      /* for whom; a question for another one starts anew */
    uid_t root_owner; /* of "/" */
    size_t n;
    struct {
        char *path;
        int is_sticky; /* only safe when what is in it is */
    } folders[32];
} approved;

static int is_approved(const char *folder, int *is_sticky)
{
    for (size_t i = 0; i < approved.n; i++)
        if (strcmp(approved.folders[i].path, folder) == 0) {
            *is_sticky = approved.folders[i].is_sticky;
            return 1;
        }
    return 0;
}

static void approve(const char *folder, int is_sticky)
{
    size_t room = sizeof(approved.folders) / sizeof(*approved.folders);
    char *path = approved.n < room ? strdup(folder) : NULL;

    /* A folder that finds no place is asked about again. */
    if (path == NULL)
        return;
    approved.folders[approved.n].path = path;
    approved.folders[approved.n++].is_sticky = is_sticky;
}

static void forget_approved(uid_t owner)
{
    while (approved.n > 0)
        free(approved.folders[--approved.n].path);
    approved.owner = owner;
}

/* Who owns "/" can exchange everything below it, so he counts as root. In a user namespace that
 * does not map root he is seen as the overflow uid. */
static int is_root(uid_t uid)
{
    return uid == 0 || uid == approved.root_owner;
}

static int is_trusted(uid_t uid)
{
    if (is_root(uid))
        return 1;
    return uid == (approved.owner == PATH_EXE_OWNER ? path_trusted_owner() : approved.owner);
}

static int refuse_owner(const char *path, const struct stat *st, struct barrer_error *err)
{
    uid_t owner = approved.owner == PATH_EXE_OWNER ? path_trusted_owner() : approved.owner;
    char also[64] = "";

    if (!is_root(owner))
        (void)snprintf(also, sizeof(also), " or user %u, who owns barrer", (unsigned)owner);
    (void)error_fail(err, 0, "\"%s\": owned by user %u, wanted: root%s (run \"chown root %s\")",
                     path, (unsigned)st->st_uid, also, path);
    return refused(err);
}

static int refuse_mode(const char *path, const struct stat *st, struct barrer_error *err)
{
    int by_group = (st->st_mode & S_IWGRP) != 0, by_others = (st->st_mode & S_IWOTH) != 0;
    const char *who = by_group && by_others ? "go" : by_group ? "g" : "o";

    (void)error_fail(err, 0,
                     "\"%s\": writable by %s (mode %04o), wanted: by its owner only (run \"chmod "
                     "%s-w %s\")",
                     path, by_others ? "everybody" : "its group", (unsigned)st->st_mode & 07777,
                     who, path);
    return refused(err);
}

/* Judge one component that is no link. *IS_STICKY tells that the folder above is only safe when
 * this one is, and is set for the next. */
static int check_component(const char *path, const struct stat *st, int *is_sticky,
                           struct barrer_error *err)
{
    int writable = (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;

    if (!is_trusted(st->st_uid))
        return refuse_owner(path, st, err);
    if (!writable) {
        *is_sticky = 0;
        if (S_ISDIR(st->st_mode))
            approve(path, 0);
        return 0;
    }
    /* Nobody but its owner can rename or remove what is in a sticky folder. */
    if (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) && is_root(st->st_uid)) {
        *is_sticky = 1;
        approve(path, 1);
        return 0;
    }
    return refuse_mode(path, st, err);
}

/* Replace the text REST by TARGET and what follows it; cut DONE back to the root for an absolute
 * target. */
static int follow_link(char *done, const char *link, const struct stat *st, char *rest,
                       struct barrer_error *err)
{
    char target[PATH_MAX];
    ssize_t n;
    size_t length = strlen(rest);

    if (!is_trusted(st->st_uid))
        return refuse_owner(link, st, err);
    n = readlink(link, target, sizeof(target));
    if (n < 0)
        return error_fail(err, errno, "read link \"%s\"", link);
    if ((size_t)n + length + 1 >= sizeof(target))
        return error_fail(err, ENAMETOOLONG, "follow link \"%s\"", link);
    memmove(rest + n, rest, length + 1);
    memcpy(rest, target, (size_t)n);
    if (target[0] == '/')
        done[0] = '\0';
    return 0;
}

static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');

    *(slash != NULL ? slash : path) = '\0';
}

/* Take one component off REST and go there. DONE is free of links, so ".." is its parent. */
static int check_next(char *done, char *rest, int *is_sticky, unsigned *links,
                      struct barrer_error *err)
{
    size_t slashes = strspn(rest, "/"), n = strcspn(rest + slashes, "/"), used = strlen(done);
    char path[PATH_MAX];
    struct stat st;
    int length;

    length = snprintf(path, sizeof(path), "%s/%.*s", done, (int)n, rest + slashes);
    if (length < 0 || (size_t)length >= sizeof(path))
        return error_fail(err, ENAMETOOLONG, "look at \"%s\"", done);
    memmove(rest, rest + slashes + n, strlen(rest + slashes + n) + 1);
    if (n == 0 || strcmp(path + used, "/.") == 0)
        return 0;
    if (strcmp(path + used, "/..") == 0) {
        cut_last(path);
        cut_last(path);
    }
    if (path[0] == '\0')
        *is_sticky = 0;
    if (path[0] == '\0' || is_approved(path, is_sticky)) {
        strcpy(done, path);
        return 0;
    }
    if (lstat(path, &st) < 0)
        return error_fail(err, errno, "look at \"%s\"", path);
    if (!S_ISLNK(st.st_mode)) {
        strcpy(done, path);
        return check_component(path, &st, is_sticky, err);
    }
    if (++*links > MAX_LINKS)
        return error_fail(err, ELOOP, "look at \"%s\"", path);
    return follow_link(done, path, &st, rest, err);
}

static int check_root(struct barrer_error *err)
{
    struct stat st;
    int is_sticky = 0;

    if (is_approved("/", &is_sticky))
        return 0;
    if (lstat("/", &st) < 0)
        return error_fail(err, errno, "look at \"/\"");
    approved.root_owner = st.st_uid;
    return check_component("/", &st, &is_sticky, err);
}

int path_check_trusted(const char *path, uid_t owner, struct barrer_error *err)
{
    char done[PATH_MAX] = "", rest[PATH_MAX];
    unsigned links = 0;
    int is_sticky = 0, r;

    if (path[0] != '/')
        return error_fail(err, EINVAL, "\"%s\": not an absolute path", path);
    if (strlen(path) >= sizeof(rest))
        return error_fail(err, ENAMETOOLONG, "look at \"%s\"", path);
    if (owner != approved.owner)
        forget_approved(owner);
    r = check_root(err);
    strcpy(rest, path);
    while (r == 0 && rest[strspn(rest, "/")] != '\0')
        r = check_next(done, rest, &is_sticky, &links, err);
    if (r == 0 && is_sticky) {
        struct stat st;

        /* The last component itself: nothing behind it makes the sticky bit good enough. */
        if (lstat(done, &st) < 0)
            return error_fail(err, errno, "look at \"%s\"", done);
        r = refuse_mode(done, &st, err);
    }
    return r;
}

int path_make_folders(const char *path, mode_t mode, struct barrer_error *err)
{
    char parent[PATH_MAX];
    char *slash;
    int r;

    /* The usual case first: at most the last one is missing. */
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return 0;
    if (errno != ENOENT || strlen(path) >= sizeof(parent))
        return error_fail(err, errno, "create folder \"%s\"", path);
    strcpy(parent, path);
    slash = parent + strlen(parent);
    while (slash > parent && slash[-1] == '/')
        *--slash = '\0';
    slash = strrchr(parent, '/');
    if (slash == NULL || slash == parent)
        return error_fail(err, ENOENT, "create folder \"%s\"", path);
    *slash = '\0';
    r = path_make_folders(parent, mode, err);
    if (r < 0)
        return r;
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return error_fail(err, errno, "create folder \"%s\"", path);
    return 0;
}
