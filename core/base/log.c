/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <barrer/plugin.h>

#include "base/clock.h"

static struct {
    int fd;
    int level;
    enum log_format format;
} the_log = {.fd = -1, .level = BARRER_LOG_WARNING, .format = LOG_FORMAT_TEXT};

static const char *const level_names[] = {
    [BARRER_LOG_ERROR] = "error", [BARRER_LOG_WARNING] = "warning", [BARRER_LOG_NOTICE] = "notice",
    [BARRER_LOG_INFO] = "info",   [BARRER_LOG_DEBUG] = "debug",
};

int log_open(const char *path, enum log_format format, int level, struct barrer_error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

    if (fd < 0)
        return error_fail(err, errno, "open log file \"%s\"", path);
    log_close();
    the_log.fd = fd;
    the_log.format = format;
    the_log.level = level;
    return 0;
}

void log_close(void)
{
    if (the_log.fd >= 0)
        (void)close(the_log.fd);
    the_log.fd = -1;
}

int log_fd(void)
{
    return the_log.fd;
}

int log_level_from_name(const char *name)
{
    for (size_t i = BARRER_LOG_ERROR; i < sizeof(level_names) / sizeof(*level_names); i++)
        if (strcmp(name, level_names[i]) == 0)
            return (int)i;
    return -1;
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

void log_vwrite(int level, const char *fmt, va_list ap)
{
    char text[4200], quoted[8600], line[9000], stamp[CLOCK_SIZE];
    int n;

    if (!log_enabled(level))
        return;
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    clock_rfc3339(stamp);
    if (the_log.format == LOG_FORMAT_JSON) {
        quote_json(text, quoted, sizeof(quoted));
        n = snprintf(line, sizeof(line), "{\"msg\":\"%s\",\"level\":\"%s\",\"time\":\"%s\"}\n",
                     quoted, level_names[level], stamp);
    } else {
        n = snprintf(line, sizeof(line), "%s: [%s] %s\n", stamp, level_names[level], text);
    }
    /* A log that cannot be written (full disk) must not stop a container. */
    if (n > 0 && write(the_log.fd, line, (size_t)n) < 0)
        return;
}

void log_write(int level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_vwrite(level, fmt, ap);
    va_end(ap);
}
