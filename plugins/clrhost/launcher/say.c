/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "launcher.h"

static char quoted[1024];

static void say(const char *fmt, va_list ap)
{
    char text[4096];
    size_t n;

    (void)vsnprintf(text, sizeof(text) - 1, fmt, ap);
    /* One line, whatever is in a name. */
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
    n = strlen(text);
    text[n] = '\n';
    if (write(STDERR_FILENO, "barrer: ", 8) == 8)
        (void)!write(STDERR_FILENO, text, n + 1);
}

void launch_fail(enum launch_status status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    exit(status);
}

void launch_fail_now(enum launch_status status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    _exit(status);
}

void launch_quote(const char *line)
{
    size_t used = strlen(quoted);

    while (*line == ' ' || *line == '\n')
        line++;
    if (*line != '\0' && used + 3 < sizeof(quoted))
        (void)snprintf(quoted + used, sizeof(quoted) - used, "%s%s", used > 0 ? " " : "", line);
}

const char *launch_quoted(void)
{
    size_t n = strlen(quoted);

    while (n > 0 && strchr(" .\n\r", quoted[n - 1]) != NULL)
        quoted[--n] = '\0';
    return quoted[0] != '\0' ? quoted : "the runtime does not say why";
}

static void *do_nothing(void *arg)
{
    return arg;
}

static int can_make_thread(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, do_nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

/* Only after a failure: what a seccomp filter keeps from the runtime, and limits that are too low.
 */
const char *launch_obstacle(void)
{
    struct rlimit files, memory;
    struct sysinfo info;
    cpu_set_t cpus;

    if (access("/proc/self/maps", R_OK) < 0)
        return "there is no procfs on /proc of the container (mount one)";
    if (sysinfo(&info) < 0)
        return "the seccomp filter denies sysinfo(2) (allow it)";
    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0 &&
        sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
        return "the seccomp filter denies sched_setaffinity(2) (allow it)";
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < 64)
        return "the limit of open files is too low (raise RLIMIT_NOFILE to 64 or more)";
    if (getrlimit(RLIMIT_AS, &memory) == 0 && memory.rlim_cur != RLIM_INFINITY)
        return "the address space is limited, of which .NET reserves much (raise RLIMIT_AS)";
    if (!can_make_thread())
        return "no thread can be made (raise the limit of processes to 16 or more)";
    return NULL;
}
