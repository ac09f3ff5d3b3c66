/* SPDX-License-Identifier: Apache-2.0
 *
 * What start and kill do when it takes neither a plugin nor a hook, which is nearly always. The
 * static first stage links this file.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/lifecycle.h"

/* Wait until the process has executed the payload, which closes its end, or says why not. A
 * newline comes just before execve(2): without it the process ended on its way there. */
static int await_execution(struct container *container, int result_fd, struct barrer_error *err)
{
    barrer_auto_free char *text = NULL;
    size_t length = 0;
    int r = fcntl(result_fd, F_SETFL, 0) < 0 ? -errno : 0;

    if (r == 0)
        r = fd_read_all(result_fd, sizeof(err->text), &text, &length);
    if (r < 0)
        return error_fail(err, -r, "wait for container `%s`", container->id);
    if (length == 1 && text[0] == '\n')
        return 0;
    if (length == 0)
        return error_fail(err, 0, "start container `%s`: its process ended before the payload",
                          container->id);
    (void)snprintf(err->text, sizeof(err->text), "%s", text[0] == '\n' ? text + 1 : text);
    err->errnum = EIO;
    return -EIO;
}

int light_start(struct container *container, struct barrer_error *err)
{
    enum container_status status = container_status(container);
    barrer_auto_fd int read_fd = -1, write_fd = -1;

    if (status != CONTAINER_CREATED)
        return error_fail(err, 0, "start container `%s`: cannot start a container that is %s",
                          container->id, container_status_name(status));
    if (container_flag(container, "hasPoststart"))
        return 0;
    /* Reading is opened first: from the byte on, the process may be gone at any time. */
    read_fd =
        openat(container->folder_fd, "result", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    write_fd =
        openat(container->folder_fd, "start", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (read_fd < 0 || write_fd < 0)
        return error_fail(err, errno, "start container `%s`: open \"%s/start\"", container->id,
                          container->folder);
    if (write(write_fd, "", 1) != 1)
        return error_fail(err, errno, "start container `%s`", container->id);
    /* Only now: a start that is killed leaves a container that can be started, or one that is. */
    (void)unlinkat(container->folder_fd, "start", 0);
    (void)unlinkat(container->folder_fd, "result", 0);
    barrer_close_fd(&write_fd);
    return await_execution(container, read_fd, err) < 0 ? -err->errnum : 1;
}

int light_signal_process(struct container *container, int signal, struct barrer_error *err)
{
    barrer_auto_fd int pidfd = container_pidfd(container);

    if (pidfd < 0 && pidfd != -ESRCH)
        return error_fail(err, -pidfd, "signal container `%s`", container->id);
    if (pidfd >= 0 && pidfd_send_signal(pidfd, signal, NULL, 0) == 0)
        return 1;
    if (pidfd < 0 || errno == ESRCH)
        return error_fail(err, 0, "signal container `%s`: container not running", container->id);
    return error_fail(err, errno, "signal container `%s`", container->id);
}

int light_kill(struct container *container, int signal, struct barrer_error *err)
{
    /* To end all processes where they share the host's pids takes their group, and to end a
     * frozen process of cgroup v1 takes thawing. */
    if (signal == SIGKILL && (!container_flag(container, "hasOwnPids") ||
                              container_status(container) == CONTAINER_PAUSED))
        return 0;
    return light_signal_process(container, signal, err);
}

int light_signal(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (*text >= '0' && *text <= '9' && *end == '\0')
        return number >= 0 && number <= SIGRTMAX ? (int)number : -1;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (int signal = 1; signal < SIGRTMIN; signal++) {
        const char *name = sigabbrev_np(signal);

        if (name != NULL && strcasecmp(name, text) == 0)
            return signal;
    }
    if (strcasecmp(text, "CLD") == 0)
        return SIGCHLD;
    if (strcasecmp(text, "IOT") == 0)
        return SIGABRT;
    if (strncasecmp(text, "RTMIN+", 6) == 0 || strncasecmp(text, "RTMAX-", 6) == 0) {
        number = strtol(text + 6, &end, 10);
        if (text[6] >= '0' && text[6] <= '9' && *end == '\0' && number <= SIGRTMAX - SIGRTMIN)
            return strncasecmp(text, "RTMIN", 5) == 0 ? SIGRTMIN + (int)number
                                                      : SIGRTMAX - (int)number;
    }
    if (strcasecmp(text, "RTMIN") == 0)
        return SIGRTMIN;
    return strcasecmp(text, "RTMAX") == 0 ? SIGRTMAX : -1;
}
