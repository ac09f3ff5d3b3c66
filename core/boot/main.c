/* SPDX-License-Identifier: Apache-2.0
 *
 * barrer-init: PID 1. It never exits (the kernel would panic), never waits for anything without a
 * deadline, and has children do what may fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/magic.h>
#include <linux/reboot.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "boot/cmdline.h"
#include "boot/control.h"
#include "boot/faults.h"
#include "boot/launch.h"
#include "boot/mounts.h"
#include "boot/output.h"
#include "boot/reader.h"
#include "boot/rescue.h"
#include "boot/rootfs.h"
#include "boot/supervisor.h"
#include "boot/tune.h"

#define CHILD_TIME 30000 /* ms that a step of boot may take in its child */

/* --- steps of boot -------------------------------------------------------------------------------- */

/* Run WORK in a child, for at most LIMIT ms: its exit status, or -errno. */
static int in_child(struct machine *machine, int (*work)(struct machine *machine, int argument),
                    int argument, uint64_t limit)
{
    struct pollfd wait = {.events = POLLIN};
    int status = 0, r;
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0) {
        faults_reset();
        _exit(work(machine, argument));
    }
    if (pid < 0)
        return -errno;
    wait.fd = pidfd_open(pid, 0);
    do
        r = poll(&wait, 1, (int)limit);
    while (r < 0 && errno == EINTR);
    if (wait.fd >= 0)
        (void)close(wait.fd);
    if (r == 0)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (r == 0)
        return -ETIMEDOUT;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EFAULT;
}

static int read_source(struct machine *machine, int source)
{
    reader_read(machine, (enum reader_source)source);
    return 0;
}

static int load_modules(struct machine *machine, int unused)
{
    (void)unused;
    tune_modules(machine);
    return 0;
}

static int tune_machine(struct machine *machine, int unused)
{
    (void)unused;
    tune_all(machine);
    return 0;
}

static int mount_root(struct machine *machine, int unused)
{
    (void)unused;
    return rootfs_mount(machine);
}

/* What --config named goes before what the kernel's command line does. */
static void choose_file(struct machine *machine)
{
    struct cmdline cmdline;

    if (machine->config_file[0] != '\0' || machine->is_test)
        return;
    cmdline_read(&cmdline);
    (void)cmdline_get(&cmdline, "barrer.config", machine->config_file,
                      sizeof(machine->config_file));
}

/* The configuration that was asked for, else the last good one, else the one that is shipped. */
static void read_configuration(struct machine *machine)
{
    static const enum reader_source sources[] = {READER_STATIC, READER_LAST_GOOD, READER_DEFAULTS};

    choose_file(machine);
    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
        struct boot_plan *plan = machine_other_plan(machine);
        int r = in_child(machine, read_source, (int)sources[i], CHILD_TIME);

        if (r == 0 && plan->result == 0) {
            machine->current = !machine->current;
            machine->is_degraded = i > 0;
            machine->wants_good = i == 0;
            if (i > 0)
                output_say(machine, 3, "booting with the %s configuration", plan->source);
            return;
        }
        output_say(machine, 3, "%s",
                   r == 0 && plan->problem[0] != '\0' ? plan->problem
                                                      : "the process that reads the configuration "
                                                        "failed");
    }
    machine_plan(machine)->settings.init = machine_plan(machine)->settings.init_fallback =
        machine_plan(machine)->settings.logger = MACHINE_NONE;
    machine->is_degraded = 1;
}

static void run_phase(struct machine *machine, const char *name,
                      int (*work)(struct machine *machine, int argument))
{
    int r;

    phase_begin(machine, name);
    r = in_child(machine, work, 0, CHILD_TIME);
    phase_end(machine, r);
    if (r < 0)
        output_say(machine, 3, "%s: %s", name,
                   r == -EFAULT ? "its process failed" : strerrordesc_np(-r));
}

/* The kernel's own word for the root goes before the configuration's, in an initial RAM disk. */
static void read_kernel_words(struct machine *machine)
{
    struct boot_settings *settings = &machine_plan(machine)->settings;
    struct cmdline cmdline;
    char value[128];

    cmdline_read(&cmdline);
    if (machine->is_initial && cmdline_get(&cmdline, "root", value, sizeof(value))) {
        memcpy(settings->root, value, sizeof(settings->root));
        settings->has_root = 1;
        if (cmdline_get(&cmdline, "rootfstype", value, sizeof(settings->root_type)))
            memcpy(settings->root_type, value, sizeof(settings->root_type));
        if (cmdline_has(&cmdline, "rw"))
            (void)snprintf(settings->root_options, sizeof(settings->root_options), "rw");
    }
}

