/* SPDX-License-Identifier: Apache-2.0
 *
 * The container's process, from clone to execve, top to bottom in child_main.
 */
#include "flow/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "flow/environment.h"
#include "flow/hooks.h"
#include "flow/payload.h"
#include "flow/stages.h"

/* What the process learns on its way. */
struct child {
    struct spawn *spawn;
    struct flow *flow;
    struct barrer_error error;
    pid_t pid; /* as the host sees it */
    int is_permitted;
    mode_t caller_umask;
    const char *const *environment;
};

/* Say what went wrong to whoever listens: barrer-run while it sets us up, then `start`. */
__attribute__((noreturn)) static void die(struct child *child)
{
    const struct barrer_error *err = &child->error;

    if (child->spawn->child_fd >= 0)
        (void)channel_send(child->spawn->child_fd, CHANNEL_ERROR, err->errnum, err->text);
    else if (child->spawn->result_fd >= 0)
        (void)barrer_write_fd(child->spawn->result_fd, err->text);
    _exit(err->errnum == ENOENT ? 127 : 126);
}

/* What an operation returns counts, also where its text did not come from an errno. */
static void check(struct child *child, int r)
{
    if (r >= 0)
        return;
    child->error.errnum = -r;
    die(child);
}

/* Wait for TYPE; a PERMIT that overtakes it is remembered. An end of the conversation means that
 * barrer-run is gone: nobody is left to report to. */
static void await_message(struct child *child, enum channel_type type,
                          struct channel_message *message)
{
    do {
        if (channel_receive(child->spawn->child_fd, message) < 0 || message->type == CHANNEL_CLOSED)
            _exit(1);
        if (message->type == CHANNEL_GO)
            child->pid = message->number;
        if (message->type == CHANNEL_PERMIT)
            child->is_permitted = 1;
    } while (message->type != type);
}

static void await(struct child *child, enum channel_type type)
{
    struct channel_message message;

    await_message(child, type, &message);
}

