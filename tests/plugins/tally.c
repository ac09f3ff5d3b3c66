/* SPDX-License-Identifier: Apache-2.0
 *
 * A sample resources plugin, as a third party would write it: it keeps a ledger file for each
 * container, below a folder of the operator's choice, and removes it with the container. It shows
 * the rule of facts: the file's name is recorded before the file is made, so that whoever deletes
 * the container later, also after a kill -9, knows what to remove.
 *
 * It is C99 and C++17 at once: designators in the order of the members, and casts from void *.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <barrer/resources.h>
#include <barrer/util.h>

struct tally {
    const struct barrer_host *host;
};

static int tally_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct tally *tally = (struct tally *)calloc(1, sizeof(*tally));

    if (tally == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin");
    tally->host = host;
    *ret_self = tally;
    return 0;
}

static void tally_close(void *self)
{
    free(self);
}

/* Add a line to the ledger of this container. FLAGS: O_CREAT | O_EXCL, O_TRUNC, or O_APPEND. */
static int tally_write(const struct tally *tally, const char *file, int flags, const char *what,
                       long long number, struct barrer_error *err)
{
    barrer_auto_fd int fd = open(file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    char line[64];
    int r;

    if (fd < 0)
        return barrer_fail(tally->host, err, errno, "open ledger \"%s\"", file);
    (void)snprintf(line, sizeof(line), "%s %lld\n", what, number);
    r = barrer_write_fd(fd, line);
    return r < 0 ? barrer_fail(tally->host, err, -r, "write ledger \"%s\"", file) : 0;
}

static int tally_find(const struct tally *tally, const char **ret_file, struct barrer_error *err)
{
    const char *file = tally->host->get_fact(tally->host, "file");

    if (file == NULL)
        return barrer_fail(tally->host, err, 0, "the container has no ledger");
    *ret_file = file;
    return 0;
}

static long long tally_limit(const struct barrer_resources_request *request)
{
    return request->pids_limit.is_set ? (long long)request->pids_limit.value : -1;
}

static int tally_prepare(void *self, const struct barrer_resources_request *request,
                         struct barrer_resources_plan *plan, struct barrer_error *err)
{
    const struct tally *tally = (const struct tally *)self;
    const char *folder = tally->host->option(tally->host, "folder");
    char file[4096];
    int r;

    (void)plan; /* no cgroup: the core has set cgroup_fd to -1 */
    if ((size_t)snprintf(file, sizeof(file), "%s/%s.tally", folder, request->id) >= sizeof(file))
        return barrer_fail(tally->host, err, ENAMETOOLONG, "name a ledger in \"%s\"", folder);
    r = tally->host->put_fact(tally->host, "file", file, err);
    if (r < 0)
        return r;
    return tally_write(tally, file, O_CREAT | O_EXCL, "limit", tally_limit(request), err);
}

static int tally_attach(void *self, const struct barrer_target *target, struct barrer_error *err)
{
    const struct tally *tally = (const struct tally *)self;
    const char *file = NULL;
    int r = tally_find(tally, &file, err);

    return r < 0 ? r : tally_write(tally, file, O_APPEND, "process", (long long)target->pid, err);
}

static int tally_join(void *self, const char *path, struct barrer_resources_plan *plan,
                      struct barrer_error *err)
{
    const struct tally *tally = (const struct tally *)self;
    const char *file = NULL;

    (void)plan;
    if (path != NULL)
        return barrer_fail(tally->host, err, 0, "a ledger has no sub-group \"%s\"", path);
    return tally_find(tally, &file, err);
}

static int tally_update(void *self, const struct barrer_resources_request *request,
                        struct barrer_error *err)
{
    const struct tally *tally = (const struct tally *)self;
    const char *file = NULL;
    int r = tally_find(tally, &file, err);

    return r < 0 ? r : tally_write(tally, file, O_APPEND, "limit", tally_limit(request), err);
}

static int tally_release(void *self, struct barrer_error *err)
{
    const struct tally *tally = (const struct tally *)self;
    const char *file = NULL;
    int r = tally_find(tally, &file, err);

    if (r < 0)
        return r;
    /* Called again, or after a kill between the fact and the file: there is nothing to remove. */
    if (unlink(file) < 0 && errno != ENOENT)
        return barrer_fail(tally->host, err, errno, "remove ledger \"%s\"", file);
    return 0;
}

static const struct barrer_option tally_options[] = {
    {"folder", "path", "/run", "where the ledgers are kept"},
    {NULL, NULL, NULL, NULL},
};

/* What a default config.json sets, so that this plugin alone will do. It counts; it limits
 * nothing, and a plugin that people are to rely on would not say so here. */
static const char *const tally_honours[] = {
    "linux.cgroupsPath",
    "linux.resources.devices",
    "linux.resources.pids.limit",
    NULL,
};

static const struct barrer_resources_ops tally_ops = {
    .size = sizeof(struct barrer_resources_ops),
    .probe = NULL,
    .prepare = tally_prepare,
    .attach = tally_attach,
    .join = tally_join,
    .update = tally_update,
    .pause = NULL,
    .resume = NULL,
    .kill = NULL,
    .processes = NULL,
    .stats = NULL,
    .open_events = NULL,
    .read_events = NULL,
    .release = tally_release,
};

BARRER_PLUGIN(tally) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RESOURCES,
    .flags = 0,
    .reserved = 0,
    .name = "tally",
    .version = "1.0",
    .summary = "a ledger file for each container",
    .options = tally_options,
    .honours = tally_honours,
    .annotations = NULL,
    .open = tally_open,
    .close = tally_close,
    .ops = &tally_ops,
};
