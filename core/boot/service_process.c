/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/service_process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <barrer/util.h>

#include "boot/boot.h"
#include "boot/faults.h"
#include "boot/group.h"
#include "boot/output.h"
#include "boot/spawner.h"

void service_process_kill(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);

    /* Nothing in it is the rule. */
    if (s->machine->has_cgroups && group_remove(s->machine->cgroup_fd, unit->name) == -EBUSY)
        group_kill(s->machine->cgroup_fd, unit->name);
    if (unit->pid > 1) {
        (void)kill(-unit->pid, SIGKILL);
        (void)kill(unit->pid, SIGKILL);
    }
    if (unit->spawner > 1)
        (void)kill(unit->spawner, SIGKILL);
    if (unit->helper > 1)
        (void)kill(unit->helper, SIGKILL);
}

/* A child of PID 1 in the group of FD, or where PID 1 is. The kernel writes its pid, so that no
 * fault comes between the process and the table. */
static pid_t clone_into(int fd, pid_t *ret_pid)
{
    struct clone_args args = {.exit_signal = SIGCHLD, .parent_tid = (uint64_t)(uintptr_t)ret_pid};
    pid_t pid = -1;

    if (fd >= 0) {
        args.flags = CLONE_INTO_CGROUP | CLONE_PARENT_SETTID;
        args.cgroup = (uint64_t)fd;
        pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    }
    return pid >= 0 ? pid
                    : (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_PARENT_SETTID, NULL, ret_pid, NULL,
                                     NULL);
}

static int open_uevents(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        barrer_close_fd(&fd);
    return fd;
}

/* The ends of a service's descriptors that it gets; PID 1's are in its unit. */
struct ends {
    int report, ready, socket, uevent;
};

static void close_ends(struct ends *ends)
{
    barrer_close_fd(&ends->report);
    barrer_close_fd(&ends->ready);
    barrer_close_fd(&ends->socket);
    barrer_close_fd(&ends->uevent);
}

void service_process_close(struct unit *unit)
{
    barrer_close_fd(&unit->report_fd);
    barrer_close_fd(&unit->ready_fd);
}

void service_process_end_socket(struct supervisor *s, int index)
{
    struct unit *unit = unit_at(s, index);

    if (unit->socket_fd < 0)
        return;
    barrer_close_fd(&unit->socket_fd);
    unit->has_logger = 0;
}

static int make_pipe(int *ret_own, int *ret_other)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    (void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *ret_own = fds[0];
    *ret_other = fds[1];
    return 0;
}

static int make_socket(struct unit *unit, struct ends *ends)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    barrer_close_fd(&unit->socket_fd);
    unit->socket_fd = fds[0];
    ends->socket = fds[1];
    return 0;
}

static int make_descriptors(struct supervisor *s, int index, int is_main, struct ends *ends)
{
    const struct service_row *row = &supervisor_plan_of(s, index)->rows[index];
    struct unit *unit = unit_at(s, index);
    int r;

    service_process_close(unit); /* of a start that a fault ended */
    r = make_pipe(&unit->report_fd, &ends->report);
    if (r == 0 && row->output == OUTPUT_LOG)
        r = output_open(s->machine, index);
    if (r == 0 && is_main && (supervisor_is_init(s, index) || index == settings_of(s)->logger)) {
        r = make_socket(unit, ends);
        if (r == 0 && supervisor_is_init(s, index))
            ends->uevent = open_uevents();
    } else if (r == 0 && is_main && row->readiness == READINESS_S6) {
        r = make_pipe(&unit->ready_fd, &ends->ready);
    }
    if (r < 0)
        service_process_close(unit);
    return r;
}

/* In the child: what the service's environment has of PID 1's. */
__attribute__((noreturn)) static void child(struct supervisor *s, int index, const char *key,
                                            const struct ends *ends)
{
    const struct boot_plan *plan = supervisor_plan_of(s, index);
    const struct service_row *row = &plan->rows[index];
    struct unit *unit = unit_at(s, index);
    static char watchdog[48];
    const char *environment[8];
    size_t n = 0;
    struct spawner spawner = {.machine = s->machine,
                              .loader = s->loader,
                              .plan = plan,
                              .config = plan == machine_plan(s->machine) ? s->config : NULL,
                              .index = index,
                              .key = key,
                              .report_fd = ends->report,
                              .extra_fds = {ends->ready, -1},
                              .environment = environment};
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), console_fd = -1;

    faults_reset();
    if (row->input == INPUT_CONSOLE || row->output == OUTPUT_CONSOLE)
        console_fd = s->machine->is_test
                         ? STDERR_FILENO
                         : open(settings_of(s)->console, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (null_fd < 0)
        null_fd = unit->log_fd >= 0 ? unit->log_fd : STDERR_FILENO; /* no /dev: better than none */
    if (console_fd < 0)
        console_fd = null_fd;
    spawner.fds[0] = row->input == INPUT_CONSOLE ? console_fd : null_fd;
    if (row->input == INPUT_CONSOLE && s->machine->is_test)
        spawner.fds[0] = STDIN_FILENO;
    spawner.fds[1] = row->output == OUTPUT_LOG       ? unit->log_write_fd
                     : row->output == OUTPUT_CONSOLE ? console_fd
                                                     : null_fd;
    spawner.fds[2] = spawner.fds[1];
    if (ends->socket >= 0) {
        spawner.extra_fds[0] = ends->socket;
        spawner.extra_fds[1] = ends->uevent;
        environment[n++] = supervisor_is_init(s, index) ? "BARRER_INIT_FD=3" : "BARRER_LOG_FD=3";
        if (ends->uevent >= 0)
            environment[n++] = "BARRER_UEVENT_FD=4";
    }
    if (row->readiness == READINESS_NOTIFY || row->watchdog > 0)
        environment[n++] = "NOTIFY_SOCKET=" BARRER_RUN_DIR "/notify";
    if (row->watchdog > 0) {
        (void)snprintf(watchdog, sizeof(watchdog), "WATCHDOG_USEC=%llu",
                       (unsigned long long)row->watchdog * 1000);
        environment[n++] = watchdog;
    }
    environment[n] = NULL;
    spawner_main(&spawner);
}

int service_process_start(struct supervisor *s, int index, const char *key)
{
    const struct boot_plan *plan = supervisor_plan_of(s, index);
    struct unit *unit = unit_at(s, index);
    struct ends ends = {-1, -1, -1, -1};
    barrer_auto_fd int group_fd = -1;
    pid_t pid;
    int r;

    boot_load_plugins(s, plan, plan->rows[index].modules);
    if (s->machine->has_cgroups)
        group_fd = group_make(s->machine->cgroup_fd, unit->name);
    r = make_descriptors(s, index, strcmp(key, "exec") == 0, &ends);
    if (r < 0)
        return r;
    pid = clone_into(group_fd, &unit->spawner);
    if (pid == 0)
        child(s, index, key, &ends);
    r = pid < 0 ? -errno : 0;
    close_ends(&ends);
    if (r < 0)
        service_process_close(unit);
    return r;
}
