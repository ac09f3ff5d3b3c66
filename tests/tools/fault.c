/* SPDX-License-Identifier: Apache-2.0
 *
 * fault [-c] (-e ERROR | -s SIGNAL) -n FIRST[+STEP] -o FILE COMMAND...: run "barrer-init --test ROOT", whose
 * first child is PID 1 of a system, and let calls of it fail, or signal it at them: at its call number FIRST
 * and each STEP behind that. -c: not in PID 1, but in what it makes: in the Ith spawner at its call FIRST + I,
 * and in the same way in the processes of services, until they execute; those behind the first STEP are left
 * alone. Counted are calls that can fail with ERROR: ENOMEM, EMFILE, ENOSPC or EINTR; for a signal, all. FILE
 * gets a line "PROCESS CALL" for each fault, and at the end "calls" of PID 1, of a spawner, and of a service,
 * at most. The exit status is the command's.
 */
#include <errno.h>
#include <getopt.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4096
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
                 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

enum kind { UNKNOWN, LAUNCHER, PID1, SPAWNER, SERVICE };
static const char *const kind_names[] = {"?", "launcher", "pid1", "spawner", "service"};

struct process {
    pid_t pid;
    enum kind kind;
    int is_stopped; /* and waits until it is known whose child it is */
    int is_started; /* calls are counted */
    int is_failing; /* the call that it is in */
    unsigned index, calls;
};

static struct process processes[PROCESSES];
static unsigned n_of_kind[SERVICE + 1], n_calls[SERVICE + 1];
static pid_t launcher;

static const struct error {
    const char *name;
    int number;
    const char *const *calls; /* NULL: any */
} errors[] = {
    {"ENOMEM", ENOMEM, NULL},
    {"EMFILE", EMFILE,
     (const char *const[]){"open", "openat", "openat2", "open_tree", "socket", "socketpair", "pipe2", "fcntl", "dup", "dup3",
                           "accept4", "signalfd4", "memfd_create", "pidfd_open", "fsopen", "fsmount", "clone3", NULL}},
    {"ENOSPC", ENOSPC,
     (const char *const[]){"mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "bind", "write", "pwrite64",
                           "unlink", "unlinkat", "chmod", "fchmodat", "rename", "renameat", "mount", "move_mount", NULL}},
    {"EINTR", EINTR, (const char *const[]){"poll", "read", "write", "wait4", "waitid", NULL}},
};
/* These cannot fail, or do not return; close(2) closes whatever it says. */
static const char *const sound[] = {"close", "umask", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "exit",
                                    "exit_group", "rt_sigreturn", "sched_yield", "sync", "pause", "alarm", NULL};

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "fault: %s: %s\n", what, strerror(errno));
    exit(99);
}

static struct process *find(pid_t pid)
{
    struct process *free_one = NULL;

    for (unsigned i = 0; i < PROCESSES; i++) {
        if (processes[i].pid == pid)
            return &processes[i];
        if (processes[i].pid == 0 && free_one == NULL)
            free_one = &processes[i];
    }
    if (free_one == NULL)
        die("too many processes");
    *free_one = (struct process){.pid = pid};
    return free_one;
}

/* Of these a fault makes a thousand, before the next program and in it. */
static const char *const many[] = {"fcntl", NULL};

static int is_listed(const char *const *names, const char *name)
{
    for (; *names != NULL; names++)
        if (strcmp(*names, name) == 0)
            return 1;
    return 0;
}

/* Registers of a process that is stopped in a call. */
#ifdef __x86_64__
#define CALL offsetof(struct user, regs.orig_rax)
#define RESULT offsetof(struct user, regs.rax)
static long poke(pid_t pid, size_t what, long value)
{
    return ptrace(PTRACE_POKEUSER, pid, what, value);
}
#else
#define CALL 0
#define RESULT 0
static long poke(pid_t pid, size_t what, long value)
{
    (void)pid, (void)what, (void)value;
    die("only for x86-64");
}
#endif

struct plan {
    int is_children, signal;
    const struct error *error;
    unsigned first, step;
    FILE *out;
};

static int is_due(const struct plan *plan, const struct process *p)
{
    if (plan->is_children)
        return p->kind > PID1 && p->index < plan->step && p->calls == plan->first + p->index;
    if (p->kind != PID1 || p->calls < plan->first)
        return 0;
    return p->calls == plan->first || (plan->step > 0 && (p->calls - plan->first) % plan->step == 0);
}

/* At the entry of a call, and at its end. */
static void take_call(const struct plan *plan, struct process *p)
{
    struct __ptrace_syscall_info info;
    char *name;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->is_failing) {
        p->is_failing = 0;
        (void)poke(p->pid, RESULT, -plan->error->number);
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    /* PID 1 of --test makes its root first, as the kernel would. */
    if (info.entry.nr == SYS_umask || p->kind != PID1)
        p->is_started = 1;
    name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)info.entry.nr);
    if (p->is_started && name != NULL && !is_listed(sound, name) &&
        !(plan->error == NULL && is_listed(many, name)) &&
        (plan->error == NULL || plan->error->calls == NULL || is_listed(plan->error->calls, name))) {
        p->calls++;
        if (is_due(plan, p)) {
            fprintf(plan->out, "%s %s\n", kind_names[p->kind], name);
            if (plan->signal != 0)
                (void)kill(p->pid, plan->signal);
            else if (poke(p->pid, CALL, -1) == 0)
                p->is_failing = 1;
        }
    }
    free(name);
}

