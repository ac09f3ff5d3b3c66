/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/faults.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

/* For the handlers, which get no argument. */
static struct machine *the_machine;
static char stack[16384] __attribute__((aligned(16)));

/* Decimal, without stdio, which may be what faulted. */
static void write_number(char *text, int number)
{
    char digits[12];
    int n = 0, at = 0;

    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (n > 0)
        text[at++] = digits[--n];
    text[at] = '\0';
}

void faults_reexecute(struct machine *machine)
{
    static char name[] = "barrer-init", resume[] = "--resume", number[12];
    char *const args[] = {name, resume, number, NULL};
    char *const environment[] = {NULL};

    write_number(number, machine->fd);
    /* What close-on-exec would take: all of it stays, and the table knows what it is. Descriptors
     * of this moment's work leak, a handful for each fault. */
    for (int fd = 3; fd < 1024; fd++)
        (void)fcntl(fd, F_SETFD, 0);
    (void)syscall(SYS_execveat, machine->exe_fd, "", args, environment, AT_EMPTY_PATH);
    (void)execve("/proc/self/exe", args, environment);
}

static void handle_fault(int signal)
{
    struct machine *machine = the_machine;
    static const char text[] = "<26>barrer-init: a fault in PID 1: executing it again\n";

    if (machine == NULL || getpid() != 1) {
        /* A child that has not reset it. */
        struct sigaction standard = {.sa_handler = SIG_DFL};

        (void)sigaction(signal, &standard, NULL);
        (void)raise(signal);
        return;
    }
    machine->faults++;
    (void)!write(machine->kmsg_fd >= 0 ? machine->kmsg_fd : STDERR_FILENO, text, sizeof(text) - 1);
    faults_reexecute(machine);
    /* Not even that: stay, the kernel would panic. */
    for (;;)
        (void)pause();
}

/* SIGPROF counts CPU time alone, so an idle PID 1 never sees it. */
static void handle_loop(int signal)
{
    static uint64_t seen = UINT64_MAX;
    struct machine *machine = the_machine;

    if (machine->loops == seen)
        handle_fault(signal);
    seen = machine->loops;
}

/* What PID 1 does by itself at boot hangs. */
static void handle_limit(int signal)
{
    if (the_machine->is_limited)
        handle_fault(signal);
}

void faults_limit(struct machine *machine, unsigned limit)
{
    const struct itimerval time = {
        .it_value = {.tv_sec = limit / 1000, .tv_usec = limit % 1000 * 1000}};

    machine->is_limited = limit > 0;
    (void)setitimer(ITIMER_REAL, &time, NULL);
}

void faults_install(struct machine *machine)
{
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction fault = {.sa_handler = handle_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
    struct sigaction limit = {.sa_handler = handle_limit, .sa_flags = SA_ONSTACK | SA_RESTART};
    struct sigaction loop = {.sa_handler = handle_loop, .sa_flags = SA_ONSTACK | SA_RESTART};
    const struct itimerval time = {.it_interval = {.tv_sec = 2}, .it_value = {.tv_sec = 2}};

    the_machine = machine;
    (void)sigaltstack(&own, NULL);
    for (size_t i = 0; i < sizeof(fault_signals) / sizeof(*fault_signals); i++)
        (void)sigaction(fault_signals[i], &fault, NULL);
    (void)sigaction(SIGPROF, &loop, NULL);
    (void)sigaction(SIGALRM, &limit, NULL);
    machine->is_limited = 0;
    (void)setitimer(ITIMER_PROF, &time, NULL);
}

void faults_reset(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (size_t i = 0; i < sizeof(fault_signals) / sizeof(*fault_signals); i++)
        (void)sigaction(fault_signals[i], &standard, NULL);
    (void)sigaction(SIGPROF, &standard, NULL);
    (void)sigaction(SIGALRM, &standard, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}
