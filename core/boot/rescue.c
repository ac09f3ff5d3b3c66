/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/rescue.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <signal.h>
#include <unistd.h>

#include "boot/faults.h"
#include "boot/output.h"
#include "boot/words.h"

#define WORDS 32

__attribute__((noreturn)) static void run_shell(struct machine *machine)
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    static char home[] = "HOME=/", term[] = "TERM=linux", sh[] = "/bin/sh", applet[] = "sh";
    static char busybox[] = "/bin/busybox", usr_busybox[] = "/usr/bin/busybox";
    char *const environment[] = {path, home, term, NULL};
    char *const fallbacks[][3] = {{sh}, {busybox, applet}, {usr_busybox, applet}};
    const struct boot_settings *settings = &machine_plan(machine)->settings;
    char text[sizeof(settings->rescue)], *words[WORDS];
    int fd = machine->is_test ? -1
                              : open(settings->console[0] != '\0' ? settings->console
                                                                  : "/dev/console",
                                     O_RDWR | O_NOCTTY);

    faults_reset();
    (void)setsid();
    for (int i = 0; fd >= 0 && i < 3; i++)
        (void)dup2(fd, i);
    (void)ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    if (fd > 2)
        (void)close(fd);
    (void)snprintf(text, sizeof(text), "%s", settings->rescue);
    if (words_split(text, words, WORDS) > 0)
        (void)execve(words[0], words, environment);
    for (size_t i = 0; i < sizeof(fallbacks) / sizeof(*fallbacks); i++)
        (void)execve(fallbacks[i][0], fallbacks[i], environment);
    _exit(127);
}

static void start_shell(struct machine *machine)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0)
        run_shell(machine);
    machine->rescue = pid > 0 ? pid : 0;
}

void rescue_enter(struct machine *machine)
{
    static const uint8_t actions[] = {ACTION_NONE, ACTION_POWEROFF, ACTION_REBOOT, ACTION_HALT};
    uint8_t action = actions[machine_plan(machine)->settings.on_failure & 3];

    if (machine->state == MACHINE_STOPPING || machine->rescue != 0)
        return;
    if (action != ACTION_NONE) {
        output_say(machine, 3, "boot cannot go on: as [flow boot] on-failure says");
        machine->action = action;
        return;
    }
    machine->state = MACHINE_RESCUE;
    /* The rest of boot comes first: without its socket, barrerctl would not find us. */
    if (machine->boot_step < BOOT_SERVICES)
        return;
    output_say(machine, 3, "rescue: a shell on the console; \"barrerctl\" answers");
    start_shell(machine);
}

void rescue_reaped(struct machine *machine)
{
    machine->rescue = 0;
    /* It is restarted by the step of PID 1, at most once a second. */
    machine->step_deadline = machine_now() + 1000;
}
