/* SPDX-License-Identifier: Apache-2.0
 *
 * barrer-init: PID 1. It never exits (the kernel would panic), never waits for anything without a
 * deadline, and has children do what may fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/boot.h"
#include "boot/control.h"
#include "boot/faults.h"
#include "boot/launch.h"
#include "boot/mounts.h"
#include "boot/output.h"
#include "boot/rescue.h"
#include "boot/shutdown.h"
#include "boot/signals.h"

#define STACK_USED (128 * 1024) /* at most, as far as it is forgotten */
#define SETTLE_TIME 100         /* ms after READY */

/* Pages of programs and libraries that boot needed and supervision does not: read again from their
 * files should they be needed. */
static int forget_segments(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = (info->dlpi_addr + segment->p_vaddr + 4095) & ~(uintptr_t)4095;
        uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(uintptr_t)4095;

        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) && end > start)
            (void)madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

/* Pages of the stack that the deep calls of boot have used; this page and the one below are needed at once. */
static void forget_stack(void)
{
    uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)4095) - 4096;

    (void)madvise((void *)(end - STACK_USED), STACK_USED, MADV_DONTNEED);
}

static void take_end(struct supervisor *s, pid_t pid, int status)
{
    if (pid == s->machine->job.pid)
        control_job_ended(s, status);
    else if (pid == s->machine->rescue)
        rescue_reaped(s->machine);
    else
        (void)supervisor_reaped(s, pid, status);
}

/* After a fault: what waitpid(2) had told of that process may be lost. */
static void find_end(struct supervisor *s, pid_t pid)
{
    const int unknown = 255 << 8; /* as a wait status */
    siginfo_t info;

    if (pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
        errno == ECHILD)
        take_end(s, pid, unknown);
}

/* What the fault has lost of the ends of processes, and what it has left half done of them. */
static void find_ends(struct supervisor *s)
{
    struct machine *machine = s->machine;

    for (int i = 0; i < machine->n_units; i++) {
        const struct unit *unit = &machine->units[i];
        const pid_t pids[] = {unit->spawner, unit->pid, unit->helper};

        for (size_t j = 0; unit->name[0] != '\0' && j < sizeof(pids) / sizeof(*pids); j++)
            find_end(s, pids[j]);
    }
    find_end(s, machine->job.pid);
    find_end(s, machine->rescue);
    supervisor_recover(s);
}

/* In portions, so that a storm of orphans does not keep the rest waiting: whether there are more. */
static int reap(struct supervisor *s)
{
    int status, n = 0;
    pid_t pid;

    for (; n < 256 && (pid = waitpid(-1, &status, WNOHANG)) > 0; n++)
        take_end(s, pid, status);
    return n == 256;
}

/* What is polled: made anew for each turn from the machine alone, so that nothing of it has to
 * survive a fault. */
enum watch_kind {
    WATCH_SIGNALS,
    WATCH_CONTROL,
    WATCH_NOTIFY,
    WATCH_CLIENT,
    WATCH_LOG,
    WATCH_REPORT,
    WATCH_READY,
    WATCH_SOCKET,
};

#define WATCHES (3 + MACHINE_CLIENTS + 4 * MACHINE_SERVICES)

struct watches {
    struct pollfd fds[WATCHES];
    struct {
        uint8_t kind;
        uint8_t index;
    } what[WATCHES];
    unsigned n;
};

static void watch(struct watches *w, int fd, short events, enum watch_kind kind, int index)
{
    if (fd < 0)
        return;
    w->fds[w->n] = (struct pollfd){.fd = fd, .events = events};
    w->what[w->n].kind = (uint8_t)kind;
    w->what[w->n].index = (uint8_t)index;
    w->n++;
}

static void collect(const struct supervisor *s, int signal_fd, struct watches *w)
{
    struct machine *machine = s->machine;
    int logger = machine_plan(machine)->settings.logger;
    int is_logged = logger != MACHINE_NONE && machine->units[logger].has_logger;

    w->n = 0;
    watch(w, signal_fd, POLLIN, WATCH_SIGNALS, 0);
    watch(w, machine->control_fd, POLLIN, WATCH_CONTROL, 0);
    watch(w, machine->notify_fd, POLLIN, WATCH_NOTIFY, 0);
    for (int i = 0; i < MACHINE_CLIENTS; i++)
        watch(w, machine->clients[i].fd,
              (short)(POLLIN | (control_wants_write(s, i) ? POLLOUT : 0)), WATCH_CLIENT, i);
    for (int i = 0; i < machine->n_units; i++) {
        const struct unit *unit = &machine->units[i];

        if (unit->name[0] == '\0')
            continue;
        if (!is_logged || i == logger)
            watch(w, unit->log_fd, POLLIN, WATCH_LOG, i);
        watch(w, unit->report_fd, POLLIN, WATCH_REPORT, i);
        watch(w, unit->ready_fd, POLLIN, WATCH_READY, i);
        watch(w, unit->socket_fd, POLLIN, WATCH_SOCKET, i);
    }
}

