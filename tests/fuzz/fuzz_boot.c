/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of what PID 1 reads: a boot configuration, packets of a client of the control socket, of
 * the init service, and datagrams of NOTIFY_SOCKET. The first byte of an input says which; a byte
 * 0xfe ends a packet. With libFuzzer as fuzz_config.c; without BARRER_LIBFUZZER a TAP test that
 * replays the corpus, each file also in some hundreds of random variants.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boot/boot.h"
#include "boot/control.h"
#include "boot/machine.h"
#include "boot/spawner.h"
#include "boot/supervisor.h"
#include "boot/table.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing here lets a service come to its start. */
void spawner_main(const struct spawner *spawner)
{
    (void)spawner;
    abort();
}
void boot_load_plugins(struct supervisor *s, const struct boot_plan *plan, uint32_t modules)
{
    (void)s, (void)plan, (void)modules;
}

static const char plan_text[] =
    "[flow boot]\ninit = init\n"
    "[service init]\nexec = /x\n"
    "[service steady]\nexec = /x\nreadiness = notify\nwatchdog = 5s\n"
    "[service other]\nexec = /x \"a b\"\nafter = steady\ntype = oneshot\n";
static struct machine *machine, saved;
static struct supervisor supervisor;

static void compile(const char *name, const char *text, size_t length, struct boot_plan *plan)
{
    static const struct unit none[MACHINE_SERVICES];
    struct config *config = NULL;
    struct barrer_error err = {.errnum = 0};
    int r = config_parse(name, text, length, &config, &err);

    if (r == 0)
        r = table_compile(config, none, MACHINE_SERVICES, plan, &err);
    /* A refusal comes with a reason; what is accepted is a text that is accepted again. */
    if (r < 0 && err.text[0] == '\0')
        abort();
    config_destroy(config);
    if (r == 0 && config_parse("again", plan->text, plan->length, &config, &err) < 0) {
        fprintf(stderr, "%s\n%.*s", err.text, (int)plan->length, plan->text);
        abort();
    }
    if (r == 0)
        config_destroy(config);
}

static void set_up(void)
{
    struct barrer_error err;

    if (machine_create(&machine, &err) < 0)
        abort();
    supervisor.machine = machine;
    machine->is_test = 1;
    machine->kmsg_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    machine->console_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    compile("plan", plan_text, sizeof(plan_text) - 1, machine_plan(machine));
    supervisor_take_plan(&supervisor, 0);
    for (int i = 0; i < machine->n_units; i++) {
        machine->units[i].state = SERVICE_RUNNING;
        machine->units[i].is_wanted = 1;
    }
    machine->state = MACHINE_RUNNING;
    machine->job.pid = 1; /* no process is made: another plan is always being read */
    saved = *machine;
}

static void drain(int fd)
{
    char answer[8192];

    while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
        ;
}

/* Packet after packet into FD, each of them taken by TAKE; what comes back is read. */
static void feed(const uint8_t *data, size_t size, int fd, void (*take)(void))
{
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(data + at, 0xfe, size - at);
        size_t length = end != NULL ? (size_t)(end - data) - at : size - at;

        if (send(fd, data + at, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPIPE)
            return;
        take();
        drain(fd);
        at += length + 1;
    }
}

static void take_client(void)
{
    if (machine->clients[0].fd >= 0)
        control_read_client(&supervisor, 0);
    for (int i = 0; i < 8 && machine->clients[0].fd >= 0 && control_wants_write(&supervisor, 0);
         i++)
        control_write(&supervisor, 0);
}

static void take_init(void)
{
    control_read_service(&supervisor, machine_plan(machine)->settings.init);
}

static void take_notify(void)
{
    control_read_notify(&supervisor);
}

static void run_sockets(int which, const uint8_t *data, size_t size)
{
    int init = machine_plan(machine)->settings.init, fds[2], one = 1;
    int type = which == 3 ? SOCK_DGRAM : SOCK_SEQPACKET;

    *machine = saved;
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
        abort();
    if (which == 1) {
        machine->clients[0].fd = fds[0];
        feed(data, size, fds[1], take_client);
        fds[0] = machine->clients[0].fd;
    } else if (which == 2) {
        machine->units[init].socket_fd = fds[0];
        feed(data, size, fds[1], take_init);
        fds[0] = machine->units[init].socket_fd;
    } else {
        (void)setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
        machine->notify_fd = fds[0];
        machine->units[machine_find(machine, "steady")].pid = getpid();
        machine->units[machine_find(machine, "steady")].state = SERVICE_STARTING;
        feed(data, size, fds[1], take_notify);
    }
    if (fds[0] >= 0)
        (void)close(fds[0]);
    (void)close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct boot_plan plan;

    if (machine == NULL)
        set_up();
    if (size == 0)
        return 0;
    switch (data[0] & 3) {
    case 0:
        compile("fuzz", (const char *)data + 1, size - 1, &plan);
        break;
    default:
        run_sockets(data[0] & 3, data + 1, size - 1);
        break;
    }
    return 0;
}

#ifndef BARRER_LIBFUZZER
#include "replay.h"

int main(int argc, char **argv)
{
    static const char *const words[] = {"\n",
                                        "=",
                                        "\xfe",
                                        "NAME=steady\n",
                                        "ID=x\n",
                                        "STATUS\n",
                                        "LOGS\nFOLLOW=1\n",
                                        "STOP\n",
                                        "START\n",
                                        "WAIT\n",
                                        "PLAN-BEGIN\n\xfe",
                                        "PLAN-DATA\n",
                                        "PLAN-COMMIT\n",
                                        "READY=1\n",
                                        "STATUS=x",
                                        "WATCHDOG=1",
                                        "[service x]\n",
                                        "exec = /x\n",
                                        "after = x\n",
                                        "\"",
                                        " += ",
                                        "every = 1s\n",
                                        NULL};
    static const char *const standard[] = {"fuzz/corpus/boot", NULL};

    return replay_all(words, 1, standard, argc, argv);
}
#endif
