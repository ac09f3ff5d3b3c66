/* SPDX-License-Identifier: Apache-2.0
 *
 * Process 1 of a container with a .NET payload: init PROGRAM NAME [ARGUMENT...].
 *
 * It starts PROGRAM with NAME and the arguments as argv, hands it the signals that it gets, reaps
 * what is left to it, and ends as the program does. Without it the program would be process 1, to
 * which the kernel delivers no signal that it has no handler for; .NET has none for SIGTERM.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noreturn)) static void fail(const char *what, const char *object, int status)
{
    (void)fprintf(stderr, "barrer: %s \"%s\": %s\n", what, object, strerror(errno));
    exit(status);
}

/* A service manager's descriptors are for the process of this number. */
static void own_listen_fds(void)
{
    char pid[16];

    if (getenv("LISTEN_FDS") == NULL)
        return;
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    (void)setenv("LISTEN_PID", pid, 1);
}

/* The program has a group of its own, in the foreground of the terminal: what is typed there
 * reaches it, once. */
static void take_terminal(void)
{
    (void)setpgid(0, 0);
    if (!isatty(STDIN_FILENO))
        return;
    (void)signal(SIGTTOU, SIG_IGN);
    (void)tcsetpgrp(STDIN_FILENO, getpid());
    (void)signal(SIGTTOU, SIG_DFL);
}

__attribute__((noreturn)) static void run(char **argv, pid_t init)
{
    sigset_t none;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != init)
        _exit(1);
    take_terminal();
    own_listen_fds();
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execvp(argv[1], argv + 2);
    fail("execute", argv[1], errno == ENOENT ? 127 : 126);
}

static int status_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* All that have ended; the exit status once PID is among them, else -1. */
static int reap(pid_t pid)
{
    int result = -1, status;
    pid_t ended;

    while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
        if (ended == pid)
            result = status_of(status);
    return result;
}

/* What a terminal sends to its foreground has reached the program. A hang-up is for the leader of
 * the session alone, which is this process. */
static int is_of_terminal(const siginfo_t *info)
{
    return info->si_code == SI_KERNEL && (info->si_signo == SIGINT || info->si_signo == SIGQUIT ||
                                          info->si_signo == SIGWINCH || info->si_signo == SIGTSTP);
}

int main(int argc, char **argv)
{
    pid_t init = getpid(), pid;
    int result = -1;
    siginfo_t info;
    sigset_t all;

    if (argc < 3) {
        (void)fprintf(stderr, "Usage: init PROGRAM NAME [ARGUMENT...]\n"
                              "Start a program as a child of process 1 of a container.\n");
        return 2;
    }
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        (void)signal(signal_number, SIG_DFL);
    if (init != 1)
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid = fork();
    if (pid == 0)
        run(argv, init);
    if (pid < 0)
        fail("start", argv[1], 125);
    while (result < 0) {
        int number = sigwaitinfo(&all, &info);

        if (number == SIGCHLD)
            result = reap(pid);
        else if (number > 0 && !is_of_terminal(&info))
            (void)kill(pid, number);
    }
    return result;
}
