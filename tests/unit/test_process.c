/* SPDX-License-Identifier: Apache-2.0
 *
 * plugins/process: user, groups, capabilities, no_new_privs, umask and working directory, as the
 * kernel tells them afterwards.
 */
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test_process_support.h"

extern const struct barrer_plugin process_LTX_barrer;

#define CHOWN_KILL_BIND "0000000000000421" /* bits 0, 5, 10 */

static const char *const three[] = {"CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL};
static const char *const one[] = {"CAP_KILL", NULL};
static const char *const empty[] = {NULL};

static void tell_status(FILE *out)
{
    tell_file(out, "/proc/self/status");
}

/* What the payload itself finds, behind execve(2). */
static void tell_payload(FILE *out)
{
    fflush(out);
    (void)dup2(fileno(out), 1);
    execl("/bin/cat", "cat", "/proc/self/status", (char *)NULL);
    _exit(98);
}

static void five_are(const struct journey *journey, const char *who, const char *const wanted[5])
{
    static const char *const keys[] = {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
    char what[128];

    is_done(journey, who);
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(what, sizeof(what), "%s: %s", who, keys[i]);
        is_text(value_of(journey->text, keys[i]), wanted[i], what);
    }
}

static void test_capabilities(void)
{
    const struct barrer_capabilities usual = {
        .bounding = three, .effective = three, .permitted = three, .inheritable = empty};
    const struct barrer_capabilities ambient = {.bounding = three,
                                                .effective = one,
                                                .permitted = three,
                                                .inheritable = one,
                                                .ambient = one};
    struct journey journey = journey_of(&process_LTX_barrer);
    const char *zero = "0000000000000000", *kill_bit = "0000000000000020";

    journey.after = tell_status;
    journey.request.capabilities = &usual;
    run_journey(&journey);
    five_are(&journey, "user 0",
             (const char *const[]){zero, CHOWN_KILL_BIND, CHOWN_KILL_BIND, CHOWN_KILL_BIND, zero});
    journey.request.uid = 1000;
    run_journey(&journey);
    five_are(&journey, "user 1000",
             (const char *const[]){zero, CHOWN_KILL_BIND, CHOWN_KILL_BIND, CHOWN_KILL_BIND, zero});
    journey.request.capabilities = &ambient;
    run_journey(&journey);
    five_are(&journey, "five different sets",
             (const char *const[]){kill_bit, CHOWN_KILL_BIND, kill_bit, CHOWN_KILL_BIND, kill_bit});
    journey.after = tell_payload;
    run_journey(&journey);
    five_are(&journey, "a payload of user 1000 with an ambient capability",
             (const char *const[]){kill_bit, kill_bit, kill_bit, CHOWN_KILL_BIND, kill_bit});
    journey.request.capabilities = &usual;
    run_journey(&journey);
    five_are(&journey, "a payload of user 1000 without",
             (const char *const[]){zero, zero, zero, CHOWN_KILL_BIND, zero});
    journey.request.uid = 0;
    run_journey(&journey);
    five_are(&journey, "a payload of user 0",
             (const char *const[]){zero, CHOWN_KILL_BIND, CHOWN_KILL_BIND, CHOWN_KILL_BIND, zero});
    journey.request.capabilities = NULL;
    run_journey(&journey);
    five_are(&journey, "no capabilities at all",
             (const char *const[]){zero, zero, zero, zero, zero});
}

/* The specification: what cannot be granted is left out with a warning. */
static void test_ungrantable(void)
{
    static const char *const odd[] = {"CAP_CHOWN", "CAP_UNHEARD_OF", "chown", "12", "CAP_12", NULL};
    static const char *const wide[] = {"CAP_CHOWN", "CAP_SYS_ADMIN", NULL};
    const struct barrer_capabilities caps = {
        .bounding = odd, .effective = wide, .permitted = odd, .ambient = odd, .inheritable = wide};
    struct journey journey = journey_of(&process_LTX_barrer);
    const char *chown_bit = "0000000000000001";

    journey.after = tell_status;
    journey.request.capabilities = &caps;
    run_journey(&journey);
    five_are(&journey, "unknown and impossible capabilities",
             (const char *const[]){chown_bit, chown_bit, chown_bit, chown_bit, chown_bit});
}

/* What the process does not have itself. */
static int lose_sys_nice(void)
{
    return prctl(PR_CAPBSET_DROP, 23, 0, 0, 0);
}

static int lose(uint32_t bits)
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
    data[0].effective &= ~bits;
    data[0].permitted &= ~bits;
    return (int)syscall(SYS_capset, &head, data);
}

