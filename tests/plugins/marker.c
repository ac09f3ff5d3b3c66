/* SPDX-License-Identifier: Apache-2.0
 *
 * A sample process plugin, as a third party would write it: an addition (it stands behind the
 * provider in `process =`) that writes each of its stages into a file of the host. The file is
 * opened before the clone, so that the stages inside the container have it although they see no
 * file of the host. Its nice value is what the payload keeps.
 *
 * It is C99 and C++17 at once, as tally.c is.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <barrer/process.h>
#include <barrer/util.h>

struct marker {
    const struct barrer_host *host;
    int fd;
};

static int marker_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct marker *marker = (struct marker *)calloc(1, sizeof(*marker));

    if (marker == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin");
    marker->host = host;
    marker->fd = -1;
    *ret_self = marker;
    return 0;
}

static void marker_close(void *self)
{
    struct marker *marker = (struct marker *)self;

    barrer_close_fd(&marker->fd);
    free(marker);
}

static int marker_write(const struct marker *marker, const char *stage, struct barrer_error *err)
{
    char line[64];
    int r;

    if (marker->fd < 0)
        return 0;
    (void)snprintf(line, sizeof(line), "%s %ld\n", stage, (long)getuid());
    r = barrer_write_fd(marker->fd, line);
    return r < 0 ? barrer_fail(marker->host, err, -r, "write stage \"%s\"", stage) : 0;
}

static int marker_prepare(void *self, const struct barrer_process_request *request,
                          struct barrer_error *err)
{
    struct marker *marker = (struct marker *)self;
    const struct barrer_host *host = marker->host;
    const char *file = host->option(host, "file");
    int is_exec = (request->flags & BARRER_PROCESS_EXEC) != 0, r;

    if (file == NULL)
        return 0;
    if (!is_exec) {
        r = host->put_fact(host, "file", file, err);
        if (r < 0)
            return r;
    }
    marker->fd =
        open(file, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (is_exec ? 0 : O_CREAT), 0600);
    if (marker->fd < 0)
        return barrer_fail(host, err, errno, "open mark \"%s\"", file);
    return marker_write(marker, is_exec ? "exec" : "prepare", err);
}

static int marker_confine(void *self, const struct barrer_process_request *request,
                          struct barrer_error *err)
{
    const struct marker *marker = (const struct marker *)self;
    const char *nice_value = marker->host->option(marker->host, "nice");

    (void)request;
    if (setpriority(PRIO_PROCESS, 0, atoi(nice_value)) < 0)
        return barrer_fail(marker->host, err, errno, "set the nice value to %s", nice_value);
    return marker_write(marker, "confine", err);
}

static int marker_drop(void *self, const struct barrer_process_request *request,
                       struct barrer_error *err)
{
    (void)request;
    return marker_write((const struct marker *)self, "drop", err);
}

static int marker_release(void *self, struct barrer_error *err)
{
    const struct marker *marker = (const struct marker *)self;
    const char *file = marker->host->get_fact(marker->host, "file");

    if (file != NULL && unlink(file) < 0 && errno != ENOENT)
        return barrer_fail(marker->host, err, errno, "remove mark \"%s\"", file);
    return 0;
}

static const struct barrer_option marker_options[] = {
    {"file", "path", NULL, "the file of the host that the stages are written into"},
    {"nice", "uint", "0", "the nice value that the payload gets"},
    {NULL, NULL, NULL, NULL},
};

static const struct barrer_process_ops marker_ops = {
    .size = sizeof(struct barrer_process_ops),
    .probe = NULL,
    .prepare = marker_prepare,
    .attach = NULL,
    .confine = marker_confine,
    .drop = marker_drop,
    .release = marker_release,
};

BARRER_PLUGIN(marker) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_PROCESS,
    .flags = 0,
    .reserved = 0,
    .name = "marker",
    .version = "1.0",
    .summary = "writes down the stages of a container's process",
    .options = marker_options,
    .honours = NULL,
    .annotations = NULL,
    .open = marker_open,
    .close = marker_close,
    .ops = &marker_ops,
};