static void dispatch(struct supervisor *s, const struct watches *w, unsigned i)
{
    int index = w->what[i].index;

    switch (w->what[i].kind) {
    case WATCH_SIGNALS:
        signals_read(s, w->fds[i].fd);
        break;
    case WATCH_CONTROL:
        control_accept(s);
        break;
    case WATCH_NOTIFY:
        control_read_notify(s);
        break;
    case WATCH_CLIENT:
        if (s->machine->clients[index].fd == w->fds[i].fd && w->fds[i].revents & POLLOUT)
            control_write(s, index);
        if (s->machine->clients[index].fd == w->fds[i].fd && w->fds[i].revents & ~POLLOUT)
            control_read_client(s, index);
        break;
    case WATCH_LOG:
        output_drain(s->machine, index);
        break;
    case WATCH_REPORT:
        if (s->machine->units[index].report_fd == w->fds[i].fd)
            supervisor_read_report(s, index);
        break;
    case WATCH_READY:
        if (s->machine->units[index].ready_fd == w->fds[i].fd)
            supervisor_read_ready(s, index);
        break;
    default:
        if (s->machine->units[index].socket_fd == w->fds[i].fd)
            control_read_service(s, index);
        break;
    }
}

/* --- the turn ---------------------------------------------------------------------------------------- */

/* All that is to be up is up, or has failed. */
static void check_ready(struct supervisor *s)
{
    struct machine *machine = s->machine;
    int n_failed = 0;

    if (machine->state != MACHINE_BOOTING)
        return;
    for (int i = 0; i < machine->n_units; i++) {
        const struct unit *unit = &machine->units[i];

        if (unit->name[0] == '\0')
            continue;
        if (unit->is_wanted &&
            (unit->state == SERVICE_WAITING || unit->state == SERVICE_STARTING ||
             unit->state == SERVICE_BACKOFF))
            return;
        n_failed += unit->state == SERVICE_FAILED;
    }
    if (machine_plan(machine)->settings.init != MACHINE_NONE && !machine->has_plan &&
        machine->init_deadline > machine_now())
        return;
    phase_end(machine, 0);
    machine->state = n_failed > 0 || machine->is_degraded ? MACHINE_DEGRADED : MACHINE_RUNNING;
    machine->was_ready = 1;
    machine->settle_at = machine_now() + SETTLE_TIME;
    machine->wants_good = machine->wants_good && n_failed == 0;
    output_say(machine, 5, "READY in %llu ms%s",
               (unsigned long long)(machine_now() - machine->boot_at),
               machine->state == MACHINE_DEGRADED ? ", degraded" : "");
}

static void earliest(uint64_t *next, uint64_t when)
{
    if (when > 0 && (*next == 0 || when < *next))
        *next = when;
}

/* Give back what boot needed, and keep its configuration. Not at READY itself, when the services
 * that were started last wait for their first turn on a processor. */
static void step_settle(struct supervisor *s, uint64_t now, uint64_t *next)
{
    struct machine *machine = s->machine;

    if (machine->settle_at == 0)
        return;
    if (machine->settle_at > now && machine->action == ACTION_NONE) {
        earliest(next, machine->settle_at);
        return;
    }
    machine->settle_at = 0;
    /* Restarts are rare: their spawners parse the plan. */
    supervisor_forget_config(s);
    (void)malloc_trim(0);
    (void)dl_iterate_phdr(forget_segments, NULL);
    if (machine->wants_good) {
        int r = control_begin_job(s, JOB_SAVE, MACHINE_NONE, "");

        if (r == -EBUSY)
            machine->settle_at = now + SETTLE_TIME;
        machine->wants_good = r == -EBUSY;
    }
    forget_stack();
}

static void step_job(struct machine *machine, uint64_t now, uint64_t *next)
{
    if (machine->job.pid == 0)
        return;
    if (machine->job.deadline <= now) {
        (void)kill(machine->job.pid, SIGKILL);
        machine->job.deadline = now + 1000;
    }
    earliest(next, machine->job.deadline);
}

