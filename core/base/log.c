/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <barrer/plugin.h>

#include "base/clock.h"

/* A place of --log that is no file: its prefix, and the socket that takes messages. */
struct service {
    const char *prefix, *socket;
};

static const struct service syslog_service = {"syslog:", "/dev/log"};
static const struct service journal_service = {"journald:", "/run/systemd/journal/socket"};

static struct {
    int fd;
    int level;
    enum log_format format;
    const struct service *service; /* NULL: a file */
    const char *program;           /* of log_to_stderr; NULL: log_open chose the place */
    char identifier[64];
} the_log = {.fd = -1, .level = BARRER_LOG_WARNING, .format = LOG_FORMAT_TEXT};

static const char *const level_names[] = {
    [BARRER_LOG_ERROR] = "error", [BARRER_LOG_WARNING] = "warning", [BARRER_LOG_NOTICE] = "notice",
    [BARRER_LOG_INFO] = "info",   [BARRER_LOG_DEBUG] = "debug",
};

static int is_for(const struct service *service, const char *path)
{
    return strncmp(path, service->prefix, strlen(service->prefix)) == 0;
}

/* What goes into a field of a line: a line's end would begin a message of its own. */
static int set_identifier(const char *text, struct barrer_error *err)
{
    if (*text == '\0' || strlen(text) >= sizeof(the_log.identifier) || strpbrk(text, "\n: ") != NULL)
        return error_fail(err, 0,
                          "--log: expected an identifier of 1 to %zu characters without blanks and "
                          "colons",
                          sizeof(the_log.identifier) - 1);
    (void)snprintf(the_log.identifier, sizeof(the_log.identifier), "%s", text);
    return 0;
}

static int open_service(const struct service *service, const char *path, struct barrer_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int r = set_identifier(path + strlen(service->prefix), err);
    int fd = r < 0 ? r : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (r < 0)
        return r;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", service->socket);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    r = error_fail(err, errno, "open the log \"%s\": connect to \"%s\"", path, service->socket);
    if (fd >= 0)
        (void)close(fd);
    return r;
}

static int open_file(const char *path, struct barrer_error *err)
{
    int fd;

    if (strncmp(path, "file:", 5) == 0)
        path += 5;
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    return fd < 0 ? error_fail(err, errno, "open log file \"%s\"", path) : fd;
}

int log_open(const char *path, enum log_format format, int level, struct barrer_error *err)
{
    const struct service *service = is_for(&syslog_service, path)    ? &syslog_service
                                    : is_for(&journal_service, path) ? &journal_service
                                                                     : NULL;
    int fd = service != NULL ? open_service(service, path, err) : open_file(path, err);

    if (fd < 0)
        return fd;
    log_close();
    the_log.fd = fd;
    the_log.service = service;
    the_log.format = format;
    the_log.level = level;
    return 0;
}

void log_to_stderr(const char *program, enum log_format format, int level)
{
    log_close();
    the_log.fd = STDERR_FILENO;
    the_log.program = program;
    the_log.format = format;
    the_log.level = level;
}

void log_close(void)
{
    if (the_log.fd >= 0 && the_log.program == NULL)
        (void)close(the_log.fd);
    the_log.fd = -1;
    the_log.program = NULL;
}

int log_level_from_name(const char *name)
{
    for (size_t i = BARRER_LOG_ERROR; i < sizeof(level_names) / sizeof(*level_names); i++)
        if (strcmp(name, level_names[i]) == 0)
            return (int)i;
    return -1;
}

int log_is_stderr(void)
{
    return the_log.program != NULL;
}

int log_enabled(int level)
{
    return the_log.fd >= 0 && level <= the_log.level;
}

/* Quote TEXT as a JSON string's inside, as far as it fits. */
static void quote_json(const char *text, char *quoted, size_t size)
{
    size_t used = 0;

    for (; *text != '\0' && used + 7 < size; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            quoted[used++] = '\\';
            quoted[used++] = (char)c;
        } else if (c < 0x20) {
            used += (size_t)snprintf(quoted + used, size - used, "\\u%04x", c);
        } else {
            quoted[used++] = (char)c;
        }
    }
    quoted[used] = '\0';
}

/* TEXT as a datagram or a line of the log; its length. */
static int format_message(int level, char *text, char *line, size_t size)
{
    char quoted[8600], stamp[CLOCK_SIZE];
    int n;

    if (the_log.service != NULL)
        for (char *p = text; *p != '\0'; p++)
            if (*p == '\n')
                *p = ' ';
    /* The facility of daemons is 3; both count levels as we do. */
    if (the_log.service == &syslog_service)
        return snprintf(line, size, "<%d>%s[%d]: %s", 3 << 3 | level, the_log.identifier,
                        (int)getpid(), text);
    if (the_log.service == &journal_service)
        return snprintf(line, size, "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=%s\n", text, level,
                        the_log.identifier);
    if (the_log.program != NULL && the_log.format == LOG_FORMAT_TEXT)
        return snprintf(line, size, "%s: %s: %s\n", the_log.program, level_names[level], text);
    clock_rfc3339(stamp);
    if (the_log.format == LOG_FORMAT_JSON) {
        quote_json(text, quoted, sizeof(quoted));
        n = snprintf(line, size, "{\"msg\":\"%s\",\"level\":\"%s\",\"time\":\"%s\"}\n",
                     quoted, level_names[level], stamp);
    } else {
        n = snprintf(line, size, "%s: [%s] %s\n", stamp, level_names[level], text);
    }
    return n;
}

/* On its own, so that what is not written touches no page of this large frame. */
__attribute__((noinline, format(printf, 2, 0))) static void write_message(int level, const char *fmt,
                                                                          va_list ap)
{
    char text[4200], line[9000];
    int n;

    (void)vsnprintf(text, sizeof(text), fmt, ap);
    n = format_message(level, text, line, sizeof(line));
    /* A log that cannot be written (full disk) must not stop a container. */
    if (n > 0 && write(the_log.fd, line, (size_t)n) < 0)
        return;
}

void log_vwrite(int level, const char *fmt, va_list ap)
{
    if (log_enabled(level))
        write_message(level, fmt, ap);
}

void log_write(int level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_vwrite(level, fmt, ap);
    va_end(ap);
}
