/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"

int payload_sounds_managed(const char *const *args)
{
    size_t n = strlen(args[0]);

    /* A library of NativeAOT. */
    if (n > 3 && strcmp(args[0] + n - 3, ".so") == 0)
        return 1;
    for (; *args != NULL; args++)
        if (strstr(*args, "dotnet") != NULL || strstr(*args, ".dll") != NULL)
            return 1;
    return 0;
}

int payload_may_be_managed(const char *const *args)
{
    return payload_sounds_managed(args) || strchr(args[0], '/') != NULL;
}

/* The first bytes of a regular file; what is not one is never opened: devices and pipes of an
 * image answer to that. The number of bytes, or -errno. */
static ssize_t read_head(int root_fd, int proc_fd, const char *path, char *head, size_t size)
{
    barrer_auto_fd int fd = path_open_in_root(root_fd, path, O_PATH, 0);
    barrer_auto_fd int file_fd = -1;
    char name[32];
    struct stat st;
    ssize_t n;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return -EISDIR;
    (void)snprintf(name, sizeof(name), "self/fd/%d", fd);
    file_fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    n = file_fd < 0 ? -1 : pread(file_fd, head, size, 0);
    return n < 0 ? -errno : n;
}

static int has_assembly_beside(int root_fd, const char *path)
{
    barrer_auto_fd int fd = -1;
    char name[PATH_MAX];

    if ((size_t)snprintf(name, sizeof(name), "%s.dll", path) >= sizeof(name))
        return 0;
    fd = path_open_in_root(root_fd, name, O_PATH, 0);
    return fd >= 0;
}

int payload_is_managed(int root_fd, int proc_fd, const char *cwd, const char *name)
{
    char path[PATH_MAX], head[4];
    ssize_t n;

    if (strchr(name, '/') == NULL ||
        (size_t)snprintf(path, sizeof(path), "%s/%s", name[0] == '/' ? "" : cwd, name) >=
            sizeof(path))
        return 0;
    n = read_head(root_fd, proc_fd, path, head, sizeof(head));
    if (n < (ssize_t)sizeof(head))
        return 0;
    if (memcmp(head, "\177ELF", 4) == 0)
        return has_assembly_beside(root_fd, path);
    return memcmp(head, "#!", 2) != 0;
}

/* The packed form: numbers and strings with their NUL, in the order in which both sides go through
 * them. Who writes and who reads is one program. */

static void put_number(FILE *file, size_t number)
{
    (void)fwrite(&number, sizeof(number), 1, file);
}

static void put_text(FILE *file, const char *text)
{
    put_number(file, text == NULL);
    if (text != NULL)
        (void)fwrite(text, 1, strlen(text) + 1, file);
}

static void put_list(FILE *file, const char *const *list)
{
    size_t n = 0;

    while (list[n] != NULL)
        n++;
    put_number(file, n);
    for (size_t i = 0; i < n; i++)
        put_text(file, list[i]);
}

int payload_pack(const struct barrer_payload *payload, int *ret_fd, struct barrer_error *err)
{
    barrer_auto_fd int fd = memfd_create("payload", MFD_CLOEXEC);
    barrer_auto_free char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    int r;

    if (file == NULL || fd < 0)
        r = -errno;
    if (file != NULL) {
        put_text(file, payload->path);
        put_list(file, payload->args);
        put_list(file, payload->environment);
        put_number(file, payload->n_layer);
        for (size_t i = 0; i < payload->n_layer; i++) {
            put_number(file, payload->layer[i].type);
            put_text(file, payload->layer[i].path);
            put_text(file, payload->layer[i].content);
        }
        r = ferror(file) ? -ENOMEM : 0;
        if (fclose(file) != 0)
            r = -ENOMEM;
        if (r == 0)
            r = fd < 0 ? -EMFILE : fd_write_all(fd, text, size);
    }
    if (r < 0)
        return error_fail(err, -r, "hand the payload to the container's process");
    *ret_fd = barrer_take_fd(&fd);
    return 0;
}

static size_t get_number(const char **p)
{
    size_t number;

    memcpy(&number, *p, sizeof(number));
    *p += sizeof(number);
    return number;
}

static const char *get_text(const char **p)
{
    const char *text;

    if (get_number(p) != 0)
        return NULL;
    text = *p;
    *p += strlen(text) + 1;
    return text;
}

static const char **get_list(const char **p)
{
    size_t n = get_number(p);
    const char **list = calloc(n + 1, sizeof(*list));

    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        list[i] = get_text(p);
    return list;
}

static struct barrer_layer_entry *get_layer(const char **p, size_t *ret_n)
{
    size_t n = get_number(p);
    struct barrer_layer_entry *entries = calloc(n + 1, sizeof(*entries));

    if (entries == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        entries[i].type = (uint32_t)get_number(p);
        entries[i].path = get_text(p);
        entries[i].content = get_text(p);
    }
    *ret_n = n;
    return entries;
}

int payload_unpack(int fd, struct barrer_payload *payload, struct barrer_error *err)
{
    struct stat st;
    const char *p;
    void *data;

    if (fstat(fd, &st) < 0)
        return error_fail(err, errno, "take the payload from barrer-run");
    data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED || data == NULL)
        return error_fail(err, errno, "take the payload from barrer-run");
    p = data;
    *payload = (struct barrer_payload){.size = sizeof(*payload), .fd = -1};
    payload->path = get_text(&p);
    payload->args = get_list(&p);
    if (payload->args != NULL)
        payload->environment = get_list(&p);
    if (payload->environment != NULL)
        payload->layer = get_layer(&p, &payload->n_layer);
    if (payload->layer == NULL)
        return error_fail(err, ENOMEM, "take the payload from barrer-run");
    return 0;
}
