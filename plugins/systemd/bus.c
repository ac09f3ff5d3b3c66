/* SPDX-License-Identifier: Apache-2.0 */
#include "bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER SYSTEMD ".Manager"
#define PATH "/org/freedesktop/systemd1"

/* systemd's own socket: no bus in between, which a busy machine saturates, and none needed. */
static int open_private(sd_bus **ret_bus, const char *path)
{
    sd_bus *bus = NULL;
    char address[512];
    int r = sd_bus_new(&bus);

    (void)snprintf(address, sizeof(address), "unix:path=%s", path);
    if (r >= 0)
        r = sd_bus_set_address(bus, address);
    if (r >= 0)
        r = sd_bus_start(bus);
    if (r < 0) {
        sd_bus_unref(bus);
        return r;
    }
    *ret_bus = bus;
    return 0;
}

static int open_any(sd_bus **ret_bus, int is_user)
{
    const char *folder = secure_getenv("XDG_RUNTIME_DIR");
    char path[256];

    if (!is_user)
        return open_private(ret_bus, "/run/systemd/private") >= 0 ? 0
                                                                   : sd_bus_open_system(ret_bus);
    if (folder == NULL || *folder != '/')
        return sd_bus_open_user(ret_bus);
    (void)snprintf(path, sizeof(path), "%.200s/systemd/private", folder);
    return open_private(ret_bus, path) >= 0 ? 0 : sd_bus_open_user(ret_bus);
}

static int on_job_removed(sd_bus_message *signal, void *arg, sd_bus_error *error)
{
    const char *job, *unit, *result;
    struct bus *bus = arg;
    uint32_t id;

    (void)error;
    if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) >= 0 &&
        strcmp(job, bus->job) == 0)
        (void)snprintf(bus->result, sizeof(bus->result), "%s", result);
    return 0;
}

static int subscribe(struct bus *bus)
{
    int r = sd_bus_match_signal(bus->bus, NULL, NULL, PATH, MANAGER, "JobRemoved", on_job_removed,
                                bus);

    if (r < 0)
        return r;
    /* On a connection of its own everybody gets all signals; elsewhere somebody may have asked
     * before. */
    (void)sd_bus_call_method(bus->bus, SYSTEMD, PATH, MANAGER, "Subscribe", NULL, NULL, NULL);
    return 0;
}

int bus_open(struct bus *bus, const struct barrer_host *host, int is_user,
             struct barrer_error *err)
{
    uint64_t timeout = strtoull(host->option(host, "job-timeout"), NULL, 10) * 1000;
    int r;

    if (bus->bus != NULL)
        return 0;
    bus->host = host;
    r = open_any(&bus->bus, is_user);
    if (r >= 0)
        r = sd_bus_set_method_call_timeout(bus->bus, timeout);
    if (r >= 0)
        r = subscribe(bus);
    if (r >= 0)
        return 0;
    bus_close(bus);
    /* The text for a missing file would be taken for a missing program. */
    return barrer_fail(host, err, r == -ENOENT ? ENOTCONN : -r, "connect to systemd%s",
                       is_user ? " of this user (is XDG_RUNTIME_DIR set, and is there a session?)"
                               : "");
}

void bus_close(struct bus *bus)
{
    if (bus->bus != NULL)
        sd_bus_flush_close_unref(bus->bus);
    bus->bus = NULL;
}

int bus_manager_group(struct bus *bus, char **ret_path, struct barrer_error *err)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = sd_bus_get_property_string(bus->bus, SYSTEMD, PATH, MANAGER, "ControlGroup", &error,
                                       ret_path);

    if (r < 0)
        r = barrer_fail(bus->host, err, 0, "ask systemd for its control group: %s",
                        error.message != NULL ? error.message : strerror(-r));
    sd_bus_error_free(&error);
    return r < 0 ? r : 0;
}

int bus_new_call(struct bus *bus, const char *method, sd_bus_message **ret_call,
                 struct barrer_error *err)
{
    int r = sd_bus_message_new_method_call(bus->bus, ret_call, SYSTEMD, PATH, MANAGER, method);

    return r < 0 ? barrer_fail(bus->host, err, -r, "call systemd's %s", method) : 0;
}

/* The reply of CALL, or an error. */
static int send_call(struct bus *bus, sd_bus_message *call, sd_bus_message **ret_reply,
                     const char *what, struct barrer_error *err)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = sd_bus_call(bus->bus, call, 0, &error, ret_reply);

    if (r < 0 && sd_bus_error_has_name(&error, SYSTEMD ".UnitExists"))
        r = -EEXIST;
    else if (r < 0 && sd_bus_error_has_name(&error, SYSTEMD ".NoSuchUnit"))
        r = -ENOENT;
    else if (r < 0)
        r = barrer_fail(bus->host, err, 0, "%s: systemd says: %s", what,
                        error.message != NULL ? error.message : strerror(-r));
    sd_bus_error_free(&error);
    return r < 0 ? r : 0;
}

int bus_send(struct bus *bus, sd_bus_message *call, const char *what, struct barrer_error *err)
{
    sd_bus_message *reply = NULL;
    int r = send_call(bus, call, &reply, what, err);

    sd_bus_message_unref(reply);
    return r;
}

static uint64_t now_usec(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Signals that came before the reply wait in a queue, so that none is missed. */
static int wait_job(struct bus *bus)
{
    uint64_t timeout = strtoull(bus->host->option(bus->host, "job-timeout"), NULL, 10) * 1000;
    uint64_t end = now_usec() + timeout, now;

    while (bus->result[0] == '\0') {
        int r = sd_bus_process(bus->bus, NULL);

        now = now_usec();
        if (r == 0 && now >= end)
            return -ETIMEDOUT;
        if (r == 0)
            r = sd_bus_wait(bus->bus, end - now);
        if (r < 0 && r != -EINTR)
            return r;
    }
    return 0;
}

int bus_run_job(struct bus *bus, sd_bus_message *call, const char *what, struct barrer_error *err)
{
    sd_bus_message *reply = NULL;
    const char *job;
    int r;

    bus->job[0] = bus->result[0] = '\0';
    r = send_call(bus, call, &reply, what, err);
    if (r < 0)
        return r;
    r = sd_bus_message_read(reply, "o", &job);
    if (r >= 0)
        (void)snprintf(bus->job, sizeof(bus->job), "%s", job);
    sd_bus_message_unref(reply);
    if (r >= 0)
        r = wait_job(bus);
    if (r < 0)
        return barrer_fail(bus->host, err, -r, "%s: wait for systemd", what);
    if (strcmp(bus->result, "done") != 0)
        return barrer_fail(bus->host, err, 0, "%s: systemd says that the job is \"%s\"", what,
                           bus->result);
    return 0;
}
