/* SPDX-License-Identifier: Apache-2.0
 *
 * What bench/boot measures with, in the guest. One static program, by the name it is called:
 *
 *   mark PROGRAM [ARGUMENT...]  keeps the time in /.mark (called mark-dotnet: in /.mark-dotnet) and executes the
 *                               program; with TRACE=1 it marks the kernel's trace, too
 *   first [DOWN...]             the first service: keeps the time of its first statement, then is sample
 *   boxed                       a service that waits
 *   sample [DOWN...]            says what PID 1 and the machine are like; DOWN is executed to shut down in order
 *
 * Lines on the console: "BENCH KEY=VALUE".
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define SETTLE 15 /* seconds: what PID 1 and services do when all have started is not idling */

static char text[1 << 18];
static int console = 2;

static long long now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[600] = "\r\nBENCH ";
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line + 8, sizeof(line) - 12, format, args);
    va_end(args);
    memcpy(line + 8 + n, "\r\n", 3);
    if (write(console, line, strlen(line)) < 0)
        _exit(1);
}

static ssize_t read_text(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0, r;

    while (fd >= 0 && n < (ssize_t)sizeof(text) - 1 &&
           (r = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
        n += r;
    text[n] = '\0';
    if (fd >= 0)
        (void)close(fd);
    return fd < 0 ? -1 : n;
}

static void write_text(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd >= 0 && write(fd, value, strlen(value)) < 0)
        _exit(1);
    if (fd >= 0)
        (void)close(fd);
}

static long value_of(const char *key)
{
    for (const char *line = text; line != NULL && *line != '\0';
         line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, key, strlen(key)) == 0 && strchr(": \t", line[strlen(key)]) != NULL)
            return atol(line + strlen(key) + strspn(line + strlen(key), ": \t"));
    return -1;
}

static void keep_time(const char *path, long long time)
{
    char number[32];

    (void)snprintf(number, sizeof(number), "%lld\n", time);
    write_text(path, number);
}

static long long kept_time(const char *path)
{
    return read_text(path) > 0 ? atoll(text) : 0;
}

/* --- mark ---------------------------------------------------------------------------------------- */

static void mark_trace(const char *word)
{
    (void)mkdir("/.trace", 0700);
    if (mount("tracefs", "/.trace", "tracefs", 0, NULL) == 0) {
        write_text("/.trace/trace_marker", word);
        (void)umount("/.trace");
    }
}

static int mark(const char *name, char **args)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/.%s", name);
    keep_time(path, now());
    if (getenv("TRACE") != NULL) {
        write_text("/.traced", "");
        mark_trace("BEGIN");
    }
    (void)unsetenv("TRACE");
    (void)execv(args[0], args);
    (void)!write(2, "mark: cannot execute\n", 21);
    return 1;
}

/* --- sample -------------------------------------------------------------------------------------- */

static long switches(void)
{
    (void)read_text("/proc/1/status");
    return value_of("voluntary_ctxt_switches") + value_of("nonvoluntary_ctxt_switches");
}

static void say_memory(void)
{
    (void)read_text("/proc/1/smaps_rollup");
    say("rss=%ld", value_of("Rss"));
    say("anonymous=%ld", value_of("Anonymous"));
}

/* Files of plugins that PID 1 has mapped: each by its first page. */
static void say_plugins(void)
{
    long n = 0;

    (void)read_text("/proc/1/maps");
    for (const char *at = text; (at = strstr(at, "/plugins/")) != NULL; at++) {
        const char *line = at;

        while (line > text && line[-1] != '\n')
            line--;
        n += strstr(line, " 00000000 ") != NULL && strstr(line, " 00000000 ") < at;
    }
    say("plugins=%ld", n);
}

