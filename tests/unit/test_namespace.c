/* SPDX-License-Identifier: Apache-2.0
 *
 * The isolation plugin "namespace" against the kernel: plans, what enter sets, and joining by
 * path, pidfd and /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/isolation.h>
#include <barrer/util.h>

#include "fake_host.h"
#include "tap.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

extern const struct barrer_plugin namespace_LTX_barrer;
#define PLUGIN namespace_LTX_barrer

static const struct barrer_isolation_ops *ops;
static const struct barrer_pair defaults[] = {
    {"loopback", "yes"},
    {"newuidmap", "/usr/bin/newuidmap"},
    {"newgidmap", "/usr/bin/newgidmap"},
    {NULL, NULL},
};

/* A plugin instance with its host. */
struct fixture {
    struct fake_host fake;
    void *self;
    struct barrer_isolation_request request;
    struct barrer_isolation_plan plan;
};

static void set_up(struct fixture *f)
{
    fake_host_init(&f->fake);
    f->fake.options = defaults;
    f->request = (struct barrer_isolation_request){.size = sizeof(f->request)};
    f->plan = (struct barrer_isolation_plan){.size = sizeof(f->plan)};
    f->self = NULL;
    (void)PLUGIN.open(&f->fake.host, &f->self, &f->fake.error);
}

static void tear_down(struct fixture *f)
{
    PLUGIN.close(f->self);
    fake_host_fini(&f->fake);
}

static int prepare(struct fixture *f)
{
    return ops->prepare(f->self, &f->request, &f->plan, &f->fake.error);
}

static ino_t inode_of(pid_t pid, const char *entry)
{
    struct stat st = {0};
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, entry);
    (void)stat(path, &st);
    return st.st_ino;
}

static int child_status(pid_t pid)
{
    int status = 0;

    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* A process in new namespaces FLAGS that lives until its pidfd gets SIGKILL. */
static pid_t start_sleeper(uint64_t flags, int *ret_pidfd)
{
    struct clone_args args = {.flags = flags | CLONE_PIDFD,
                              .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
                              .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0)
        for (;;)
            (void)pause();
    return pid;
}

static void end_sleeper(pid_t pid, int pidfd)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    (void)close(pidfd);
}

static void test_plan(void)
{
    static const struct barrer_namespace all[] = {
        {CLONE_NEWPID, NULL}, {CLONE_NEWNET, NULL},  {CLONE_NEWNS, NULL},     {CLONE_NEWIPC, NULL},
        {CLONE_NEWUTS, NULL}, {CLONE_NEWUSER, NULL}, {CLONE_NEWCGROUP, NULL}, {CLONE_NEWTIME, NULL},
    };
    static const struct barrer_id_map map = {0, 100000, 10};
    static const struct barrer_time_offset offsets[] = {{"monotonic", 86400, 5}};
    struct fixture f;

    set_up(&f);
    f.request.namespaces = all;
    f.request.n_namespaces = 8;
    f.request.uid_maps = f.request.gid_maps = &map;
    f.request.n_uid_maps = f.request.n_gid_maps = 1;
    f.request.time_offsets = offsets;
    f.request.n_time_offsets = 1;
    is_number(prepare(&f), 0, "all eight kinds are planned");
    is_number(f.plan.create,
              CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
                  CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWTIME,
              "as a mask of what to create");
    is_number((long long)f.plan.n_joins, 0, "and nothing to join");
    ok(f.plan.n_time_offsets == 1 && f.plan.time_offsets[0].seconds == 86400,
       "time offsets are in the plan");
    is_text(fake_host_fact(&f.fake, "namespaces"), "ipc,uts,network,pid,cgroup,time,mount,user",
            "the namespaces are recorded");
    tear_down(&f);

    set_up(&f);
    is_number(prepare(&f), 0, "a container without namespaces is planned");
    is_text(fake_host_fact(&f.fake, "namespaces"), "none", "which is recorded as such");
    tear_down(&f);
}

