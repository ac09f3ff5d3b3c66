/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/fd.h"
#include "boot/group.h"
#include "boot/output.h"
#include "boot/rescue.h"
#include "boot/service_process.h"
#include "boot/spawner.h"

const char *const service_state_names[] = {
    [SERVICE_INACTIVE] = "inactive", [SERVICE_WAITING] = "waiting",
    [SERVICE_STARTING] = "starting", [SERVICE_RUNNING] = "running",
    [SERVICE_STOPPING] = "stopping", [SERVICE_BACKOFF] = "backoff",
    [SERVICE_DONE] = "done",         [SERVICE_SKIPPED] = "skipped",
    [SERVICE_FAILED] = "failed"};

int supervisor_init_unit(const struct supervisor *s)
{
    const struct boot_settings *settings = settings_of(s);

    if (settings->init != MACHINE_NONE && settings->init_fallback != MACHINE_NONE &&
        unit_at(s, settings->init)->state == SERVICE_FAILED)
        return settings->init_fallback;
    return settings->init;
}

int supervisor_is_init(const struct supervisor *s, int index)
{
    return index == settings_of(s)->init || index == settings_of(s)->init_fallback;
}

struct boot_plan *supervisor_plan_of(const struct supervisor *s, int index)
{
    struct boot_plan *other = machine_other_plan(s->machine);

    return row_at(s, index)->name[0] == '\0' &&
                   strcmp(other->rows[index].name, unit_at(s, index)->name) == 0
               ? other
               : machine_plan(s->machine);
}

void supervisor_tell_init(struct supervisor *s, const struct message *message)
{
    int index = supervisor_init_unit(s);

    if (index == MACHINE_NONE || unit_at(s, index)->socket_fd < 0)
        return;
    if (message_send(unit_at(s, index)->socket_fd, message, -1) < 0)
        s->machine->lost++;
}

void supervisor_describe(const struct supervisor *s, int index, const char *id,
                         struct message *message)
{
    static const char *const types[] = {"simple", "oneshot", "scripted"};
    const struct unit *unit = unit_at(s, index);
    const struct service_row *row = row_at(s, index);

    message_start(message, "SERVICE");
    if (id[0] != '\0')
        message_put(message, "ID", "%s", id);
    message_put(message, "NAME", "%s", unit->name);
    message_put(message, "STATE", "%s", service_state_names[unit->state]);
    message_put(message, "PID", "%d", unit->pid);
    message_put(message, "RESTARTS", "%u", unit->restarts);
    message_put(message, "CODE", "%d", unit->code);
    message_put(message, "SIGNAL", "%d", unit->signal);
    message_put(message, "ENABLED", "%d", row->is_enabled);
    message_put(message, "TYPE", "%s", types[row->type]);
    message_put(message, "START_US", "%llu", (unsigned long long)unit->requested_at);
    message_put(message, "EXEC_US", "%llu", (unsigned long long)unit->started_at);
    message_put(message, "READY_US", "%llu", (unsigned long long)unit->ready_at);
    message_put(message, "END_US", "%llu", (unsigned long long)unit->ended_at);
    message_put(message, "TEXT", "%s", unit->text);
}

static void set_state(struct supervisor *s, int index, enum service_state state)
{
    struct unit *unit = unit_at(s, index);
    struct message message;

    unit->state = (uint8_t)state;
    supervisor_describe(s, index, "", &message);
    supervisor_tell_init(s, &message);
}

/* --- what becomes of a service ------------------------------------------------------------- */

static void fail_dependents(struct supervisor *s, int index);

static void rescue_if_last(struct supervisor *s, int index)
{
    const struct boot_settings *settings = settings_of(s);

    if (index == settings->init && settings->init_fallback != MACHINE_NONE) {
        output_say(s->machine, 3, "the init service is given up: starting \"%s\" in its place",
                   unit_at(s, settings->init_fallback)->name);
        supervisor_start(s, settings->init_fallback);
        return;
    }
    s->machine->init_deadline = 0; /* the static order, if there was no plan */
    output_say(s->machine, 3, "the init service is given up");
    rescue_enter(s->machine);
}

