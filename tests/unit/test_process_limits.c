/* SPDX-License-Identifier: Apache-2.0
 *
 * plugins/process: resource limits, OOM score, scheduling, I/O priority, CPU affinity, personality,
 * session and keyring, read back from the kernel.
 */
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test_process_support.h"

extern const struct barrer_plugin process_LTX_barrer;

static void tell_rlimits(FILE *out)
{
    tell_file(out, "/proc/self/limits");
}

static void test_rlimits(void)
{
    static const struct barrer_rlimit limits[] = {
        {"RLIMIT_NOFILE", 123, 456}, {"RLIMIT_CORE", 0, 0}, {"RLIMIT_CPU", 3600, UINT64_MAX}};
    static const struct barrer_rlimit unknown[] = {{"RLIMIT_NONSENSE", 1, 1}};
    static const struct barrer_rlimit twice[] = {{"RLIMIT_CORE", 1, 1}, {"RLIMIT_CORE", 1, 1}};
    static const struct barrer_rlimit upside[] = {{"RLIMIT_CORE", 2, 1}};
    static const struct barrer_rlimit raised[] = {{"RLIMIT_NPROC", 1, UINT64_MAX}};
    struct journey journey = journey_of(&process_LTX_barrer);
    struct rlimit nproc;

    journey.after = tell_rlimits;
    journey.request.rlimits = limits;
    journey.request.n_rlimits = 3;
    run_journey(&journey);
    is_done(&journey, "limits");
    ok(strstr(value_of(journey.text, "Max open files"), "123") &&
           strstr(value_of(journey.text, "Max open files"), "456"),
       "RLIMIT_NOFILE is 123, 456");
    ok(strncmp(value_of(journey.text, "Max core file size"), "0 ", 2) == 0, "RLIMIT_CORE is 0");
    ok(strstr(value_of(journey.text, "Max cpu time"), "3600") &&
           strstr(value_of(journey.text, "Max cpu time"), "unlimited"),
       "RLIMIT_CPU is 3600, unlimited");
    journey.request.n_rlimits = 1;
    journey.request.rlimits = unknown;
    run_journey(&journey);
    is_refused(&journey, "unknown type \"RLIMIT_NONSENSE\"", "an unknown limit");
    journey.request.rlimits = upside;
    run_journey(&journey);
    is_refused(&journey, "soft 2 is above hard 1", "soft above hard");
    journey.request.rlimits = twice;
    journey.request.n_rlimits = 2;
    run_journey(&journey);
    is_refused(&journey, "twice", "the same limit twice");

    /* A process without CAP_SYS_RESOURCE cannot raise a hard limit: said so, not ignored. */
    journey.request.rlimits = raised;
    journey.request.n_rlimits = 1;
    if (getrlimit(RLIMIT_NPROC, &nproc) < 0 || nproc.rlim_max == RLIM_INFINITY) {
        skip("raising a hard limit", "RLIMIT_NPROC is unlimited");
        return;
    }
    run_journey(&journey);
    if (journey.is_refused)
        is_refused(&journey, "CAP_SYS_RESOURCE", "raising a hard limit without the capability");
    else
        ok(strstr(value_of(journey.text, "Max processes"), "unlimited") != NULL,
           "a hard limit is raised");
}

/* What a process in a user namespace is like, for a hard limit. */
static int lose_sys_resource(void)
{
    struct {
        uint32_t version;
        int pid;
    } head = {0x20080522, 0};
    struct {
        uint32_t effective, permitted, inheritable;
    } data[2];

    if (syscall(SYS_capget, &head, data) < 0)
        return -1;
    data[0].effective &= ~(1u << 24);
    data[0].permitted &= ~(1u << 24);
    return (int)syscall(SYS_capset, &head, data);
}

static void test_raise(void)
{
    static const struct barrer_rlimit raised[] = {{"RLIMIT_MSGQUEUE", 7, 1000000}};
    const struct rlimit low = {.rlim_cur = 5, .rlim_max = 6};
    struct journey journey = journey_of(&process_LTX_barrer);

    if (prctl(PR_CAPBSET_READ, 24, 0, 0, 0) != 1) {
        skip("raising hard limits from the host", "needs CAP_SYS_RESOURCE");
        return;
    }
    if (setrlimit(RLIMIT_MSGQUEUE, &low) < 0)
        abort();
    journey.before = lose_sys_resource;
    journey.after = tell_rlimits;
    journey.request.rlimits = raised;
    journey.request.n_rlimits = 1;
    run_journey(&journey);
    is_refused(&journey, "CAP_SYS_RESOURCE", "a process without the capability cannot raise it");
    journey.request.flags = BARRER_PROCESS_USERNS;
    run_journey(&journey);
    is_done(&journey, "a hard limit of a process in a user namespace");
    ok(strncmp(value_of(journey.text, "Max msgqueue size"), "7 ", 2) == 0 &&
           strstr(value_of(journey.text, "Max msgqueue size"), "1000000"),
       "it is raised from the host");
}

