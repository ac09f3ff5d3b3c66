/* SPDX-License-Identifier: Apache-2.0
 *
 * events: one JSON object a line, in the shape that runc's callers read.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "cli/cli.h"
#include "cli/stats.h"
#include "container/lifecycle.h"

/* The text of /proc/PID/net/dev for some thousand devices. */
#define MAX_INTERFACES ((size_t)1 << 20)

enum { OPTION_INTERVAL = 256, OPTION_STATS };

static const struct option table[] = {{"interval", required_argument, NULL, OPTION_INTERVAL},
                                      {"stats", no_argument, NULL, OPTION_STATS},
                                      {0}};

struct watch {
    const char *id;
    struct container *container;
    struct flow flow;
    struct instance *instance; /* the first that has stats: the groups' */
    const struct barrer_resources_ops *ops;
};

static int print_event(const char *type, const char *id, struct json_object *data,
                       struct barrer_error *err)
{
    struct json_object *event = json_object_new_object();
    int r;

    json_object_object_add(event, "type", json_object_new_string(type));
    json_object_object_add(event, "id", json_object_new_string(id));
    if (data != NULL)
        json_object_object_add(event, "data", data);
    r = cli_print_json(event, 0, err);
    json_object_put(event);
    return r;
}

/* Further plugins add what they alone know. */
static int add_class(struct watch *watch, struct json_object *data, struct barrer_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < watch->flow.n_members; i++) {
        struct instance *instance = watch->flow.members[i].instance;
        const struct barrer_resources_ops *ops = instance->plugin->ops;
        struct barrer_stats stats = {.size = sizeof(stats)};

        if (instance == watch->instance || !BARRER_HAS(ops, stats))
            continue;
        r = ops->stats(instance->self, &stats, err);
        if (r == 0 && stats.rdt.schemata != NULL)
            stats_add_rdt(data, &stats);
    }
    return r;
}

/* Not of a container that shares the host's network. */
static int add_interfaces(struct watch *watch, struct json_object *data, struct barrer_error *err)
{
    struct host_context *context = &watch->flow.context;
    struct stat own, container;
    barrer_auto_free char *text = NULL;
    barrer_auto_fd int fd = -1;
    char path[32];
    size_t length;
    int r = context->proc_fd >= 0 ? 0 : path_open_procfs(&context->proc_fd, err);

    if (r < 0)
        return r;
    (void)snprintf(path, sizeof(path), "%d/ns/net", watch->container->pid);
    if (fstatat(context->proc_fd, "self/ns/net", &own, 0) < 0 ||
        fstatat(context->proc_fd, path, &container, 0) < 0 || own.st_ino == container.st_ino)
        return 0;
    (void)snprintf(path, sizeof(path), "%d/net/dev", watch->container->pid);
    fd = openat(context->proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fd_read_all(fd, MAX_INTERFACES, &text, &length) == 0)
        stats_add_interfaces(data, text);
    return 0;
}

static int print_stats(struct watch *watch, struct barrer_error *err)
{
    struct barrer_stats stats = {.size = sizeof(stats)};
    struct json_object *data;
    int r = watch->ops->stats(watch->instance->self, &stats, err);

    if (r < 0)
        return r;
    data = stats_json(&stats);
    if (stats.rdt.schemata != NULL)
        stats_add_rdt(data, &stats);
    r = add_class(watch, data, err);
    if (r == 0)
        r = add_interfaces(watch, data, err);
    if (r == 0)
        return print_event("stats", watch->id, data, err);
    json_object_put(data);
    return r;
}

static int open_timer(long long milliseconds, struct barrer_error *err)
{
    struct itimerspec interval = {
        .it_interval = {milliseconds / 1000, (milliseconds % 1000) * 1000000},
    };
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

    interval.it_value = interval.it_interval;
    if (fd < 0 || timerfd_settime(fd, 0, &interval, NULL) < 0)
        return error_fail(err, errno, "make a timer");
    return fd;
}

static int take_events(struct watch *watch, int fd, struct barrer_error *err)
{
    uint64_t oom = 0;
    int r = watch->ops->read_events(watch->instance->self, fd, &oom, err), printed = 0;

    for (; r >= 0 && printed == 0 && oom > 0; oom--)
        printed = print_event("oom", watch->id, NULL, err);
    return printed < 0 ? printed : r;
}