static void step_rescue(struct machine *machine, uint64_t now, uint64_t *next)
{
    if (machine->state != MACHINE_RESCUE || machine->rescue != 0)
        return;
    if (machine->step_deadline <= now)
        rescue_enter(machine);
    else
        earliest(next, machine->step_deadline);
}

static void step_watchdog(struct machine *machine, uint64_t now, uint64_t *next)
{
    uint64_t half = machine_plan(machine)->settings.watchdog / 2;

    if (machine->watchdog_fd < 0 || half == 0)
        return;
    if (machine->watchdog_at <= now) {
        (void)!write(machine->watchdog_fd, "\n", 1);
        machine->watchdog_at = now + half;
    }
    earliest(next, machine->watchdog_at);
}

/* Without its sockets a system cannot be controlled: what kept them from it may pass, as a full /run does. */
static void step_control(struct machine *machine, uint64_t now, uint64_t *next)
{
    struct barrer_error err;

    if (machine->control_fd >= 0 && machine->notify_fd >= 0)
        return;
    if (machine->control_at <= now) {
        machine->control_at = now + 1000;
        (void)mkdir(BARRER_RUN_DIR, 0755);
        if (control_open(machine, &err) == 0) {
            output_say(machine, 5, "the control socket is open by now");
            return;
        }
    }
    earliest(next, machine->control_at);
}

/* Do what is due; the milliseconds until the next thing is, or -1. */
static int step(struct supervisor *s)
{
    struct machine *machine = s->machine;
    uint64_t now, next = 0;

    step_settle(s, machine_now(), &next);
    if (machine->action != ACTION_NONE && machine->state != MACHINE_STOPPING)
        shutdown_begin(s);
    earliest(&next, supervisor_step(s));
    check_ready(s);
    earliest(&next, machine->settle_at);
    now = machine_now();
    step_job(machine, now, &next);
    step_rescue(machine, now, &next);
    step_watchdog(machine, now, &next);
    step_control(machine, now, &next);
    if (machine->state == MACHINE_STOPPING) {
        earliest(&next, shutdown_step(s));
        earliest(&next, supervisor_step(s));
    }
    if (next == 0)
        return -1;
    now = machine_now();
    return next <= now ? 0 : next - now > 3600000 ? 3600000 : (int)(next - now);
}

__attribute__((noreturn)) static void turn_forever(struct supervisor *s)
{
    static struct watches watches;
    int signal_fd = signals_open();

    for (;;) {
        int has_more, wait;

        s->machine->loops++;
        has_more = reap(s);
        wait = step(s);
        if (signal_fd < 0)
            signal_fd = signals_open();
        if (has_more)
            wait = 0;
        else if (signal_fd < 0 && (wait < 0 || wait > 1000))
            wait = 1000; /* deaf: until there is a descriptor for signals */
        collect(s, signal_fd, &watches);
        if (poll(watches.fds, watches.n, wait) < 0)
            continue;
        /* Reports of spawners first: a process that ended may be known by them alone. */
        for (unsigned i = watches.n; i-- > 0;)
            if (watches.fds[i].revents != 0)
                dispatch(s, &watches, i);
    }
}

/* --- ways in ------------------------------------------------------------------------------------------ */

/* What a fault executes. The kernel's first process has no /proc. */
static void open_program(struct machine *machine)
{
    if (machine->exe_fd < 0)
        machine->exe_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (machine->exe_fd < 0)
        machine->exe_fd = open((const char *)getauxval(AT_EXECFN), O_RDONLY | O_CLOEXEC);
}

void launch_boot(struct machine *machine)
{
    struct supervisor s = {.machine = machine};

    open_program(machine);
    (void)umask(022);
    (void)chdir("/");
    (void)signals_open();
    faults_install(machine);
    boot_run(&s);
    turn_forever(&s);
}

