/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

static const char *const names[] = {
    [OCI_HOOK_PRESTART] = "prestart",
    [OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
    [OCI_HOOK_CREATE_CONTAINER] = "createContainer",
    [OCI_HOOK_START_CONTAINER] = "startContainer",
    [OCI_HOOK_POSTSTART] = "poststart",
    [OCI_HOOK_POSTSTOP] = "poststop",
};

const char *hooks_name(enum oci_hook_kind kind)
{
    return names[kind];
}

/* The state as a file to read from its start: a hook that does not read it cannot block us, as a
 * pipe could. */
static int open_state(const char *state, struct barrer_error *err)
{
    barrer_auto_fd int fd = memfd_create("state", MFD_CLOEXEC);
    int r;

    if (fd < 0)
        return error_fail(err, errno, "make a file for the container's state");
    r = fd_write_all(fd, state, strlen(state));
    if (r < 0)
        return error_fail(err, -r, "write the container's state");
    if (lseek(fd, 0, SEEK_SET) < 0)
        return error_fail(err, errno, "rewind the container's state");
    return barrer_take_fd(&fd);
}

/* A hook has its streams: what barrer-run's caller left open, or keeps for the payload, is not
 * the hook's. Without close_range(2) (Linux before 5.11, or a filter), one at a time. */
static void keep_streams_alone(void)
{
    if (close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        for (int fd = STDERR_FILENO + 1; fd < 4096; fd++)
            (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int redirect(const char *file, int stream)
{
    int fd;

    if (file == NULL)
        return 0;
    fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0700);
    return fd < 0 || dup2(fd, stream) < 0 ? -1 : 0;
}

/* In the container paths of the host mean nothing. */
static int redirect_output(const struct oci_spec *spec, enum oci_hook_kind kind)
{
    if (kind == OCI_HOOK_CREATE_CONTAINER || kind == OCI_HOOK_START_CONTAINER)
        return 0;
    return redirect(spec->hook_stdout, STDOUT_FILENO) < 0 ||
                   redirect(spec->hook_stderr, STDERR_FILENO) < 0
               ? -1
               : 0;
}

__attribute__((noreturn)) static void execute(const struct oci_spec *spec, enum oci_hook_kind kind,
                                              const struct oci_hook *hook, int state_fd,
                                              const char *folder, const char *const *environment)
{
    const char *const alone[] = {hook->path, NULL};
    const char *const *args = hook->args != NULL ? hook->args : alone;
    sigset_t none;

    if (hook->environment != NULL)
        environment = hook->environment;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(state_fd, STDIN_FILENO) < 0 || redirect_output(spec, kind) < 0)
        _exit(126);
    keep_streams_alone();
    if (folder != NULL && chdir(folder) < 0 && errno != ENOENT)
        _exit(126);
    (void)execve(hook->path, (char *const *)(uintptr_t)args, (char *const *)(uintptr_t)environment);
    _exit(errno == ENOENT ? 127 : 126);
}

/* Wait until the hook has ended, its timeout is over, or the container's process is gone. */
static int await_end(const struct oci_hook *hook, pid_t pid, int container_pidfd,
                     struct barrer_error *err)
{
    barrer_auto_fd int pidfd = hook->timeout > 0 || container_pidfd >= 0 ? pidfd_open(pid, 0) : -1;
    struct pollfd ends[] = {{.fd = pidfd, .events = POLLIN},
                            {.fd = container_pidfd, .events = POLLIN}};
    int milliseconds = hook->timeout <= 0        ? -1
                       : hook->timeout > 2000000 ? 2000000000
                                                 : (int)hook->timeout * 1000;
    int n;

    if (pidfd < 0)
        return 0;
    do
        n = poll(ends, 2, milliseconds);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return error_fail(err, ETIMEDOUT, "run hook \"%s\" within %lld s", hook->path,
                          (long long)hook->timeout);
    if (n > 0 && ends[0].revents == 0)
        return error_fail(err, 0, "hook \"%s\": the container's process ended meanwhile",
                          hook->path);
    return 0;
}

static int await(const struct oci_hook *hook, pid_t pid, int container_pidfd, int *ret_status,
                 struct barrer_error *err)
{
    int r = await_end(hook, pid, container_pidfd, err);

    if (r < 0) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return r;
    }
    while (waitpid(pid, ret_status, 0) < 0)
        if (errno != EINTR)
            return error_fail(err, errno, "wait for hook \"%s\"", hook->path);
    return 0;
}

/* Callers look for "error running hook", as older releases of runc have it, and for "error running
 * KIND hook #N", as newer ones; for "bad system call", as Go writes it. */
static const char *signal_text(int signal)
{
    return signal == SIGSYS ? "bad system call" : strsignal(signal);
}

static int run(const struct oci_spec *spec, enum oci_hook_kind kind, const struct oci_hook *hook,
               const char *state, const char *folder, const char *const *environment,
               int container_pidfd, struct barrer_error *err)
{
    barrer_auto_fd int state_fd = open_state(state, err);
    int status, r;
    pid_t pid;

    if (state_fd < 0)
        return state_fd;
    pid = fork();
    if (pid < 0)
        return error_fail(err, errno, "fork for hook \"%s\"", hook->path);
    if (pid == 0)
        execute(spec, kind, hook, state_fd, folder, environment);
    r = await(hook, pid, container_pidfd, &status, err);
    if (r < 0)
        return r;
    if (WIFSIGNALED(status))
        return error_fail(err, 0, "error running hook \"%s\": ended by signal %d (%s)", hook->path,
                          WTERMSIG(status), signal_text(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        return error_fail(err, 0, "error running hook \"%s\": exit status %d", hook->path,
                          WEXITSTATUS(status));
    return 0;
}

int hooks_run(const struct oci_spec *spec, enum oci_hook_kind kind, const char *state,
              const char *folder, const char *const *environment, int pidfd,
              struct barrer_error *err)
{
    const struct oci_hooks *hooks = &spec->hooks[kind];

    for (size_t i = 0; i < hooks->n_hooks; i++) {
        int r;

        log_write(BARRER_LOG_DEBUG, "hook %s %s", names[kind], hooks->hooks[i].path);
        r = run(spec, kind, &hooks->hooks[i], state, folder, environment, pidfd, err);
        if (r < 0)
            return error_wrap(err, r, "error running %s hook #%zu", names[kind], i);
    }
    return 0;
}
