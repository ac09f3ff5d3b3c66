/* SPDX-License-Identifier: Apache-2.0 */
#include "remounts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "instance.h"
#include "targets.h"

#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 8192
#endif

struct flag {
    unsigned long st, ms;
    uint64_t attr;
};

/* What statvfs(3), mount(2) and mount_setattr(2) call the same thing. */
static const struct flag flags_known[] = {
    {ST_RDONLY, MS_RDONLY, MOUNT_ATTR_RDONLY},
    {ST_NOSUID, MS_NOSUID, MOUNT_ATTR_NOSUID},
    {ST_NODEV, MS_NODEV, MOUNT_ATTR_NODEV},
    {ST_NOEXEC, MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    {ST_NODIRATIME, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {ST_NOSYMFOLLOW, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
};

static unsigned long atime_flag(unsigned long st, const struct mount_attr *attr)
{
    if (attr->attr_clr & MOUNT_ATTR__ATIME) {
        if (attr->attr_set & MOUNT_ATTR_NOATIME)
            return MS_NOATIME;
        return attr->attr_set & MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME : MS_RELATIME;
    }
    if (st & ST_NOATIME)
        return MS_NOATIME;
    return st & ST_RELATIME ? MS_RELATIME : MS_STRICTATIME;
}

static int remount_flags(int fd, const char *place, const struct mount_attr *attr)
{
    unsigned long flags = MS_REMOUNT | MS_BIND, kept;
    struct statvfs fs;

    /* mount(2) replaces all flags, so those that are there are repeated. */
    if (fstatvfs(fd, &fs) < 0)
        return -errno;
    for (size_t i = 0; i < sizeof(flags_known) / sizeof(*flags_known); i++) {
        const struct flag *flag = &flags_known[i];

        if ((fs.f_flag & flag->st && !(attr->attr_clr & flag->attr)) || attr->attr_set & flag->attr)
            flags |= flag->ms;
    }
    if (mount(NULL, place, NULL, flags | atime_flag(fs.f_flag, attr), NULL) == 0)
        return 0;
    if (errno != EPERM)
        return -errno;
    /* Locked in a user namespace: keep what is there, add what is asked for. */
    kept = flags;
    for (size_t i = 0; i < sizeof(flags_known) / sizeof(*flags_known); i++)
        if (fs.f_flag & flags_known[i].st)
            kept |= flags_known[i].ms;
    return mount(NULL, place, NULL, kept | atime_flag(fs.f_flag, &(struct mount_attr){0}), NULL) < 0
               ? -errno
               : 0;
}

static int remount_one(int fd, const struct mount_attr *attr)
{
    char place[OVERLAYFS_FD_TEXT];

    (void)snprintf(place, sizeof(place), "%d", fd);
    return (attr->attr_set | attr->attr_clr) == 0 ? 0 : remount_flags(fd, place, attr);
}

/* STATX_MNT_ID: Linux 5.8. */
static int mount_id(int fd, uint64_t *ret_id)
{
    struct statx sx;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) < 0)
        return -errno;
    if (!(sx.stx_mask & STATX_MNT_ID))
        return -ENOSYS;
    *ret_id = sx.stx_mnt_id;
    return 0;
}

struct line {
    uint64_t id, parent;
    bool is_below;
    char *path;
};

struct lines {
    struct line *lines;
    size_t n;
};

static void free_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->n; i++)
        free(lines->lines[i].path);
    free(lines->lines);
}

/* Mountinfo writes blanks and the like as three octal digits. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; to++) {
        if (from[0] == '\\' && from[1] != '\0' && from[2] != '\0' && from[3] != '\0') {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static int add_line(struct lines *lines, const char *text)
{
    struct line line = {0};
    struct line *grown;

    if (sscanf(text, "%" SCNu64 " %" SCNu64 " %*s %*s %ms", &line.id, &line.parent, &line.path) !=
        3)
        return -EIO;
    unescape(line.path);
    grown = realloc(lines->lines, (lines->n + 1) * sizeof(*grown));
    if (grown == NULL) {
        free(line.path);
        return -ENOMEM;
    }
    lines->lines = grown;
    grown[lines->n++] = line;
    return 0;
}

static int read_lines(struct overlayfs *self, struct lines *lines)
{
    barrer_auto_free char *text = NULL;
    size_t size = 0;
    FILE *file;
    int fd, r = 0;

    fd = openat(self->fds_fd, "../mountinfo", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    file = fdopen(fd, "r");
    if (file == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    while (r == 0 && getline(&text, &size, file) >= 0)
        r = add_line(lines, text);
    (void)fclose(file);
    return r;
}

static void mark_below(struct lines *lines, uint64_t top)
{
    bool has_changed;

    do {
        has_changed = false;
        for (size_t i = 0; i < lines->n; i++) {
            struct line *line = &lines->lines[i];
            bool is_below = line->parent == top;

            for (size_t k = 0; k < lines->n && !is_below; k++)
                is_below = lines->lines[k].is_below && lines->lines[k].id == line->parent;
            if (is_below && !line->is_below) {
                line->is_below = true;
                has_changed = true;
            }
        }
    } while (has_changed);
}

static bool is_listed(const struct lines *lines, uint64_t id)
{
    for (size_t i = 0; i < lines->n; i++)
        if (lines->lines[i].is_below && lines->lines[i].id == id)
            return true;
    return false;
}

static int remount_line(const struct lines *lines, const struct line *line,
                        const struct mount_attr *attr)
{
    barrer_auto_fd int fd = open(line->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    uint64_t id;
    int r;

    if (fd < 0)
        return -errno;
    r = mount_id(fd, &id);
    if (r < 0)
        return r;
    if (id == line->id)
        return remount_one(fd, attr);
    /* Another mount of the tree lies on top of it, or somebody exchanged a part of the path. */
    return is_listed(lines, id) ? 0 : -ESTALE;
}

static int remount_below(struct overlayfs *self, int fd, const struct mount_attr *attr)
{
    struct lines lines = {0};
    uint64_t top;
    int r = mount_id(fd, &top);

    if (r == 0)
        r = read_lines(self, &lines);
    if (r == 0)
        mark_below(&lines, top);
    for (size_t i = 0; r == 0 && i < lines.n; i++)
        if (lines.lines[i].is_below)
            r = remount_line(&lines, &lines.lines[i], attr);
    free_lines(&lines);
    return r;
}

int overlayfs_remount(struct overlayfs *self, int fd, bool is_recursive,
                      const struct mount_attr *attr)
{
    char place[OVERLAYFS_FD_TEXT];
    int r;

    if (attr->attr_set & MOUNT_ATTR_IDMAP)
        return -ENOSYS;
    (void)snprintf(place, sizeof(place), "%d", fd);
    if (attr->propagation != 0 &&
        mount(NULL, place, NULL, (unsigned long)attr->propagation | (is_recursive ? MS_REC : 0),
              NULL) < 0)
        return -errno;
    r = remount_one(fd, attr);
    if (r == 0 && is_recursive && (attr->attr_set | attr->attr_clr) != 0)
        r = remount_below(self, fd, attr);
    return r;
}
