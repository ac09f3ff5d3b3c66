/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "flow/hooks.h"
#include "flow/payload.h"
#include "flow/stages.h"

/* A thread that a plugin left behind would be missing in the child, with whatever it held. A
 * task folder has two links of its own and one for each thread. */
static int check_threads(const struct flow *flow, struct barrer_error *err)
{
    struct stat task;

    /* True as long as libc has made no thread: then the kernel need not be asked. */
    if (__libc_single_threaded)
        return 0;
    if (fstatat(flow->context.proc_fd, "self/task", &task, 0) == 0 && task.st_nlink > 3)
        return error_fail(err, EBUSY, "clone a process (a plugin left %u threads running)",
                          (unsigned)task.st_nlink - 3);
    return 0;
}

/* Sort what the isolation plan asks into the steps that can do it.
 *
 * A cgroup namespace is rooted where its creator is: it is made after the process has its group.
 * A time namespace takes offsets only before a process enters it: the process unshares, writes
 * them, and enters. A pid namespace is joined for one's children only: barrer-run joins it for
 * the time of the clone, where it may. Joining a user namespace, or making one after joins that
 * need the caller's privileges, takes a process of its own in between. */
static void plan_steps(struct spawn *spawn, int *ret_pid_join)
{
    const struct barrer_isolation_plan *plan = &spawn->flow->isolation;
    uint32_t joined = 0;

    *ret_pid_join = -1;
    for (size_t i = 0; i < plan->n_joins; i++) {
        joined |= plan->joins[i].type;
        if (plan->joins[i].type & CLONE_NEWPID)
            *ret_pid_join = plan->joins[i].fd;
    }
    spawn->joined = joined & ~(uint32_t)CLONE_NEWPID;
    spawn->unshare = plan->create & (CLONE_NEWCGROUP | CLONE_NEWTIME);
    spawn->create = plan->create & ~spawn->unshare;
    spawn->is_two_step =
        (joined & CLONE_NEWUSER) || (joined != 0 && (plan->create & CLONE_NEWUSER));
}

static int open_own_pidns(const struct flow *flow)
{
    return openat(flow->context.proc_fd, "self/ns/pid", O_RDONLY | O_CLOEXEC);
}

/* Root of a user namespace may enter the pid namespaces below it, but not go back to its own, when
 * that belongs to a user namespace above. */
static int can_go_back(int own_fd)
{
    return setns(own_fd, CLONE_NEWPID) == 0;
}

/* Join the pid namespace behind FD for children; -EPERM makes it a two-step spawn. */
static int join_pidns(struct spawn *spawn, int fd, int *ret_own_fd, struct barrer_error *err)
{
    *ret_own_fd = open_own_pidns(spawn->flow);
    if (*ret_own_fd < 0)
        return error_fail(err, errno, "open the caller's pid namespace");
    if (can_go_back(*ret_own_fd) && setns(fd, CLONE_NEWPID) == 0)
        return 0;
    if (errno != EPERM)
        return error_fail(err, errno, "join the pid namespace");
    (void)close(*ret_own_fd);
    *ret_own_fd = -1;
    spawn->is_two_step = 1;
    return 0;
}

pid_t spawn_clone(struct spawn *spawn, uint64_t flags, int is_second, int *ret_pidfd)
{
    static int has_no_clone3;
    struct clone_args args = {.exit_signal = SIGCHLD};
    int cgroup_fd = spawn->flow->resources.cgroup_fd;
    pid_t pid;

    *ret_pidfd = -1;
    args.flags = flags | CLONE_PIDFD;
    args.pidfd = (uint64_t)(uintptr_t)ret_pidfd;
    if (flags & CLONE_PARENT)
        args.exit_signal = 0; /* it inherits ours */
    if (spawn->pid_address != NULL) {
        args.flags |= CLONE_PARENT_SETTID;
        args.parent_tid = (uint64_t)(uintptr_t)spawn->pid_address;
    }
    if (is_second) {
        /* In the group already. */
        args.flags &= ~(uint64_t)CLONE_PIDFD;
        cgroup_fd = -1;
    }
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
    }
    if (!has_no_clone3) {
        pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
        if (pid >= 0 || errno != ENOSYS)
            return pid;
        has_no_clone3 = 1;
    }
    /* Linux before 5.3, or a seccomp filter: fork, and place the process by hand. */
    pid = (pid_t)syscall(SYS_clone,
                         (args.flags & ~(uint64_t)(CLONE_PIDFD | CLONE_INTO_CGROUP)) |
                             (flags & CLONE_PARENT ? 0 : SIGCHLD),
                         NULL, spawn->pid_address, NULL, NULL);
    if (pid > 0 && cgroup_fd >= 0) {
        char text[16];
        int r;

        (void)snprintf(text, sizeof(text), "%d", pid);
        r = barrer_write_at(cgroup_fd, "cgroup.procs", text);
        if (r < 0) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            errno = -r;
            return -1;
        }
    }
    if (pid > 0 && !is_second)
        *ret_pidfd = pidfd_open(pid, 0);
    return pid;
}