static void give_up(struct supervisor *s, int index, const char *why)
{
    struct unit *unit = unit_at(s, index);

    if (why != NULL)
        (void)snprintf(unit->text, sizeof(unit->text), "%s", why);
    set_state(s, index, SERVICE_FAILED);
    unit->is_wanted = 0;
    output_say(s->machine, 3, "service %s failed: %s", unit->name, unit->text);
    fail_dependents(s, index);
    if (supervisor_is_init(s, index) && s->machine->state != MACHINE_STOPPING)
        rescue_if_last(s, index);
}

static void fail_dependents(struct supervisor *s, int index)
{
    for (int i = 0; i < s->machine->n_units; i++) {
        struct unit *unit = unit_at(s, i);
        char why[100];

        if (unit->name[0] == '\0' || !set_has(&row_at(s, i)->requires, index))
            continue;
        (void)snprintf(why, sizeof(why), "it requires %s, which failed", unit_at(s, index)->name);
        if (unit->state == SERVICE_WAITING)
            give_up(s, i, why);
        else if (unit->state == SERVICE_STARTING || unit->state == SERVICE_RUNNING)
            supervisor_stop(s, i);
    }
}

static void back_off(struct supervisor *s, int index)
{
    const struct service_row *row = row_at(s, index);
    struct unit *unit = unit_at(s, index);
    uint64_t now = machine_now();
    char why[160];

    if (now - unit->window_start > row->restart_interval || unit->window_start == 0) {
        unit->window_start = now;
        unit->in_window = 0;
    }
    if (unit->in_window >= row->restart_limit) {
        (void)snprintf(why, sizeof(why), "%u restarts in %llu ms; the last time %.90s",
                       unit->in_window, (unsigned long long)(now - unit->window_start), unit->text);
        give_up(s, index, why);
        return;
    }
    unit->in_window++;
    if (unit->in_window == 1)
        unit->delay = row->restart_delay;
    else
        unit->delay = unit->delay * 2;
    if (unit->delay > row->restart_max_delay)
        unit->delay = row->restart_max_delay;
    unit->deadline = now + unit->delay;
    output_say(s->machine, 4, "service %s: %s; restart in %llu ms", unit->name, unit->text,
               (unsigned long long)unit->delay);
    set_state(s, index, SERVICE_BACKOFF);
}

static int is_given_up(const struct service_row *row, const struct unit *unit)
{
    for (int i = 0; i < row->n_give_up && unit->is_executed && unit->signal == 0; i++)
        if (row->give_up[i] == unit->code)
            return 1;
    return 0;
}

/* All of its processes that PID 1 waits for are gone. */
static void ended(struct supervisor *s, int index)
{
    const struct service_row *row = row_at(s, index);
    struct unit *unit = unit_at(s, index);
    int is_success = unit->is_executed && unit->code == 0 && unit->signal == 0;
    int was_stopping = unit->state == SERVICE_STOPPING;

    unit->ended_at = machine_now_us();
    unit->deadline = unit->watchdog_deadline = 0;
    if (!unit->has_logger && unit->log_fd >= 0)
        output_drain(s->machine, index);
    service_process_end_socket(s, index);
    service_process_close(unit);
    if (!(is_success && row->type == SERVICE_SCRIPTED && !was_stopping))
        service_process_kill(s, index);
    if (was_stopping || !unit->is_wanted) {
        int again = unit->is_restarting;

        unit->is_restarting = 0;
        set_state(s, index, SERVICE_INACTIVE);
        if (again && s->machine->state != MACHINE_STOPPING)
            supervisor_start(s, index);
        return;
    }
    if (is_success && row->type == SERVICE_SCRIPTED) {
        supervisor_set_ready(s, index);
    } else if (is_success && row->type == SERVICE_ONESHOT) {
        unit->timer = row->every > 0 ? machine_now() + row->every : 0;
        unit->ready_at = unit->ended_at;
        set_state(s, index, SERVICE_DONE);
    } else if (is_given_up(row, unit)) {
        give_up(s, index, NULL);
    } else if (row->restart == RESTART_ALWAYS ||
               (row->restart == RESTART_ON_FAILURE && !is_success)) {
        back_off(s, index);
    } else if (is_success) {
        unit->is_wanted = 0;
        set_state(s, index, SERVICE_INACTIVE);
    } else {
        give_up(s, index, NULL);
    }
}

