/* SPDX-License-Identifier: Apache-2.0 */
#include "targets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "instance.h"

/* As many as the kernel follows (path_resolution(7)). */
#define MAX_LINKS 40
/* How many descriptors are left to the core. */
#define MAX_LEFT 128
#define PLACE (O_PATH | O_CLOEXEC)

void overlayfs_target_text(const struct overlayfs_target *target, char *text)
{
    if (target->fd >= 0)
        (void)snprintf(text, OVERLAYFS_TARGET_TEXT, "%d", target->fd);
    else
        (void)snprintf(text, OVERLAYFS_TARGET_TEXT, "%d/%s", target->dir_fd, target->name);
}

/* Over slashes and single dots. */
static const char *skip_nothing(const char *path)
{
    while (*path == '/' || (*path == '.' && (path[1] == '/' || path[1] == '\0')))
        path++;
    return path;
}

bool overlayfs_is_path(const char *path, const char *name)
{
    size_t n = strlen(name);

    path = skip_nothing(path);
    if (strncmp(path, name, n) != 0 || (n > 0 && path[n] != '/' && path[n] != '\0'))
        return false;
    return *skip_nothing(path + n) == '\0';
}

bool overlayfs_has_dots(const char *path)
{
    while (*path != '\0') {
        size_t n = strcspn(path, "/");

        if (n == 2 && path[0] == '.' && path[1] == '.')
            return true;
        path += n + (path[n] == '/');
    }
    return false;
}

bool overlayfs_is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    return n > 1 && strncmp(path, folder, n) == 0 && path[n] == '/';
}

const char *overlayfs_name_below(const char *path, const char *prefix)
{
    const char *name;

    if (!overlayfs_is_below(path, prefix))
        return NULL;
    name = path + strlen(prefix);
    name += strspn(name, "/");
    if (*name == '\0' || strchr(name, '/') != NULL || strlen(name) > NAME_MAX ||
        strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return NULL;
    return name;
}

int overlayfs_fresh_fd(struct overlayfs *self, struct overlayfs_fresh *fresh, const char *path)
{
    if (fresh->is_mounted && fresh->fd < 0) {
        struct overlayfs_target target = OVERLAYFS_NO_TARGET;

        target.path = path;
        fresh->fd = overlayfs_target_reopen(self, &target);
        fresh->is_mounted = fresh->fd >= 0;
    }
    return fresh->is_mounted ? fresh->fd : -1;
}

/* A folder in the root, whose path holds no links and no "..", and what is left to walk. */
struct walk {
    char done[PATH_MAX], rest[PATH_MAX];
    unsigned links;
};

static int append(char *path, const char *name)
{
    size_t used = strlen(path);

    if (used + strlen(name) + 2 > PATH_MAX)
        return -ENAMETOOLONG;
    path[used] = '/';
    strcpy(path + used + 1, name);
    return 0;
}

static void remove_last(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash != NULL)
        *slash = '\0';
}

/* Cut the first component off walk->rest; false at its end. */
static bool next_name(struct walk *walk, char *name)
{
    char *start = walk->rest + strspn(walk->rest, "/");
    size_t n = strcspn(start, "/");

    if (n == 0 || n > NAME_MAX)
        return false;
    memcpy(name, start, n);
    name[n] = '\0';
    memmove(walk->rest, start + n, strlen(start + n) + 1);
    return true;
}

static bool is_last(const struct walk *walk)
{
    return walk->rest[strspn(walk->rest, "/")] == '\0';
}

static int follow_link(struct walk *walk, int fd)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

    if (n < 0)
        return errno == EINVAL || errno == ENOENT ? 0 : -errno;
    target[n] = '\0';
    if (++walk->links > MAX_LINKS)
        return -ELOOP;
    if ((size_t)n + strlen(walk->rest) + 2 > sizeof(walk->rest))
        return -ENAMETOOLONG;
    if (target[0] == '/')
        walk->done[0] = '\0';
    (void)append(target, walk->rest);
    strcpy(walk->rest, target);
    return 1;
}