static int join(struct child *child, const struct barrer_join *with)
{
    static const struct {
        uint32_t type;
        const char *name;
    } names[] = {{CLONE_NEWUSER, "user"},     {CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"},
                 {CLONE_NEWNET, "network"},   {CLONE_NEWIPC, "ipc"},  {CLONE_NEWUTS, "uts"},
                 {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"}};
    const char *name = "container's";

    if (setns(with->fd, (int)with->type) == 0)
        return 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (with->type == names[i].type)
            name = names[i].name;
    return error_fail(&child->error, errno, "join the %s namespace", name);
}

/* All joins, or all but the pid namespace when barrer-run has joined that for us. */
static int join_all(struct child *child, uint32_t except)
{
    const struct barrer_isolation_plan *plan = &child->flow->isolation;

    for (size_t i = 0; i < plan->n_joins; i++) {
        struct barrer_join with = plan->joins[i];
        int r;

        with.type &= ~except;
        r = with.type != 0 ? join(child, &with) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* From here to execve no process of the namespaces that we join may look into this one or trace it
 * (CVE-2016-9962), be it root of the user namespace that we are in by then. What is cloned inherits
 * it. In a new pid namespace it is alone. */
static void hide(const struct spawn *spawn)
{
    if (!(spawn->create & CLONE_NEWPID))
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

__attribute__((noreturn)) void child_first_step(struct spawn *spawn)
{
    struct child child = {.spawn = spawn, .flow = spawn->flow};
    int pidfd;
    pid_t pid;

    hide(spawn);
    check(&child, join_all(&child, 0));
    pid = spawn_clone(spawn, (uint64_t)spawn->create | CLONE_PARENT, 1, &pidfd);
    if (pid == 0)
        child_main(spawn);
    if (pid < 0)
        check(&child, error_fail(&child.error, errno, "clone the container's process"));
    (void)channel_send(spawn->child_fd, CHANNEL_PID, pid, NULL);
    _exit(0);
}

/* Root of the user namespace that is ours by now. */
static int become_root(struct child *child)
{
    if (syscall(SYS_setresgid, 0, 0, 0) < 0)
        return error_fail(&child->error, errno,
                          "become group 0 in the user namespace (map id 0 in linux.gidMappings)");
    if (syscall(SYS_setresuid, 0, 0, 0) < 0)
        return error_fail(&child->error, errno,
                          "become user 0 in the user namespace (map id 0 in linux.uidMappings)");
    return 0;
}

static int write_time_offsets(struct child *child)
{
    const struct barrer_isolation_plan *plan = &child->flow->isolation;
    int proc_fd = child->flow->context.proc_fd;
    char text[256];
    size_t used = 0;
    barrer_auto_fd int fd = -1;
    int r = 0;

    for (size_t i = 0; i < plan->n_time_offsets && used < sizeof(text); i++)
        used += (size_t)snprintf(
            text + used, sizeof(text) - used, "%s %lld %u\n", plan->time_offsets[i].clock,
            (long long)plan->time_offsets[i].seconds, plan->time_offsets[i].nanoseconds);
    /* become_root has made us undumpable, and the file root's of the host. */
    if (used > 0) {
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        r = barrer_write_at(proc_fd, "self/timens_offsets", text);
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
    if (r < 0)
        return error_fail(&child->error, -r, "set the offsets of the time namespace");
    fd = openat(proc_fd, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
        return error_fail(&child->error, errno, "enter the new time namespace");
    return 0;
}

/* The namespaces that clone3 could not make: see plan_steps. */
static int unshare_rest(struct child *child)
{
    uint32_t flags = child->spawn->unshare;

    if (flags != 0 && unshare((int)flags) < 0)
        return error_fail(&child->error, errno, "create the %s namespace",
                          flags & CLONE_NEWCGROUP ? "cgroup" : "time");
    return flags & CLONE_NEWTIME ? write_time_offsets(child) : 0;
}

/* Dispositions and mask as after login: a caller may ignore or block anything. Ignored signals
 * survive clone and execve, and /proc tells in three calls which ones there are. */
static void reset_signals(const struct child *child)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    unsigned long long ignored = ~0ull;
    const char *line = NULL;
    char status[4096];
    sigset_t none;

    if (fd_read_once(child->flow->context.proc_fd, "self/status", status, sizeof(status)) > 0)
        line = strstr(status, "\nSigIgn:");
    /* Hundreds of groups stand before it. */
    if (line != NULL)
        ignored = strtoull(line + 8, NULL, 16);
    for (int signal = 1; signal <= 64; signal++)
        if (ignored & (1ull << (signal - 1)))
            (void)sigaction(signal, &standard, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int enter_root(const struct child *child, struct barrer_error *err)
{
    int fd = child->spawn->root_fd;

    if (fd >= 0 && (fchdir(fd) < 0 || chroot(".") < 0))
        return error_fail(err, errno, "enter the container's root");
    return 0;
}

/* Hooks of this side. What barrer-run says of the container is in our copy of its memory. */
static int run_hooks(struct child *child, enum oci_hook_kind kind, const char *status,
                     const char *folder)
{
    struct spawn *spawn = child->spawn;
    barrer_auto_free char *state = NULL;

    if (child->flow->spec->hooks[kind].n_hooks == 0)
        return 0;
    state = spawn->state_json(spawn->arg, status, child->pid);
    if (state == NULL)
        return error_fail(&child->error, ENOMEM, "describe the container to its hooks");
    return hooks_run(child->flow->spec, kind, state, folder,
                     kind == OCI_HOOK_START_CONTAINER ? child->environment
                                                      : (const char *const *)environ,
                     -1, &child->error);
}

/* Whether a host other than the kernel has to look at the payload. The working directory is the
 * container's root. */
static int wants_plan(const struct child *child)
{
    const struct flow *flow = child->flow;
    const struct barrer_runtime_request *request = &flow->spec->runtime;

    if (!flow_has_planners(flow))
        return 0;
    if (flow->runtime == NULL || flow_named_runtime(flow) != NULL)
        return 1;
    return payload_sounds_managed(request->args) ||
           payload_is_managed(AT_FDCWD, flow->context.proc_fd, request->cwd, request->args[0]);
}

static unsigned layer_flags(const struct flow *flow)
{
    return (flow->spec->filesystem.flags & BARRER_FILESYSTEM_READONLY ? PAYLOAD_READONLY_ROOT : 0) |
           (oci_may_have(flow->spec, "CAP_SYS_ADMIN") ? PAYLOAD_SEALED : 0);
}

/* barrer-run loads the hosts that a native payload does not need, and answers with what to execute
 * and to mount. It is asked while the host's files and those of the container are both there. */
static int plan_payload(struct child *child)
{
    struct flow *flow = child->flow;
    barrer_auto_fd int root_fd = -1;
    struct channel_message message;
    int r;

    if (!wants_plan(child))
        return 0;
    root_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return error_fail(&child->error, errno, "open the container's root");
    if (channel_send_fds(child->spawn->child_fd, CHANNEL_HOST, &root_fd, 1) < 0)
        _exit(1);
    await_message(child, CHANNEL_HOST, &message);
    if (message.n_fds == 0)
        return 0;
    r = payload_unpack(message.fds[0], &flow->payload, &child->error);
    if (r == 0 && !child->spawn->is_exec)
        r = payload_attach(root_fd, &flow->payload, message.fds + 1, message.n_fds - 1,
                           layer_flags(flow), &child->error);
    for (size_t i = 0; i < message.n_fds; i++)
        (void)close(message.fds[i]);
    return r;
}

/* The payload of the kernel, or of a wrapper that is. */
static int resolve_payload(struct child *child)
{
    struct flow *flow = child->flow;

    if (flow->payload.path != NULL)
        return 0;
    if (flow->payload.args != NULL) {
        flow->spec->runtime.args = flow->payload.args;
        flow->spec->runtime.environment = flow->payload.environment;
    }
    return stage_run(flow, STAGE_RESOLVE, &child->error);
}

static int has_hooks(const struct child *child, enum oci_hook_kind kind)
{
    return child->flow->spec->hooks[kind].n_hooks > 0;
}

static int run_create_hooks(struct child *child)
{
    int r;

    if (!has_hooks(child, OCI_HOOK_PRESTART) && !has_hooks(child, OCI_HOOK_CREATE_RUNTIME) &&
        !has_hooks(child, OCI_HOOK_CREATE_CONTAINER))
        return 0;
    if (channel_send(child->spawn->child_fd, CHANNEL_HOOKS, 0, NULL) < 0)
        _exit(1);
    await(child, CHANNEL_HOOKED);
    /* They see the host's files: ours is open for exact modes in the container. */
    (void)umask(child->caller_umask);
    /* In the container's root, where the filesystem backend has left the working directory. */
    r = run_hooks(child, OCI_HOOK_CREATE_CONTAINER, "creating", NULL);
    (void)umask(0);
    return r;
}

/* Close what belongs to barrer-run and its plugins: a created container waits with these
 * descriptors for as long as its caller likes. Not needed before execve, where close-on-exec
 * does it. A seccomp filter may refuse close_range(2) by now. */
static void close_all_but(const int *keep, size_t n_keep, int first)
{
    unsigned low = (unsigned)first;

    for (;;) {
        unsigned next = UINT_MAX;

        for (size_t i = 0; i < n_keep; i++)
            if (keep[i] >= 0 && (unsigned)keep[i] >= low && (unsigned)keep[i] < next)
                next = (unsigned)keep[i];
        if (next > low && close_range(low, next == UINT_MAX ? next : next - 1, 0) < 0)
            for (unsigned fd = low; fd < next && fd < 4096; fd++)
                (void)close((int)fd);
        if (next == UINT_MAX)
            return;
        low = next + 1;
    }
}

/* Descriptors that the payload keeps belong to the caller; ours among their numbers are marked
 * close-on-exec. One is the container's folder, and with it the lock that `start` wants. */
static void close_own(const int *keep, size_t n_keep, int first, int end)
{
    for (int fd = first; fd < end; fd++) {
        int flags = fcntl(fd, F_GETFD);

        for (size_t i = 0; i < n_keep; i++)
            if (keep[i] == fd)
                flags = -1;
        if (flags >= 0 && flags & FD_CLOEXEC)
            (void)close(fd);
    }
}

/* As with runc: lines end in "\n" as the payload writes them, also where barrer-run's output is no
 * terminal; the caller's terminal makes "\r\n" of it. */
static void end_lines_plainly(void)
{
    struct termios settings;

    if (tcgetattr(STDIN_FILENO, &settings) < 0)
        return;
    settings.c_oflag &= ~(tcflag_t)ONLCR;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

__attribute__((noreturn)) static void end_by(int signal)
{
    _exit(128 + signal);
}

/* `create`: report, and wait for `start`. The payload's strings are the runtime plugin's and
 * stay where they are; its descriptors do not. */
static int wait_for_start(struct child *child)
{
    struct spawn *spawn = child->spawn;
    const int keep[] = {spawn->start_fd, spawn->result_fd, spawn->child_fd,
                        child->flow->payload.fd};
    char byte;
    ssize_t n;

    log_close();
    /* As the first process of a pid namespace it would not be ended by it. execve resets this. */
    (void)signal(SIGTERM, end_by);
    /* All that is left is the container's own: `exec` of a caller who is not root may join it now,
     * and no other process gains anything. A filter may refuse it. */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    close_own(keep, sizeof(keep) / sizeof(*keep), 3, 3 + spawn->preserve_fds);
    close_all_but(keep, sizeof(keep) / sizeof(*keep), 3 + spawn->preserve_fds);
    if (channel_send(spawn->child_fd, CHANNEL_READY, 0, NULL) < 0)
        _exit(1);
    barrer_close_fd(&spawn->child_fd);
    do
        n = read(spawn->start_fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 ? 0 : error_fail(&child->error, n < 0 ? errno : EPIPE, "wait for start");
}

static int execute(struct child *child)
{
    const struct barrer_payload *payload = &child->flow->payload;
    char *const *args = (char *const *)(uintptr_t)payload->args;
    char *const *environment = (char *const *)(uintptr_t)child->environment;

    /* `start` tells a payload that ended at once from a process that never came here. */
    if (child->spawn->result_fd >= 0)
        (void)barrer_write_fd(child->spawn->result_fd, "\n");
    if (child->spawn->is_executing != NULL)
        *child->spawn->is_executing = 1;

    if (payload->fd >= 0)
        (void)syscall(SYS_execveat, payload->fd, "", args, environment, AT_EMPTY_PATH);
    else
        (void)execve(payload->path, args, environment);
    if (errno != ENOENT)
        return error_fail(&child->error, errno, "exec %s", payload->path);
    /* Callers look for the system's text as Go has it, in lower case. */
    (void)error_fail(&child->error, 0,
                     "exec %s: no such file or directory (the program, or the interpreter that it "
                     "names, is not in the container)",
                     payload->path);
    child->error.errnum = ENOENT;
    return -ENOENT;
}

__attribute__((noreturn)) void child_main(struct spawn *spawn)
{
    struct child child = {.spawn = spawn, .flow = spawn->flow};
    struct barrer_error *err = &child.error;

    (void)close(spawn->channel_fd);
    await(&child, CHANNEL_GO);
    if ((spawn->create | spawn->joined) & CLONE_NEWUSER)
        check(&child, become_root(&child));
    check(&child, unshare_rest(&child));
    hide(spawn);
    if (!spawn->is_two_step)
        check(&child, join_all(&child, CLONE_NEWPID));
    reset_signals(&child);
    child.caller_umask = umask(0); /* modes of config.json are exact */
    if (spawn->is_exec) {
        check(&child, enter_root(&child, err));
        check(&child, chdir("/") < 0 ? error_fail(err, errno, "enter the container's root") : 0);
        check(&child, plan_payload(&child));
    } else {
        check(&child, stage_run(child.flow, STAGE_ENTER, err));
        check(&child, plan_payload(&child));
        check(&child, run_create_hooks(&child));
        check(&child, stage_run(child.flow, STAGE_PIVOT, err));
    }
    (void)umask(022); /* unless process.user.umask says so */
    check(&child, stage_run(child.flow, STAGE_CONFINE, err));
    if (spawn->is_terminal_copied)
        end_lines_plainly();
    /* confine has begun a session. Another's terminal stays its own. */
    if (spawn->takes_terminal)
        (void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    check(&child, stage_run(child.flow, STAGE_DROP, err));
    check(&child, resolve_payload(&child));
    check(&child, environment_make(child.flow->spec->process.uid, child.flow->payload.environment,
                                   spawn->extra_environment, &child.environment, err));
    if (!child.is_permitted)
        await(&child, CHANNEL_PERMIT);
    if (spawn->start_fd >= 0)
        check(&child, wait_for_start(&child));
    if (!spawn->is_exec)
        check(&child, run_hooks(&child, OCI_HOOK_START_CONTAINER, "created", NULL));
    check(&child, execute(&child));
    _exit(126);
}