static void settle(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);

    if (unit->pid != 0 || unit->spawner != 0 || unit->helper != 0)
        return;
    if (unit->state == SERVICE_STOPPING || unit->state == SERVICE_STARTING ||
        (unit->state == SERVICE_RUNNING && row_at(s, index)->type != SERVICE_SCRIPTED))
        ended(s, index);
}

void supervisor_set_ready(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);

    if (unit->is_ready && unit->state == SERVICE_RUNNING)
        return;
    unit->is_ready = 1;
    unit->ready_at = machine_now_us();
    unit->deadline = 0;
    barrer_close_fd(&unit->ready_fd);
    if (unit->state == SERVICE_STARTING)
        set_state(s, index, SERVICE_RUNNING);
}

/* What the init service is told first: who speaks, and how all services are. */
static void greet(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);
    struct message message;

    if (unit->socket_fd < 0 || !supervisor_is_init(s, index))
        return;
    message_start(&message, "HELLO");
    message_put(&message, "VERSION", "1");
    message_put(&message, "MODE", "%s", s->machine->is_test ? "test" : "system");
    message_put(&message, "RESUMED", "%d", s->machine->faults > 0);
    message_put(&message, "RESTARTS", "%u", unit->restarts);
    message_put(&message, "PLAN", "%s", machine_plan(s->machine)->source);
    (void)message_send(unit->socket_fd, &message, -1);
    for (int i = 0; i < s->machine->n_units; i++)
        if (unit_at(s, i)->name[0] != '\0') {
            supervisor_describe(s, i, "", &message);
            supervisor_tell_init(s, &message);
        }
}

static void spawn(struct supervisor *s, int index)
{
    const struct service_row *row = row_at(s, index);
    struct unit *unit = unit_at(s, index);
    int r;

    unit->code = unit->signal = 0;
    unit->is_executed = unit->is_ready = unit->is_killed = unit->has_failed_start = 0;
    unit->started_at = unit->ready_at = unit->ended_at = 0;
    unit->text[0] = '\0';
    r = service_process_start(s, index, "exec");
    if (r < 0) {
        (void)snprintf(unit->text, sizeof(unit->text), "make its process: %s", strerrordesc_np(-r));
        back_off(s, index);
        return;
    }
    unit->deadline = row->start_timeout > 0 ? machine_now() + row->start_timeout : 0;
    greet(s, index);
    set_state(s, index, SERVICE_STARTING);
    if (index == settings_of(s)->logger)
        supervisor_give_pipes(s, MACHINE_NONE);
    else
        supervisor_give_pipes(s, index);
}

void supervisor_give_pipes(struct supervisor *s, int index)
{
    int logger = settings_of(s)->logger;
    struct message message;

    if (logger == MACHINE_NONE || unit_at(s, logger)->socket_fd < 0)
        return;
    for (int i = 0; i < s->machine->n_units; i++) {
        struct unit *unit = unit_at(s, i);

        if (unit->name[0] == '\0' || unit->log_fd < 0 || i == logger ||
            (index != MACHINE_NONE && index != i))
            continue;
        message_start(&message, "PIPE");
        message_put(&message, "NAME", "%s", unit->name);
        if (message_send(unit_at(s, logger)->socket_fd, &message, unit->log_fd) < 0)
            s->machine->lost++;
    }
}

