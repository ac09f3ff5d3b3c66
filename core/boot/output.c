/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SELF "barrer-init"

/* A line of the ring is NAME, a tab, the text, a line feed; older lines are overwritten. */
static void ring_put(struct machine *machine, const char *text)
{
    for (; *text != '\0'; text++)
        machine->ring[machine->ring_head++ % MACHINE_RING] = *text;
}

int output_next(const struct machine *machine, uint64_t *offset, char name[MACHINE_NAME],
                char *line, size_t size)
{
    uint64_t at = *offset, oldest = 0;
    size_t n = 0, m = 0;
    int is_name = 1;

    if (machine->ring_head > MACHINE_RING)
        oldest = machine->ring_head - MACHINE_RING;
    if (at < oldest) {
        at = oldest;
        while (at < machine->ring_head && machine->ring[at++ % MACHINE_RING] != '\n')
            ;
    }
    if (at >= machine->ring_head)
        return 0;
    for (; at < machine->ring_head; at++) {
        char c = machine->ring[at % MACHINE_RING];

        if (c == '\n')
            break;
        if (is_name && c == '\t')
            is_name = 0;
        else if (is_name && n + 1 < MACHINE_NAME)
            name[n++] = c;
        else if (!is_name && m + 1 < size)
            line[m++] = c;
    }
    name[n] = line[m] = '\0';
    *offset = at + 1;
    return 1;
}

/* One line to the kernel log, or what stands for it. */
static void emit(struct machine *machine, int severity, const char *name, const char *line)
{
    char text[512];
    int n;

    ring_put(machine, name);
    ring_put(machine, "\t");
    ring_put(machine, line);
    ring_put(machine, "\n");
    n = snprintf(text, sizeof(text) - 1, "<%d>%s: %s", 24 + severity, name, line);
    if (n >= (int)sizeof(text) - 1)
        n = (int)sizeof(text) - 2;
    /* A record without it is not shown to anybody before the next begins: it could go on. */
    text[n++] = '\n';
    if (machine->kmsg_fd >= 0 && write(machine->kmsg_fd, text, (size_t)n) >= 0 && severity > 3)
        return;
    /* Without a kernel log, and for errors, which "quiet" must not hide. */
    if (machine->kmsg_fd >= 0 || machine->console_fd >= 0) {
        n = snprintf(text, sizeof(text), "%s: %s\r\n", name, line);
        if (n < (int)sizeof(text) && machine->console_fd >= 0 &&
            write(machine->console_fd, text, (size_t)n) < 0)
            return;
        return;
    }
    n = snprintf(text, sizeof(text), "%s: %s\n", name, line);
    if (write(STDERR_FILENO, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1) < 0)
        return;
}

void output_say(struct machine *machine, int severity, const char *fmt, ...)
{
    char text[2400], *next = text, *line;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    while ((line = strsep(&next, "\n")) != NULL) {
        for (char *c = line; *c != '\0'; c++)
            if ((unsigned char)*c < ' ')
                *c = ' ';
        emit(machine, severity, SELF, line);
    }
}

int output_open(struct machine *machine, int index)
{
    struct unit *unit = &machine->units[index];
    int fds[2];

    if (unit->log_fd >= 0)
        return 0;
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return -errno;
    /* O_NONBLOCK belongs to an end, not to the pipe: the service's is to block. */
    if (fcntl(fds[1], F_SETFL, O_WRONLY) < 0) {
        (void)close(fds[0]);
        (void)close(fds[1]);
        return -EINVAL;
    }
    unit->log_fd = fds[0];
    unit->log_write_fd = fds[1];
    return 0;
}

/* A line may begin with its priority, as sd-daemon(3) has it: "<3>TEXT". */
static void take_line(struct machine *machine, const struct unit *unit)
{
    const char *line = unit->line;
    int severity = 6;

    if (line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
        severity = line[1] - '0';
        line += 3;
    }
    emit(machine, severity, unit->name, line);
}

static void take_byte(struct machine *machine, struct unit *unit, char c)
{
    if (c != '\n') {
        if (unit->partial + 1 < sizeof(unit->line))
            unit->line[unit->partial++] = (unsigned char)c < ' ' && c != '\t' ? '?' : c;
        if (unit->partial + 1 < sizeof(unit->line))
            return;
    }
    if (unit->partial == 0)
        return;
    unit->line[unit->partial] = '\0';
    unit->partial = 0;
    take_line(machine, unit);
}

void output_drain(struct machine *machine, int index)
{
    struct unit *unit = &machine->units[index];
    char buffer[4096];

    for (int i = 0; i < 4 && unit->log_fd >= 0; i++) {
        ssize_t n = read(unit->log_fd, buffer, sizeof(buffer));

        if (n <= 0)
            return;
        for (ssize_t j = 0; j < n; j++)
            take_byte(machine, unit, buffer[j]);
        if (n < (ssize_t)sizeof(buffer))
            return;
    }
}