/* Does not return when the new root has an init of its own. */
static int switch_root(struct machine *machine)
{
    static char name[] = "/sbin/init", switched[] = "BARRER_SWITCHED=1";
    char *const args[] = {name, NULL}, *const environment[] = {switched, NULL};
    const struct boot_settings *settings = &machine_plan(machine)->settings;
    struct barrer_error err;
    int r;

    phase_begin(machine, "root");
    r = in_child(machine, mount_root, 0, settings->root_timeout + CHILD_TIME);
    if (r == 0 && (r = rootfs_switch(machine, &err)) < 0)
        output_say(machine, 3, "%s", err.text);
    phase_end(machine, r);
    if (r != 0)
        return -EIO;
    machine->is_initial = 0;
    (void)execve(name, args, environment);
    output_say(machine, 5, "execute /sbin/init of the new root: %s: going on in it",
               strerrordesc_np(errno));
    read_configuration(machine);
    return 0;
}

static int load_plugins(struct supervisor *s)
{
    const struct boot_settings *settings = &machine_plan(s->machine)->settings;
    struct barrer_error err;
    int r = loader_create(settings->plugin_dir[0] != '\0' ? settings->plugin_dir : NULL, &s->loader,
                          &err);

    for (int i = 0; r == 0 && i < MACHINE_MODULES && settings->modules[i][0] != '\0'; i++) {
        const struct barrer_plugin *plugin;
        int failed = loader_load(s->loader, settings->modules[i], 0, &plugin, &err);

        /* Those that a service needs are missed by its spawner, which says so once more. */
        if (failed < 0)
            output_say(s->machine, 3, "%s", err.text);
    }
    if (r < 0)
        output_say(s->machine, 3, "%s", err.text);
    return r;
}

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

static void open_console(struct machine *machine)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    machine->kmsg_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
    machine->console_fd = open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (machine->is_contained) {
        /* The kernel's log is not ours to fill: the engine shows standard error. */
        barrer_close_fd(&machine->kmsg_fd);
        barrer_close_fd(&machine->console_fd);
        if (fd > 2)
            (void)close(fd);
        return;
    }
    for (int i = 0; fd >= 0 && i < 3; i++)
        (void)dup2(fd, i);
    if (fd > 2)
        (void)close(fd);
}

static int is_contained(void)
{
    struct stat st;

    /* The inode of the first pid namespace is the same on every kernel: PROC_PID_INIT_INO. */
    return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino != 0xEFFFFFFCu;
}

static void open_watchdog(struct machine *machine)
{
    int seconds = (int)(machine_plan(machine)->settings.watchdog / 1000);

    if (seconds == 0 || machine->is_test)
        return;
    machine->watchdog_fd = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
    if (machine->watchdog_fd < 0 || ioctl(machine->watchdog_fd, WDIOC_SETTIMEOUT, &seconds) < 0)
        output_say(machine, 4, "use /dev/watchdog: %s", strerrordesc_np(errno));
}

static void open_control(struct machine *machine)
{
    struct barrer_error err;

    if (control_open(machine, &err) < 0)
        output_say(machine, 3, "%s", err.text);
}

/* The kernel's first root cannot be pivoted away, which services with a root or with mounts of their
 * own do: a mount of it can. */
static void leave_first_root(struct machine *machine)
{
    int fd = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    if (fd < 0 || move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        fchdir(fd) < 0 || chroot(".") < 0)
        output_say(machine, 4, "mount the initial RAM disk on itself: %s", strerrordesc_np(errno));
    if (fd >= 0)
        (void)close(fd);
}

static void boot(struct supervisor *s)
{
    struct machine *machine = s->machine;
    struct statfs fs;

    phase_begin(machine, "mounts");
    if (!machine->is_test) {
        machine->is_contained = (uint8_t)is_contained();
        machine->is_initial = statfs("/", &fs) == 0 && !machine->is_contained &&
                            (fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC);
        if (machine->is_initial)
            leave_first_root(machine);
        mounts_early(machine);
        machine->is_contained = (uint8_t)is_contained(); /* /proc is there by now */
        open_console(machine);
        (void)reboot(RB_DISABLE_CAD);
    } else {
        mounts_early(machine);
    }
    phase_end(machine, 0);
    phase_begin(machine, "configuration");
    read_configuration(machine);
    phase_end(machine, machine_plan(machine)->result);
    read_kernel_words(machine);
    run_phase(machine, "modules", load_modules);
    if (machine_plan(machine)->settings.has_root && machine->is_initial && switch_root(machine) < 0)
        rescue_enter(machine);
    phase_begin(machine, "cgroup");
    mounts_cgroup(machine, machine_plan(machine)->settings.limits);
    phase_end(machine, 0);
    phase_begin(machine, "plugins");
    phase_end(machine, load_plugins(s));
    run_phase(machine, "tune", tune_machine);
    open_control(machine);
    open_watchdog(machine);
    machine->init_deadline = machine_now() + machine_plan(machine)->settings.init_timeout;
    phase_begin(machine, "services");
    if (machine->state == MACHINE_BOOTING)
        supervisor_take_plan(s, 1);
    if (machine->state == MACHINE_BOOTING && machine->n_units == 0) {
        output_say(machine, 3,
                   "no service is configured (boot.conf is looked for in " BOOT_LIB_DIR
                   ", " BOOT_CONF_DIR " and " BARRER_RUN_DIR ")");
        rescue_enter(machine);
    }
}