/* --- reports ------------------------------------------------------------------------------- */

static void take_report(struct supervisor *s, int index, const struct report *report)
{
    const struct service_row *row = row_at(s, index);
    struct unit *unit = unit_at(s, index);
    int is_helper = unit->state == SERVICE_STOPPING || unit->state == SERVICE_RUNNING;

    switch (report->kind) {
    case REPORT_EXECUTED:
        if (is_helper)
            break;
        unit->is_executed = 1;
        unit->started_at = machine_now_us();
        if (row->watchdog > 0)
            unit->watchdog_deadline = machine_now() + row->watchdog;
        if (row->type == SERVICE_SIMPLE && row->readiness == READINESS_NONE)
            supervisor_set_ready(s, index);
        break;
    case REPORT_SKIPPED:
        (void)snprintf(unit->text, sizeof(unit->text), "%.*s", (int)sizeof(report->text) - 1,
                       report->text);
        unit->is_wanted = 0;
        unit->deadline = 0;
        unit->ended_at = machine_now_us();
        set_state(s, index, SERVICE_SKIPPED);
        break;
    default:
        (void)snprintf(unit->text, sizeof(unit->text), "%.*s", (int)sizeof(report->text) - 1,
                       report->text);
        unit->has_failed_start = 1;
        break;
    }
}

void supervisor_read_report(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);
    struct report report;
    ssize_t n;

    while (unit->report_fd >= 0 && (n = read(unit->report_fd, &report, sizeof(report))) >= 0) {
        if (n == (ssize_t)sizeof(report)) {
            take_report(s, index, &report);
            continue;
        }
        barrer_close_fd(&unit->report_fd);
    }
}

void supervisor_read_ready(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);
    char bytes[64];
    ssize_t n = read(unit->ready_fd, bytes, sizeof(bytes));

    if (n > 0 && memchr(bytes, '\n', (size_t)n) != NULL)
        supervisor_set_ready(s, index);
    else if (n == 0)
        barrer_close_fd(&unit->ready_fd); /* it will not tell; start-timeout decides */
}

/* The service in whose group a process is. */
static int find_by_group(const struct supervisor *s, pid_t pid)
{
    char path[32], text[512], *name;

    (void)snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
    if (fd_read_once(AT_FDCWD, path, text, sizeof(text)) <= 0)
        return MACHINE_NONE;
    name = strstr(text, "/services/");
    if (name == NULL)
        return MACHINE_NONE;
    name += strlen("/services/");
    name[strcspn(name, "/\n")] = '\0';
    return machine_find(s->machine, name);
}

static int find_by_pid(const struct supervisor *s, pid_t pid)
{
    for (int i = 0; i < s->machine->n_units; i++)
        if (unit_at(s, i)->pid == pid && pid > 0)
            return i;
    return find_by_group(s, pid);
}

void supervisor_notified(struct supervisor *s, pid_t pid, char *text)
{
    int index = find_by_pid(s, pid);
    struct unit *unit;
    char *next = text;

    if (index == MACHINE_NONE)
        return;
    supervisor_read_report(s, index);
    unit = unit_at(s, index);
    for (char *line; (line = strsep(&next, "\n")) != NULL;) {
        if (strcmp(line, "READY=1") == 0 && row_at(s, index)->readiness == READINESS_NOTIFY)
            supervisor_set_ready(s, index);
        else if (strncmp(line, "STATUS=", 7) == 0)
            (void)snprintf(unit->text, sizeof(unit->text), "%.*s", (int)sizeof(unit->text) - 1,
                           line + 7);
        else if (strcmp(line, "WATCHDOG=1") == 0 && unit->watchdog_deadline > 0)
            unit->watchdog_deadline = machine_now() + row_at(s, index)->watchdog;
    }
}

