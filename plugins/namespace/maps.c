/* SPDX-License-Identifier: Apache-2.0 */
#include "maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <barrer/util.h>

/* Linux 4.15 and later; user_namespaces(7). */
#define MAX_LINES 340
/* Three numbers of ten digits, two blanks, a newline. */
#define LINE_LENGTH 33

/* One of the two maps, with everything that differs between them. */
struct map {
    const char *noun;   /* "user" */
    const char *letter; /* "u" */
    const char *file;   /* below /proc/PID */
    const char *option; /* also the name of the program */
    const char *ranges; /* where the program looks up what is allowed */
    const struct barrer_id_map *lines;
    size_t n_lines;
    uint32_t own_id; /* of the caller; asked for where it matters only */
};

static void describe_uids(const struct barrer_isolation_request *request, struct map *map)
{
    *map = (struct map){.noun = "user",
                        .letter = "u",
                        .file = "uid_map",
                        .option = "newuidmap",
                        .ranges = "/etc/subuid",
                        .lines = request->uid_maps,
                        .n_lines = request->n_uid_maps};
}

static void describe_gids(const struct barrer_isolation_request *request, struct map *map)
{
    *map = (struct map){.noun = "group",
                        .letter = "g",
                        .file = "gid_map",
                        .option = "newgidmap",
                        .ranges = "/etc/subgid",
                        .lines = request->gid_maps,
                        .n_lines = request->n_gid_maps};
}

static int overlap(uint32_t a, uint32_t n_a, uint32_t b, uint32_t n_b)
{
    return (uint64_t)a < (uint64_t)b + n_b && (uint64_t)b < (uint64_t)a + n_a;
}

static int check_lines(const struct barrer_host *host, const struct map *map,
                       struct barrer_error *err)
{
    if (map->n_lines == 0)
        return barrer_fail(host, err, 0,
                           "linux.%sidMappings: a new user namespace needs at least one range of "
                           "%s ids (linux.namespaces names \"user\" without a path)",
                           map->letter, map->noun);
    if (map->n_lines > MAX_LINES)
        return barrer_fail(host, err, 0,
                           "linux.%sidMappings: %zu ranges are more than the kernel's limit of %d",
                           map->letter, map->n_lines, MAX_LINES);
    for (size_t i = 0; i < map->n_lines; i++) {
        const struct barrer_id_map *a = &map->lines[i];

        if (a->count == 0 || (uint64_t)a->container_id + a->count > UINT32_MAX ||
            (uint64_t)a->host_id + a->count > UINT32_MAX)
            return barrer_fail(host, err, 0,
                               "linux.%sidMappings: the range %u %u %u is empty or leads beyond "
                               "the largest id",
                               map->letter, a->container_id, a->host_id, a->count);
        for (size_t j = 0; j < i; j++) {
            const struct barrer_id_map *b = &map->lines[j];

            if (overlap(a->container_id, a->count, b->container_id, b->count) ||
                overlap(a->host_id, a->count, b->host_id, b->count))
                return barrer_fail(host, err, 0,
                                   "linux.%sidMappings: the ranges %u %u %u and %u %u %u overlap",
                                   map->letter, b->container_id, b->host_id, b->count,
                                   a->container_id, a->host_id, a->count);
        }
    }
    return 0;
}

int namespace_maps_check(const struct barrer_host *host,
                         const struct barrer_isolation_request *request, struct barrer_error *err)
{
    struct map map;
    int r;

    describe_uids(request, &map);
    r = check_lines(host, &map, err);
    if (r < 0)
        return r;
    describe_gids(request, &map);
    return check_lines(host, &map, err);
}

static int write_proc(const struct barrer_host *host, pid_t pid, const char *file, const char *text,
                      struct barrer_error *err)
{
    barrer_auto_fd int fd = -1;
    char path[64];
    int r;

    (void)snprintf(path, sizeof(path), "%d/%s", pid, file);
    fd = host->open_proc(host, path, O_WRONLY | O_CLOEXEC, err);
    if (fd < 0)
        return fd;
    r = barrer_write_fd(fd, text);
    if (r < 0)
        return barrer_fail(host, err, -r, "write \"%s\" to \"/proc/%s\"", text, path);
    return 0;
}

static int write_directly(const struct barrer_host *host, const struct map *map, pid_t pid,
                          struct barrer_error *err)
{
    size_t size = map->n_lines * LINE_LENGTH + 1, used = 0;
    barrer_auto_free char *text = malloc(size);

