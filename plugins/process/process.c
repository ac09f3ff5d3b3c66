/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrer/process.h>
#include <barrer/util.h>

#include "capabilities.h"
#include "credentials.h"
#include "directory.h"
#include "keyring.h"
#include "labels.h"
#include "mempolicy.h"
#include "rlimits.h"
#include "scheduler.h"
#include "streams.h"
#include "terminal.h"

#define KEEP_GROUPS "run.oci.keep_original_groups"

struct process {
    const struct barrer_host *host;
    struct process_capabilities capabilities;
    int keep_groups;
    char own_score[16]; /* the runtime's, while it has the container's; or "" */
};

static int process_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct process *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return barrer_fail(host, err, ENOMEM, "make an instance");
    self->host = host;
    *ret_self = self;
    return 0;
}

static void process_close(void *data)
{
    struct process *self = data;

    process_capabilities_fini(&self->capabilities);
    free(self);
}

static int check_members(const struct barrer_host *host,
                         const struct barrer_process_request *request, struct barrer_error *err)
{
    const struct barrer_number *score = &request->oom_score_adj;

    if (request->cwd == NULL || request->cwd[0] != '/')
        return barrer_fail(host, err, EINVAL, "process.cwd: expected an absolute path, got \"%s\"",
                           request->cwd ? request->cwd : "");
    if (score->is_set && (score->value < -1000 || score->value > 1000))
        return barrer_fail(host, err, EINVAL,
                           "process.oomScoreAdj: expected -1000 to 1000, got %lld",
                           (long long)score->value);
    if (request->personality != NULL && strcmp(request->personality, "LINUX") != 0 &&
        strcmp(request->personality, "LINUX32") != 0)
        return barrer_fail(
            host, err, EINVAL,
            "linux.personality.domain: expected \"LINUX\" or \"LINUX32\", got \"%s\"",
            request->personality);
    return 0;
}

/* Through the host, since a user namespace's root may not make itself less likely to be killed.
 * WHOSE is a name below /proc. */
static int write_score(const struct barrer_host *host, const char *whose, const char *text,
                       struct barrer_error *err)
{
    barrer_auto_fd int fd = -1;
    char path[48];
    int r;

    (void)snprintf(path, sizeof(path), "%s/oom_score_adj", whose);
    fd = host->open_proc(host, path, O_WRONLY | O_CLOEXEC, err);
    if (fd < 0)
        return fd;
    r = barrer_write_fd(fd, text);
    if (r == 0)
        return 0;
    return barrer_fail(host, err, -r, "set process.oomScoreAdj to %s%s", text,
                       r == -EACCES ? " (to lower it needs CAP_SYS_RESOURCE)" : "");
}

/* A process that joins namespaces hides from these, and then /proc belongs to root. A user gives
 * his own process the score, which is inherited, until there is the other. */
static int lend_score(struct process *self, int score, struct barrer_error *err)
{
    barrer_auto_fd int fd =
        self->host->open_proc(self->host, "self/oom_score_adj", O_RDONLY | O_CLOEXEC, err);
    char text[16];
    ssize_t n;

    if (fd < 0)
        return fd;
    n = read(fd, self->own_score, sizeof(self->own_score) - 1);
    if (n < 0)
        return barrer_fail(self->host, err, errno, "read \"/proc/self/oom_score_adj\"");
    self->own_score[n] = '\0';
    (void)snprintf(text, sizeof(text), "%d", score);
    return write_score(self->host, "self", text, err);
}

static int apply_score(struct process *self, pid_t pid, int score, struct barrer_error *err)
{
    char whose[16], text[16];

    if (self->own_score[0] != '\0')
        return write_score(self->host, "self", self->own_score, err);
    (void)snprintf(whose, sizeof(whose), "%d", (int)pid);
    (void)snprintf(text, sizeof(text), "%d", score);
    return write_score(self->host, whose, text, err);
}

static int process_prepare(void *data, const struct barrer_process_request *request,
                           struct barrer_error *err)
{
    struct process *self = data;
    const struct barrer_host *host = self->host;
    const char *keep = host->annotation(host, KEEP_GROUPS);
    int r = check_members(host, request, err);

