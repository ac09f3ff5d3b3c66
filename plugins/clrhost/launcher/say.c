/* SPDX-License-Identifier: Apache-2.0 */
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

void launch_fail(enum launch_status status, const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    size_t n;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text) - 1, fmt, ap);
    va_end(ap);
    /* One line, whatever is in a name. */
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
    n = strlen(text);
    text[n] = '\n';
    if (write(STDERR_FILENO, "barrer: ", 8) != 8 || write(STDERR_FILENO, text, n + 1) < 0)
        _exit(status);
    exit(status);
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
    return NULL;
}