/* Descriptors of the table are close-on-exec again; all others were a moment's, and go. */
static void keep_descriptors(struct machine *machine)
{
    static uint8_t is_known[1024];
    int known[10 + MACHINE_CLIENTS], n = 0;

    known[n++] = machine->fd;
    known[n++] = machine->exe_fd;
    known[n++] = machine->control_fd;
    known[n++] = machine->notify_fd;
    known[n++] = machine->kmsg_fd;
    known[n++] = machine->console_fd;
    known[n++] = machine->cgroup_fd;
    known[n++] = machine->watchdog_fd;
    for (int i = 0; i < MACHINE_CLIENTS; i++)
        known[n++] = machine->clients[i].fd;
    for (int i = 0; i < n; i++)
        if (known[i] >= 0 && known[i] < 1024)
            is_known[known[i]] = 1;
    for (int i = 0; i < machine->n_units; i++) {
        const struct unit *unit = &machine->units[i];
        const int fds[] = {unit->log_fd, unit->log_write_fd, unit->report_fd, unit->ready_fd,
                           unit->socket_fd};

        for (size_t j = 0; unit->name[0] != '\0' && j < sizeof(fds) / sizeof(*fds); j++)
            if (fds[j] >= 0 && fds[j] < 1024)
                is_known[fds[j]] = 1;
    }
    for (int fd = 3; fd < 1024; fd++) {
        if (is_known[fd])
            (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        else
            (void)close(fd);
    }
}

/* After a fault: the services are as they were. More than ten in a minute are no accident. */
__attribute__((noreturn)) static void resume(int fd)
{
    struct supervisor s = {0};
    struct barrer_error err;
    uint64_t now = machine_now();

    if (machine_resume(fd, &s.machine, &err) < 0) {
        /* The table is lost, the machine is not: begin again, with what runs as orphans. */
        if (machine_create(&s.machine, &err) == 0)
            launch_boot(s.machine);
        for (;;)
            (void)pause();
    }
    (void)signals_open();
    faults_install(s.machine);
    keep_descriptors(s.machine);
    if (now - s.machine->fault_window > 60000) {
        s.machine->fault_window = now;
        s.machine->faults_in_window = 0;
    }
    s.machine->faults_in_window++;
    output_say(s.machine, 3, "resumed: services are supervised as before");
    if (s.machine->faults_in_window > 100 && s.machine->state != MACHINE_STOPPING) {
        s.machine->state = MACHINE_RESCUE;
        s.machine->step_deadline = now + 1000;
    }
    if (s.machine->boot_step >= BOOT_PLUGINS)
        (void)boot_open_loader(&s);
    find_ends(&s);
    control_recover(s.machine);
    boot_run(&s);
    turn_forever(&s);
}

static void usage(FILE *to)
{
    fprintf(to,
            "Usage: barrer-init [--config FILE]          as PID 1\n"
            "       barrer-init --test ROOT [--config FILE]\n"
            "       barrer-init --mounts | --help | --version\n"
            "\n"
            "PID 1 of a machine or of a container: mounts, reads boot.conf, starts services and\n"
            "supervises them. --test runs the system whose root is the folder ROOT in namespaces,\n"
            "until it powers off. A running one is controlled by barrerctl(1).\n");
}

static const char *option_value(char **argv, const char *name)
{
    for (size_t i = 1; argv[i] != NULL; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1] != NULL ? argv[i + 1] : "";
    return NULL;
}

static int has_option(char **argv, const char *name)
{
    return option_value(argv, name) != NULL;
}

static int is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

int main(int argc, char **argv)
{
    const char *value, *config = option_value(argv, "--config");
    struct machine *machine;
    struct barrer_error err;

    if (argc == 3 && strcmp(argv[1], "--resume") == 0 && getpid() == 1 && is_number(argv[2]))
        resume(atoi(argv[2]));
    if (getpid() != 1 && has_option(argv, "--help")) {
        usage(stdout);
        return 0;
    }
    if (getpid() != 1 && has_option(argv, "--version")) {
        printf("barrer-init %s\n", PACKAGE_VERSION);
        return 0;
    }
    if (getpid() != 1 && has_option(argv, "--mounts")) {
        mounts_print();
        return 0;
    }
    value = option_value(argv, "--test");
    if (getpid() != 1 && value != NULL)
        return launch_test(value, config);
    if (getpid() != 1) {
        fprintf(stderr, "barrer-init: not PID 1: nothing is done (barrerctl controls a running "
                        "system; --test ROOT tries one)\n");
        usage(stderr);
        return 2;
    }
    if (machine_create(&machine, &err) < 0) {
        /* No memory at boot: nothing can run, and exit would panic. */
        (void)!write(STDERR_FILENO, err.text, strlen(err.text));
        for (;;)
            (void)pause();
    }
    (void)snprintf(machine->config_file, sizeof(machine->config_file), "%s",
                   config != NULL ? config : "");
    launch_boot(machine);
}