/* --- shutdown ---------------------------------------------------------------------------------------- */

static void finish(struct machine *machine)
{
    static const int commands[] = {[ACTION_POWEROFF] = RB_POWER_OFF,
                                   [ACTION_REBOOT] = RB_AUTOBOOT,
                                   [ACTION_HALT] = RB_HALT_SYSTEM,
                                   [ACTION_KEXEC] = (int)LINUX_REBOOT_CMD_KEXEC};

    if (machine->is_contained || machine->is_test)
        _exit(0); /* the namespace ends with us */
    (void)reboot(commands[machine->action]);
    (void)reboot(RB_AUTOBOOT);
    for (;;)
        (void)pause();
}

static void begin_shutdown(struct supervisor *s)
{
    static const char *const names[] = {"", "poweroff", "reboot", "halt", "kexec"};
    struct machine *machine = s->machine;
    struct message message;

    machine->state = MACHINE_STOPPING;
    machine->shutdown_step = 1;
    machine->shutdown_deadline =
        machine_now() + machine_plan(machine)->settings.shutdown_timeout;
    output_say(machine, 5, "%s", names[machine->action]);
    message_start(&message, "SHUTDOWN");
    message_put(&message, "ACTION", "%s", names[machine->action]);
    supervisor_tell_init(s, &message);
}

