/* SPDX-License-Identifier: Apache-2.0
 *
 * plugins/seccomp: what calls return under filters of every kind.
 */
#include <dirent.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test_process_support.h"

extern const struct barrer_plugin seccomp_LTX_barrer;

static const char *const none[] = {NULL};
static const char *const getppid_only[] = {"getppid", NULL};

/* A profile that allows all but what one rule says about getppid(2). */
struct profile {
    struct barrer_seccomp seccomp;
    struct barrer_seccomp_rule rules[2];
};

static void init_profile(struct profile *profile, const char *default_action, const char *action)
{
    *profile = (struct profile){
        .seccomp = {.default_action = default_action,
                    .architectures = none,
                    .flags = none,
                    .rules = profile->rules,
                    .n_rules = 1},
        .rules = {{.names = getppid_only, .action = action}},
    };
}

static struct journey journey_with(struct profile *profile, void (*after)(FILE *))
{
    static const struct barrer_pair options[] = {{"cache", "no"}, {NULL, NULL}};
    struct journey journey = journey_of(&seccomp_LTX_barrer);

    journey.request.seccomp = &profile->seccomp;
    journey.after = after;
    journey.options = options;
    return journey;
}

static void tell_getppid(FILE *out)
{
    long r = syscall(SYS_getppid);

    (void)fprintf(out, "errno: %d\n", r < 0 ? errno : 0);
}

static void errno_is(struct journey *journey, int wanted, const char *what)
{
    run_journey(journey);
    is_done(journey, what);
    is_number(atoi(value_of(journey->text, "errno:")), wanted, what);
}

static void killed_by_sigsys(struct journey *journey, const char *what)
{
    run_journey(journey);
    if (!ok(WIFSIGNALED(journey->status) && WTERMSIG(journey->status) == SIGSYS, "%s", what))
        printf("# status 0x%x: %s\n", journey->status, journey->text);
}

static void test_actions(void)
{
    static const char *const killers[] = {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
                                          "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"};
    struct profile profile;
    struct journey journey = journey_with(&profile, tell_getppid);

    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    errno_is(&journey, EPERM, "SCMP_ACT_ERRNO without a number is EPERM");
    profile.rules[0].errno_ret = (struct barrer_number){.is_set = 1, .value = ENODATA};
    errno_is(&journey, ENODATA, "SCMP_ACT_ERRNO with a number");
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_LOG");
    errno_is(&journey, 0, "SCMP_ACT_LOG lets it pass");
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ALLOW");
    errno_is(&journey, 0, "SCMP_ACT_ALLOW under the same default");
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_TRACE");
    errno_is(&journey, ENOSYS, "SCMP_ACT_TRACE without a tracer");
    for (size_t i = 0; i < 4; i++) {
        init_profile(&profile, "SCMP_ACT_ALLOW", killers[i]);
        killed_by_sigsys(&journey, killers[i]);
    }
    journey.request.flags = BARRER_PROCESS_NO_NEW_PRIVS;
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    errno_is(&journey, EPERM, "installed by drop, when no_new_privs is set");
}

/* The stages that a filter is there in. */
static void test_stage(void)
{
    struct profile profile;
    struct journey journey = journey_with(&profile, tell_getppid);
    struct barrer_plugin half = seccomp_LTX_barrer;
    struct barrer_process_ops ops = *(const struct barrer_process_ops *)half.ops;

    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    half.ops = &ops;
    journey.plugin = &half;
    ops.drop = NULL;
    errno_is(&journey, EPERM, "without no_new_privs: installed by confine");
    journey.request.flags = BARRER_PROCESS_NO_NEW_PRIVS;
    errno_is(&journey, 0, "with no_new_privs: not by confine");
    journey.request.seccomp = NULL;
    ops.drop = ((const struct barrer_process_ops *)seccomp_LTX_barrer.ops)->drop;
    errno_is(&journey, 0, "no filter when none is asked for");
}

/* lseek(2) of no file: EBADF, unless the filter says EXFULL. */
static void tell_arguments(FILE *out)
{
    static const unsigned long values[] = {7, 8, 9, 0x18};

    (void)fprintf(out, "allowed:");
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        long r = syscall(SYS_lseek, -1, (long)values[i], 0);

        (void)fprintf(out, " %d", !(r < 0 && errno == EXFULL));
    }
    (void)fprintf(out, "\n");
}