static int clone_failed(const struct spawn *spawn, uint64_t flags, struct barrer_error *err)
{
    int saved = errno;
    const char *hint = "";

    if (saved == EPERM && !(flags & CLONE_NEWUSER) && (flags & 0x7e020080u))
        hint = " (without root's privileges a container needs a user namespace)";
    if (saved == EBUSY && spawn->flow->resources.cgroup_fd >= 0)
        hint = " (its cgroup has sub-groups with controllers: name one of them)";
    if (saved == ENOSPC || saved == EUSERS)
        hint = " (see the limits in /proc/sys/user)";
    return error_fail(err, saved, "clone the container's process%s", hint);
}

/* The pid of the payload's process from the first one, which then ends. */
static int take_second_step(struct spawn *spawn, struct barrer_error *err)
{
    struct channel_message message;
    int r = channel_receive(spawn->channel_fd, &message);

    if (r == 0 && message.type == CHANNEL_ERROR) {
        err->errnum = message.number;
        (void)snprintf(err->text, sizeof(err->text), "%.*s", (int)sizeof(err->text) - 1,
                       message.text);
        return -message.number;
    }
    if (r < 0 || message.type != CHANNEL_PID)
        return error_fail(err, r < 0 ? -r : EPIPE, "join the container's namespaces");
    (void)waitpid(spawn->pid, NULL, 0);
    if (spawn->pidfd >= 0)
        (void)close(spawn->pidfd);
    spawn->pid = message.number;
    spawn->pidfd = pidfd_open(spawn->pid, 0);
    return 0;
}

static int start_process(struct spawn *spawn, struct barrer_error *err)
{
    int pid_join, own_fd = -1, r = 0;
    uint64_t flags;

    plan_steps(spawn, &pid_join);
    if (pid_join >= 0 && !spawn->is_two_step)
        r = join_pidns(spawn, pid_join, &own_fd, err);
    if (r < 0)
        return r;
    flags = (spawn->is_two_step ? 0 : spawn->create) | (unsigned)spawn->clone_flags;
    spawn->pid = spawn_clone(spawn, flags, 0, &spawn->pidfd);
    if (spawn->pid == 0) {
        if (spawn->is_two_step)
            child_first_step(spawn);
        child_main(spawn);
    }
    if (spawn->pid < 0)
        r = clone_failed(spawn, flags, err);
    if (own_fd >= 0) {
        if (setns(own_fd, CLONE_NEWPID) < 0 && r == 0)
            r = error_fail(err, errno, "go back to the caller's pid namespace");
        (void)close(own_fd);
    }
    return r;
}