/* Whether any child is left: every orphan is PID 1's. */
static int has_children(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* When to come again, or 0. Each step ends with an event or its deadline. */
static uint64_t shutdown_step(struct supervisor *s)
{
    struct machine *machine = s->machine;
    uint64_t now = machine_now();

    if (machine->shutdown_step == 1) {
        if (now < machine->shutdown_deadline && supervisor_stop_all(s) > 0)
            return machine->shutdown_deadline;
        supervisor_kill_all(s);
        machine->shutdown_step = 2;
        machine->step_deadline = now + 2000;
        if (has_children())
            (void)kill(-1, SIGTERM);
        (void)kill(-1, SIGCONT);
    }
    if (machine->shutdown_step == 2) {
        if (has_children() && now < machine->step_deadline)
            return machine->step_deadline;
        (void)kill(-1, SIGKILL);
        machine->shutdown_step = 3;
        machine->step_deadline = now + 2000;
    }
    if (machine->shutdown_step == 3) {
        if (has_children() && now < machine->step_deadline)
            return machine->step_deadline;
        machine->shutdown_step = 4;
        machine->job = (struct job){0};
        machine->step_deadline = now + 10000;
        if (control_begin_job(s, JOB_FINISH, MACHINE_NONE, "") < 0)
            finish(machine);
    }
    if (machine->job.pid != 0 && now < machine->step_deadline)
        return machine->step_deadline;
    finish(machine);
    return 0;
}

/* --- events ------------------------------------------------------------------------------------------ */

static void request(struct machine *machine, enum machine_action action)
{
    if (machine->action == ACTION_NONE)
        machine->action = (uint8_t)action;
}

static void tell_signal(struct supervisor *s, const char *name)
{
    struct message message;

    message_start(&message, "SIGNAL");
    message_put(&message, "NAME", "%s", name);
    supervisor_tell_init(s, &message);
}

static int has_init(const struct supervisor *s)
{
    int index = supervisor_init_unit(s);

    return index != MACHINE_NONE && s->machine->units[index].socket_fd >= 0;
}

/* Ctrl-alt-del: the init service decides; seven times in two seconds decide by themselves. */
static void interrupted(struct supervisor *s)
{
    struct machine *machine = s->machine;
    uint64_t now = machine_now();

    if (now - machine->interrupts_at > 2000) {
        machine->interrupts_at = now;
        machine->interrupts = 0;
    }
    if (!has_init(s) || ++machine->interrupts >= 7)
        request(machine, ACTION_REBOOT);
    else
        tell_signal(s, "SIGINT");
}

/* The signals of busybox's init, and the real-time ones of systemd's. */
static void take_signal(struct supervisor *s, int signal)
{
    struct machine *machine = s->machine;
    static const uint8_t actions[] = {ACTION_HALT, ACTION_POWEROFF, ACTION_REBOOT, ACTION_KEXEC};

    if (signal == SIGUSR1)
        request(machine, ACTION_HALT);
    else if (signal == SIGUSR2)
        request(machine, ACTION_POWEROFF);
    else if (signal == SIGTERM)
        request(machine, machine->is_contained || machine->is_test ? ACTION_POWEROFF
                                                                   : ACTION_REBOOT);
    else if (signal == SIGINT)
        interrupted(s);
    else if (signal == SIGHUP && has_init(s))
        tell_signal(s, "SIGHUP");
    else if (signal == SIGHUP)
        (void)control_begin_job(s, JOB_RELOAD, MACHINE_NONE, "");
    else if (signal == SIGPWR && has_init(s))
        tell_signal(s, "SIGPWR");
    else if (signal == SIGPWR)
        request(machine, ACTION_POWEROFF);
    else if (signal == SIGQUIT || signal == SIGRTMIN + 25)
        faults_reexecute(machine);
    else if (signal >= SIGRTMIN + 3 && signal <= SIGRTMIN + 6)
        request(machine, actions[signal - SIGRTMIN - 3]);
    else if (signal >= SIGRTMIN + 13 && signal <= SIGRTMIN + 16) {
        machine->action = actions[signal - SIGRTMIN - 13];
        sync();
        finish(machine);
    }
}

/* In portions, so that a storm of orphans does not keep the rest waiting: whether there are more. */
static int reap(struct supervisor *s)
{
    struct machine *machine = s->machine;
    int status, n = 0;
    pid_t pid;

    for (; n < 256 && (pid = waitpid(-1, &status, WNOHANG)) > 0; n++) {
        if (pid == machine->job.pid)
            control_job_ended(s, status);
        else if (pid == machine->rescue)
            rescue_reaped(machine);
        else
            (void)supervisor_reaped(s, pid, status);
    }
    return n == 256;
}

static int open_signals(void)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGSEGV);
    (void)sigdelset(&all, SIGBUS);
    (void)sigdelset(&all, SIGILL);
    (void)sigdelset(&all, SIGFPE);
    (void)sigdelset(&all, SIGABRT);
    (void)sigdelset(&all, SIGTRAP);
    (void)sigdelset(&all, SIGSYS);
    (void)sigdelset(&all, SIGPROF);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void read_signals(struct supervisor *s, int fd)
{
    struct signalfd_siginfo info[16];
    ssize_t n;

    n = read(fd, info, sizeof(info));
    for (ssize_t i = 0; i < n / (ssize_t)sizeof(*info); i++)
        if ((int)info[i].ssi_signo != SIGCHLD)
            take_signal(s, (int)info[i].ssi_signo);
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
        read_signals(s, w->fds[i].fd);
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
    (void)dl_iterate_phdr(forget_segments, NULL);
    machine->state = n_failed > 0 || machine->is_degraded ? MACHINE_DEGRADED : MACHINE_RUNNING;
    machine->was_ready = 1;
    output_say(machine, 5, "READY in %llu ms%s",
               (unsigned long long)(machine_now() - machine->boot_at),
               machine->state == MACHINE_DEGRADED ? ", degraded" : "");
    if (machine->wants_good && n_failed == 0 &&
        control_begin_job(s, JOB_SAVE, MACHINE_NONE, "") == 0)
        machine->wants_good = 0;
}

static void earliest(uint64_t *next, uint64_t when)
{
    if (when > 0 && (*next == 0 || when < *next))
        *next = when;
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

/* Do what is due; the milliseconds until the next thing is, or -1. */
static int step(struct supervisor *s)
{
    struct machine *machine = s->machine;
    uint64_t now, next;

    if (machine->action != ACTION_NONE && machine->state != MACHINE_STOPPING)
        begin_shutdown(s);
    next = supervisor_step(s);
    check_ready(s);
    now = machine_now();
    step_job(machine, now, &next);
    step_rescue(machine, now, &next);
    step_watchdog(machine, now, &next);
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
    int signal_fd = open_signals();

    for (;;) {
        int has_more, wait;

        s->machine->loops++;
        has_more = reap(s);
        wait = step(s);
        if (has_more)
            wait = 0;
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

void launch_boot(struct machine *machine)
{
    struct supervisor s = {.machine = machine};

    machine->exe_fd = machine->exe_fd >= 0 ? machine->exe_fd
                                           : open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    (void)umask(022);
    (void)chdir("/");
    (void)open_signals();
    faults_install(machine);
    boot(&s);
    if (machine->exe_fd < 0)
        machine->exe_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
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
    (void)open_signals();
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
    (void)load_plugins(&s);
    turn_forever(&s);
}

static void usage(FILE *to)
{
    fprintf(to,
            "Usage: barrer-init [--config FILE]          as PID 1\n"
            "       barrer-init --test ROOT [--config FILE]\n"
            "       barrer-init --help | --version\n"
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