/* Until the container's group is gone. */
static int follow(struct watch *watch, long long interval, struct barrer_error *err)
{
    barrer_auto_fd int timer_fd = open_timer(interval, err);
    barrer_auto_fd int events_fd = -1;
    barrer_auto_fd int pidfd = container_pidfd(watch->container);
    int r = timer_fd;

    if (timer_fd < 0)
        return r;
    if (pidfd < 0)
        return error_fail(err, 0, "watch container `%s`: container not running", watch->id);
    if (BARRER_HAS(watch->ops, open_events) && BARRER_HAS(watch->ops, read_events)) {
        events_fd = watch->ops->open_events(watch->instance->self, err);
        if (events_fd < 0)
            return events_fd;
    }
    for (;;) {
        struct pollfd fds[] = {{.fd = timer_fd, .events = POLLIN},
                               {.fd = events_fd, .events = POLLIN | POLLPRI},
                               {.fd = pidfd, .events = POLLIN}};
        uint64_t ticks;

        if (poll(fds, 3, -1) < 0)
            continue;
        r = fds[1].revents ? take_events(watch, events_fd, err) : 1;
        if (r <= 0 || fds[2].revents)
            return r < 0 ? r : 0;
        if (fds[0].revents && read(timer_fd, &ticks, sizeof(ticks)) > 0)
            r = print_stats(watch, err);
        if (r < 0)
            return r;
    }
}

/* "5s", "500ms", "1m", or seconds. */
static int parse_interval(const char *text, long long *ret_milliseconds, struct barrer_error *err)
{
    char *unit;
    double number = strtod(text, &unit);
    double factor = strcmp(unit, "ms") == 0                   ? 1
                    : *unit == '\0' || strcmp(unit, "s") == 0 ? 1000
                    : strcmp(unit, "m") == 0                  ? 60000
                    : strcmp(unit, "h") == 0                  ? 3600000
                                                              : 0;

    if (unit == text || factor == 0 || !(number * factor >= 1 && number * factor < 1e12))
        return error_fail(err, 0, "--interval: expected a duration such as 5s, got \"%s\"", text);
    *ret_milliseconds = (long long)(number * factor);
    return 0;
}

static int find_instance(struct watch *watch, struct barrer_error *err)
{
    for (size_t i = 0; i < watch->flow.n_members; i++) {
        struct instance *instance = watch->flow.members[i].instance;
        const struct barrer_resources_ops *ops = instance->plugin->ops;

        if (BARRER_HAS(ops, stats)) {
            watch->instance = instance;
            watch->ops = ops;
            return 0;
        }
    }
    return error_fail(err, ENOTSUP, "watch container `%s` (it has no cgroup)", watch->id);
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    struct watch watch = {0};
    long long interval = 5000;
    int c, r = 0, once = 0;

    while (r == 0 && (c = cli_option(argc, argv, "", table, err)) != -1) {
        if (c == OPTION_STATS)
            once = 1;
        else
            r = c == OPTION_INTERVAL ? parse_interval(optarg, &interval, err) : -EINVAL;
    }
    if (r == 0)
        r = cli_id(argc, argv, &watch.id, err);
    if (r == 0)
        r = lifecycle_open_resources(&cli->global, watch.id, 0, &watch.container, &watch.flow, err);
    if (r < 0)
        return r;
    if (container_status(watch.container) == CONTAINER_STOPPED)
        r = error_fail(err, 0, "watch container `%s`: container not running", watch.id);
    if (r == 0)
        r = find_instance(&watch, err);
    if (r == 0)
        r = once ? print_stats(&watch, err) : follow(&watch, interval, err);
    flow_fini(&watch.flow);
    loader_destroy(watch.flow.loader);
    container_close(watch.container);
    return r;
}

const struct cli_verb verb_events = {
    "events", "[OPTIONS] ID", "Print statistics and out-of-memory events, as JSON lines",
    "Options:\n"
    "      --interval DURATION    time between statistics (default: 5s)\n"
    "      --stats                print statistics once, and end\n",
    run};