static void resume(const struct plan *plan, struct process *p, int signal)
{
    int is_traced = p->kind == PID1 || (plan->is_children && p->kind > PID1 && p->index < plan->step);

    (void)ptrace(is_traced ? PTRACE_SYSCALL : PTRACE_CONT, p->pid, NULL, (long)signal);
}

static void name_child(const struct plan *plan, const struct process *parent)
{
    unsigned long pid;
    struct process *child;

    if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid) < 0)
        return;
    child = find((pid_t)pid);
    child->kind = parent->kind == SERVICE ? SERVICE : parent->kind + 1;
    child->index = n_of_kind[child->kind]++;
    if (child->is_stopped)
        resume(plan, child, 0);
}

/* WAITED is stopped: what it is that stopped it, and on with it. */
static void take_stop(const struct plan *plan, struct process *p, int waited)
{
    int signal = WSTOPSIG(waited), event = waited >> 16;

    if (p->kind == UNKNOWN) {
        p->is_stopped = 1;
        return;
    }
    if (signal == (SIGTRAP | 0x80)) {
        take_call(plan, p);
        signal = 0;
    } else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
        name_child(plan, p);
        signal = 0;
    } else if (event == PTRACE_EVENT_EXEC && p->kind > PID1) {
        if (p->calls > n_calls[p->kind])
            n_calls[p->kind] = p->calls;
        (void)ptrace(PTRACE_DETACH, p->pid, NULL, NULL);
        p->pid = 0;
        return;
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
        (void)ptrace(PTRACE_LISTEN, p->pid, NULL, NULL);
        return;
    } else if (event != 0) {
        signal = 0;
    }
    resume(plan, p, signal);
}

static int trace(const struct plan *plan)
{
    int waited;
    pid_t pid;

    for (;;) {
        struct process *p;

        pid = waitpid(-1, &waited, __WALL);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            die("wait");
        p = find(pid);
        if (WIFSTOPPED(waited)) {
            take_stop(plan, p, waited);
            continue;
        }
        if (p->calls > n_calls[p->kind])
            n_calls[p->kind] = p->calls;
        p->pid = 0;
        if (pid == launcher)
            break;
    }
    fprintf(plan->out, "calls %u %u %u\n", n_calls[PID1], n_calls[SPAWNER], n_calls[SERVICE]);
    return WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited);
}

static void forward(int signal)
{
    (void)kill(launcher, signal);
}

static void start(char **args)
{
    int gate[2];
    char c;

    if (pipe(gate) < 0 || (launcher = fork()) < 0)
        die("make a process");
    if (launcher == 0) {
        (void)close(gate[1]);
        (void)!read(gate[0], &c, 1);
        (void)close(gate[0]);
        (void)execvp(args[0], args);
        die(args[0]);
    }
    (void)signal(SIGTERM, forward);
    if (ptrace(PTRACE_SEIZE, launcher, NULL, (long)OPTIONS) < 0)
        die("trace");
    find(launcher)->kind = LAUNCHER;
    (void)close(gate[0]);
    (void)close(gate[1]);
}

static void take_options(int argc, char **argv, struct plan *plan)
{
    static const int signals[] = {SIGSEGV, SIGTERM, SIGKILL};
    int option;

    while ((option = getopt(argc, argv, "+ce:s:n:o:")) != -1) {
        char *rest = optarg;

        switch (option) {
        case 'c':
            plan->is_children = 1;
            break;
        case 'e':
            for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
                if (strcmp(errors[i].name, optarg) == 0)
                    plan->error = &errors[i];
            break;
        case 's':
            for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
                if (strcmp(sigabbrev_np(signals[i]), optarg) == 0)
                    plan->signal = signals[i];
            break;
        case 'n':
            plan->first = (unsigned)strtoul(optarg, &rest, 10);
            plan->step = *rest == '+' ? (unsigned)strtoul(rest + 1, NULL, 10) : 0;
            break;
        case 'o':
            plan->out = fopen(optarg, "we");
            if (plan->out != NULL)
                (void)setvbuf(plan->out, NULL, _IOLBF, 0);
            break;
        default:
            exit(2);
        }
    }
    if ((plan->error == NULL) == (plan->signal == 0) || plan->out == NULL || argv[optind] == NULL) {
        fprintf(stderr, "usage: fault [-c] (-e ERROR | -s SIGNAL) -n FIRST[+STEP] -o FILE COMMAND...\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct plan plan = {0};

    take_options(argc, argv, &plan);
    start(argv + optind);
    return trace(&plan);
}
