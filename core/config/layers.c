/* SPDX-License-Identifier: Apache-2.0 */
#include "config/layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/fd.h"
#include "base/path.h"
#include "config/reader.h"
#include "config/words.h"

#define FOLDERS 3

struct folder {
    const char *path;
    int fd;                     /* O_PATH; -1: absent */
    int drop_ins_fd;            /* -1: absent */
    struct words names;         /* of the drop-ins, sorted */
    int is_checked, is_trusted; /* path_check_trusted */
};

struct layers {
    char main_file[32], drop_ins[32]; /* "barrer.conf", "barrer.conf.d" */
    struct folder folders[FOLDERS];
    layers_each *each;
    void *arg;
    struct problems *problems;
};

static void add_failure(struct layers *layers, const char *path, const char *what, int errnum)
{
    problems_add(layers->problems, "%s \"%s\": %s", what, path, strerrordesc_np(errnum));
}

/* The device that masks a file when a link leads to it. */
static int is_null_device(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* The rule of path_check_trusted for the file itself. */
static int is_trusted_file(const struct stat *st)
{
    return (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
           (st->st_uid == 0 || st->st_uid == path_trusted_owner());
}

/* A fresh string FOLDER/NAME, or NULL with a problem added. */
static char *join(struct layers *layers, const char *folder, const char *name)
{
    size_t length = strlen(folder) + strlen(name) + 2;
    char *path = malloc(length);

    if (path == NULL)
        add_failure(layers, folder, "read", ENOMEM);
    else
        (void)snprintf(path, length, "%s/%s", folder, name);
    return path;
}

/* path_check_trusted wants an absolute path. */
static int check_path(struct layers *layers, const char *path)
{
    struct barrer_error err = {.errnum = 0};
    barrer_auto_free char *folder = NULL, *absolute = NULL;

    if (path[0] != '/') {
        folder = getcwd(NULL, 0);
        if (folder == NULL) {
            add_failure(layers, path, "find", errno);
            return 0;
        }
        absolute = join(layers, folder, path);
        if (absolute == NULL)
            return 0;
    }
    if (path_check_trusted(absolute != NULL ? absolute : path, PATH_EXE_OWNER, &err) < 0) {
        problems_add(layers->problems, "%s", err.text);
        return 0;
    }
    return 1;
}

/* Asked once per folder, and only when there is something to read in it. */
static int is_trusted_folder(struct layers *layers, struct folder *folder)
{
    if (!folder->is_checked) {
        folder->is_checked = 1;
        folder->is_trusted = check_path(layers, folder->path);
    }
    return folder->is_trusted;
}

static void read_text(struct layers *layers, const char *path, int fd)
{
    barrer_auto_free char *text = NULL;
    size_t length;
    int r = fd_read_all(fd, LAYERS_FILE_LIMIT, &text, &length);

    if (r == -EFBIG)
        problems_add(layers->problems, "%s: larger than %d KiB", path, LAYERS_FILE_LIMIT / 1024);
    else if (r < 0)
        add_failure(layers, path, "read", -r);
    else
        layers->each(layers->arg, path, text, length);
}

/* Read NAME below DIR_FD, known to messages as PATH. A regular file is judged by its descriptor
 * and FOLDER, which holds it; a link by all that lies on the way. O_NONBLOCK: a FIFO must not stop
 * us. */
static void read_at(struct layers *layers, struct folder *folder, int dir_fd, const char *name,
                    const char *path)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    barrer_auto_fd int fd = openat(dir_fd, name, flags | O_NOFOLLOW);
    int is_link = fd < 0 && errno == ELOOP;
    struct stat st;

    if (is_link)
        fd = openat(dir_fd, name, flags);
    if (fd < 0 && errno == ENOENT && !is_link && folder != NULL)
        return;
    if (fd < 0 || fstat(fd, &st) < 0) {
        add_failure(layers, path, "open", errno);
        return;
    }
    if (is_link && is_null_device(&st))
        return;
    if (!S_ISREG(st.st_mode)) {
        problems_add(layers->problems, "%s: not a regular file", path);
        return;
    }
    if (is_link || folder == NULL || !is_trusted_file(&st)) {
        if (!check_path(layers, path))
            return;
    } else if (!is_trusted_folder(layers, folder)) {
        return;
    }
    read_text(layers, path, fd);
}

static int is_drop_in(const char *name)
{
    size_t length = strlen(name);

    return name[0] != '.' && length > 5 && strcmp(name + length - 5, ".conf") == 0;
}

static int list_names(struct layers *layers, struct folder *folder)
{
    char buffer[8192] __attribute__((aligned(8)));
    ssize_t n;

    while ((n = getdents64(folder->drop_ins_fd, buffer, sizeof(buffer))) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *dirent = (const void *)(buffer + at);
            int r = 0;

            at += dirent->d_reclen;
            if (!is_drop_in(dirent->d_name))
                continue;
            if (reader_is_text(dirent->d_name, strlen(dirent->d_name)))
                r = words_add(&folder->names, dirent->d_name);
            else
                problems_add(layers->problems, "%s/%s: a name with control characters",
                             folder->path, layers->drop_ins);
            if (r < 0)
                return r;
        }
    }
    words_sort(&folder->names);
    return n < 0 ? -errno : 0;
}