static int mark_each_close_on_exec(const struct spawn *spawn, unsigned first,
                                   struct barrer_error *err)
{
    int folder_fd =
        openat(spawn->flow->context.proc_fd, "self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = folder_fd >= 0 ? fdopendir(folder_fd) : NULL;

    if (folder == NULL)
        return error_fail(err, errno, "list the open descriptors");
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        unsigned long fd = strtoul(entry->d_name, NULL, 10);

        if (entry->d_name[0] != '.' && fd >= first)
            (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    }
    (void)closedir(folder);
    return 0;
}

/* Nothing that barrer-run's caller left open reaches the payload. */
static int mark_close_on_exec(const struct spawn *spawn, struct barrer_error *err)
{
    unsigned first = 3u + (unsigned)spawn->preserve_fds;

    if (close_range(first, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
        return 0;
    /* Linux before 5.11, or a seccomp filter: one by one. */
    return mark_each_close_on_exec(spawn, first, err);
}

/* attach, with the state of the container for a listener of seccomp. */
static int attach(struct spawn *spawn, struct barrer_error *err)
{
    struct barrer_process_request *process = &spawn->flow->spec->process;
    char *state = NULL;
    int r;

    if (process->seccomp != NULL && process->seccomp->listener_path != NULL)
        process->state_json = state =
            spawn->state_json(spawn->arg, spawn->is_exec ? "running" : "creating", spawn->pid);
    r = stage_run(spawn->flow, STAGE_ATTACH, err);
    process->state_json = NULL;
    free(state);
    return r;
}

int spawn_start(struct spawn *spawn, struct barrer_error *err)
{
    struct flow *flow = spawn->flow;
    int fds[2], r;

    spawn->pid = -1;
    spawn->pidfd = spawn->channel_fd = spawn->child_fd = -1;
    r = check_threads(flow, err);
    if (r == 0)
        r = mark_close_on_exec(spawn, err);
    if (r == 0)
        r = channel_open(fds, err);
    if (r < 0)
        return r;
    spawn->channel_fd = fds[0];
    spawn->child_fd = fds[1];
    log_write(BARRER_LOG_DEBUG, "stage clone core");
    r = start_process(spawn, err);
    (void)close(spawn->child_fd);
    spawn->child_fd = -1;
    if (r == 0 && spawn->is_two_step)
        r = take_second_step(spawn, err);
    if (r == 0) {
        flow->target = (struct barrer_target){
            .size = sizeof(flow->target), .pid = spawn->pid, .pidfd = spawn->pidfd};
        r = attach(spawn, err);
    }
    if (r == 0 && (r = channel_send(spawn->channel_fd, CHANNEL_GO, spawn->pid, NULL)) < 0)
        r = error_fail(err, -r, "let the container's process go on");
    if (r < 0) {
        spawn_abort(spawn);
        spawn_fini(spawn);
    }
    return r;
}

int spawn_permit(struct spawn *spawn, struct barrer_error *err)
{
    int r = channel_send(spawn->channel_fd, CHANNEL_PERMIT, 0, NULL);

    /* A process that is gone already has said why, or says so by its end. */
    if (r < 0 && r != -EPIPE && r != -ECONNRESET)
        return error_fail(err, -r, "let the container's process go on");
    return 0;
}

/* prestart and createRuntime, here; then the process runs createContainer there. */
static int serve_hooks(struct spawn *spawn, struct barrer_error *err)
{
    const char *bundle = spawn->flow->spec->filesystem.bundle;
    char *state = spawn->state_json(spawn->arg, "creating", spawn->pid);
    int r;

    if (state == NULL)
        return error_fail(err, ENOMEM, "describe the container to its hooks");
    r = hooks_run(spawn->flow->spec, OCI_HOOK_PRESTART, state, bundle,
                  (const char *const *)environ, spawn->pidfd, err);
    if (r == 0)
        r = hooks_run(spawn->flow->spec, OCI_HOOK_CREATE_RUNTIME, state, bundle,
                      (const char *const *)environ, spawn->pidfd, err);
    if (r == 0 && (r = channel_send(spawn->channel_fd, CHANNEL_HOOKED, 0, NULL)) < 0)
        r = error_fail(err, -r, "let the container's process go on after hooks");
    free(state);
    return r;
}

/* What the host mounts is opened here, where files of the host may be closed to the container's
 * users; not by a caller without the privilege, whose containers have it. */
static int send_payload(struct spawn *spawn, struct barrer_error *err)
{
    struct flow *flow = spawn->flow;
    int is_rootless = !!(flow->spec->process.flags & BARRER_PROCESS_ROOTLESS);
    int fds[CHANNEL_FDS], n = 0, r = payload_pack(&flow->payload, &fds[0], err);

    if (r < 0)
        return r;
    if (!spawn->is_exec && !is_rootless)
        n = payload_open_mounts(&flow->payload, oci_may_have(flow->spec, "CAP_SYS_ADMIN"), fds + 1,
                                CHANNEL_FDS - 1, err);
    if (n < 0)
        r = n;
    else if ((r = channel_send_fds(spawn->channel_fd, CHANNEL_HOST, fds, (size_t)n + 1)) < 0)
        r = error_fail(err, -r, "hand the payload to the container's process");
    for (; n >= 0; n--)
        (void)close(fds[n]);
    return r;
}

/* The process has come upon a payload that is not for the kernel. */
static int serve_host(struct spawn *spawn, const struct channel_message *message,
                      struct barrer_error *err)
{
    struct barrer_runtime_request *request = &spawn->flow->spec->runtime;
    int r;

    if (message->n_fds != 1)
        return error_fail(err, EPROTO, "find a host for the payload");
    request->root_fd = message->fds[0];
    r = flow_plan_runtime(spawn->flow, err);
    (void)close(request->root_fd);
    request->root_fd = -1;
    if (r > 0 && spawn->host_chosen != NULL)
        r = spawn->host_chosen(spawn->arg, err) < 0 ? -err->errnum : r;
    if (r < 0)
        return r;
    if (r > 0)
        return send_payload(spawn, err);
    r = channel_send(spawn->channel_fd, CHANNEL_HOST, 0, NULL);
    return r < 0 ? error_fail(err, -r, "let the container's process go on") : 0;
}

int spawn_await(struct spawn *spawn, struct barrer_error *err)
{
    struct channel_message message;
    int r;

    for (;;) {
        r = channel_receive(spawn->channel_fd, &message);
        if (r < 0)
            return error_fail(err, -r, "hear from the container's process");
        switch (message.type) {
        case CHANNEL_HOOKS:
            r = serve_hooks(spawn, err);
            if (r < 0)
                return r;
            break;
        case CHANNEL_HOST:
            r = serve_host(spawn, &message, err);
            if (r < 0)
                return r;
            break;
        case CHANNEL_READY:
            return 0;
        case CHANNEL_ERROR:
            err->errnum = message.number;
            (void)snprintf(err->text, sizeof(err->text), "%.*s", (int)sizeof(err->text) - 1,
                           message.text);
            return -message.number;
        default:
            /* Without FIFOs the end of the conversation is the execution of the payload. */
            if (spawn->start_fd < 0 && (spawn->is_executing == NULL || *spawn->is_executing))
                return 0;
            return error_fail(err, 0, "the container's process ended while it was set up");
        }
    }
}

void spawn_abort(struct spawn *spawn)
{
    if (spawn->pid > 0) {
        (void)kill(spawn->pid, SIGKILL);
        (void)waitpid(spawn->pid, NULL, 0);
    }
    spawn->pid = -1;
}

void spawn_fini(struct spawn *spawn)
{
    barrer_close_fd(&spawn->channel_fd);
    barrer_close_fd(&spawn->pidfd);
}