static const char *read_text(const char *path)
{
    static char text[256];
    ssize_t n = barrer_read_at(AT_FDCWD, path, text, sizeof(text));

    if (n <= 0)
        return "";
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static int loopback_flags(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)ioctl(fd, SIOCGIFFLAGS, &request);
    (void)close(fd);
    return request.ifr_flags;
}

/* In a child in new namespaces: run enter, and tell by the exit status what was found. */
static int enter_and_look(struct fixture *f)
{
    struct utsname names;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid != 0)
        return child_status(pid);
    if (unshare((int)f->plan.create) < 0)
        _exit(100);
    if (ops->enter(f->self, &f->request, &f->fake.error) < 0) {
        printf("# %s\n", f->fake.error.text);
        fflush(stdout);
        _exit(101);
    }
    (void)uname(&names);
    _exit((strcmp(names.nodename, "inside") != 0) |
          (strcmp(names.domainname, "example") != 0) << 1 |
          (strcmp(read_text("/proc/sys/kernel/msgmax"), "12345") != 0) << 2 |
          (strcmp(read_text("/proc/sys/net/ipv4/ip_forward"), "1") != 0) << 3 |
          (strcmp(read_text("/proc/sys/net/ipv4/conf/lo/forwarding"), "0") != 0) << 4 |
          (strcmp(read_text("/proc/sys/fs/mqueue/msg_max"), "77") != 0) << 5 |
          ((loopback_flags() & IFF_UP) == 0) << 6);
}

static const struct barrer_namespace own_uts_ipc_net[] = {
    {CLONE_NEWUTS, NULL}, {CLONE_NEWIPC, NULL}, {CLONE_NEWNET, NULL}};

static void test_enter(void)
{
    static const struct barrer_pair sysctl[] = {
        {"kernel.msgmax", "12345"},
        {"net.ipv4.ip_forward", "1"},
        {"net/ipv4/conf/lo/forwarding", "0"},
        {"fs.mqueue.msg_max", "77"},
    };
    static const struct barrer_pair quiet[] = {{"loopback", "no"}, {NULL, NULL}};
    char before[65], after[65];
    struct fixture f;

    (void)gethostname(before, sizeof(before));
    set_up(&f);
    f.request.namespaces = own_uts_ipc_net;
    f.request.n_namespaces = 3;
    f.request.hostname = "inside";
    f.request.domainname = "example";
    f.request.sysctl = sysctl;
    f.request.n_sysctl = 4;
    is_number(prepare(&f), 0, "names and kernel parameters of own namespaces are planned");
    is_number(enter_and_look(&f), 0,
              "enter sets host name, domain name and kernel parameters, and brings up loopback");
    f.fake.options = quiet;
    is_number(enter_and_look(&f), 1 << 6, "with loopback = no the device stays down");
    f.request.n_sysctl = 0;
    f.request.hostname = NULL;
    ok((enter_and_look(&f) & 1) != 0, "what is not asked for is not set");
    tear_down(&f);
    (void)gethostname(after, sizeof(after));
    is_text(after, before, "the host keeps its name");
}

static void test_enter_failure(void)
{
    static const struct barrer_pair unknown = {"net.ipv4.no_such_parameter", "1"};
    static const struct barrer_pair wrong = {"kernel.msgmax", "many"};
    const struct barrer_pair *cases[] = {&unknown, &wrong};
    const char *texts[] = {
        "set the kernel parameter \"net.ipv4.no_such_parameter\": the kernel has no "
        "\"/proc/sys/net/ipv4/no_such_parameter\"",
        "set the kernel parameter \"kernel.msgmax\" to \"many\": Invalid argument"};

    for (int i = 0; i < 2; i++) {
        struct fixture f;
        pid_t pid;

        set_up(&f);
        f.request.namespaces = own_uts_ipc_net;
        f.request.n_namespaces = 3;
        f.request.sysctl = cases[i];
        f.request.n_sysctl = 1;
        (void)prepare(&f);
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            if (unshare((int)f.plan.create) < 0 ||
                ops->enter(f.self, &f.request, &f.fake.error) >= 0)
                _exit(1);
            if (strcmp(f.fake.error.text, texts[i]) == 0)
                _exit(0);
            printf("# got: %s\n", f.fake.error.text);
            fflush(stdout);
            _exit(2);
        }
        is_number(child_status(pid), 0, texts[i]);
        tear_down(&f);
    }
}

