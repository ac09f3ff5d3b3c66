/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/shutdown.h"

#include <linux/reboot.h>
#include <signal.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/control.h"
#include "boot/message.h"
#include "boot/output.h"

void shutdown_finish(struct machine *machine)
{
    static const int commands[] = {[ACTION_POWEROFF] = RB_POWER_OFF,
                                   [ACTION_REBOOT] = RB_AUTOBOOT,
                                   [ACTION_HALT] = RB_HALT_SYSTEM,
                                   [ACTION_KEXEC] = (int)LINUX_REBOOT_CMD_KEXEC};

    if (machine->is_contained || machine->is_test)
        _exit(0); /* the namespace ends with us */
    (void)reboot(commands[machine->action]);
    (void)reboot(RB_AUTOBOOT);
    for (;;)
        (void)pause();
}

void shutdown_begin(struct supervisor *s)
{
    static const char *const names[] = {"", "poweroff", "reboot", "halt", "kexec"};
    struct machine *machine = s->machine;
    struct message message;

    machine->state = MACHINE_STOPPING;
    machine->shutdown_step = 1;
    machine->shutdown_deadline = machine_now() + machine_plan(machine)->settings.shutdown_timeout;
    output_say(machine, 5, "%s", names[machine->action]);
    message_start(&message, "SHUTDOWN");
    message_put(&message, "ACTION", "%s", names[machine->action]);
    supervisor_tell_init(s, &message);
}

/* Whether any child is left: every orphan is PID 1's. */
static int has_children(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

uint64_t shutdown_step(struct supervisor *s)
{
    struct machine *machine = s->machine;
    uint64_t now = machine_now();

    if (machine->shutdown_step == 1) {
        if (now < machine->shutdown_deadline && supervisor_stop_all(s) > 0)
            return machine->shutdown_deadline;
        supervisor_kill_all(s);
        machine->shutdown_step = 2;
        machine->step_deadline = now + 2000;
        if (has_children())
            (void)kill(-1, SIGTERM);
        (void)kill(-1, SIGCONT);
    }
    if (machine->shutdown_step == 2) {
        if (has_children() && now < machine->step_deadline)
            return machine->step_deadline;
        (void)kill(-1, SIGKILL);
        machine->shutdown_step = 3;
        machine->step_deadline = now + 2000;
    }
    if (machine->shutdown_step == 3) {
        if (has_children() && now < machine->step_deadline)
            return machine->step_deadline;
        machine->shutdown_step = 4;
        machine->job = (struct job){0};
        machine->step_deadline = now + 10000;
        if (control_begin_job(s, JOB_FINISH, MACHINE_NONE, "") < 0)
            shutdown_finish(machine);
    }
    if (machine->job.pid != 0 && now < machine->step_deadline)
        return machine->step_deadline;
    shutdown_finish(machine);
}
void shutdown_request(struct machine *machine, enum machine_action action)
{
    if (machine->action == ACTION_NONE)
        machine->action = (uint8_t)action;
}