/* An absent folder costs one system call. */
static void open_folder(struct layers *layers, struct folder *folder, const char *path)
{
    int r;

    folder->path = path;
    folder->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0) {
        if (errno != ENOENT)
            add_failure(layers, path, "open", errno);
        return;
    }
    folder->drop_ins_fd = openat(folder->fd, layers->drop_ins, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->drop_ins_fd < 0) {
        if (errno != ENOENT)
            problems_add(layers->problems, "open \"%s/%s\": %s", path, layers->drop_ins,
                         strerrordesc_np(errno));
        return;
    }
    r = list_names(layers, folder);
    if (r < 0)
        problems_add(layers->problems, "read \"%s/%s\": %s", path, layers->drop_ins,
                     strerrordesc_np(-r));
}

static void close_folder(struct folder *folder)
{
    words_fini(&folder->names);
    barrer_close_fd(&folder->drop_ins_fd);
    barrer_close_fd(&folder->fd);
}

/* Whether a later folder has a drop-in of that name. */
static int is_replaced(const struct layers *layers, size_t i, const char *name)
{
    while (++i < FOLDERS)
        if (words_has(&layers->folders[i].names, name))
            return 1;
    return 0;
}

static void read_drop_ins(struct layers *layers, size_t i)
{
    struct folder *folder = &layers->folders[i];
    struct folder drop_ins = {.fd = -1, .drop_ins_fd = -1};
    barrer_auto_free char *folder_path = NULL;

    if (folder->names.n == 0)
        return;
    folder_path = join(layers, folder->path, layers->drop_ins);
    if (folder_path == NULL)
        return;
    drop_ins.path = folder_path;
    for (size_t j = 0; j < folder->names.n; j++) {
        barrer_auto_free char *path = NULL;

        if (is_replaced(layers, i, folder->names.words[j]))
            continue;
        path = join(layers, folder_path, folder->names.words[j]);
        if (path == NULL)
            return;
        read_at(layers, &drop_ins, folder->drop_ins_fd, folder->names.words[j], path);
    }
}

static void read_folder(struct layers *layers, size_t i)
{
    struct folder *folder = &layers->folders[i];
    barrer_auto_free char *path = NULL;

    if (folder->fd < 0)
        return;
    path = join(layers, folder->path, layers->main_file);
    if (path == NULL)
        return;
    read_at(layers, folder, folder->fd, layers->main_file, path);
    read_drop_ins(layers, i);
}

void layers_read_folders(const char *const *folders, const char *name, layers_each *each, void *arg,
                         struct problems *problems)
{
    struct layers layers = {.each = each, .arg = arg, .problems = problems};

    (void)snprintf(layers.main_file, sizeof(layers.main_file), "%s.conf", name);
    (void)snprintf(layers.drop_ins, sizeof(layers.drop_ins), "%s.conf.d", name);

    for (size_t i = 0; i < FOLDERS; i++)
        layers.folders[i].fd = layers.folders[i].drop_ins_fd = -1;
    for (size_t i = 0; i < FOLDERS && folders[i] != NULL; i++)
        open_folder(&layers, &layers.folders[i], folders[i]);
    for (size_t i = 0; i < FOLDERS; i++)
        read_folder(&layers, i);
    for (size_t i = 0; i < FOLDERS; i++)
        close_folder(&layers.folders[i]);
}

void layers_read_file(const char *file, layers_each *each, void *arg, struct problems *problems)
{
    struct layers layers = {.each = each, .arg = arg, .problems = problems};

    read_at(&layers, NULL, AT_FDCWD, file, file);
}