/* Join as the core does: setns(2) in the plan's order, in a child; then compare with TARGET. */
static int join_and_compare(const struct barrer_isolation_plan *plan, pid_t target,
                            const char *const *entries)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid != 0)
        return child_status(pid);
    for (size_t i = 0; i < plan->n_joins; i++)
        if (setns(plan->joins[i].fd, (int)plan->joins[i].type) < 0) {
            printf("# setns %x: %s\n", plan->joins[i].type, strerror(errno));
            fflush(stdout);
            _exit(100);
        }
    for (; *entries != NULL; entries++)
        if (inode_of(target, *entries) !=
            inode_of(getpid(), strcmp(*entries, "pid") == 0 ? "pid_for_children" : *entries))
            _exit(1);
    _exit(0);
}

static void test_join_by_path(void)
{
    static const char *const joined[] = {"net", "ipc", "uts", "pid", "cgroup", NULL};
    char paths[5][64];
    struct barrer_namespace namespaces[6] = {
        {CLONE_NEWNET, paths[0]}, {CLONE_NEWIPC, paths[1]},    {CLONE_NEWUTS, paths[2]},
        {CLONE_NEWPID, paths[3]}, {CLONE_NEWCGROUP, paths[4]}, {CLONE_NEWNS, NULL},
    };
    struct fixture f;
    int pidfd;
    pid_t pid = start_sleeper(
        CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWCGROUP, &pidfd);

    for (int i = 0; i < 5; i++)
        (void)snprintf(paths[i], sizeof(paths[i]), "/proc/%d/ns/%s", pid, joined[i]);
    set_up(&f);
    f.request.namespaces = namespaces;
    f.request.n_namespaces = 6;
    f.request.hostname = "joined";
    if (!ok(prepare(&f) == 0, "namespaces are joined by path"))
        printf("# %s\n", f.fake.error.text);
    is_number((long long)f.plan.n_joins, 5, "each by one setns");
    is_number(f.plan.create, CLONE_NEWNS, "beside one that is new");
    is_number(join_and_compare(&f.plan, pid, joined), 0, "and they are those of that process");
    is_text(fake_host_fact(&f.fake, "namespaces"), "ipc,uts,network,pid,cgroup,mount",
            "joined ones are recorded like new ones, for exec");
    ok((fcntl(f.plan.joins[0].fd, F_GETFD) & FD_CLOEXEC) != 0, "descriptors are close-on-exec");
    tear_down(&f);
    end_sleeper(pid, pidfd);
}

/* As `exec` finds a container: a fresh instance with the recorded fact. */
static void join_running(const char *list, uint64_t flags, const char *const *entries,
                         int with_pidfd, const char *what)
{
    struct barrer_target target = {.size = sizeof(target), .pidfd = -1};
    struct fixture f;
    int pidfd;

    target.pid = start_sleeper(flags, &pidfd);
    if (with_pidfd)
        target.pidfd = pidfd;
    set_up(&f);
    (void)f.fake.host.put_fact(&f.fake.host, "namespaces", list, &f.fake.error);
    if (!ok(ops->join(f.self, &target, &f.plan, &f.fake.error) == 0, "%s: join", what))
        printf("# %s\n", f.fake.error.text);
    if (with_pidfd)
        ok(f.plan.n_joins == 1 && f.plan.joins[0].fd == pidfd && f.plan.joins[0].type == flags,
           "%s: is one call", what);
    else
        ok(f.plan.n_joins > 1 && f.plan.joins[0].fd != pidfd, "%s: is a call for each", what);
    is_number(join_and_compare(&f.plan, target.pid, entries), 0, what);
    tear_down(&f);
    end_sleeper(target.pid, pidfd);
}