    if (r == 0)
        r = process_rlimits_check(host, request, err);
    if (r == 0)
        r = process_scheduler_check(host, request, err);
    if (r == 0)
        r = process_mempolicy_check(host, request, err);
    if (r == 0)
        r = process_labels_check(host, request, err);
    if (r == 0)
        r = process_capabilities_prepare(host, &self->capabilities, request->capabilities, err);
    if (r < 0)
        return r;
    self->keep_groups = keep != NULL && strcmp(keep, "1") == 0;
    if (request->flags & BARRER_PROCESS_ROOTLESS && request->oom_score_adj.is_set)
        r = lend_score(self, (int)request->oom_score_adj.value, err);
    if (r < 0)
        return r;
    /* The specification: the runtime itself runs there, until the process is in its cgroup, which
     * it is from its first moment on. Inherited. */
    if (request->flags & BARRER_PROCESS_EXEC)
        return process_scheduler_bind(host, "initial", request->cpu_affinity_initial, err);
    return 0;
}

static int process_attach(void *data, const struct barrer_process_request *request,
                          const struct barrer_target *target, struct barrer_error *err)
{
    struct process *self = data;
    int r = 0;

    if (request->oom_score_adj.is_set)
        r = apply_score(self, target->pid, (int)request->oom_score_adj.value, err);
    if (r < 0 || !(request->flags & BARRER_PROCESS_USERNS))
        return r;
    /* What counts here are the capabilities in the first user namespace. */
    r = process_rlimits_raise(self->host, request, target->pid, err);
    return r < 0 ? r : process_scheduler_apply(self->host, request, target->pid, err);
}

/* The terminal, or what else the three standard descriptors are. */
static int apply_streams(const struct barrer_host *host,
                         const struct barrer_process_request *request, struct barrer_error *err)
{
    if (request->flags & BARRER_PROCESS_TERMINAL)
        return process_terminal_open(host, request, err);
    if (request->uid != 0)
        process_streams_give(request);
    return 0;
}

static int apply_personality(const struct barrer_host *host, const char *name,
                             struct barrer_error *err)
{
    unsigned long persona = strcmp(name, "LINUX32") == 0 ? PER_LINUX32 : PER_LINUX;

    if (personality(persona) < 0)
        return barrer_fail(host, err, errno, "set personality \"%s\"", name);
    return 0;
}

static int has_affinity(const struct barrer_process_request *request)
{
    return request->cpu_affinity_initial != NULL || request->cpu_affinity_final != NULL;
}

static int process_confine(void *data, const struct barrer_process_request *request,
                           struct barrer_error *err)
{
    struct process *self = data;
    const struct barrer_host *host = self->host;
    int is_exec = (request->flags & BARRER_PROCESS_EXEC) != 0;
    int r = 0;

    if (request->flags & BARRER_PROCESS_NEW_KEYRING)
        r = process_keyring_renew(host, request, err);
    if (r < 0)
        return r;
    if (setsid() < 0)
        return barrer_fail(host, err, errno, "start a session");
    r = apply_streams(host, request, err);
    if (r == 0 && request->personality != NULL)
        r = apply_personality(host, request->personality, err);
    if (r == 0 && !(is_exec && has_affinity(request)))
        process_scheduler_unbind(host);
    if (r == 0 && !(request->flags & BARRER_PROCESS_USERNS))
        r = process_scheduler_apply(host, request, 0, err);
    if (r == 0 && is_exec)
        r = process_scheduler_bind(host, "final", request->cpu_affinity_final, err);
    if (r == 0)
        r = process_mempolicy_apply(host, request, err);
    if (r == 0)
        r = process_labels_apply(host, request, err);
    /* Last: a low limit must not hinder the above. */
    return r < 0 ? r : process_rlimits_apply(host, request, err);
}

static int process_drop(void *data, const struct barrer_process_request *request,
                        struct barrer_error *err)
{
    struct process *self = data;
    const struct barrer_host *host = self->host;
    int directory, r;

    /* As user 0 first, who may make it and to whom root's folders are open; and again as the
     * payload's user, to whom alone some network file systems open them. */
    directory = process_directory_enter(host, request, err);
    if (directory < 0 && directory != -EACCES)
        return directory;
    if (request->umask.is_set)
        (void)umask((mode_t)request->umask.value);
    r = process_capabilities_bound(host, &self->capabilities, err);
    if (r == 0 && request->uid != 0)
        r = process_capabilities_keep(host, err);
    if (r == 0)
        r = process_credentials_apply(host, request, self->keep_groups, err);
    if (r == 0 && directory < 0)
        r = process_directory_enter(host, request, err);
    if (r == 0)
        r = process_capabilities_apply(host, &self->capabilities, err);
    if (r < 0 || !(request->flags & BARRER_PROCESS_NO_NEW_PRIVS))
        return r;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return barrer_fail(host, err, errno, "set no_new_privs");
    return 0;
}