/* How a process ended, for people. */
static void describe_end(struct unit *unit, const char *what)
{
    if (unit->has_failed_start)
        return;
    if (unit->signal != 0)
        (void)snprintf(unit->text, sizeof(unit->text), "%s was killed by SIG%s", what,
                       sigabbrev_np(unit->signal) != NULL ? sigabbrev_np(unit->signal) : "?");
    else
        (void)snprintf(unit->text, sizeof(unit->text), "%s exited with status %d", what,
                       unit->code);
}

static void take_status(struct unit *unit, int status, const char *what)
{
    unit->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    unit->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    describe_end(unit, what);
}

static void helper_ended(struct supervisor *s, int index, int status)
{
    struct unit *unit = unit_at(s, index);

    unit->helper = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        output_say(s->machine, 4, "service %s: its helper ended with wait status %#x", unit->name,
                   (unsigned)status);
    /* stop-exec may have left the process to stop by itself: stop-timeout decides. */
}

static void spawner_ended(struct supervisor *s, int index, int status)
{
    struct unit *unit = unit_at(s, index);

    unit->spawner = 0;
    if (unit->state == SERVICE_SKIPPED || unit->state == SERVICE_WAITING) {
        service_process_close(unit);
        service_process_end_socket(s, index);
        return;
    }
    if (unit->state != SERVICE_STARTING || unit->is_executed)
        return;
    if (!unit->has_failed_start)
        take_status(unit, status, "the process that starts it");
    if (unit->code == 0 && unit->signal == 0)
        unit->code = 126;
    service_process_kill(s, index);
}

int supervisor_reaped(struct supervisor *s, pid_t pid, int status)
{
    /* A free unit's numbers are zeros, and 0 is a descriptor. */
    for (int i = 0; i < s->machine->n_units; i++)
        if (unit_at(s, i)->name[0] != '\0')
            supervisor_read_report(s, i);
    for (int i = 0; i < s->machine->n_units; i++) {
        struct unit *unit = unit_at(s, i);

        if (unit->name[0] == '\0')
            continue;
        if (unit->pid == pid) {
            unit->pid = 0;
            take_status(unit, status, "its process");
        } else if (unit->spawner == pid) {
            spawner_ended(s, i, status);
        } else if (unit->helper == pid) {
            helper_ended(s, i, status);
        } else {
            continue;
        }
        settle(s, i);
        return 1;
    }
    return 0;
}

/* --- start and stop ------------------------------------------------------------------------ */

static int is_up(const struct unit *unit)
{
    return unit->state == SERVICE_STARTING || unit->state == SERVICE_RUNNING ||
           unit->state == SERVICE_STOPPING || unit->pid != 0 || unit->spawner != 0;
}

void supervisor_start(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);
    const struct service_row *row = row_at(s, index);

    if (row->name[0] == '\0' || s->machine->state == MACHINE_STOPPING)
        return;
    if (unit->state == SERVICE_STOPPING) {
        unit->is_wanted = unit->is_restarting = 1;
        return;
    }
    unit->is_wanted = 1;
    if (unit->state == SERVICE_WAITING || unit->state == SERVICE_STARTING ||
        unit->state == SERVICE_RUNNING)
        return;
    if (unit->state == SERVICE_FAILED || unit->state == SERVICE_BACKOFF)
        unit->in_window = 0;
    unit->requested_at = machine_now_us();
    unit->timer = 0;
    unit->deadline = 0;
    set_state(s, index, SERVICE_WAITING);
    for (int i = 0; i < s->machine->n_units; i++)
        if (set_has(&row->requires, i) || set_has(&row->wants, i))
            if (unit_at(s, i)->state != SERVICE_DONE)
                supervisor_start(s, i);
}

static void begin_stop(struct supervisor *s, int index)
{
    const struct service_row *row = &supervisor_plan_of(s, index)->rows[index];
    struct unit *unit = unit_at(s, index);

    unit->deadline = machine_now() + row->stop_timeout;
    unit->watchdog_deadline = 0;
    if (unit->state == SERVICE_STARTING && unit->pid == 0) {
        set_state(s, index, SERVICE_STOPPING);
        service_process_kill(s, index);
        return;
    }
    set_state(s, index, SERVICE_STOPPING);
    if (row->has_stop_exec && unit->spawner == 0 &&
        service_process_start(s, index, "stop-exec") == 0)
        return;
    if (unit->pid > 1)
        (void)kill(unit->pid, row->stop_signal != 0 ? row->stop_signal : SIGTERM);
    settle(s, index);
}