static void test_arguments(void)
{
    static const struct {
        struct barrer_seccomp_arg arg;
        const char *allowed; /* of 7, 8, 9 and 0x18 */
    } cases[] = {
        {{.index = 1, .value = 8, .op = "SCMP_CMP_EQ"}, "1 0 1 1"},
        {{.index = 1, .value = 8, .op = "SCMP_CMP_NE"}, "0 1 0 0"},
        {{.index = 1, .value = 8, .op = "SCMP_CMP_LT"}, "0 1 1 1"},
        {{.index = 1, .value = 8, .op = "SCMP_CMP_LE"}, "0 0 1 1"},
        {{.index = 1, .value = 8, .op = "SCMP_CMP_GT"}, "1 1 0 0"},
        {{.index = 1, .value = 8, .op = "SCMP_CMP_GE"}, "1 0 0 0"},
        {{.index = 1, .value = 0xf, .value_two = 8, .op = "SCMP_CMP_MASKED_EQ"}, "1 0 1 0"},
    };
    static const struct barrer_seccomp_arg both[] = {{.index = 1, .value = 7, .op = "SCMP_CMP_EQ"},
                                                     {.index = 2, .value = 1, .op = "SCMP_CMP_EQ"}};
    static const struct barrer_seccomp_arg repeated[] = {
        {.index = 1, .value = 7, .op = "SCMP_CMP_EQ"},
        {.index = 1, .value = 9, .op = "SCMP_CMP_EQ"}};
    static const char *const lseek_only[] = {"lseek", NULL};
    struct profile profile;
    struct journey journey = journey_with(&profile, tell_arguments);
    struct barrer_seccomp_rule *rule = &profile.rules[0];

    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    rule->names = lseek_only;
    rule->errno_ret = (struct barrer_number){.is_set = 1, .value = EXFULL};
    rule->n_args = 1;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rule->args = &cases[i].arg;
        run_journey(&journey);
        is_text(value_of(journey.text, "allowed:"), cases[i].allowed, cases[i].arg.op);
    }
    rule->n_args = 2;
    rule->args = both;
    run_journey(&journey);
    is_text(value_of(journey.text, "allowed:"), "1 1 1 1", "two arguments: both must match");
    rule->args = repeated;
    run_journey(&journey);
    is_text(value_of(journey.text, "allowed:"), "0 1 0 1", "one argument twice: either matches");
}

/* As engines write them: everything is forbidden but a list. (AddressSanitizer wants sigaltstack.)
 */
static const char *const usual[] = {
    "write", "exit_group", "exit",  "fstat",       "newfstatat",        "brk",
    "mmap",  "munmap",     "lseek", "sigaltstack", "not_a_system_call", NULL};

#ifdef __x86_64__
/* Whether this kernel runs 32-bit calls; asked before there is a filter. */
static int has_x86(void)
{
    static int answer = -1;
    int status;
    pid_t pid;

    if (answer >= 0)
        return answer;
    pid = fork();
    if (pid == 0) {
        long r;

        __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory");
        _exit(r == getpid() ? 0 : 1);
    }
    answer = waitpid(pid, &status, 0) == pid && status == 0;
    return answer;
}
#endif

static void tell_new_calls(FILE *out)
{
    long r = syscall(SYS_getppid);

    (void)fprintf(out, "known: %d\n", r < 0 ? errno : 0);
    r = syscall(100000);
    (void)fprintf(out, "new: %d\n", r < 0 ? errno : 0);
#ifdef __x86_64__
    r = syscall(0x40000000 | SYS_getppid);
    (void)fprintf(out, "x32: %d\n", r < 0 ? errno : 0);
    r = syscall(0x40000000 | 100000);
    (void)fprintf(out, "new x32: %d\n", r < 0 ? errno : 0);
    if (!has_x86())
        return;
    /* The same call by its 32-bit number, 64. */
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(64) : "memory");
    (void)fprintf(out, "x86: %ld\n", r < 0 ? -r : 0);
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(100000) : "memory");
    (void)fprintf(out, "new x86: %ld\n", r < 0 ? -r : 0);
#endif
}

