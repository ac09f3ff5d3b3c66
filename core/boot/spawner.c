/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "boot/cmdline.h"
#include "boot/service_spec.h"
#include "boot/table.h"
#include "flow/spawn.h"
#include "flow/stages.h"

static void tell(const struct spawner *s, enum report_kind kind, int number, const char *text)
{
    struct report report = {.kind = kind, .number = number};

    (void)snprintf(report.text, sizeof(report.text), "%s", text);
    if (write(s->report_fd, &report, sizeof(report)) < 0)
        _exit(1); /* PID 1 has given this start up */
}

__attribute__((noreturn)) static void fail(const struct spawner *s, const struct barrer_error *err)
{
    tell(s, REPORT_FAILED, err->errnum, err->text);
    _exit(1);
}

/* Put descriptors where the service expects them, behind whom nothing of PID 1's stays. */
static int arrange_fds(struct spawner *s, int *ret_n)
{
    int high[6], n = 3;

    for (int i = 0; i < 3; i++)
        high[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, 100);
    for (int i = 0; i < 2 && s->extra_fds[i] >= 0; i++)
        high[n++] = fcntl(s->extra_fds[i], F_DUPFD_CLOEXEC, 100);
    high[n] = fcntl(s->report_fd, F_DUPFD_CLOEXEC, 100);
    for (int i = 0; i <= n; i++)
        if (high[i] < 0 || dup3(high[i], i, i == n ? O_CLOEXEC : 0) < 0)
            return -errno;
    s->report_fd = n;
    (void)close_range((unsigned)n + 1, ~0u, 0);
    *ret_n = n - 3;
    return 0;
}

static int holds(const char *word)
{
    int is_not = word[0] == '!', is_true = 0;
    struct cmdline cmdline;

    word += is_not;
    if (strncmp(word, "path:", 5) == 0) {
        is_true = access(word + 5, F_OK) == 0;
    } else {
        cmdline_read(&cmdline);
        is_true = cmdline_has(&cmdline, word + 8);
    }
    return is_true != is_not;
}

static void check_conditions(const struct spawner *s, const struct config *config,
                             const char *section)
{
    const char *text = table_text(config, section, "condition");
    barrer_auto_free char **words = NULL;
    char why[160];

    if (text == NULL || config_split(text, &words, NULL) < 0)
        return;
    for (size_t i = 0; words[i] != NULL; i++) {
        if (holds(words[i]))
            continue;
        (void)snprintf(why, sizeof(why), "condition %s does not hold", words[i]);
        tell(s, REPORT_SKIPPED, 0, why);
        _exit(0);
    }
}

/* Effects that a plugin would undo later end with the service's group and namespaces; what it
 * records has nobody to read it. */
static int put_fact(void *arg, const char *instance, const char *name, const char *value,
                    struct barrer_error *err)
{
    (void)arg, (void)instance, (void)name, (void)value, (void)err;
    return 0;
}
static const char *get_fact(void *arg, const char *instance, const char *name)
{
    (void)arg, (void)instance, (void)name;
    return NULL;
}

/* Where nothing is mounted on /proc, a mount of our own that no path leads to. */
static int open_procfs(int *ret_fd, struct barrer_error *err)
{
    int r = path_open_procfs(ret_fd, err);
    barrer_auto_fd int fs_fd = r < 0 ? fsopen("proc", FSOPEN_CLOEXEC) : -1;

    if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return r;
    *ret_fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);
    return *ret_fd < 0 ? r : 0;
}

static int complete(struct flow *flow, struct oci_spec *spec, const struct spawner *s,
                    struct barrer_error *err)
{
    static char path[64];
    const char *name = s->machine->units[s->index].name;
    int r = open_procfs(&flow->context.proc_fd, err);

    (void)snprintf(path, sizeof(path), "/services/%s", name);
    for (size_t i = 0; i < spec->isolation.n_namespaces; i++) {
        spec->filesystem.namespaces |= spec->isolation.namespaces[i].type;
        spec->filesystem.created |= spec->isolation.namespaces[i].type;
    }
    spec->resources.id = spec->filesystem.id = spec->process.id = name;
    spec->resources.path = path;
    spec->resources.flags |= BARRER_RESOURCES_ADOPT;
    spec->resources.n_devices = 0; /* a container is kept from devices, a service is not */
    if (spec->filesystem.created & CLONE_NEWCGROUP)
        spec->resources.flags |= BARRER_RESOURCES_CGROUPNS;
    spec->filesystem.bundle = "/";
    spec->filesystem.cwd = spec->process.cwd;
    spec->filesystem.state_fd = -1;
    return r;
}

