/* SPDX-License-Identifier: Apache-2.0 */
#include "container/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/notify.h"

static int block_signals(struct barrer_error *err)
{
    sigset_t all;

    (void)sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, NULL) < 0)
        return error_fail(err, errno, "block signals");
    return 0;
}

static int open_console(struct foreground *foreground, const char *console_socket,
                        struct barrer_error *err)
{
    if (console_socket != NULL) {
        foreground->console_fd = fd_connect_unix(console_socket);
        if (foreground->console_fd < 0)
            return error_fail(err, -foreground->console_fd, "connect to the console socket \"%s\"",
                              console_socket);
        return 0;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, foreground->sockets) < 0)
        return error_fail(err, errno, "make a pair of sockets for the terminal");
    foreground->console_fd = foreground->sockets[1];
    foreground->is_terminal = 1;
    return 0;
}

static void take_our_size(struct barrer_process_request *process)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
        return;
    process->console_width = size.ws_col;
    process->console_height = size.ws_row;
}

int foreground_init(struct foreground *foreground, const char *verb,
                    struct barrer_process_request *process, int is_detached,
                    const char *console_socket, struct barrer_error *err)
{
    int is_terminal = !!(process->flags & BARRER_PROCESS_TERMINAL);
    int r = 0;

    if (!is_terminal && console_socket != NULL)
        return error_fail(err, 0, "use --console-socket only with a terminal (process.terminal)");
    if (is_terminal && is_detached && console_socket == NULL)
        return error_fail(err, 0, "use --console-socket with %s when a terminal is used", verb);
    if (!is_detached)
        r = block_signals(err);
    if (r == 0 && is_terminal)
        r = open_console(foreground, console_socket, err);
    process->console_socket_fd = foreground->console_fd;
    if (foreground->is_terminal)
        take_our_size(process);
    return r;
}

void foreground_fini(struct foreground *foreground)
{
    if (foreground->console_fd != foreground->sockets[1])
        barrer_close_fd(&foreground->console_fd);
    barrer_close_fd(&foreground->sockets[0]);
    barrer_close_fd(&foreground->sockets[1]);
    barrer_close_fd(&foreground->notify_fd);
}

/* 1 and the status when PID has ended, 0 when another child has, or none. */
static int reap(pid_t pid, int options, int *ret_status)
{
    int status;
    pid_t who = waitpid(pid, &status, options);

    if (who != pid)
        return who < 0 && errno != EINTR ? -errno : 0;
    *ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return 1;
}

/* Wait for a signal, and meanwhile for the payload to be ready. */
static int next_signal(struct foreground *foreground, const sigset_t *all)
{
    barrer_auto_fd int signal_fd = -1;
    int signal = 0;

    if (foreground->notify_fd >= 0)
        signal_fd = signalfd(-1, all, SFD_CLOEXEC);
    while (signal_fd >= 0 && foreground->notify_fd >= 0) {
        struct pollfd fds[] = {{.fd = foreground->notify_fd, .events = POLLIN},
                               {.fd = signal_fd, .events = POLLIN}};

        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents && notify_forward(foreground->notify_fd, 0))
            barrer_close_fd(&foreground->notify_fd);
        if (fds[1].revents)
            break;
    }
    return sigwait(all, &signal) == 0 ? signal : 0;
}

static int wait_without_terminal(struct foreground *foreground, pid_t pid, int *ret_status,
                                 struct barrer_error *err)
{
    sigset_t all;

    (void)sigfillset(&all);
    /* SIGCHLD was blocked before the clone: an end that came before us is pending. */
    for (;;) {
        int signal = next_signal(foreground, &all), r;

        if (signal == 0)
            continue;
        if (signal != SIGCHLD) {
            (void)kill(pid, signal);
            continue;
        }
        r = reap(pid, WNOHANG, ret_status);
        if (r < 0)
            return error_fail(err, -r, "wait for the container's process");
        if (r > 0)
            return 0;
    }
}

/* One direction of the copying. Nothing of it blocks: signals are to be forwarded meanwhile. */
struct stream {
    int from_fd, to_fd;
    int is_open;
    size_t start, end;
    char data[4096]; /* PIPE_BUF: poll(2) promises room for as much */
};

static int has_data(const struct stream *stream)
{
    return stream->start < stream->end;
}

static struct pollfd stream_wants(const struct stream *stream)
{
    return (struct pollfd){
        .fd = !stream->is_open   ? -1
              : has_data(stream) ? stream->to_fd
                                 : stream->from_fd,
        .events = has_data(stream) ? POLLOUT : POLLIN,
    };
}