/* Go to NAME below walk->done, making it when it is missing. */
static int step(struct overlayfs *self, struct walk *walk, const char *name, bool is_folder,
                struct barrer_error *err)
{
    barrer_auto_fd int parent_fd = -1, fd = -1;
    int r;

    parent_fd = self->host->open_in_root(self->host, self->root_fd,
                                         walk->done[0] == '\0' ? "/" : walk->done,
                                         O_PATH | O_DIRECTORY, 0, err);
    if (parent_fd < 0)
        return parent_fd;
    fd = openat(parent_fd, name, PLACE | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        if (is_folder || !is_last(walk))
            r = mkdirat(parent_fd, name, 0755);
        else
            r = mknodat(parent_fd, name, S_IFREG | 0644, 0);
        if (r < 0)
            return -errno;
    } else if (fd < 0) {
        return -errno;
    } else {
        r = follow_link(walk, fd);
        if (r != 0)
            return r;
    }
    return append(walk->done, name);
}

/* The place is made one component at a time, each in a folder that was opened in the root: links
 * that others exchange meanwhile lead to other places of the same root at worst. */
static int make(struct overlayfs *self, const char *path, bool is_folder, struct barrer_error *err)
{
    struct walk walk = {.links = 0};
    char name[NAME_MAX + 1];
    int r;

    if (strlen(path) >= sizeof(walk.rest))
        return barrer_fail(self->host, err, ENAMETOOLONG, "make \"%.80s...\" in the root", path);
    strcpy(walk.rest, path);
    while (next_name(&walk, name)) {
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0) {
            remove_last(walk.done);
            continue;
        }
        r = step(self, &walk, name, is_folder, err);
        if (r < 0)
            return barrer_fail(self->host, err, -r, "make \"%s\" in the root", path);
    }
    if (!is_last(&walk))
        return barrer_fail(self->host, err, ENAMETOOLONG, "make \"%s\" in the root", path);
    return self->host->open_in_root(self->host, self->root_fd,
                                    walk.done[0] == '\0' ? "/" : walk.done, O_PATH | O_NOFOLLOW, 0,
                                    err);
}

static int find(struct overlayfs *self, const char *path, struct barrer_error *err)
{
    return self->host->open_in_root(self->host, self->root_fd, path, O_PATH, 0, err);
}

int overlayfs_target_find(struct overlayfs *self, const char *path, struct overlayfs_target *target,
                          struct barrer_error *err)
{
    int fd = find(self, path, err);

    if (fd < 0)
        return fd;
    *target = (struct overlayfs_target){.fd = fd, .dir_fd = -1, .path = path};
    return 0;
}

int overlayfs_target_find_link(struct overlayfs *self, const char *path,
                               struct overlayfs_target *target, struct barrer_error *err)
{
    int fd = self->host->open_in_root(self->host, self->root_fd, path, O_PATH | O_NOFOLLOW, 0, err);
    struct statfs fs;
    struct stat st;

    if (fd < 0)
        return fd;
    /* /proc/self and the like would no longer name the process that asks. */
    if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode) && fstatfs(fd, &fs) == 0 &&
        fs.f_type == PROC_SUPER_MAGIC) {
        (void)close(fd);
        return barrer_fail(self->host, err, EPERM, "cover \"%s\", a link of procfs", path);
    }
    *target = (struct overlayfs_target){.fd = fd, .dir_fd = -1, .path = path};
    return 0;
}

static int check_link(struct overlayfs *self, int dir_fd, const char *name, const char *path,
                      const char *content, struct barrer_error *err)
{
    char there[PATH_MAX];
    ssize_t n = readlinkat(dir_fd, name, there, sizeof(there) - 1);

    if (n < 0)
        return barrer_fail(self->host, err, errno == EINVAL ? EEXIST : errno,
                           "make the link \"%s\" in the root", path);
    there[n] = '\0';
    return strcmp(there, content) == 0
               ? 0
               : barrer_fail(self->host, err, EEXIST,
                             "make \"%s\" in the root a link to \"%s\" (it is one to \"%s\")",
                             path, content, there);
}

