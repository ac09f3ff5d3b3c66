/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "boot/cmdline.h"
#include "boot/control.h"
#include "boot/faults.h"
#include "boot/mounts.h"
#include "boot/output.h"
#include "boot/reader.h"
#include "boot/rescue.h"
#include "boot/rootfs.h"
#include "boot/signals.h"
#include "boot/tune.h"

#define CHILD_TIME 30000 /* ms that a step of boot may take in its child */
#define OWN_TIME 10000   /* ms that one may take in PID 1 itself */

/* Wait for the child PID, for at most LIMIT ms: its exit status, or -errno. SIGNAL_FD: what comes
 * there may end it before; or -1. */
static int await(struct supervisor *s, pid_t pid, int signal_fd, uint64_t limit)
{
    enum { CHILD, SIGNALS };
    struct pollfd wait[] = {[CHILD] = {.fd = pidfd_open(pid, 0), .events = POLLIN},
                            [SIGNALS] = {.fd = signal_fd, .events = POLLIN}};
    uint64_t end = machine_now() + limit, now = 0;
    int status = 0, is_over = wait[CHILD].fd < 0; /* then without a limit */

    while (!is_over && (signal_fd < 0 || s->machine->action == ACTION_NONE) &&
           (now = machine_now()) < end) {
        wait[CHILD].revents = wait[SIGNALS].revents = 0;
        (void)poll(wait, 2, (int)(end - now));
        is_over = wait[CHILD].revents != 0;
        if (wait[SIGNALS].revents != 0)
            signals_read(s, signal_fd);
    }
    barrer_close_fd(&wait[CHILD].fd);
    if (!is_over)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
        ;
    if (!is_over)
        return now >= end ? -ETIMEDOUT : -ECANCELED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EFAULT;
}

/* Run WORK in a child, for at most LIMIT ms: its exit status, or -errno. */
static int in_child(struct supervisor *s, int (*work)(struct supervisor *s), uint64_t limit)
{
    barrer_auto_fd int signal_fd = signals_open_shutdown();
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0) {
        faults_reset();
        _exit(work(s));
    }
    return pid < 0 ? -errno : await(s, pid, signal_fd, limit);
}

/* A child's result as that of a step, told to people. */
static int tell(struct supervisor *s, const char *what, int r)
{
    if (r < 0 && r != -ECANCELED)
        output_say(s->machine, 3, "%s: %s", what,
                   r == -EFAULT ? "its process failed" : strerrordesc_np(-r));
    return r;
}

/* --- the configuration --- */

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

/* The configuration that was asked for, else the last good one, else the one that is shipped. It is
 * read here and kept for the spawners; one that is a fault of the reader is not read again. */
static void read_configuration(struct supervisor *s)
{
    static const enum reader_source sources[] = {READER_STATIC, READER_LAST_GOOD, READER_DEFAULTS};
    struct machine *machine = s->machine;

    choose_file(machine);
    while (machine->n_sources < sizeof(sources) / sizeof(*sources)) {
        struct boot_plan *plan = machine_other_plan(machine);
        enum reader_source source = sources[machine->n_sources++];

        reader_read(machine, source, &s->config);
        if (plan->result == 0) {
            machine->current = !machine->current;
            machine->is_degraded = source != READER_STATIC;
            machine->wants_good = source == READER_STATIC;
            if (source != READER_STATIC)
                output_say(machine, 3, "booting with the %s configuration", plan->source);
            return;
        }
        output_say(machine, 3, "%s", plan->problem);
    }
    machine->is_degraded = 1;
}

static int step_configuration(struct supervisor *s)
{
    struct machine *machine = s->machine;

    if (machine->n_sources > 0)
        output_say(machine, 3, "a configuration could not be read: the next one is tried");
    read_configuration(s);
    return machine_plan(machine)->result;
}