static const struct barrer_process_ops ops = {
    .size = sizeof(ops),
    .prepare = process_prepare,
    .attach = process_attach,
    .confine = process_confine,
    .drop = process_drop,
};

/* "process.capabilities=" is for `features`: what libcap 2.48 and later know. */
#define CAPABILITY(name) "process.capabilities=CAP_" name
#define MEMORY_MODE(name) "linux.memoryPolicy.mode=MPOL_" name
#define MEMORY_FLAG(name) "linux.memoryPolicy.flags=MPOL_F_" name
static const char *const honours[] = {
    "linux.memoryPolicy",
    MEMORY_MODE("DEFAULT"),
    MEMORY_MODE("BIND"),
    MEMORY_MODE("INTERLEAVE"),
    MEMORY_MODE("WEIGHTED_INTERLEAVE"),
    MEMORY_MODE("PREFERRED"),
    MEMORY_MODE("PREFERRED_MANY"),
    MEMORY_MODE("LOCAL"),
    MEMORY_FLAG("NUMA_BALANCING"),
    MEMORY_FLAG("RELATIVE_NODES"),
    MEMORY_FLAG("STATIC_NODES"),
    "linux.personality",
    "process.apparmorProfile",
    "process.capabilities.ambient",
    "process.capabilities.bounding",
    "process.capabilities.effective",
    "process.capabilities.inheritable",
    "process.capabilities.permitted",
    "process.consoleSize",
    "process.cwd",
    "process.execCPUAffinity",
    "process.ioPriority",
    "process.noNewPrivileges",
    "process.oomScoreAdj",
    "process.rlimits",
    "process.scheduler",
    "process.selinuxLabel",
    "process.terminal",
    "process.user.additionalGids",
    "process.user.gid",
    "process.user.uid",
    "process.user.umask",
    CAPABILITY("CHOWN"),
    CAPABILITY("DAC_OVERRIDE"),
    CAPABILITY("DAC_READ_SEARCH"),
    CAPABILITY("FOWNER"),
    CAPABILITY("FSETID"),
    CAPABILITY("KILL"),
    CAPABILITY("SETGID"),
    CAPABILITY("SETUID"),
    CAPABILITY("SETPCAP"),
    CAPABILITY("LINUX_IMMUTABLE"),
    CAPABILITY("NET_BIND_SERVICE"),
    CAPABILITY("NET_BROADCAST"),
    CAPABILITY("NET_ADMIN"),
    CAPABILITY("NET_RAW"),
    CAPABILITY("IPC_LOCK"),
    CAPABILITY("IPC_OWNER"),
    CAPABILITY("SYS_MODULE"),
    CAPABILITY("SYS_RAWIO"),
    CAPABILITY("SYS_CHROOT"),
    CAPABILITY("SYS_PTRACE"),
    CAPABILITY("SYS_PACCT"),
    CAPABILITY("SYS_ADMIN"),
    CAPABILITY("SYS_BOOT"),
    CAPABILITY("SYS_NICE"),
    CAPABILITY("SYS_RESOURCE"),
    CAPABILITY("SYS_TIME"),
    CAPABILITY("SYS_TTY_CONFIG"),
    CAPABILITY("MKNOD"),
    CAPABILITY("LEASE"),
    CAPABILITY("AUDIT_WRITE"),
    CAPABILITY("AUDIT_CONTROL"),
    CAPABILITY("SETFCAP"),
    CAPABILITY("MAC_OVERRIDE"),
    CAPABILITY("MAC_ADMIN"),
    CAPABILITY("SYSLOG"),
    CAPABILITY("WAKE_ALARM"),
    CAPABILITY("BLOCK_SUSPEND"),
    CAPABILITY("AUDIT_READ"),
    CAPABILITY("PERFMON"),
    CAPABILITY("BPF"),
    CAPABILITY("CHECKPOINT_RESTORE"),
    NULL,
};

static const char *const annotations[] = {KEEP_GROUPS, NULL};

BARRER_PLUGIN(process) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_PROCESS,
    .name = "process",
    .version = "0.1",
    .summary = "credentials, capabilities, limits, labels, scheduling and terminal of a process",
    .honours = honours,
    .annotations = annotations,
    .open = process_open,
    .close = process_close,
    .ops = &ops,
};
