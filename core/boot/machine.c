/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void unit_init(struct unit *unit)
{
    memset(unit, 0, sizeof(*unit));
    unit->log_fd = unit->log_write_fd = unit->report_fd = unit->ready_fd = unit->socket_fd = -1;
}

static struct machine *map(int fd)
{
    void *memory = mmap(NULL, sizeof(struct machine), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return memory != MAP_FAILED ? memory : NULL;
}

int machine_create(struct machine **ret_machine, struct barrer_error *err)
{
    int fd = memfd_create("barrer-init", MFD_CLOEXEC);
    struct machine *machine = NULL;

    if (fd >= 0 && ftruncate(fd, sizeof(struct machine)) == 0)
        machine = map(fd);
    if (machine == NULL) {
        int saved = errno;

        if (fd >= 0)
            (void)close(fd);
        return error_fail(err, saved, "make the table of services");
    }
    machine->magic = MACHINE_MAGIC;
    machine->size = sizeof(*machine);
    machine->fd = fd;
    machine->exe_fd = machine->control_fd = machine->notify_fd = machine->kmsg_fd = -1;
    machine->console_fd = machine->cgroup_fd = machine->watchdog_fd = -1;
    machine->boot_at = machine_now();
    for (int i = 0; i < MACHINE_CLIENTS; i++)
        machine->clients[i].fd = -1;
    for (int i = 0; i < 2; i++) {
        struct boot_settings *settings = &machine->plans[i].settings;

        settings->init = settings->init_fallback = settings->logger = MACHINE_NONE;
    }
    /* Their descriptors are set when a service takes one: untouched pages cost nothing. */
    *ret_machine = machine;
    return 0;
}

int machine_resume(int fd, struct machine **ret_machine, struct barrer_error *err)
{
    struct machine *machine = NULL;
    struct stat st;

    if (fstat(fd, &st) == 0 && st.st_size == sizeof(*machine))
        machine = map(fd);
    if (machine == NULL || machine->magic != MACHINE_MAGIC || machine->size != sizeof(*machine))
        return error_fail(err, EINVAL, "resume: descriptor %d is no table of services", fd);
    machine->fd = fd;
    *ret_machine = machine;
    return 0;
}

int machine_find(const struct machine *machine, const char *name)
{
    for (int i = 0; i < machine->n_units && name[0] != '\0'; i++)
        if (strcmp(machine->units[i].name, name) == 0)
            return i;
    return MACHINE_NONE;
}

uint64_t machine_now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t machine_now(void)
{
    return machine_now_us() / 1000;
}

void phase_begin(struct machine *machine, const char *name)
{
    struct phase *phase;

    if (machine->n_phases == MACHINE_PHASES)
        return;
    phase = &machine->phases[machine->n_phases++];
    (void)snprintf(phase->name, sizeof(phase->name), "%s", name);
    phase->start = machine_now_us();
}

void phase_end(struct machine *machine, int result)
{
    struct phase *phase;

    if (machine->n_phases == 0)
        return;
    phase = &machine->phases[machine->n_phases - 1];
    phase->end = machine_now_us();
    phase->result = result;
}