/* After a fault the text is parsed again. */
static const struct config *config_of(struct supervisor *s)
{
    const struct boot_plan *plan = machine_plan(s->machine);
    struct barrer_error err;

    if (s->config == NULL &&
        config_parse("boot.conf", plan->text, plan->length, &s->config, &err) < 0)
        output_say(s->machine, 3, "%s", err.text);
    return s->config;
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

/* --- steps --- */

static int load_modules(struct supervisor *s)
{
    tune_modules(s->machine, config_of(s));
    return 0;
}

static int step_modules(struct supervisor *s)
{
    const struct config *config = config_of(s);

    read_kernel_words(s->machine);
    if (config == NULL || !tune_has_modules(config))
        return 0;
    return tell(s, "load kernel modules", in_child(s, load_modules, CHILD_TIME));
}

static int mount_root(struct supervisor *s)
{
    return rootfs_mount(s->machine);
}

/* Does not return when the new root has an init of its own. */
static int switch_root(struct supervisor *s)
{
    static char name[] = "/sbin/init", switched[] = "BARRER_SWITCHED=1";
    char *const args[] = {name, NULL}, *const environment[] = {switched, NULL};
    struct machine *machine = s->machine;
    const struct boot_settings *settings = &machine_plan(machine)->settings;
    struct barrer_error err;
    int r = tell(s, "mount the root", in_child(s, mount_root, settings->root_timeout + CHILD_TIME));

    if (r != 0)
        return r < 0 ? r : -EIO;
    r = rootfs_switch(machine, &err);
    if (r < 0) {
        output_say(machine, 3, "%s", err.text);
        return r;
    }
    machine->is_initial = 0;
    (void)execve(name, args, environment);
    output_say(machine, 5, "execute /sbin/init of the new root: %s: going on in it",
               strerrordesc_np(errno));
    supervisor_forget_config(s);
    machine->n_sources = 0;
    read_configuration(s);
    return 0;
}

static int step_root(struct supervisor *s)
{
    struct machine *machine = s->machine;
    int r = 0;

    if (machine_plan(machine)->settings.has_root && machine->is_initial)
        r = switch_root(s);
    if (r < 0 && r != -ECANCELED)
        rescue_enter(machine);
    return r;
}

static int step_cgroup(struct supervisor *s)
{
    mounts_cgroup(s->machine, machine_plan(s->machine)->settings.limits);
    return 0;
}

int boot_open_loader(struct supervisor *s)
{
    const struct boot_settings *settings = &machine_plan(s->machine)->settings;
    struct barrer_error err;
    int r = loader_create(settings->plugin_dir[0] != '\0' ? settings->plugin_dir : NULL, &s->loader,
                          &err);

    if (r < 0)
        output_say(s->machine, 3, "%s", err.text);
    return r;
}

/* What a child is to load. */
struct load {
    struct supervisor *s;
    const struct boot_settings *settings;
    uint32_t modules; /* bits */
};

static int load_plugins(void *arg)
{
    const struct load *load = arg;
    struct machine *machine = load->s->machine;
    struct barrer_error err;

    for (unsigned i = 0; i < MACHINE_MODULES; i++) {
        const struct barrer_plugin *plugin;

        if (!(load->modules >> i & 1))
            continue;
        machine->loading = (uint8_t)(i + 1);
        /* Once: those that a service needs are missed by its spawner, which tries and says it, too. */
        if (loader_load(load->s->loader, load->settings->modules[i], 0, &plugin, &err) < 0) {
            output_say(machine, 3, "%s", err.text);
            machine->bad_modules |= 1u << i;
        }
    }
    machine->loading = 0;
    return 0;
}

/* Those of MODULES that are not there, but those that failed before. */
static uint32_t missing(const struct supervisor *s, const struct boot_settings *settings,
                        uint32_t modules)
{
    modules &= ~s->machine->bad_modules;
    for (unsigned i = 0; i < MACHINE_MODULES; i++)
        if (modules >> i & 1 && loader_has(s->loader, settings->modules[i]))
            modules &= ~(1u << i);
    return modules;
}

/* A module runs code of its own when it is loaded, which may end or hang the process that does it.
 * That is a child on a stack of its own, which shares all memory with PID 1, so that what is loaded
 * stays, but is not PID 1. */
static void load_in_child(struct load *load)
{
    static char stack[256 * 1024] __attribute__((aligned(4096)));
    struct supervisor *s = load->s;
    struct machine *machine = s->machine;
    pid_t pid =
        clone(load_plugins, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, load);
    int r = pid < 0 ? load_plugins(load) : await(s, pid, -1, OWN_TIME);

    (void)madvise(stack, sizeof(stack), MADV_DONTNEED);
    if (r == 0 && machine->loading == 0)
        return;
    output_say(machine, 3,
               "plugin \"%s\": its process %s while it was loaded: PID 1 does without it",
               machine->loading > 0 ? load->settings->modules[machine->loading - 1] : "?",
               r == -ETIMEDOUT ? "hung"
               : r == -EFAULT  ? "was killed"
                               : "ended");
    if (machine->loading > 0)
        machine->bad_modules |= 1u << (machine->loading - 1);
    machine->loading = 0;
    /* What it shared with us may be half changed. */
    machine->faults++;
    faults_reexecute(machine);
}

void boot_load_plugins(struct supervisor *s, const struct boot_plan *plan, uint32_t modules)
{
    struct load load = {.s = s, .settings = &plan->settings};

    if (s->loader == NULL)
        return;
    load.modules = missing(s, load.settings, modules);
    if (load.modules != 0 && loader_runs_files())
        load_in_child(&load);
    else
        (void)load_plugins(&load);
}

static int tune_slowly(struct supervisor *s)
{
    tune_what_waits(s->machine, config_of(s));
    return 0;
}

static int step_tune(struct supervisor *s)
{
    const struct config *config = config_of(s);

    if (config == NULL)
        return -EINVAL;
    tune_at_once(s->machine, config);
    if (!tune_waits(s->machine, config))
        return 0;
    return tell(s, "settings of the machine", in_child(s, tune_slowly, CHILD_TIME));
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

static int step_control(struct supervisor *s)
{
    struct machine *machine = s->machine;
    struct barrer_error err;
    int r = control_open(machine, &err);

    if (r < 0)
        output_say(machine, 3, "%s", err.text);
    open_watchdog(machine);
    machine->init_deadline = machine_now() + machine_plan(machine)->settings.init_timeout;
    return r;
}

/* Its phase ends when they are up. */
static int step_services(struct supervisor *s)
{
    struct machine *machine = s->machine;

    if (machine->state == MACHINE_BOOTING)
        supervisor_take_plan(s, 1);
    if (machine->state == MACHINE_BOOTING && machine->n_units == 0) {
        output_say(machine, 3,
                   "no service is configured (boot.conf is looked for in " BOOT_LIB_DIR
                   ", " BOOT_CONF_DIR " and " BARRER_RUN_DIR ")");
        rescue_enter(machine);
    }
    return 0;
}

/* The kernel's first root cannot be pivoted away, which services with a root or with mounts of
 * their own do: a mount of it can. */
static void leave_first_root(struct machine *machine)
{
    int fd = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    if (fd < 0 || move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        fchdir(fd) < 0 || chroot(".") < 0)
        output_say(machine, 4, "mount the initial RAM disk on itself: %s", strerrordesc_np(errno));
    if (fd >= 0)
        (void)close(fd);
}

static int step_mounts(struct supervisor *s)
{
    struct machine *machine = s->machine;
    struct statfs fs;

    if (machine->is_test) {
        mounts_early(machine);
        return 0;
    }
    machine->is_contained = (uint8_t)is_contained();
    machine->is_initial = statfs("/", &fs) == 0 && !machine->is_contained &&
                          (fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC);
    if (machine->is_initial)
        leave_first_root(machine);
    mounts_early(machine);
    machine->is_contained = (uint8_t)is_contained(); /* /proc is there by now */
    open_console(machine);
    (void)reboot(RB_DISABLE_CAD);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct supervisor *s);
    int is_resumed; /* after a fault it goes on by itself; others are passed over */
    unsigned limit; /* ms that it may take in PID 1; 0: it has children or waits for nothing */
} steps[] = {
    [BOOT_MOUNTS] = {"mounts", step_mounts, 0, 0},
    [BOOT_CONFIGURATION] = {"configuration", step_configuration, 1, OWN_TIME},
    [BOOT_MODULES] = {"modules", step_modules, 0, 0},
    [BOOT_ROOT] = {"root", step_root, 0, 0},
    [BOOT_CGROUP] = {"cgroup", step_cgroup, 0, OWN_TIME},
    [BOOT_PLUGINS] = {"plugins", boot_open_loader, 0, 0},
    [BOOT_TUNE] = {"tune", step_tune, 0, OWN_TIME + CHILD_TIME},
    [BOOT_CONTROL] = {"control", step_control, 0, OWN_TIME},
    [BOOT_SERVICES] = {"services", step_services, 1, 0},
};

/* The step that a fault ended. */
static void take_fault(struct supervisor *s)
{
    struct machine *machine = s->machine;
    int step = machine->boot_step;

    phase_end(machine, -EFAULT);
    if (steps[step].is_resumed)
        return;
    output_say(machine, 3, "boot: a fault in \"%s\": going on behind it", steps[step].name);
    machine->boot_step++;
    if (step == BOOT_ROOT)
        rescue_enter(machine);
}

void boot_run(struct supervisor *s)
{
    struct machine *machine = s->machine;

    if (machine->is_stepping)
        take_fault(s);
    while (machine->boot_step < BOOT_DONE && machine->action == ACTION_NONE) {
        int step = machine->boot_step, r;

        machine->is_stepping = 1;
        phase_begin(machine, steps[step].name);
        if (steps[step].limit > 0)
            faults_limit(machine, steps[step].limit);
        r = steps[step].run(s);
        if (steps[step].limit > 0)
            faults_limit(machine, 0);
        if (step != BOOT_SERVICES)
            phase_end(machine, r);
        machine->is_stepping = 0;
        machine->boot_step++;
    }
}
