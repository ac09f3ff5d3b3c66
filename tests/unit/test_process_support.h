/* SPDX-License-Identifier: Apache-2.0
 *
 * For the tests of process plugins: put a forked process through the stages, as the core does, let
 * it tell what it has become, and return that as text.
 */
#ifndef TESTS_UNIT_TEST_PROCESS_SUPPORT_H
#define TESTS_UNIT_TEST_PROCESS_SUPPORT_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/process.h>

#include "fake_host.h"
#include "tap.h"

/* One journey: what to run, and what came of it. */
struct journey {
    const struct barrer_plugin *plugin;
    struct barrer_process_request request;
    const struct barrer_pair *annotations, *options;
    int (*before)(void);   /* in the process, before confine; or NULL */
    void (*after)(FILE *); /* in the process, after drop: print what there is to see; or NULL */
    char text[16384];      /* what `after` printed, or the message of the stage that failed */
    int is_refused;        /* a stage failed */
    int status;            /* as of waitpid(2) */
};

/* Root, and not only of a user namespace with one user. */
__attribute__((unused)) static int is_root(void)
{
    return geteuid() == 0 && setgroups(0, NULL) == 0;
}

/* A request as the core fills it for `"process": {"cwd": "/", "args": [...]}`. */
__attribute__((unused)) static struct journey journey_of(const struct barrer_plugin *plugin)
{
    static const char *const args[] = {"/bin/true", NULL};
    static const char *const none[] = {NULL};

    return (struct journey){.plugin = plugin,
                            .request = {.size = sizeof(struct barrer_process_request),
                                        .id = "test",
                                        .cwd = "/",
                                        .args = args,
                                        .environment = none,
                                        .console_socket_fd = -1}};
}

static void run_in_process(struct journey *journey, const struct barrer_process_ops *ops,
                           void *self, struct barrer_error *error, int out_fd, int go_fd)
{
    FILE *out = fdopen(out_fd, "w");
    char byte;
    int r = 0;

    if (out == NULL || read(go_fd, &byte, 1) != 1)
        _exit(99);
    if (journey->before != NULL && journey->before() < 0)
        r = error_fail(error, errno, "test: prepare the process");
    if (r >= 0 && ops->confine != NULL)
        r = ops->confine(self, &journey->request, error);
    if (r >= 0 && ops->drop != NULL)
        r = ops->drop(self, &journey->request, error);
    fflush(stdout);
    if (r < 0) {
        (void)fprintf(out, "%s", error->text);
        (void)fflush(out);
        _exit(100);
    }
    if (journey->after != NULL)
        journey->after(out);
    (void)fflush(out);
    _exit(0);
}

static void read_all(int fd, char *text, size_t size)
{
    size_t used = 0;
    ssize_t n;

    while (used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
}

/* The host's side of it, while the process waits. */
static int run_on_host(struct journey *journey, const struct barrer_process_ops *ops, void *self,
                       struct barrer_error *error, pid_t pid)
{
    const struct barrer_target target = {.size = sizeof(target), .pid = pid, .pidfd = -1};

    return ops->attach ? ops->attach(self, &journey->request, &target, error) : 0;
}

static void run_journey(struct journey *journey)
{
    const struct barrer_process_ops *ops = journey->plugin->ops;
    struct fake_host fake;
    int out[2], go[2];
    void *self = NULL;
    pid_t pid;

    fake_host_init(&fake);
    fake.annotations = journey->annotations;
    fake.options = journey->options;
    journey->text[0] = '\0';
    journey->is_refused = 0;
    journey->status = -1;
    if (journey->plugin->open(&fake.host, &self, &fake.error) < 0 ||
        ops->prepare(self, &journey->request, &fake.error) < 0) {
        (void)snprintf(journey->text, sizeof(journey->text), "%.4000s", fake.error.text);
        journey->is_refused = 1;
        goto out;
    }
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
        abort();
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        run_in_process(journey, ops, self, &fake.error, out[1], go[0]);
    (void)close(out[1]);
    (void)close(go[0]);
    if (run_on_host(journey, ops, self, &fake.error, pid) < 0) {
        (void)snprintf(journey->text, sizeof(journey->text), "%.4000s", fake.error.text);
        journey->is_refused = 1;
        (void)kill(pid, SIGKILL);
    } else {
        if (write(go[1], "x", 1) != 1)
            abort();
        read_all(out[0], journey->text, sizeof(journey->text));
    }
    (void)waitpid(pid, &journey->status, 0);
    if (WIFEXITED(journey->status) && WEXITSTATUS(journey->status) == 100)
        journey->is_refused = 1;
    (void)close(out[0]);
    (void)close(go[1]);
out:
    if (self != NULL)
        journey->plugin->close(self);
    fake_host_fini(&fake);
}

/* The value behind KEY at the beginning of a line ("CapBnd:\t0"), without blanks around it. */
__attribute__((unused)) static const char *value_of(const char *text, const char *key)
{
    static char values[8][256];
    static unsigned next;
    char *value = values[next++ % 8];
    size_t length = strlen(key);

    for (; text != NULL; text = strchr(text, '\n')) {
        text += *text == '\n';
        if (strncmp(text, key, length) == 0) {
            text += length;
            text += strspn(text, " \t");
            (void)snprintf(value, 256, "%.*s", (int)strcspn(text, "\n"), text);
            for (size_t n = strlen(value); n > 0 && strchr(" \t", value[n - 1]); n--)
                value[n - 1] = '\0';
            return value;
        }
    }
    return "(not there)";
}

/* Copy a file of the process, such as /proc/self/status, to OUT. */
__attribute__((unused)) static void tell_file(FILE *out, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[1024];

    if (file == NULL) {
        (void)fprintf(out, "cannot open %s\n", path);
        return;
    }
    while (fgets(line, sizeof(line), file) != NULL)
        (void)fputs(line, out);
    (void)fclose(file);
}

__attribute__((unused)) static void is_done(const struct journey *journey, const char *what)
{
    if (!ok(!journey->is_refused && WIFEXITED(journey->status) && WEXITSTATUS(journey->status) == 0,
            "%s", what))
        printf("# status 0x%x: %s\n", journey->status, journey->text);
}

/* Refused, with PART in the message. */
__attribute__((unused)) static void is_refused(const struct journey *journey, const char *part,
                                               const char *what)
{
    if (!ok(journey->is_refused && strstr(journey->text, part) != NULL, "%s", what))
        printf("# status 0x%x, wanted \"%s\", got: %s\n", journey->status, part, journey->text);
}

#endif