static void tell_score(FILE *out)
{
    (void)fputs("score: ", out);
    tell_file(out, "/proc/self/oom_score_adj");
}

static void test_oom_score(void)
{
    struct journey journey = journey_of(&process_LTX_barrer);

    journey.after = tell_score;
    journey.request.oom_score_adj = (struct barrer_number){.is_set = 1, .value = 321};
    run_journey(&journey);
    is_done(&journey, "an OOM score");
    is_text(value_of(journey.text, "score:"), "321", "oom_score_adj");
    journey.request.oom_score_adj.value = 1001;
    run_journey(&journey);
    is_refused(&journey, "expected -1000 to 1000", "an OOM score out of range");
    journey.request.oom_score_adj.value = -1000;
    run_journey(&journey);
    if (journey.is_refused)
        is_refused(&journey, "CAP_SYS_RESOURCE", "lowering the score without the capability");
    else
        is_text(value_of(journey.text, "score:"), "-1000", "the score is lowered");
}

static void tell_schedule(FILE *out)
{
    cpu_set_t cpus;

    (void)fprintf(out, "policy: %d\nnice: %d\nio: %ld\npersona: %d\n", sched_getscheduler(0),
                  getpriority(PRIO_PROCESS, 0), syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0),
                  personality(0xffffffff));
    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
        (void)fprintf(out, "cpus: %d first %d\n", CPU_COUNT(&cpus), CPU_ISSET(0, &cpus));
}

static void test_scheduler(void)
{
    static const char *const none[] = {NULL};
    static const char *const reset[] = {"SCHED_FLAG_RESET_ON_FORK", NULL};
    static const char *const wrong[] = {"SCHED_FLAG_WRONG", NULL};
    struct barrer_scheduler batch = {.policy = "SCHED_BATCH", .flags = none, .nice = 7};
    struct barrer_io_priority io = {.priority_class = "IOPRIO_CLASS_BE", .priority = 6};
    struct journey journey = journey_of(&process_LTX_barrer);

    journey.after = tell_schedule;
    journey.request.scheduler = &batch;
    journey.request.io_priority = &io;
    run_journey(&journey);
    is_done(&journey, "a scheduling policy");
    is_text(value_of(journey.text, "policy:"), "3", "SCHED_BATCH");
    is_text(value_of(journey.text, "nice:"), "7", "nice 7");
    is_number(atoi(value_of(journey.text, "io:")), IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6),
              "the I/O priority");
    batch.flags = reset;
    journey.request.flags = BARRER_PROCESS_USERNS;
    run_journey(&journey);
    is_number(atoi(value_of(journey.text, "policy:")), 3 | SCHED_RESET_ON_FORK,
              "the same and a flag, set from the host");
    is_number(atoi(value_of(journey.text, "io:")), IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6),
              "the I/O priority, set from the host");
    batch.flags = wrong;
    run_journey(&journey);
    is_refused(&journey, "unknown flag \"SCHED_FLAG_WRONG\"", "an unknown flag");
    batch.flags = none;
    batch.policy = "SCHED_NONE";
    run_journey(&journey);
    is_refused(&journey, "unknown policy \"SCHED_NONE\"", "an unknown policy");
    journey.request.scheduler = NULL;
    io.priority = 8;
    run_journey(&journey);
    is_refused(&journey, "expected 0 to 7, got 8", "an I/O priority out of range");
    io.priority_class = "IOPRIO_CLASS_X";
    run_journey(&journey);
    is_refused(&journey, "unknown class", "an unknown I/O class");
}