static int lose_kill(void)
{
    return lose(1u << 5);
}

static void test_not_held(void)
{
    static const char *const nice[] = {"CAP_CHOWN", "CAP_SYS_NICE", NULL};
    const struct barrer_capabilities caps = {.bounding = three,
                                             .effective = three,
                                             .permitted = three,
                                             .inheritable = three,
                                             .ambient = three};
    const struct barrer_capabilities bounded = {.bounding = nice};
    struct journey journey = journey_of(&process_LTX_barrer);

    journey.after = tell_status;
    journey.before = lose_kill;
    journey.request.capabilities = &caps;
    run_journey(&journey);
    five_are(&journey, "capabilities that the runtime itself has not",
             (const char *const[]){"0000000000000401", "0000000000000401", "0000000000000401",
                                   CHOWN_KILL_BIND, "0000000000000401"});
    journey.before = lose_sys_nice;
    journey.request.capabilities = &bounded;
    run_journey(&journey);
    is_text(value_of(journey.text, "CapBnd:"), "0000000000000001",
            "a bounding set cannot grow beyond the runtime's");
}

static void test_credentials(void)
{
    static const uint32_t groups[] = {7, 4242};
    static const struct barrer_pair keep[] = {{"run.oci.keep_original_groups", "1"}, {NULL, NULL}};
    struct journey journey = journey_of(&process_LTX_barrer);
    gid_t mine[] = {31, 32};

    if (setgroups(2, mine) < 0)
        abort();
    journey.after = tell_status;
    journey.request.uid = 1000;
    journey.request.gid = 1001;
    journey.request.additional_gids = groups;
    journey.request.n_additional_gids = 2;
    journey.request.flags = BARRER_PROCESS_NO_NEW_PRIVS;
    journey.request.umask = (struct barrer_number){.is_set = 1, .value = 027};
    run_journey(&journey);
    is_done(&journey, "a user with groups");
    is_text(value_of(journey.text, "Uid:"), "1000\t1000\t1000\t1000", "all four user ids");
    is_text(value_of(journey.text, "Gid:"), "1001\t1001\t1001\t1001", "all four group ids");
    is_text(value_of(journey.text, "Groups:"), "7 4242", "the additional groups");
    is_text(value_of(journey.text, "NoNewPrivs:"), "1", "no_new_privs");
    is_text(value_of(journey.text, "Umask:"), "0027", "the umask");
    journey.request.n_additional_gids = 0;
    journey.request.flags = 0;
    journey.request.umask.is_set = 0;
    (void)umask(0006);
    run_journey(&journey);
    (void)umask(0022);
    is_text(value_of(journey.text, "Groups:"), "", "the caller's groups do not stay");
    is_text(value_of(journey.text, "NoNewPrivs:"), "0", "no_new_privs only when asked for");
    is_text(value_of(journey.text, "Umask:"), "0006", "the umask only when asked for");
    journey.annotations = keep;
    run_journey(&journey);
    is_text(value_of(journey.text, "Groups:"), "31 32", "groups stay by the annotation");
    if (setgroups(0, NULL) < 0)
        abort();
}