    if (text == NULL)
        return barrer_fail(host, err, ENOMEM, "write \"/proc/%d/%s\"", pid, map->file);
    for (size_t i = 0; i < map->n_lines; i++)
        used += (size_t)snprintf(text + used, size - used, "%u %u %u\n", map->lines[i].container_id,
                                 map->lines[i].host_id, map->lines[i].count);
    return write_proc(host, pid, map->file, text, err);
}

/* What a caller without privileges has to do about a refused range: the first that is not just
 * its own id. */
static int fail_ranges(const struct barrer_host *host, const struct map *map, const char *program,
                       struct barrer_error *err)
{
    const struct barrer_id_map *line = &map->lines[0];

    for (size_t i = 0; i < map->n_lines; i++) {
        line = &map->lines[i];
        if (line->count != 1 || line->host_id != map->own_id)
            break;
    }
    return barrer_fail(host, err, 0,
                       "map the container's %s ids: \"%s\" refused host ids %u to %u (add the "
                       "line \"%u:%u:%u\" to %s, and see that the program is set-uid root)",
                       map->noun, program, line->host_id, line->host_id + line->count - 1,
                       map->own_id, line->host_id, line->count, map->ranges);
}

static int write_by_program(const struct barrer_host *host, const struct map *map, pid_t pid,
                            struct barrer_error *err)
{
    const char *program = host->option(host, map->option);
    size_t n_numbers = map->n_lines * 3, n = 0;
    barrer_auto_free const char **argv = malloc((n_numbers + 3) * sizeof(*argv));
    barrer_auto_free char(*texts)[12] = malloc((n_numbers + 1) * sizeof(*texts));
    int r;

    if (argv == NULL || texts == NULL)
        return barrer_fail(host, err, ENOMEM, "run \"%s\"", program);
    (void)snprintf(texts[n_numbers], sizeof(texts[0]), "%d", pid);
    argv[n++] = program;
    argv[n++] = texts[n_numbers];
    for (size_t i = 0; i < map->n_lines; i++) {
        const struct barrer_id_map *line = &map->lines[i];
        const uint32_t numbers[] = {line->container_id, line->host_id, line->count};

        for (size_t j = 0; j < 3; j++) {
            (void)snprintf(texts[3 * i + j], sizeof(texts[0]), "%u", numbers[j]);
            argv[n++] = texts[3 * i + j];
        }
    }
    argv[n] = NULL;
    r = host->run_program(host, argv, err);
    if (r == 0)
        return 0;
    /* 127 is what a child says that could not execute the program. */
    if (r == -ENOENT || r == 127)
        return barrer_fail(host, err, ENOENT,
                           "map the container's %s ids by \"%s\" (install the package uidmap, or "
                           "set %s in the plugin's section)",
                           map->noun, program, map->option);
    return r < 0 ? r : fail_ranges(host, map, program, err);
}

static int is_only_self(const struct map *map)
{
    return map->n_lines == 1 && map->lines[0].count == 1 && map->lines[0].host_id == map->own_id;
}

/* For a caller that has no CAP_SETUID and CAP_SETGID over its own user namespace. */
static int write_unprivileged(const struct barrer_host *host,
                              const struct barrer_isolation_request *request, pid_t pid,
                              struct barrer_error *err)
{
    struct map uids, gids;
    int r;

    describe_uids(request, &uids);
    describe_gids(request, &gids);
    uids.own_id = geteuid();
    gids.own_id = getegid();
    r = is_only_self(&uids) ? write_directly(host, &uids, pid, err)
                            : write_by_program(host, &uids, pid, err);
    if (r < 0)
        return r;
    if (!is_only_self(&gids)) {
        /* newgidmap looks the caller up by its user id. */
        gids.own_id = uids.own_id;
        return write_by_program(host, &gids, pid, err);
    }
    /* Else a process could drop a group that denies it access (CVE-2014-8989): the kernel wants
     * setgroups(2) disabled first. */
    r = write_proc(host, pid, "setgroups", "deny", err);
    return r < 0 ? r : write_directly(host, &gids, pid, err);
}

int namespace_maps_write(const struct barrer_host *host,
                         const struct barrer_isolation_request *request, pid_t pid,
                         struct barrer_error *err)
{
    struct map map;
    int r;

    /* Root of a user namespace has these capabilities there, so that a rootless engine that runs
     * in one needs no program either. */
    if ((request->flags & BARRER_ISOLATION_ROOTLESS) != 0 && geteuid() != 0)
        return write_unprivileged(host, request, pid, err);
    describe_uids(request, &map);
    r = write_directly(host, &map, pid, err);
    if (r < 0)
        return r;
    describe_gids(request, &map);
    return write_directly(host, &map, pid, err);
}