static void test_default(void)
{
    static const char *const all[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", NULL};
    struct profile profile;
    struct journey journey = journey_with(&profile, tell_new_calls);

#ifdef __x86_64__
    (void)has_x86();
#endif
    init_profile(&profile, "SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW");
    profile.seccomp.default_errno_ret = (struct barrer_number){.is_set = 1, .value = EXFULL};
    profile.rules[0].names = usual;
#ifdef __x86_64__
    profile.seccomp.architectures = all;
#endif
    journey.request.flags = BARRER_PROCESS_NO_NEW_PRIVS;
    run_journey(&journey);
    is_done(&journey, "a list of allowed calls");
    is_number(atoi(value_of(journey.text, "known:")), EXFULL, "an older call: the default");
    is_number(atoi(value_of(journey.text, "new:")), ENOSYS, "a newer call: ENOSYS");
#ifdef __x86_64__
    is_number(atoi(value_of(journey.text, "x32:")), EXFULL, "x32: the default");
    is_number(atoi(value_of(journey.text, "new x32:")), ENOSYS, "x32, newer: ENOSYS");
    if (!has_x86()) {
        skip("x86 calls", "this kernel runs no 32-bit programs");
        return;
    }
    is_number(atoi(value_of(journey.text, "x86:")), EXFULL, "x86: the default");
    is_number(atoi(value_of(journey.text, "new x86:")), ENOSYS, "x86, newer: ENOSYS");
    profile.seccomp.architectures = none;
    killed_by_sigsys(&journey, "an architecture that is not in the list");
#endif
}

static void test_flags(void)
{
    static const char *const flags[] = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                        "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                                        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL};
    static const char *const wrong[] = {"SECCOMP_FILTER_FLAG_WRONG", NULL};
    struct profile profile;
    struct journey journey = journey_with(&profile, tell_getppid);

    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    profile.seccomp.flags = flags;
    errno_is(&journey, EPERM, "every flag");
    profile.seccomp.flags = wrong;
    run_journey(&journey);
    is_refused(&journey, "unknown flag \"SECCOMP_FILTER_FLAG_WRONG\"", "an unknown flag");
}

static void refuse(struct journey *journey, const char *part)
{
    run_journey(journey);
    is_refused(journey, part, part);
}

static void test_refusals(void)
{
    static const struct barrer_seccomp_arg wrong_op = {.index = 1, .op = "SCMP_CMP_ODD"};
    static const struct barrer_seccomp_arg wrong_index = {.index = 6, .op = "SCMP_CMP_EQ"};
    static const char *const vax[] = {"SCMP_ARCH_VAX", NULL};
    static const char *const bad_arch[] = {"x86_64", NULL};
    static const char *const unknown[] = {"not_a_system_call", NULL};
    static const char *const sendmsg_only[] = {"sendmsg", NULL};
    static const struct barrer_pair option[] = {
        {"unknown-syscalls", "refuse"}, {"cache", "no"}, {NULL, NULL}};
    struct profile profile;
    struct journey journey = journey_with(&profile, tell_getppid);

    init_profile(&profile, "SCMP_ACT_ODD", "SCMP_ACT_ERRNO");
    refuse(&journey, "defaultAction: unknown action \"SCMP_ACT_ODD\"");
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ODD");
    refuse(&journey, "unknown action \"SCMP_ACT_ODD\"");
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_KILL");
    profile.rules[0].errno_ret = (struct barrer_number){.is_set = 1, .value = 1};
    refuse(&journey, "SCMP_ACT_KILL cannot return an errno");
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    profile.rules[0].errno_ret = (struct barrer_number){.is_set = 1, .value = 4096};
    refuse(&journey, "expected an errno of 0 to 4095, got 4096");
    init_profile(&profile, "SCMP_ACT_NOTIFY", "SCMP_ACT_ALLOW");
    refuse(&journey, "SCMP_ACT_NOTIFY cannot be used as default action");
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_NOTIFY");
    refuse(&journey, "needs linux.seccomp.listenerPath");
    profile.rules[0].names = sendmsg_only;
    refuse(&journey, "SCMP_ACT_NOTIFY cannot be used for the sendmsg syscall");
    profile.rules[0].names = getppid_only;
    profile.seccomp.listener_path = "/nonexistent/barrer/listener";
    refuse(&journey, "failed to connect with seccomp agent: the listener \"/nonexistent/barrer/listener\"");
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    profile.rules[0].n_args = 1;
    profile.rules[0].args = &wrong_op;
    refuse(&journey, "unknown operator \"SCMP_CMP_ODD\"");
    profile.rules[0].args = &wrong_index;
    refuse(&journey, "expected an index of 0 to 5, got 6");
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    profile.seccomp.architectures = bad_arch;
    refuse(&journey, "unknown architecture \"x86_64\"");
    profile.seccomp.architectures = vax;
    errno_is(&journey, EPERM, "an architecture that libseccomp does not know");
    profile.seccomp.architectures = none;
    profile.rules[0].names = unknown;
    errno_is(&journey, 0, "a system call that libseccomp does not know");
    journey.options = option;
    refuse(&journey, "unknown system call \"not_a_system_call\"");
}

/* Rules that say the same twice, as generated profiles do, and rules that contradict. */
static void test_repetition(void)
{
    struct profile profile;
    struct journey journey = journey_with(&profile, tell_getppid);

    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    profile.rules[1] = profile.rules[0];
    profile.seccomp.n_rules = 2;
    errno_is(&journey, EPERM, "the same rule twice");
    profile.rules[1].action = "SCMP_ACT_KILL";
    errno_is(&journey, EPERM, "of two rules that contradict the first holds");
}

/* Turn "return ENOSTR" into "allow" in the cached filter PATH, and give it MODE: what somebody
 * would do who can write there, and the proof that the file is used at all. */
static void tamper(const char *path, mode_t mode)
{
    char text[65536];
    const uint32_t from = SECCOMP_RET_ERRNO | ENOSTR, to = SECCOMP_RET_ALLOW;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

    for (ssize_t i = 0; i + 4 <= n; i++)
        if (memcmp(text + i, &from, 4) == 0)
            memcpy(text + i, &to, 4);
    if (n < 0 || pwrite(fd, text, (size_t)n, 0) != n || fchmod(fd, mode) < 0)
        abort();
    (void)close(fd);
}

static void find_file(const char *folder, char *path, size_t size)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    path[0] = '\0';
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.') {
            (void)snprintf(path, size, "%s/%s", folder, entry->d_name);
            n++;
        }
    if (dir != NULL)
        (void)closedir(dir);
    is_number(n, 1, "one file in the cache");
}