void supervisor_stop(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);

    unit->is_wanted = 0;
    unit->timer = 0;
    for (int i = 0; i < s->machine->n_units; i++)
        if (unit_at(s, i)->name[0] != '\0' && set_has(&row_at(s, i)->requires, index) &&
            (is_up(unit_at(s, i)) || unit_at(s, i)->state == SERVICE_WAITING))
            supervisor_stop(s, i);
    if (unit->state == SERVICE_WAITING || unit->state == SERVICE_BACKOFF) {
        unit->deadline = 0;
        set_state(s, index, SERVICE_INACTIVE);
    } else if (unit->state == SERVICE_STARTING || unit->state == SERVICE_RUNNING) {
        begin_stop(s, index);
    } else if (unit->state == SERVICE_STOPPING) {
        unit->is_restarting = 0;
    }
}

void supervisor_restart(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);

    if (unit->state == SERVICE_STARTING || unit->state == SERVICE_RUNNING) {
        begin_stop(s, index);
        unit->restarts++;
        unit->is_wanted = unit->is_restarting = 1;
        if (unit->state == SERVICE_INACTIVE) /* it had no process */
            supervisor_start(s, index);
    } else {
        supervisor_start(s, index);
    }
}

int supervisor_reload(struct supervisor *s, int index, struct barrer_error *err)
{
    const struct service_row *row = row_at(s, index);
    struct unit *unit = unit_at(s, index);
    int r = 0;

    if (unit->state != SERVICE_RUNNING)
        return error_fail(err, 0, "reload service %s: it is %s", unit->name,
                          service_state_names[unit->state]);
    if (row->has_reload_exec) {
        if (unit->spawner != 0 || unit->helper != 0)
            return error_fail(err, EBUSY, "reload service %s", unit->name);
        r = service_process_start(s, index, "reload-exec");
    } else if (unit->pid > 1 && kill(unit->pid, row->reload_signal) < 0) {
        r = -errno;
    }
    return r < 0 ? error_fail(err, -r, "reload service %s", unit->name) : 0;
}

/* What a service that waits is waiting for; -2: its requirement is lost. */
static int blocker(const struct supervisor *s, int index)
{
    const struct service_row *row = row_at(s, index);

    for (int i = 0; i < s->machine->n_units; i++) {
        const struct unit *other = unit_at(s, i);
        int is_required = set_has(&row->requires, i);

        if (!is_required && !set_has(&row->after, i) && !set_has(&row->wants, i))
            continue;
        if (is_required && other->state == SERVICE_FAILED)
            return -2;
        switch (other->state) {
        case SERVICE_WAITING:
        case SERVICE_STARTING:
        case SERVICE_BACKOFF:
            return i;
        case SERVICE_STOPPING:
            if (other->is_wanted)
                return i;
            break;
        default:
            break;
        }
    }
    return MACHINE_NONE;
}

/* Until the first plan of the init service, or init-timeout. */
static int is_held(const struct supervisor *s, int index, uint64_t now)
{
    return settings_of(s)->init != MACHINE_NONE && !supervisor_is_init(s, index) &&
           !s->machine->has_plan && s->machine->init_deadline > now;
}

static void earliest(uint64_t *next, uint64_t when)
{
    if (when > 0 && (*next == 0 || when < *next))
        *next = when;
}