/* A user namespace of one id, in which setgroups(2) is denied, as rootless callers make it. */
static int enter_userns(void)
{
    static const struct {
        const char *file, *text;
    } maps[] = {{"/proc/self/setgroups", "deny"},
                {"/proc/self/uid_map", "0 0 1"},
                {"/proc/self/gid_map", "0 0 1"}};

    if (unshare(CLONE_NEWUSER) < 0)
        return -1;
    for (size_t i = 0; i < 3; i++) {
        int fd = open(maps[i].file, O_WRONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : write(fd, maps[i].text, strlen(maps[i].text));

        if (n < 0)
            return -1;
        (void)close(fd);
    }
    return 0;
}

static void test_userns(void)
{
    static const uint32_t groups[] = {7};
    const struct barrer_capabilities caps = {
        .bounding = three, .effective = three, .permitted = three};
    struct journey journey = journey_of(&process_LTX_barrer);

    journey.before = enter_userns;
    journey.after = tell_status;
    journey.request.capabilities = &caps;
    journey.request.flags = BARRER_PROCESS_ROOTLESS | BARRER_PROCESS_USERNS;
    run_journey(&journey);
    is_done(&journey, "a user namespace that denies setgroups");
    is_text(value_of(journey.text, "CapEff:"), CHOWN_KILL_BIND, "capabilities in it are exact");
    journey.request.additional_gids = groups;
    journey.request.n_additional_gids = 1;
    run_journey(&journey);
    is_refused(&journey, "additional groups", "additional groups are refused in it");
    journey.request.n_additional_gids = 0;
    journey.request.uid = 1000;
    run_journey(&journey);
    is_refused(&journey, "is it mapped", "a user that is not mapped is refused");
}

static void tell_cwd(FILE *out)
{
    char path[4096] = "";

    (void)syscall(SYS_getcwd, path, sizeof(path));
    (void)fprintf(out, "cwd: %s\n", path);
}

static char outside[] = "/tmp/barrer-process-XXXXXX";
static int leaked_fd = -1;

/* A root of its own, on a tmpfs, with a procfs; the descriptor of a folder outside stays open. */
static int enter_root(void)
{
    leaked_fd = open(outside, O_RDONLY | O_DIRECTORY);
    if (leaked_fd < 0 || dup2(leaked_fd, 50) < 0 || unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
        mount("tmpfs", outside, "tmpfs", 0, NULL) < 0 || chdir(outside) < 0 ||
        mkdir("proc", 0755) < 0 || mkdir("secret", 0700) < 0 || mkdir("alone", 0700) < 0 ||
        chown("alone", 1000, 0) < 0 || symlink("/proc/self/fd/50", "way") < 0 ||
        symlink("/nowhere", "dangling") < 0 || mount("proc", "proc", "proc", 0, NULL) < 0)
        return -1;
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
        return -1;
    return chdir("/");
}

/* The same without the power over other users' files, as on a network file system. */
static int enter_root_weakly(void)
{
    return enter_root() < 0 ? -1 : lose(1u << 1 | 1u << 2);
}

static void cwd_is(struct journey *journey, const char *cwd, const char *wanted)
{
    journey->request.cwd = cwd;
    run_journey(journey);
    is_text(value_of(journey->text, "cwd:"), wanted, cwd);
}

static void test_directory(void)
{
    struct journey journey = journey_of(&process_LTX_barrer);
    struct stat st;
    char path[64];

    if (mkdtemp(outside) == NULL)
        abort();
    journey.before = enter_root;
    journey.after = tell_cwd;
    cwd_is(&journey, "/", "/");
    cwd_is(&journey, "/not/there//yet/", "/not/there/yet");
    journey.request.uid = 1000;
    cwd_is(&journey, "/secret", "/secret");
    journey.before = enter_root_weakly;
    cwd_is(&journey, "/alone", "/alone");
    journey.before = enter_root;
    journey.request.uid = 0;
    journey.request.cwd = "/proc/self/fd/50";
    run_journey(&journey);
    is_refused(&journey, "leads out of the container's root", "a leaked descriptor as cwd");
    journey.request.cwd = "/way";
    run_journey(&journey);
    is_refused(&journey, "leads out of the container's root", "a link to a leaked descriptor");
    journey.request.cwd = "/way/created";
    run_journey(&journey);
    ok(journey.is_refused, "a folder below a leaked descriptor is not made");
    (void)snprintf(path, sizeof(path), "%s/created", outside);
    ok(stat(path, &st) < 0 && errno == ENOENT, "nothing appears on the host");
    journey.request.cwd = "/dangling";
    run_journey(&journey);
    is_refused(&journey, "/dangling", "a dangling link as cwd");
    journey.request.flags = BARRER_PROCESS_EXEC;
    journey.request.cwd = "/missing";
    run_journey(&journey);
    is_refused(&journey, "change to the working directory \"/missing\"", "exec makes no folder");
    journey.request.cwd = "relative";
    run_journey(&journey);
    is_refused(&journey, "expected an absolute path", "a relative cwd");
    (void)rmdir(outside);
}

int main(void)
{
    if (!is_root()) {
        skip("all of it", "needs root");
        return tap_done();
    }
    test_capabilities();
    test_ungrantable();
    test_not_held();
    test_credentials();
    test_userns();
    test_directory();
    return tap_done();
}