/* The calls of PID 1 between the marks, and all executions. */
static void say_trace(void)
{
    long of_init = 0, executions = 0, all = 0;
    int is_between = 0;
    char line[1024];
    FILE *trace;

    (void)mkdir("/.trace", 0700);
    if (access("/.traced", F_OK) != 0 || mount("tracefs", "/.trace", "tracefs", 0, NULL) != 0)
        return;
    trace = fopen("/.trace/trace", "re");
    while (trace != NULL && fgets(line, sizeof(line), trace) != NULL) {
        const char *call = strstr(line, "sys_enter: NR ");
        const char *cpu = strstr(line, " [0");

        if (strstr(line, "BEGIN") != NULL) {
            is_between = 1;
            of_init = executions = all = 0;
        } else if (strstr(line, "END") != NULL) {
            break;
        } else if (is_between && call != NULL && cpu != NULL) {
            int number = atoi(call + 14);

            while (cpu > line && *cpu == ' ')
                cpu--;
            all++;
            of_init += cpu - line >= 2 && cpu[-1] == '-' && cpu[0] == '1';
            executions += number == 59 || number == 322;
        }
    }
    if (trace != NULL)
        (void)fclose(trace);
    say("calls=%ld", of_init);
    say("all-calls=%ld", all);
    say("executions=%ld", executions);
}

static void say_group(const char *folder)
{
    static const char *const keys[] = {"workingset_refault_file", "workingset_refault_anon",
                                       "pgmajfault"};
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/memory.events", folder);
    if (read_text(path) <= 0)
        return;
    say("oom=%ld", value_of("oom_kill"));
    say("at-limit=%ld", value_of("max"));
    (void)snprintf(path, sizeof(path), "%s/memory.stat", folder);
    (void)read_text(path);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        say("%s=%ld", keys[i], value_of(keys[i]));
    (void)snprintf(path, sizeof(path), "%s/memory.peak", folder);
    (void)read_text(path);
    say("peak=%ld", atol(text) / 1024);
}

static long refaults(const char *folder)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/memory.stat", folder);
    (void)read_text(path);
    return value_of("workingset_refault_file") + value_of("workingset_refault_anon");
}

static int sample(char **down)
{
    static const char group[] = "/sys/fs/cgroup/services";
    long before, refaulted;

    console = open("/dev/console", O_WRONLY | O_NOCTTY);
    for (int i = 0; i < 300 && access("/.first", F_OK) != 0; i++)
        (void)usleep(100000);
    (void)sleep(SETTLE);
    say("begin=%lld", kept_time("/.mark"));
    say("first=%lld", kept_time("/.first"));
    say("csharp=%lld", kept_time("/.csharp"));
    say("dotnet-begin=%lld", kept_time("/.mark-dotnet"));
    say("dotnet=%lld", kept_time("/.dotnet"));
    before = switches();
    refaulted = refaults(group);
    (void)sleep(10);
    say("switches=%ld", switches() - before);
    say("idle-refaults=%ld", refaults(group) - refaulted);
    (void)read_text("/proc/1/comm");
    text[strcspn(text, "\n")] = '\0';
    say("comm=%s", text);
    say_memory();
    say_plugins();
    say_group(group);
    say_trace();
    say("down=%lld", now());
    if (down[0] == NULL)
        return 0;
    if (fork() == 0) {
        (void)setsid();
        (void)execv(down[0], down);
        _exit(1);
    }
    (void)signal(SIGTERM, SIG_DFL);
    for (;;)
        (void)pause();
}

int main(int argc, char **argv)
{
    long long time = now();
    const char *name = strrchr(argv[0], '/');

    name = name != NULL ? name + 1 : argv[0];
    if (strcmp(name, "first") == 0) {
        if (access("/.traced", F_OK) == 0)
            mark_trace("END");
        keep_time("/.first", time);
        return sample(argv + 1);
    }
    if (strcmp(name, "boxed") == 0)
        for (;;)
            (void)pause();
    if (strcmp(name, "sample") == 0)
        return sample(argv + 1);
    return argc > 1 ? mark(name, argv + 1) : 2;
}