static void step_waiting(struct supervisor *s, int index, uint64_t now, uint64_t *next)
{
    int by;

    if (is_held(s, index, now)) {
        earliest(next, s->machine->init_deadline);
        return;
    }
    by = blocker(s, index);
    /* A fault came before its state: that start is given up. */
    if (by == MACHINE_NONE && (unit_at(s, index)->spawner != 0 || unit_at(s, index)->pid != 0)) {
        service_process_kill(s, index);
        earliest(next, now + 100);
        return;
    }
    /* What is left of the last time is dying: its end, which PID 1 reaps, comes back here. */
    if (by == MACHINE_NONE && s->machine->has_cgroups &&
        group_remove(s->machine->cgroup_fd, unit_at(s, index)->name) == -EBUSY) {
        group_kill(s->machine->cgroup_fd, unit_at(s, index)->name);
        earliest(next, now + 100);
        return;
    }
    if (by == -2)
        give_up(s, index, "a service that it requires failed");
    else if (by == MACHINE_NONE)
        spawn(s, index);
}

/* A deadline has passed. */
static void step_deadline(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);

    unit->deadline = 0;
    switch (unit->state) {
    case SERVICE_STARTING:
        (void)snprintf(unit->text, sizeof(unit->text), "not ready after %llu ms",
                       (unsigned long long)row_at(s, index)->start_timeout);
        unit->has_failed_start = 1;
        service_process_kill(s, index);
        unit->deadline = machine_now() + 2000; /* should the kernel need it twice */
        break;
    case SERVICE_STOPPING:
        if (!unit->is_killed)
            output_say(s->machine, 4, "service %s does not stop: killed", unit->name);
        unit->is_killed = 1;
        service_process_kill(s, index);
        unit->deadline = machine_now() + 2000;
        break;
    case SERVICE_BACKOFF:
        unit->restarts++;
        unit->requested_at = machine_now_us();
        set_state(s, index, SERVICE_WAITING);
        break;
    default:
        break;
    }
}

static void step_watchdog(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);

    output_say(s->machine, 3, "service %s: no WATCHDOG=1 for %llu ms: killed", unit->name,
               (unsigned long long)row_at(s, index)->watchdog);
    unit->watchdog_deadline = 0;
    service_process_kill(s, index);
}

static void free_if_gone(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);

    if (row_at(s, index)->name[0] != '\0' || is_up(unit) || unit->state == SERVICE_WAITING ||
        unit->state == SERVICE_BACKOFF || unit->helper != 0)
        return;
    if (s->machine->has_cgroups)
        (void)group_remove(s->machine->cgroup_fd, unit->name);
    barrer_close_fd(&unit->log_fd);
    barrer_close_fd(&unit->log_write_fd);
    service_process_close(unit);
    unit_init(unit);
}

static void step_unit(struct supervisor *s, int index, uint64_t now, uint64_t *next)
{
    struct unit *unit = unit_at(s, index);

    free_if_gone(s, index);
    if (unit->name[0] == '\0')
        return;
    if (unit->timer > 0 && unit->timer <= now && s->machine->state != MACHINE_STOPPING)
        supervisor_start(s, index);
    if (unit->deadline > 0 && unit->deadline <= now)
        step_deadline(s, index);
    if (unit->watchdog_deadline > 0 && unit->watchdog_deadline <= now)
        step_watchdog(s, index);
    if (unit->state == SERVICE_WAITING)
        step_waiting(s, index, now, next);
    earliest(next, unit->timer);
    earliest(next, unit->deadline);
    earliest(next, unit->watchdog_deadline);
}

uint64_t supervisor_step(struct supervisor *s)
{
    uint64_t now = machine_now(), next = 0;
    int changes;

    /* A service that starts at once lets others start in this very step. */
    do {
        uint64_t before = 0, after = 0;

        next = 0;
        for (int i = 0; i < s->machine->n_units; i++)
            before += unit_at(s, i)->state * (uint64_t)(i + 1);
        for (int i = 0; i < s->machine->n_units; i++)
            if (unit_at(s, i)->name[0] != '\0')
                step_unit(s, i, now, &next);
        for (int i = 0; i < s->machine->n_units; i++)
            after += unit_at(s, i)->state * (uint64_t)(i + 1);
        changes = before != after;
    } while (changes);
    return next;
}