int overlayfs_target_make_link(struct overlayfs *self, const char *path, const char *content,
                               struct barrer_error *err)
{
    size_t end = strlen(path), start;
    char folder[PATH_MAX], name[NAME_MAX + 1];
    barrer_auto_fd int dir_fd = -1;

    while (end > 0 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    if (end == start || end >= sizeof(folder) || end - start >= sizeof(name))
        return barrer_fail(self->host, err, EINVAL, "make the link \"%s\" in the root", path);
    memcpy(folder, path, end);
    folder[end] = '\0';
    memcpy(name, folder + start, end - start + 1);
    folder[start] = '\0';
    dir_fd = find(self, *folder != '\0' ? folder : "/", NULL);
    if (dir_fd == -ENOENT)
        dir_fd = make(self, folder, true, err);
    if (dir_fd < 0)
        return barrer_fail(self->host, err, -dir_fd, "make the link \"%s\" in the root", path);
    if (symlinkat(content, dir_fd, name) == 0)
        return 0;
    return errno == EEXIST ? check_link(self, dir_fd, name, path, content, err)
                           : barrer_fail(self->host, err, errno, "make the link \"%s\" in the root",
                                         path);
}

int overlayfs_target_make(struct overlayfs *self, const char *path, bool is_folder,
                          struct overlayfs_target *target, struct barrer_error *err)
{
    const char *name = overlayfs_name_below(path, "/dev");
    int dir_fd = name == NULL ? -1 : overlayfs_fresh_fd(self, &self->dev, "/dev");
    int fd;

    if (dir_fd >= 0 && is_folder && (mkdirat(dir_fd, name, 0755) == 0 || errno == EEXIST)) {
        *target = (struct overlayfs_target){.fd = -1, .dir_fd = dir_fd, .name = name, .path = path};
        return 0;
    }
    fd = find(self, path, err);
    if (fd == -ENOENT)
        fd = make(self, path, is_folder, err);
    if (fd < 0)
        return fd;
    *target = (struct overlayfs_target){.fd = fd, .dir_fd = -1, .path = path};
    return 0;
}

int overlayfs_target_make_plain(struct overlayfs *self, const char *path,
                                struct overlayfs_target *target, struct barrer_error *err)
{
    barrer_auto_fd int fd = -1;
    struct walk walk = {.links = 0};
    char name[NAME_MAX + 1];

    if (strlen(path) >= sizeof(walk.rest))
        return barrer_fail(self->host, err, ENAMETOOLONG, "make \"%.80s...\" in the root", path);
    strcpy(walk.rest, path);
    while (next_name(&walk, name)) {
        int dir_fd = fd < 0 ? self->root_fd : fd, next_fd;

        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0)
            return barrer_fail(self->host, err, EINVAL, "\"%s\" holds \"..\"", path);
        next_fd = openat(dir_fd, name, PLACE | O_NOFOLLOW | O_DIRECTORY);
        if (next_fd < 0 && errno == ENOENT && mkdirat(dir_fd, name, 0755) == 0)
            next_fd = openat(dir_fd, name, PLACE | O_NOFOLLOW | O_DIRECTORY);
        if (next_fd < 0)
            return barrer_fail(self->host, err, errno,
                               "\"%s\" must be mounted on ordinary directory (no part of it may "
                               "be a link)",
                               path);
        barrer_close_fd(&fd);
        fd = next_fd;
    }
    if (fd < 0 || !is_last(&walk))
        return barrer_fail(self->host, err, EINVAL, "\"%s\" is not below the root", path);
    *target = (struct overlayfs_target){.fd = barrer_take_fd(&fd), .dir_fd = -1, .path = path};
    return 0;
}

int overlayfs_target_reopen(struct overlayfs *self, const struct overlayfs_target *target)
{
    int fd;

    if (target->dir_fd >= 0) {
        fd = openat(target->dir_fd, target->name, PLACE | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
    }
    return find(self, target->path, NULL);
}

void overlayfs_leave_fd(struct overlayfs *self, int *fd)
{
    if (*fd < 0)
        return;
    if (self->n_left < MAX_LEFT)
        self->n_left++;
    else
        (void)close(*fd);
    *fd = -1;
}