/* Do what poll(2) says can be done. A terminal whose other side is closed reports EIO. */
static void stream_advance(struct stream *stream)
{
    ssize_t n;

    if (has_data(stream)) {
        n = write(stream->to_fd, stream->data + stream->start, stream->end - stream->start);
        stream->start += n > 0 ? (size_t)n : 0;
    } else {
        n = read(stream->from_fd, stream->data, sizeof(stream->data));
        stream->start = 0;
        stream->end = n > 0 ? (size_t)n : 0;
    }
    stream->is_open = n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Our terminal, in raw mode for as long as the copying lasts. */
struct console {
    int master_fd;
    int signal_fd;
    int is_raw;
    struct termios saved;
    struct stream input, output;
};

static void copy_window_size(const struct console *console)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
        (void)ioctl(console->master_fd, TIOCSWINSZ, &size);
}

static int console_open(struct foreground *foreground, struct console *console,
                        struct barrer_error *err)
{
    struct termios raw;
    sigset_t all;
    int r = fd_receive(foreground->sockets[0], &console->master_fd);

    if (r < 0)
        return error_fail(err, -r, "receive the container's terminal");
    (void)sigfillset(&all);
    console->signal_fd = signalfd(-1, &all, SFD_CLOEXEC);
    if (console->signal_fd < 0)
        return error_fail(err, errno, "receive signals");
    if (fcntl(console->master_fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
        return error_fail(err, errno, "use the container's terminal");
    console->input = (struct stream){STDIN_FILENO, console->master_fd, .is_open = 1};
    console->output = (struct stream){console->master_fd, STDOUT_FILENO, .is_open = 1};
    if (tcgetattr(STDIN_FILENO, &console->saved) == 0) {
        raw = console->saved;
        cfmakeraw(&raw);
        raw.c_oflag |= OPOST; /* the container's lines end in "\n" */
        console->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    }
    return 0;
}

static void console_close(struct console *console)
{
    if (console->is_raw)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &console->saved);
    barrer_close_fd(&console->master_fd);
    barrer_close_fd(&console->signal_fd);
}

/* One signal; 1 when it says that PID has ended. */
static int take_signal(struct console *console, pid_t pid, int *ret_status)
{
    struct signalfd_siginfo info;

    if (read(console->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return 0;
    if (info.ssi_signo == SIGCHLD)
        return reap(pid, WNOHANG, ret_status) > 0;
    if (info.ssi_signo == SIGWINCH)
        copy_window_size(console);
    else
        (void)kill(pid, (int)info.ssi_signo);
    return 0;
}

/* After the end: what the terminal still holds. */
static void drain(struct console *console)
{
    struct stream *output = &console->output;
    struct pollfd master = {.fd = console->master_fd, .events = POLLIN};

    do {
        if (fd_write_all(output->to_fd, output->data + output->start, output->end - output->start) <
            0)
            return;
        output->start = output->end;
        if (poll(&master, 1, 0) <= 0 || !(master.revents & POLLIN))
            return;
        stream_advance(output);
    } while (output->is_open);
}

/* Nobody takes the output any more: the payload learns that from its terminal, as it would learn it
 * from a pipe. */
static void hang_up(struct console *console)
{
    console->input.is_open = 0;
    console->output.start = console->output.end;
    barrer_close_fd(&console->master_fd);
}

static void copy_until_end(struct foreground *foreground, struct console *console, pid_t pid,
                           int *ret_status)
{
    int is_ended = reap(pid, WNOHANG, ret_status) > 0;

    while (!is_ended) {
        struct pollfd fds[4] = {
            {.fd = console->signal_fd, .events = POLLIN},
            stream_wants(&console->output),
            stream_wants(&console->input),
            {.fd = foreground->notify_fd, .events = POLLIN},
        };

        if (poll(fds, 4, -1) < 0)
            continue;
        if (fds[3].revents && notify_forward(foreground->notify_fd, 0))
            barrer_close_fd(&foreground->notify_fd);
        if (fds[1].revents)
            stream_advance(&console->output);
        if (fds[2].revents)
            stream_advance(&console->input);
        if (!console->output.is_open && has_data(&console->output))
            hang_up(console);
        if (fds[0].revents)
            is_ended = take_signal(console, pid, ret_status);
    }
    drain(console);
}

void foreground_flush(struct foreground *foreground)
{
    struct console console = {.master_fd = -1, .signal_fd = -1};
    struct pollfd sent = {.fd = foreground->sockets[0], .events = POLLIN};

    if (!foreground->is_terminal || poll(&sent, 1, 0) <= 0 ||
        fd_receive(foreground->sockets[0], &console.master_fd) < 0)
        return;
    console.output = (struct stream){console.master_fd, STDOUT_FILENO, .is_open = 1};
    drain(&console);
    console_close(&console);
}

int foreground_wait(struct foreground *foreground, pid_t pid, int *ret_status,
                    struct barrer_error *err)
{
    struct console console = {.master_fd = -1, .signal_fd = -1};
    int r;

    if (!foreground->is_terminal)
        return wait_without_terminal(foreground, pid, ret_status, err);
    r = console_open(foreground, &console, err);
    if (r == 0)
        copy_until_end(foreground, &console, pid, ret_status);
    console_close(&console);
    return r;
}