static void test_cache(void)
{
    char top[] = "/tmp/barrer-seccomp-XXXXXX", folder[64], path[320];
    const struct barrer_pair options[] = {{"cache-folder", folder}, {NULL, NULL}};
    struct profile profile;
    struct journey journey = journey_with(&profile, tell_getppid);
    struct stat st;

    if (mkdtemp(top) == NULL)
        abort();
    (void)snprintf(folder, sizeof(folder), "%s/cache", top);
    init_profile(&profile, "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
    profile.rules[0].errno_ret = (struct barrer_number){.is_set = 1, .value = ENOSTR};
    journey.options = options;
    errno_is(&journey, ENOSTR, "a cold cache");
    find_file(folder, path, sizeof(path));
    ok(stat(folder, &st) == 0 && (st.st_mode & 07777) == 0700, "its folder is private");
    ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "its file is private");
    errno_is(&journey, ENOSTR, "a warm cache");
    tamper(path, 0600);
    errno_is(&journey, 0, "the cache is used");
    tamper(path, 0622);
    errno_is(&journey, ENOSTR, "a file that others can write is not");
    tamper(path, 0600);
    if (chown(path, 1000, 0) < 0)
        abort();
    errno_is(&journey, ENOSTR, "a file of somebody else is not");
    tamper(path, 0600);
    profile.rules[0].errno_ret = (struct barrer_number){.is_set = 1, .value = ENODATA};
    (void)snprintf(folder, sizeof(folder), "%s/other", top);
    errno_is(&journey, ENODATA, "another profile");
    {
        char other[320];

        find_file(folder, other, sizeof(other));
        if (rename(path, other) < 0)
            abort();
        errno_is(&journey, ENODATA, "the filters of another profile in its place");
        if (truncate(other, 100) < 0)
            abort();
        errno_is(&journey, ENODATA, "a truncated file");
        (void)unlink(other);
    }
    (void)rmdir(folder);
    (void)snprintf(folder, sizeof(folder), "/proc/no-such-folder");
    errno_is(&journey, ENODATA, "a folder that cannot be made");
    (void)snprintf(folder, sizeof(folder), "%s/cache", top);
    ok(rmdir(folder) == 0 && rmdir(top) == 0, "nothing else is left in the folders");
}

int main(void)
{
    if (!is_root()) {
        skip("all of it", "needs root");
        return tap_done();
    }
    test_actions();
    test_stage();
    test_arguments();
    test_default();
    test_flags();
    test_refusals();
    test_repetition();
    test_cache();
    return tap_done();
}