static void test_affinity(void)
{
    static const char *const wrong[] = {
        "a", "1-", "3-1", "0,", "0,,1", "-1", "0-3x", "8192", "99999999999999999999"};
    struct journey journey = journey_of(&process_LTX_barrer);
    cpu_set_t before;

    if (sched_getaffinity(0, sizeof(before), &before) < 0)
        abort();
    if (CPU_COUNT(&before) < 2 || !CPU_ISSET(0, &before)) {
        skip("CPU affinity", "needs CPU 0 and another one");
        return;
    }
    journey.after = tell_schedule;
    journey.request.cpu_affinity_final = "0";
    run_journey(&journey);
    is_number(atoi(value_of(journey.text, "cpus:")), CPU_COUNT(&before),
              "the first process of a container is not bound");
    journey.request.flags = BARRER_PROCESS_EXEC;
    run_journey(&journey);
    is_text(value_of(journey.text, "cpus:"), "1 first 1", "final: a further process is bound");
    journey.request.cpu_affinity_final = NULL;
    journey.request.cpu_affinity_initial = "0";
    run_journey(&journey);
    is_text(value_of(journey.text, "cpus:"), "1 first 1", "initial: the runtime's is inherited");
    (void)sched_setaffinity(0, sizeof(before), &before);
    journey.request.cpu_affinity_initial = NULL;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        journey.request.cpu_affinity_final = wrong[i];
        run_journey(&journey);
        is_refused(&journey, "process.execCPUAffinity.final: expected a list", wrong[i]);
    }
    journey.request.cpu_affinity_final = "8000-8191";
    run_journey(&journey);
    is_refused(&journey, "bind to CPUs \"8000-8191\"", "CPUs that are not there");
}

static void test_personality(void)
{
    struct journey journey = journey_of(&process_LTX_barrer);

    journey.after = tell_schedule;
    journey.request.personality = "LINUX32";
    run_journey(&journey);
    is_number(atoi(value_of(journey.text, "persona:")), PER_LINUX32, "LINUX32");
    journey.request.personality = "BSD";
    run_journey(&journey);
    is_refused(&journey, "linux.personality.domain", "an unknown personality");
}

static void tell_session(FILE *out)
{
    long key = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);

    (void)fprintf(out, "leader: %d\nkeyring: %ld\n", getsid(0) == getpid(), key);
}

static void test_session(void)
{
    struct journey journey = journey_of(&process_LTX_barrer);
    long mine = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), first;

    journey.after = tell_session;
    run_journey(&journey);
    is_done(&journey, "a session");
    is_text(value_of(journey.text, "leader:"), "1", "the process leads a session");
    if (mine < 0) {
        skip("session keyrings", "this kernel has none, or forbids them");
        return;
    }
    is_number(atol(value_of(journey.text, "keyring:")), mine, "the keyring stays when not asked");
    journey.request.flags = BARRER_PROCESS_NEW_KEYRING;
    run_journey(&journey);
    first = atol(value_of(journey.text, "keyring:"));
    ok(first > 0 && first != mine, "a new session keyring");
    run_journey(&journey);
    ok(atol(value_of(journey.text, "keyring:")) != first,
       "a container of the same id gets another one");
    /* A keyring that waits for the container under the name that runtimes give it. */
    mine = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "_ses.test");
    (void)syscall(SYS_keyctl, KEYCTL_SETPERM, mine, 0x3f3f3f3f);
    run_journey(&journey);
    first = atol(value_of(journey.text, "keyring:"));
    ok(mine > 0 && first > 0 && first != mine, "a keyring that somebody prepared is not joined");
}

static void test_labels(void)
{
    struct journey journey = journey_of(&process_LTX_barrer);

    journey.request.apparmor_profile = "unconfined";
    run_journey(&journey);
    is_done(&journey, "AppArmor profile \"unconfined\"");
    journey.request.apparmor_profile = "barrer-test-no-such-profile";
    run_journey(&journey);
    if (access("/sys/module/apparmor/parameters/enabled", F_OK) < 0)
        is_refused(&journey, "AppArmor is not active", "a profile on a kernel without AppArmor");
    else
        is_refused(&journey, "barrer-test-no-such-profile", "a profile that is not loaded");
    journey.request.apparmor_profile = NULL;
    journey.request.selinux_label = "system_u:system_r:barrer_test_t:s0";
    run_journey(&journey);
    is_refused(&journey, access("/sys/fs/selinux/enforce", F_OK) < 0 ? "SELinux is not active" : "",
               "a label that cannot be");
}

int main(void)
{
    if (!is_root()) {
        skip("all of it", "needs root");
        return tap_done();
    }
    test_rlimits();
    test_raise();
    test_oom_score();
    test_scheduler();
    test_affinity();
    test_personality();
    test_session();
    test_labels();
    return tap_done();
}