void supervisor_recover(struct supervisor *s)
{
    for (int i = 0; i < s->machine->n_units; i++) {
        struct unit *unit = unit_at(s, i);

        if (unit->name[0] == '\0')
            continue;
        settle(s, i);
        if (unit->state == SERVICE_INACTIVE && unit->is_wanted)
            supervisor_start(s, i);
        else if ((unit->state == SERVICE_BACKOFF || unit->state == SERVICE_STOPPING) &&
                 unit->deadline == 0)
            unit->deadline = machine_now();
    }
}

void supervisor_forget_config(struct supervisor *s)
{
    config_destroy(s->config);
    s->config = NULL;
}

void supervisor_take_plan(struct supervisor *s, int start_new)
{
    int n = machine_plan(s->machine)->n_rows;

    if (n < s->machine->n_units)
        n = s->machine->n_units;
    for (int i = 0; i < n; i++) {
        const struct service_row *row = row_at(s, i);
        struct unit *unit = unit_at(s, i);

        if (row->name[0] == '\0') {
            if (unit->name[0] != '\0')
                supervisor_stop(s, i);
            continue;
        }
        if (unit->name[0] == '\0') {
            unit_init(unit);
            memcpy(unit->name, row->name, sizeof(unit->name));
        }
        if (i >= s->machine->n_units)
            s->machine->n_units = i + 1;
    }
    for (int i = 0; start_new && i < n; i++) {
        const struct service_row *row = row_at(s, i);
        struct unit *unit = unit_at(s, i);

        if (row->name[0] == '\0' || !row->is_enabled || unit->state != SERVICE_INACTIVE ||
            unit->ended_at != 0 || i == settings_of(s)->init_fallback)
            continue;
        if (row->after_boot > 0)
            unit->timer = s->machine->boot_at + row->after_boot;
        else
            supervisor_start(s, i);
    }
}

/* --- all of them --------------------------------------------------------------------------- */

static int is_needed(const struct supervisor *s, int index, int n_others)
{
    if (supervisor_is_init(s, index) || index == settings_of(s)->logger)
        return n_others > 0;
    for (int i = 0; i < s->machine->n_units; i++) {
        const struct service_row *row = row_at(s, i);

        if (i != index && is_up(unit_at(s, i)) &&
            (set_has(&row->after, index) || set_has(&row->requires, index) ||
             set_has(&row->wants, index)))
            return 1;
    }
    return 0;
}

int supervisor_stop_all(struct supervisor *s)
{
    int n_up = 0, n_plain = 0, n_before_init = 0;

    for (int i = 0; i < s->machine->n_units; i++) {
        struct unit *unit = unit_at(s, i);

        if (unit->name[0] == '\0')
            continue;
        unit->is_wanted = 0;
        unit->timer = 0;
        if (unit->state == SERVICE_WAITING || unit->state == SERVICE_BACKOFF)
            set_state(s, i, SERVICE_INACTIVE);
        if (!is_up(unit))
            continue;
        n_up++;
        n_before_init += !supervisor_is_init(s, i);
        n_plain += !supervisor_is_init(s, i) && i != settings_of(s)->logger;
    }
    for (int i = 0; i < s->machine->n_units; i++) {
        struct unit *unit = unit_at(s, i);

        if ((unit->state == SERVICE_STARTING || unit->state == SERVICE_RUNNING) &&
            !is_needed(s, i, supervisor_is_init(s, i) ? n_before_init : n_plain)) {
            begin_stop(s, i);
            n_up -= !is_up(unit);
        }
    }
    return n_up;
}

void supervisor_kill_all(struct supervisor *s)
{
    for (int i = 0; i < s->machine->n_units; i++)
        if (unit_at(s, i)->name[0] != '\0' && is_up(unit_at(s, i)))
            service_process_kill(s, i);
}
