/* SPDX-License-Identifier: Apache-2.0
 *
 * The log that --log and --log-format choose. Nothing is written anywhere before log_open or
 * log_to_stderr; the program prints its one error itself.
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stdarg.h>

#include "base/error.h"

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Append to PATH, "file:PATH", or send to the system's log as "syslog:IDENTIFIER" or
 * "journald:IDENTIFIER", which have forms of their own instead of FORMAT. Levels are those of barrer/plugin.h; what is above LEVEL is dropped. */
int log_open(const char *path, enum log_format format, int level, struct barrer_error *err);
/* The same without a file: messages are lines "PROGRAM: LEVEL: TEXT" (or JSON) on the caller's
 * standard error. */
void log_to_stderr(const char *program, enum log_format format, int level);
int log_is_stderr(void);
/* Close the log; also done in a container's first process just before it executes the payload. */
void log_close(void);
/* A name of --log-level ("error" "warning" "notice" "info" "debug") as a number, or -1. */
int log_level_from_name(const char *name);
/* Whether a message of that level would be written: for callers that would work for it. */
int log_enabled(int level);
void log_write(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_vwrite(int level, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

#endif