static char *state_json(void *arg, const char *status, pid_t pid)
{
    const struct spawner *s = arg;
    char *text = NULL;

    if (asprintf(&text,
                 "{\"ociVersion\":\"1.3.0\",\"id\":\"%s\",\"status\":\"%s\",\"pid\":%d,"
                 "\"bundle\":\"/\"}",
                 s->machine->units[s->index].name, status, pid) < 0)
        return NULL;
    return text;
}

static int make_flow(struct flow *flow, const struct spawner *s, const struct config *config,
                     struct oci_spec *spec, unsigned kinds, struct barrer_error *err)
{
    enum cgroup_manager manager = CGROUPS_DEFAULT;
    int r;

    host_context_init(&flow->context);
    flow->context.put_fact = put_fact;
    flow->context.get_fact = get_fact;
    flow->context.annotations = spec->annotations;
    flow->which = FLOW_CREATE;
    flow->section = "flow boot";
    flow->kinds = kinds;
    flow->loader = s->loader;
    flow->spec = spec;
    flow->resources.cgroup_fd = -1;
    r = complete(flow, spec, s, err);
    if (!s->machine->has_cgroups)
        manager = CGROUPS_DISABLED;
    return r < 0 ? r : flow_compose(flow, config, manager, err);
}

static int run(const struct spawner *s, int n_extra, struct barrer_error *err)
{
    struct service_request request = {.name = s->machine->units[s->index].name,
                                      .key = s->key,
                                      .environment = s->environment};
    struct spawn spawn = SPAWN_NONE;
    struct flow flow = {0};
    struct config *parsed = NULL;
    const struct config *config = s->config;
    struct oci_spec *spec = NULL;
    unsigned kinds = 0;
    char section[64];
    int r = config == NULL ? config_parse("plan", s->plan->text, s->plan->length, &parsed, err) : 0;

    if (config == NULL)
        config = parsed;
    if (r < 0)
        return r;
    (void)snprintf(section, sizeof(section), "service %s", request.name);
    if (strcmp(s->key, "exec") == 0)
        check_conditions(s, config, section);
    request.config = config;
    r = service_spec_make(&request, &spec, &kinds, err);
    if (r == 0)
        r = make_flow(&flow, s, config, spec, kinds, err);
    if (r == 0)
        r = stage_run(&flow, STAGE_PREPARE, err);
    if (r < 0)
        return r;
    spec->filesystem.views = flow.resources.views;
    spec->filesystem.n_views = flow.resources.n_views;
    spawn.flow = &flow;
    spawn.preserve_fds = n_extra;
    spawn.state_json = state_json;
    spawn.arg = (void *)(uintptr_t)s;
    spawn.clone_flags = CLONE_PARENT;
    spawn.takes_terminal =
        s->plan->rows[s->index].input == INPUT_CONSOLE && strcmp(s->key, "exec") == 0;
    s->machine->units[s->index].is_executing = 0;
    spawn.is_executing = &s->machine->units[s->index].is_executing;
    spawn.pid_address = strcmp(s->key, "exec") == 0 ? &s->machine->units[s->index].pid
                                                    : &s->machine->units[s->index].helper;
    r = spawn_start(&spawn, err);
    if (r == 0)
        r = spawn_permit(&spawn, err);
    return r < 0 ? r : spawn_await(&spawn, err);
}

void spawner_main(const struct spawner *spawner)
{
    struct spawner s = *spawner;
    struct barrer_error err = {0};
    int n_extra = 0, r = arrange_fds(&s, &n_extra);

    if (r < 0) {
        (void)error_fail(&err, -r, "give the service its descriptors");
        fail(&s, &err);
    }
    if (run(&s, n_extra, &err) < 0)
        fail(&s, &err);
    tell(&s, REPORT_EXECUTED, 0, "");
    _exit(0);
}
