/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "boot/control.h"
#include "boot/faults.h"
#include "boot/message.h"
#include "boot/shutdown.h"

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
        shutdown_request(machine, ACTION_REBOOT);
    else
        tell_signal(s, "SIGINT");
}

static void take_signal(struct supervisor *s, int signal)
{
    struct machine *machine = s->machine;
    static const uint8_t actions[] = {ACTION_HALT, ACTION_POWEROFF, ACTION_REBOOT, ACTION_KEXEC};

    if (signal == SIGUSR1)
        shutdown_request(machine, ACTION_HALT);
    else if (signal == SIGUSR2)
        shutdown_request(machine, ACTION_POWEROFF);
    else if (signal == SIGTERM)
        shutdown_request(machine, machine->is_contained || machine->is_test ? ACTION_POWEROFF
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
        shutdown_request(machine, ACTION_POWEROFF);
    else if (signal == SIGQUIT || signal == SIGRTMIN + 25)
        faults_reexecute(machine);
    else if (signal >= SIGRTMIN + 3 && signal <= SIGRTMIN + 6)
        shutdown_request(machine, actions[signal - SIGRTMIN - 3]);
    else if (signal >= SIGRTMIN + 13 && signal <= SIGRTMIN + 16) {
        machine->action = actions[signal - SIGRTMIN - 13];
        sync();
        shutdown_finish(machine);
    }
}

int signals_open(void)
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
    (void)sigdelset(&all, SIGALRM);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_open_shutdown(void)
{
    sigset_t some;

    (void)sigemptyset(&some);
    (void)sigaddset(&some, SIGTERM);
    (void)sigaddset(&some, SIGINT);
    (void)sigaddset(&some, SIGPWR);
    (void)sigaddset(&some, SIGUSR1);
    (void)sigaddset(&some, SIGUSR2);
    for (int i = 3; i <= 6; i++) {
        (void)sigaddset(&some, SIGRTMIN + i);
        (void)sigaddset(&some, SIGRTMIN + 10 + i);
    }
    return signalfd(-1, &some, SFD_CLOEXEC | SFD_NONBLOCK);
}

void signals_read(struct supervisor *s, int fd)
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