static void test_join_running(void)
{
    static const char *const some[] = {"pid", "mnt", "net", "ipc", "uts", "cgroup", NULL};
    static const char *const with_user[] = {"user", "pid", "mnt", "uts", NULL};
    const uint64_t flags =
        CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    const uint64_t user_flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS;

    join_running("ipc,uts,network,pid,cgroup,mount", flags, some, 1, "by pidfd");
    join_running("ipc,uts,network,pid,cgroup,mount", flags, some, 0, "by /proc/PID/ns");
    join_running("uts,pid,mount,user", user_flags, with_user, 1, "a user namespace by pidfd");
    join_running("uts,pid,mount,user", user_flags, with_user, 0, "a user namespace by /proc");
}

static void test_join_refusals(void)
{
    struct barrer_target target = {.size = sizeof(target), .pid = getpid(), .pidfd = -1};
    struct fixture f;

    set_up(&f);
    ok(ops->join(f.self, &target, &f.plan, &f.fake.error) < 0,
       "a container whose fact is lost is not joined");
    is_text(f.fake.error.text,
            "find the container's namespaces: the recorded fact \"namespaces\" is missing",
            "which is said");
    (void)f.fake.host.put_fact(&f.fake.host, "namespaces", "pid,moon", &f.fake.error);
    ok(ops->join(f.self, &target, &f.plan, &f.fake.error) < 0, "nor one whose fact is corrupt");
    (void)f.fake.host.put_fact(&f.fake.host, "namespaces", "none", &f.fake.error);
    ok(ops->join(f.self, &target, &f.plan, &f.fake.error) == 0 && f.plan.n_joins == 0,
       "a container without namespaces has none to join");
    tear_down(&f);
}

/* What a request must be refused with. */
static void refuse(const struct barrer_isolation_request *request, const char *message)
{
    struct fixture f;
    int r;

    set_up(&f);
    f.request = *request;
    f.request.size = sizeof(f.request);
    r = prepare(&f);
    ok(r < 0, "refused: %s", message);
    is_text(r < 0 ? f.fake.error.text : "(accepted)", message, "with that message");
    ok(fake_host_fact(&f.fake, "namespaces") == NULL, "before anything is recorded");
    tear_down(&f);
}

#define NAMESPACES(...)                                                                            \
    .namespaces = (const struct barrer_namespace[]){__VA_ARGS__},                                  \
    .n_namespaces =                                                                                \
        sizeof((const struct barrer_namespace[]){__VA_ARGS__}) / sizeof(struct barrer_namespace)
#define REQUEST(...)                                                                               \
    &(const struct barrer_isolation_request)                                                       \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define SYSCTL(k) .sysctl = (const struct barrer_pair[]){{k, "1"}}, .n_sysctl = 1

static void test_refused_namespaces(void)
{
    refuse(REQUEST(NAMESPACES({CLONE_NEWPID, NULL}, {CLONE_NEWPID, NULL})),
           "linux.namespaces: the type \"pid\" is there twice");
    refuse(REQUEST(NAMESPACES({CLONE_NEWNET, "/nowhere"})),
           "open the network namespace \"/nowhere\": No such file or directory");
    refuse(REQUEST(NAMESPACES({CLONE_NEWNET, "/etc/passwd"})),
           "join the network namespace at \"/etc/passwd\": this file is no namespace (expected "
           "something like /proc/PID/ns/net, or a bind mount of it)");
    refuse(REQUEST(NAMESPACES({CLONE_NEWNET, "/proc/self/ns/uts"})),
           "join the network namespace at \"/proc/self/ns/uts\": this is a namespace of the type "
           "\"uts\"");
    refuse(REQUEST(.hostname = "x"),
           "hostname: the container shares the uts namespace of the host (add {\"type\": \"uts\"} "
           "to linux.namespaces)");
    refuse(REQUEST(.hostname = "x", NAMESPACES({CLONE_NEWUTS, "/proc/self/ns/uts"})),
           "hostname: the uts namespace that linux.namespaces joins is the host's own");
    refuse(REQUEST(.domainname = "x"),
           "domainname: the container shares the uts namespace of the host (add {\"type\": "
           "\"uts\"} to linux.namespaces)");
    refuse(REQUEST(.time_offsets = (const struct barrer_time_offset[]){{"boottime", 1, 0}},
                   .n_time_offsets = 1),
           "linux.timeOffsets: the container shares the time namespace of the host (add {\"type\": "
           "\"time\"} to linux.namespaces)");
    refuse(REQUEST(.time_offsets = (const struct barrer_time_offset[]){{"boottime", 1, 1000000000}},
                   .n_time_offsets = 1, NAMESPACES({CLONE_NEWTIME, NULL})),
           "linux.timeOffsets: boottime: 1000000000 nanoseconds are more than a second");
}

static void test_refused_sysctl(void)
{
    refuse(REQUEST(SYSCTL("kernel.msgmax")),
           "linux.sysctl: \"kernel.msgmax\": the container shares the ipc namespace of the host "
           "(add {\"type\": \"ipc\"} to linux.namespaces)");
    refuse(REQUEST(SYSCTL("net.ipv4.ip_forward"), NAMESPACES({CLONE_NEWNET, "/proc/self/ns/net"})),
           "linux.sysctl: \"net.ipv4.ip_forward\": the network namespace that linux.namespaces "
           "joins is the host's own");
    refuse(REQUEST(SYSCTL("kernel.core_pattern"), NAMESPACES({CLONE_NEWIPC, NULL})),
           "linux.sysctl: \"kernel.core_pattern\" belongs to no namespace: it would change the "
           "host");
    refuse(REQUEST(SYSCTL("vm.swappiness")),
           "linux.sysctl: \"vm.swappiness\" belongs to no namespace: it would change the host");
    refuse(REQUEST(SYSCTL("kernel.hostname"), NAMESPACES({CLONE_NEWUTS, NULL})),
           "linux.sysctl: \"kernel.hostname\" conflicts with the property \"hostname\" (use that)");
    refuse(
        REQUEST(SYSCTL("net/../kernel/core_pattern"), NAMESPACES({CLONE_NEWNET, NULL})),
        "linux.sysctl: \"net/../kernel/core_pattern\" is no name of a kernel parameter (expected "
        "something like net.ipv4.ip_forward)");
    refuse(REQUEST(SYSCTL("net.//.kernel"), NAMESPACES({CLONE_NEWNET, NULL})),
           "linux.sysctl: \"net.//.kernel\" is no name of a kernel parameter (expected "
           "something like net.ipv4.ip_forward)");
    refuse(REQUEST(SYSCTL("/net/ipv4/ip_forward"), NAMESPACES({CLONE_NEWNET, NULL})),
           "linux.sysctl: \"/net/ipv4/ip_forward\" is no name of a kernel parameter (expected "
           "something like net.ipv4.ip_forward)");
    refuse(
        REQUEST(SYSCTL("kernel.domainname"), .domainname = "x", NAMESPACES({CLONE_NEWUTS, NULL})),
        "linux.sysctl: \"kernel.domainname\" conflicts with the property \"domainname\" (remove "
        "one of them)");
}

/* A kind that the kernel was built without leaves nothing to test here. */
static int has_time(void)
{
    return access("/proc/self/ns/time", F_OK) == 0;
}

static void test_join_time(void)
{
    static const char *const entries[] = {"time", "uts", NULL};

    if (has_time())
        join_running("uts,time", CLONE_NEWUTS | CLONE_NEWTIME, entries, 0,
                     "a time namespace by /proc");
    else
        skip("a time namespace", "this kernel has none");
}

int main(void)
{
    ops = PLUGIN.ops;
    test_plan();
    test_refused_namespaces();
    test_refused_sysctl();
    test_join_refusals();
    if (geteuid() != 0) {
        skip("entering and joining", "needs root");
        return tap_done();
    }
    test_enter();
    test_enter_failure();
    test_join_by_path();
    test_join_running();
    test_join_time();
    return tap_done();
}
