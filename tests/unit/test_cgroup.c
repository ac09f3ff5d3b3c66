/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin cgroup against the kernel: in the host's cgroup v2 mount, or, where there is none, in
 * one that only this process sees. What a mount's controllers cannot do is skipped with a reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../plugins/cgroup/cgroup.h"
#include "fake_host.h"
#include "tap.h"

extern const struct barrer_plugin cgroup_LTX_barrer;
#define OPS ((const struct barrer_resources_ops *)cgroup_LTX_barrer.ops)

static char mount_path[128] = "/sys/fs/cgroup";
static char parent[64];
static struct barrer_pair options[] = {
    {"mount", mount_path}, {"parent", parent}, {"timeout", "10000"}, {NULL, NULL}};
static char controllers[512];
/* Where the test's own files may be. */
static char folder[] = "/tmp/barrer-test-cgroup.XXXXXX";

static void *open_plugin(struct fake_host *fake)
{
    void *self = NULL;

    fake->options = options;
    return cgroup_LTX_barrer.open(&fake->host, &self, &fake->error) == 0 ? self : NULL;
}

static void close_plugin(void *self)
{
    cgroup_LTX_barrer.close(self);
}

static const char *group_file(const struct fake_host *fake, const char *file)
{
    static char path[4096];

    (void)snprintf(path, sizeof(path), "%s/%s", fake_host_fact(fake, "path"), file);
    return path;
}

static const char *read_file(const char *path)
{
    static char text[4096];
    ssize_t n = barrer_read_at(AT_FDCWD, path, text, sizeof(text));

    if (n < 0)
        return strerror((int)-n);
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static int has_line(const char *path, const char *line)
{
    FILE *file = fopen(path, "re");
    char text[256];
    int found = 0;

    while (file != NULL && fgets(text, sizeof(text), file) != NULL) {
        text[strcspn(text, "\n")] = '\0';
        found |= strcmp(text, line) == 0;
    }
    if (file != NULL)
        (void)fclose(file);
    return found;
}

static int write_file(const char *path, const char *text)
{
    return barrer_write_at(AT_FDCWD, path, text);
}

static int exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A child that is born in the group and runs FUNCTION, or waits for a signal. */
static pid_t spawn(int cgroup_fd, int (*function)(void))
{
    struct clone_args args = {
        .flags = cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)cgroup_fd,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0) {
        if (function != NULL)
            _exit(function());
        for (;;)
            (void)pause();
    }
    return pid;
}

static int reap(pid_t pid)
{
    int status = -1;

    (void)waitpid(pid, &status, 0);
    return status;
}

static void count(void *arg, pid_t pid)
{
    (void)pid;
    ++*(int *)arg;
}

static void test_weights(void)
{
    static const uint64_t rows[][2] = {
        {0, 1},      {2, 1},         {3, 2},          {10, 4},         {102, 17},
        {256, 35},   {512, 59},      {1000, 99},      {1024, 100},     {2048, 174},
        {4096, 303}, {100000, 4340}, {262144, 10000}, {1000000, 10000}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        is_number((long long)cgroup_shares_to_weight(rows[i][0]), (long long)rows[i][1],
                  "cpu.shares to cpu.weight");
}

static void test_life(void)
{
    struct fake_host fake;
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct barrer_resources_request request = {.size = sizeof(request), .id = "life"};
    struct barrer_error *err = &fake.error;
    void *self, *later;
    int n = 0, status;
    pid_t pid, second;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    if (!ok(OPS->prepare(self, &request, &plan, err) == 0, "prepare makes a group"))
        printf("# %s\n", fake.error.text);
    ok(exists(group_file(&fake, "cgroup.procs")), "it is there");
    ok(plan.n_views == 1 && strcmp(plan.views->path, fake_host_fact(&fake, "path")) == 0,
       "its view is its path");
    pid = spawn(plan.cgroup_fd, NULL);
    ok(pid > 0, "a process is cloned into it");
    later = open_plugin(&fake);
    ok(OPS->processes(later, count, &n, err) == 0 && n == 1, "a later process lists it");
    ok(OPS->pause(later, err) == 0, "pause");
    ok(has_line(plan.paused_file, plan.paused_line), "the plan's file says that it is frozen");
    ok(OPS->resume(later, err) == 0, "resume");
    ok(!has_line(plan.paused_file, plan.paused_line), "the file says that it is thawed");
    (void)kill(pid, SIGKILL);
    (void)reap(pid);

    pid = spawn(plan.cgroup_fd, NULL);
    (void)mkdir(group_file(&fake, "sub"), 0755);
    (void)mkdir(group_file(&fake, "sub/deep"), 0755);
    ok(OPS->join(later, "sub/deep", &plan, err) == 0, "join a sub-group");
    second = spawn(plan.cgroup_fd, NULL);
    n = 0;
    ok(OPS->processes(later, count, &n, err) == 0 && n == 2, "sub-groups are listed too");
    ok(OPS->join(later, "sub/../../..", &plan, err) == -EPERM, "join refuses to lead out");
    ok(OPS->join(later, "none", &plan, err) == -ENOTSUP, "and a sub-group that is not there");
    ok(OPS->kill(later, SIGTERM, err) == 0, "kill with SIGTERM");
    status = reap(pid);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "reaches the group");
    status = reap(second);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "and its sub-groups");

    ok(OPS->join(later, NULL, &plan, err) == 0, "join the group itself");
    pid = spawn(plan.cgroup_fd, NULL);
    ok(OPS->pause(later, err) == 0 && OPS->kill(later, SIGKILL, err) == 0,
       "kill a paused group with SIGKILL");
    status = reap(pid);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "ends the process");
    ok(OPS->resume(later, err) == 0, "resume");

    pid = spawn(plan.cgroup_fd, NULL);
    close_plugin(later);
    later = open_plugin(&fake);
    ok(OPS->release(later, err) == 0, "release with a process and sub-groups left");
    status = reap(pid);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "ends the process");
    ok(!exists(fake_host_fact(&fake, "path")), "the group is gone");
    ok(OPS->release(later, err) == 0, "release again");
    n = 0;
    ok(OPS->processes(later, count, &n, err) == 0 && n == 0, "a group that is gone has nobody");
    ok(OPS->pause(later, err) < 0 && strstr(fake.error.text, "is gone") != NULL,
       "and cannot be paused");
    close_plugin(later);
    close_plugin(self);
    fake_host_fini(&fake);
}

static void test_foreign(void)
{
    struct fake_host fake, other;
    struct barrer_resources_plan plan = {.size = sizeof(plan)}, second = {.size = sizeof(plan)};
    char path[128];
    struct barrer_resources_request request = {.size = sizeof(request), .id = "x", .path = path};
    void *self, *foreign;
    pid_t pid;

    fake_host_init(&fake);
    fake_host_init(&other);
    self = open_plugin(&fake);
    foreign = open_plugin(&other);
    (void)snprintf(path, sizeof(path), "/%s/a/b/c", parent);
    ok(OPS->prepare(self, &request, &plan, &fake.error) == 0, "an absolute path, all of it new");
    ok(OPS->prepare(foreign, &request, &second, &other.error) == 0,
       "an existing empty group is used");
    ok(OPS->release(foreign, &other.error) == 0, "and removed");
    close_plugin(self);
    self = open_plugin(&fake);
    ok(OPS->prepare(self, &request, &plan, &fake.error) == 0, "made again");
    pid = spawn(plan.cgroup_fd, NULL);
    close_plugin(foreign);
    foreign = open_plugin(&other);
    ok(OPS->prepare(foreign, &request, &second, &other.error) == -EBUSY,
       "a group with processes is refused");
    close_plugin(foreign);
    fake_host_fini(&other);
    fake_host_init(&other);
    foreign = open_plugin(&other);
    (void)OPS->prepare(foreign, &request, &second, &other.error);
    ok(OPS->release(foreign, &other.error) == 0 && kill(pid, 0) == 0 &&
           waitpid(pid, NULL, WNOHANG) == 0,
       "the one that was refused does not kill the other's processes");
    (void)OPS->release(self, &fake.error);
    (void)reap(pid);

    request.path = NULL;
    ok(OPS->prepare(foreign, &request, &second, &other.error) == 0, "a name from the id");
    close_plugin(self);
    self = open_plugin(&fake);
    ok(OPS->prepare(self, &request, &plan, &fake.error) == 0 &&
           strcmp(fake_host_fact(&fake, "path"), fake_host_fact(&other, "path")) != 0,
       "the same id of another state root gets another name");
    (void)OPS->release(self, &fake.error);
    (void)OPS->release(foreign, &other.error);
    request.path = "/a/../b";
    ok(OPS->prepare(self, &request, &plan, &fake.error) < 0, "\"..\" is refused");
    close_plugin(self);
    close_plugin(foreign);
    fake_host_fini(&fake);
    fake_host_fini(&other);
    for (const char *const *p = (const char *const[]){"/a/b", "/a", NULL}; *p != NULL; p++) {
        char made[256];

        (void)snprintf(made, sizeof(made), "%s/%s%s", mount_path, parent, *p);
        (void)rmdir(made);
    }
}

static int has(const char *controller)
{
    return cgroup_has_word(controllers, controller);
}

static void limit(const char *controller, const struct barrer_resources_request *asked,
                  const char *file, const char *wanted)
{
    struct fake_host fake;
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct barrer_resources_request request = *asked;
    struct barrer_target target = {.size = sizeof(target), .pidfd = -1};
    char what[256];
    void *self;

    (void)snprintf(what, sizeof(what), "%s is \"%s\"", file, wanted);
    if (!has(controller)) {
        skip(what, "the mount does not offer the controller");
        return;
    }
    fake_host_init(&fake);
    self = open_plugin(&fake);
    request.size = sizeof(request);
    request.id = "limit";
    if (OPS->prepare(self, &request, &plan, &fake.error) < 0)
        printf("# %s\n", fake.error.text);
    target.pid = spawn(plan.cgroup_fd, NULL);
    ok(target.pid > 0 && OPS->attach(self, &target, &fake.error) == 0, "a process is born there");
    is_text(read_file(group_file(&fake, file)), wanted, what);
    (void)OPS->release(self, &fake.error);
    (void)reap(target.pid);
    close_plugin(self);
    fake_host_fini(&fake);
}

#define SET(x)                                                                                     \
    {                                                                                              \
        .is_set = 1, .value = (x)                                                                  \
    }
#define ASK(...)                                                                                   \
    &(const struct barrer_resources_request)                                                       \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void test_limits(void)
{
    static const struct barrer_hugepage_limit huge = {"2MB", 4194304};
    static const struct barrer_pair unified[] = {{"memory.high", "67108864"}, {"pids.max", "77"}};

    limit("cpu", ASK(.cpu.shares = SET(512)), "cpu.weight", "59");
    limit("cpu", ASK(.cpu.quota = SET(50000)), "cpu.max", "50000 100000");
    limit("cpu", ASK(.cpu.quota = SET(50000), .cpu.period = SET(200000)), "cpu.max",
          "50000 200000");
    limit("cpu", ASK(.cpu.period = SET(200000)), "cpu.max", "max 200000");
    limit("cpu", ASK(.cpu.quota = SET(50000), .cpu.burst = SET(20000)), "cpu.max.burst", "20000");
    limit("cpu", ASK(.cpu.shares = SET(512), .cpu.idle = SET(1)), "cpu.idle", "1");
    limit("cpuset", ASK(.cpu.cpus = "0", .cpu.mems = "0"), "cpuset.cpus", "0");
    limit("cpuset", ASK(.cpu.cpus = "0", .cpu.mems = "0"), "cpuset.mems", "0");
    limit("memory", ASK(.memory.limit = SET(33554432)), "memory.max", "33554432");
    limit("memory", ASK(.memory.reservation = SET(16777216)), "memory.low", "16777216");
    limit("memory", ASK(.memory.limit = SET(33554432), .memory.swap = SET(50331648)),
          "memory.swap.max", "16777216");
    limit("memory", ASK(.memory.limit = SET(33554432), .memory.swap = SET(-1)), "memory.swap.max",
          "max");
    limit("pids", ASK(.pids_limit = SET(42)), "pids.max", "42");
    limit("pids", ASK(.pids_limit = SET(0)), "pids.max", "0");
    limit("pids", ASK(.pids_limit = SET(-1)), "pids.max", "max");
    limit("hugetlb", ASK(.hugepage_limits = &huge, .n_hugepage_limits = 1), "hugetlb.2MB.max",
          "4194304");
    limit("memory", ASK(.unified = unified, .n_unified = 2), "memory.high", "67108864");
    limit("pids", ASK(.unified = unified + 1, .n_unified = 1), "pids.max", "77");
}

/* Limits of input and output need a disk. */
static void test_io(void)
{
    static const char *const disks[] = {"/dev/vda", "/dev/sda", NULL};
    struct barrer_block_throttle read_bps = {0}, write_iops = {0};
    struct stat st = {0};
    char wanted[128];

    for (size_t i = 0; disks[i] != NULL && st.st_rdev == 0; i++)
        (void)stat(disks[i], &st);
    if (!has("io") || st.st_rdev == 0) {
        skip("io.max", "no io controller, or no disk");
        skip("io.weight", "no io controller");
        return;
    }
    read_bps = (struct barrer_block_throttle){major(st.st_rdev), minor(st.st_rdev), 1048576};
    write_iops = read_bps;
    write_iops.rate = 100;
    (void)snprintf(wanted, sizeof(wanted), "%u:%u rbps=1048576 wbps=max riops=max wiops=100",
                   major(st.st_rdev), minor(st.st_rdev));
    limit("io",
          ASK(.block_io = {.read_bps = &read_bps,
                           .n_read_bps = 1,
                           .write_iops = &write_iops,
                           .n_write_iops = 1}),
          "io.max", wanted);
    /* Debian's kernel has the file of BFQ when that module is loaded, else that of io.cost. */
    limit("io", ASK(.block_io = {.weight = SET(500)}),
          exists("/sys/module/bfq") ? "io.bfq.weight" : "io.weight",
          exists("/sys/module/bfq") ? "default 500" : "default 4950");
}

static void test_refusals(void)
{
    static const struct barrer_pair bad[] = {
        {"../x.y", "1"}, {"memory", "1"}, {"cgroup.kill", "1"}, {".x", "1"}};
    struct fake_host fake;
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    void *self;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ok(OPS->prepare(self,
                        ASK(.size = sizeof(struct barrer_resources_request), .id = "bad",
                            .unified = &bad[i], .n_unified = 1),
                        &plan, &fake.error) < 0 &&
               fake_host_fact(&fake, "path") == NULL,
           "unified \"%s\" is refused before anything is made", bad[i].key);
    ok(OPS->prepare(self,
                    ASK(.size = sizeof(struct barrer_resources_request), .id = "bad",
                        .rdma = &(const struct barrer_rdma_limit){"mlx5_1", SET(1), SET(1)},
                        .n_rdma = 1),
                    &plan, &fake.error) < 0,
       "a limit that the kernel cannot set is an error");
    printf("# %s\n", fake.error.text);
    ok(strstr(fake.error.text, "No such file") == NULL, "which does not speak of missing files");
    (void)OPS->release(self, &fake.error);
    close_plugin(self);
    fake_host_fini(&fake);
}

/* The exit status has a bit for each device that could not be opened. */
static int open_devices(void)
{
    static const struct {
        const char *path;
        int flags;
    } tries[] = {{"/dev/null", O_RDWR},
                 {"/dev/full", O_RDONLY},
                 {"/dev/full", O_WRONLY},
                 {"/dev/zero", O_RDONLY},
                 {"/dev/urandom", O_RDONLY}};
    int failed = 0;

    for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++)
        if (open(tries[i].path, tries[i].flags | O_CLOEXEC) < 0)
            failed |= 1 << i;
    return failed;
}

/* Each list, and which of the above it denies: a bit each. */
static void test_rule_lists(void *self, struct fake_host *fake, int cgroup_fd)
{
    static const struct {
        struct barrer_device_rule rules[8];
        size_t n;
        int denied;
    } lists[] = {
        {{{1, 'a', -1, -1, "rwm"}, {0, 'c', 1, 3, "rwm"}}, 2, 1},
        {{{1, 'a', -1, -1, "rwm"}, {0, 'c', 1, -1, "w"}}, 2, 1 | 4},
        {{{1, 'a', -1, -1, "rwm"}, {0, 'c', -1, 7, "rwm"}}, 2, 2 | 4},
        {{{1, 'a', -1, -1, "rwm"}, {0, 'b', -1, -1, "rwm"}}, 2, 0},
        {{{1, 'a', -1, -1, "rwm"}, {0, 'c', -1, -1, "rwm"}, {1, 'c', 1, 5, "r"}},
         3,
         1 | 2 | 4 | 16},
        {{{0, 'a', -1, -1, "rwm"}}, 1, 31},
        {{{1, 'c', 1, 3, "rwm"}}, 1, 2 | 4 | 8 | 16},
        {{{0, 'a', -1, -1, "rwm"}, {1, 'c', 1, -1, "rwm"}, {0, 'c', 1, 7, "r"}}, 3, 2},
        {{{0, 'a', -1, -1, "rwm"}, {1, 'c', 1, 3, "r"}, {1, 'c', 1, 3, "w"}}, 3, 2 | 4 | 8 | 16},
        {{{0, 'a', -1, -1, "rwm"},
          {1, 'b', 1, 3, "rwm"},
          {1, 'c', 5, 3, "rwm"},
          {1, 'c', 1, 5, "rwm"},
          {1, 'c', 1, 7, "w"},
          {1, 'c', 1, 9, "rwm"}},
         6,
         1 | 2},
        {{{0, 'a', -1, -1, "rwm"}, {1, 'a', 1, -1, "rw"}}, 2, 0},
    };
    struct barrer_resources_request request = {.size = sizeof(request), .id = "devices"};

    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        char what[64];

        request.devices = lists[i].rules;
        request.n_devices = lists[i].n;
        (void)snprintf(what, sizeof(what), "list %zu of device rules", i);
        if (OPS->update(self, &request, &fake->error) < 0)
            printf("# %s\n", fake->error.text);
        is_number(WEXITSTATUS(reap(spawn(cgroup_fd, open_devices))), lists[i].denied, what);
    }
}

static void test_devices(void)
{
    static const struct barrer_device_rule rules[] = {
        {1, 'c', 1, 5, "rwm"}, /* without effect: before the rule about everything */
        {0, 'a', -1, -1, "rwm"}, {1, 'c', 1, 3, "rw"},  {1, 'c', 1, 7, "r"},
        {1, 'c', 1, 9, "r"},     {0, 'c', 1, 9, "rwm"}, {1, 'b', 1, 5, "rwm"},
    };
    static const struct barrer_device_rule allow[] = {{1, 'a', -1, -1, "rwm"}};
    struct barrer_resources_request request = {
        .size = sizeof(request), .id = "devices", .devices = rules, .n_devices = 7};
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct fake_host fake;
    void *self, *later;
    int r;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    r = OPS->prepare(self, &request, &plan, &fake.error);
    if (r == -EPERM || r == -EINVAL) {
        skip("device filter", fake.error.text);
    } else {
        ok(r == 0, "prepare with device rules");
        is_number(WEXITSTATUS(reap(spawn(plan.cgroup_fd, open_devices))), 4 | 8 | 16,
                  "the rules hold, per kind of access");
        later = open_plugin(&fake);
        request.devices = allow;
        request.n_devices = 1;
        ok(OPS->update(later, &request, &fake.error) == 0, "update with other rules");
        is_number(WEXITSTATUS(reap(spawn(plan.cgroup_fd, open_devices))), 0,
                  "replaces the old ones");
        test_rule_lists(later, &fake, plan.cgroup_fd);
        close_plugin(later);
    }
    (void)OPS->release(self, &fake.error);
    close_plugin(self);
    fake_host_fini(&fake);
}

static int grow(void)
{
    for (;;) {
        char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
            return 1;
        memset(p, 1, 1 << 20);
    }
}

static void test_events(void)
{
    struct barrer_resources_request request = {.size = sizeof(request), .id = "events"};
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct fake_host fake;
    struct pollfd change = {.events = POLLIN | POLLPRI};
    uint64_t oom = 0;
    int with_memory = has("memory"), status, alive = 1;
    void *self, *later;
    pid_t pid;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    if (with_memory)
        request.memory.limit = request.memory.swap = (struct barrer_number)SET(16777216);
    ok(OPS->prepare(self, &request, &plan, &fake.error) == 0, "prepare");
    pid = spawn(plan.cgroup_fd, NULL);
    later = open_plugin(&fake);
    change.fd = OPS->open_events(later, &fake.error);
    ok(change.fd >= 0, "open_events");
    /* The kernel tells of the process that has just begun when it gets to it: that may be now. */
    ok(OPS->read_events(later, change.fd, &oom, &fake.error) == 1 && oom == 0, "nor is there news");
    if (with_memory) {
        status = reap(spawn(plan.cgroup_fd, grow));
        ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a process needs too much memory");
        ok(poll(&change, 1, 5000) == 1, "which wakes the poller");
        ok(OPS->read_events(later, change.fd, &oom, &fake.error) == 1 && oom == 1,
           "and is counted");
        ok(OPS->read_events(later, change.fd, &oom, &fake.error) == 1 && oom == 1, "once");
    } else {
        skip("out of memory", "the mount does not offer the memory controller");
    }
    (void)kill(pid, SIGKILL);
    (void)reap(pid);
    while (alive > 0 && poll(&change, 1, 5000) == 1)
        alive = OPS->read_events(later, change.fd, &oom, &fake.error);
    ok(alive == 0, "the end of the last process is told");
    (void)close(change.fd);
    (void)OPS->release(later, &fake.error);
    close_plugin(later);
    close_plugin(self);
    fake_host_fini(&fake);
}

/* Use 40 ms of processor time. */
static int spin(void)
{
    while (clock() < CLOCKS_PER_SEC / 25)
        ;
    return 0;
}

/* Have a megabyte, and stop: whoever waits for that knows that it is charged. */
static int hold(void)
{
    static volatile char room[1 << 20];

    for (size_t at = 0; at < sizeof(room); at += 512)
        room[at] = 1;
    (void)kill(getpid(), SIGSTOP);
    while (pause() < 0)
        ;
    return 0;
}

static void test_update(void)
{
    struct barrer_resources_request request = {.size = sizeof(request), .id = "update"};
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct barrer_stats stats = {.size = sizeof(stats)};
    struct fake_host fake;
    void *self, *later;
    pid_t pid;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    ok(OPS->prepare(self, &request, &plan, &fake.error) == 0, "prepare");
    pid = spawn(plan.cgroup_fd, hold);
    (void)waitpid(pid, NULL, WUNTRACED);
    later = open_plugin(&fake);
    if (has("pids") && has("memory") && has("cpu")) {
        request.pids_limit = (struct barrer_number)SET(9);
        request.memory.limit = (struct barrer_number)SET(50331648);
        request.cpu.quota = (struct barrer_number)SET(30000);
        request.cpu.burst = (struct barrer_number)SET(10000);
        ok(OPS->update(later, &request, &fake.error) == 0, "update");
        is_text(read_file(group_file(&fake, "pids.max")), "9", "pids.max");
        is_text(read_file(group_file(&fake, "memory.max")), "50331648", "memory.max");
        is_text(read_file(group_file(&fake, "cpu.max")), "30000 100000", "cpu.max");
        ok(OPS->stats(later, &stats, &fake.error) == 0, "stats");
        is_number((long long)stats.pids_current, 1, "one process");
        is_number((long long)stats.pids_limit, 9, "of nine");
        is_number((long long)stats.memory_limit, 50331648, "the limit of memory");
        ok(stats.memory_usage > 0 && stats.n_memory_raw > 10, "memory in use");
        request.cpu = (struct barrer_cpu){.period = SET(200000)};
        ok(OPS->update(later, &request, &fake.error) == 0, "update of the period");
        is_text(read_file(group_file(&fake, "cpu.max")), "30000 200000", "keeps the quota");
        request.memory.limit.value = 1;
        request.memory.check_before_update = (struct barrer_number)SET(1);
        ok(OPS->update(later, &request, &fake.error) == -EBUSY &&
               strstr(fake.error.text, "in use") != NULL,
           "checkBeforeUpdate refuses less than is in use");
    } else {
        skip("update", "the mount does not offer the controllers");
        ok(OPS->stats(later, &stats, &fake.error) == 0, "stats without controllers");
    }
    (void)reap(spawn(plan.cgroup_fd, spin));
    ok(OPS->stats(later, &stats, &fake.error) == 0 && stats.cpu_usage >= 20000000, "cpu time");
    (void)OPS->release(later, &fake.error);
    (void)reap(pid);
    close_plugin(later);
    close_plugin(self);
    fake_host_fini(&fake);
}

/* A container that makes groups of its own and passes a controller on. */
static void test_inner_node(void)
{
    struct barrer_resources_request request = {.size = sizeof(request), .id = "inner"};
    static const struct barrer_hugepage_limit huge = {"2MB", 4194304};
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    const char *controller = has("pids") ? "pids" : "hugetlb";
    char text[64];
    struct fake_host fake;
    void *self;
    pid_t first, second;
    int n = 0;

    if (!has(controller)) {
        skip("inner node", "the mount offers no controller to pass on");
        return;
    }
    fake_host_init(&fake);
    self = open_plugin(&fake);
    request.hugepage_limits = &huge;
    request.n_hugepage_limits = has("pids") ? 0 : 1;
    ok(OPS->prepare(self, &request, &plan, &fake.error) == 0, "prepare");
    first = spawn(plan.cgroup_fd, NULL);
    (void)mkdir(group_file(&fake, "init"), 0755);
    (void)snprintf(text, sizeof(text), "%d", first);
    (void)write_file(group_file(&fake, "init/cgroup.procs"), text);
    (void)snprintf(text, sizeof(text), "+%s", controller);
    ok(write_file(group_file(&fake, "cgroup.subtree_control"), text) == 0,
       "the container passes a controller on");
    ok(OPS->join(self, NULL, &plan, &fake.error) == 0, "join");
    second = spawn(plan.cgroup_fd, NULL);
    ok(second > 0, "a process is cloned into the first one's group");
    (void)snprintf(text, sizeof(text), "%d", second);
    ok(has_line(group_file(&fake, "init/cgroup.procs"), text), "it is in there");
    ok(OPS->processes(self, count, &n, &fake.error) == 0 && n == 2, "both are listed");
    ok(OPS->release(self, &fake.error) == 0, "release");
    (void)reap(first);
    if (second > 0)
        (void)reap(second);
    close_plugin(self);
    fake_host_fini(&fake);
}

/* Without rights: what runs as another user, in a child, since there is no way back. */
static int run_as_nobody(int (*function)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(99);
        _exit(function());
    }
    return WEXITSTATUS(reap(pid));
}

static int prepare_undelegated(void)
{
    struct barrer_resources_request request = {
        .size = sizeof(request), .id = "rootless", .flags = BARRER_RESOURCES_ROOTLESS};
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct fake_host fake;
    void *self;
    int result = 0;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    if (OPS->prepare(self, &request, &plan, &fake.error) < 0 || plan.cgroup_fd != -1 ||
        plan.n_views != 0 || fake_host_fact(&fake, "path") != NULL)
        result |= 1;
    request.pids_limit = (struct barrer_number)SET(5);
    if (OPS->prepare(self, &request, &plan, &fake.error) != -EACCES)
        result |= 2;
    close_plugin(self);
    fake_host_fini(&fake);
    return result;
}

static int prepare_delegated(void)
{
    struct barrer_resources_request request = {
        .size = sizeof(request), .id = "rootless", .flags = BARRER_RESOURCES_ROOTLESS};
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct fake_host fake;
    char wanted[512];
    void *self;
    pid_t pid;
    int result = 0;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    (void)snprintf(wanted, sizeof(wanted), "%s/%s/delegated/%s/rootless", mount_path, parent,
                   parent);
    if (OPS->prepare(self, &request, &plan, &fake.error) < 0 || plan.cgroup_fd < 0) {
        printf("# %s\n", fake.error.text);
        return 1;
    }
    if (strcmp(wanted, fake_host_fact(&fake, "path")) != 0)
        result |= 2;
    pid = spawn(plan.cgroup_fd, NULL);
    if (pid < 0 || OPS->release(self, &fake.error) < 0 || WTERMSIG(reap(pid)) != SIGKILL ||
        exists(wanted))
        result |= 4;
    (void)snprintf(wanted, sizeof(wanted), "%s/%s/delegated/%s", mount_path, parent, parent);
    (void)rmdir(wanted);
    close_plugin(self);
    fake_host_fini(&fake);
    return result;
}

/* As systemd delegates a part of the tree to a user, whose shell lives in a group of its own. */
static void test_rootless(void)
{
    static const char *const files[] = {"", "/cgroup.procs", "/cgroup.subtree_control"};
    char delegated[256], path[512], text[16];
    pid_t pid;

    is_number(run_as_nobody(prepare_undelegated), 0,
              "nothing delegated: no cgroup and no fact, or an error when limits are asked");
    (void)snprintf(path, sizeof(path), "%s/%s", mount_path, parent);
    (void)mkdir(path, 0755);
    (void)snprintf(delegated, sizeof(delegated), "%s/%s/delegated", mount_path, parent);
    (void)mkdir(delegated, 0755);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof(path), "%s%s", delegated, files[i]);
        if (chown(path, 65534, 65534) < 0)
            printf("# chown %s failed\n", path);
    }
    (void)snprintf(path, sizeof(path), "%s/shell", delegated);
    (void)mkdir(path, 0755);
    pid = fork();
    if (pid == 0) {
        (void)snprintf(path, sizeof(path), "%s/shell/cgroup.procs", delegated);
        (void)snprintf(text, sizeof(text), "%d", (int)getpid());
        if (write_file(path, text) < 0)
            _exit(98);
        _exit(run_as_nobody(prepare_delegated));
    }
    is_number(WEXITSTATUS(reap(pid)), 0, "a delegated tree: a group beside the caller's");
    (void)rmdir(path);
    (void)rmdir(delegated);
}

/* The kernel lets no group both hold processes and pass controllers on. */
static void test_internal_process(void)
{
    static const struct barrer_hugepage_limit huge = {"2MB", 4194304};
    struct barrer_resources_request request = {.size = sizeof(request), .id = "blocked"};
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct fake_host fake;
    char inner[256], path[512], below[512], text[16];
    void *self;
    pid_t pid;

    if (!has("hugetlb")) {
        skip("internal process", "the mount does not offer the controller");
        return;
    }
    (void)snprintf(path, sizeof(path), "%s/%s", mount_path, parent);
    (void)mkdir(path, 0755);
    (void)snprintf(inner, sizeof(inner), "%s/%s/inner", mount_path, parent);
    (void)mkdir(inner, 0755);
    pid = spawn(-1, NULL);
    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", inner);
    (void)snprintf(text, sizeof(text), "%d", pid);
    ok(write_file(path, text) == 0, "a process in a group");
    (void)snprintf(below, sizeof(below), "/%s/inner/blocked", parent);
    request.path = below;
    request.hugepage_limits = &huge;
    request.n_hugepage_limits = 1;
    fake_host_init(&fake);
    self = open_plugin(&fake);
    ok(OPS->prepare(self, &request, &plan, &fake.error) == -EBUSY &&
           strstr(fake.error.text, inner) != NULL,
       "a limit below it is an error that names it");
    printf("# %s\n", fake.error.text);
    (void)OPS->release(self, &fake.error);
    request.n_hugepage_limits = 0;
    ok(OPS->prepare(self, &request, &plan, &fake.error) == 0, "without limits it works");
    (void)OPS->release(self, &fake.error);
    (void)kill(pid, SIGKILL);
    (void)reap(pid);
    ok(rmdir(inner) == 0, "nothing is left");
    close_plugin(self);
    fake_host_fini(&fake);
}

static int is_cgroup2(const char *path)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* A cgroup v2 mount; 0 where there is none to be had. */
static int set_up(void)
{
    char path[256];

    if (!is_cgroup2(mount_path)) {
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mkdtemp(folder) == NULL)
            return 0;
        (void)snprintf(mount_path, sizeof(mount_path), "%s", folder);
        if (mount("cgroup2", mount_path, "cgroup2", 0, NULL) < 0) {
            (void)rmdir(folder);
            return 0;
        }
    }
    (void)snprintf(parent, sizeof(parent), "barrer-test-%d", (int)getpid());
    (void)snprintf(path, sizeof(path), "%s/cgroup.controllers", mount_path);
    if (barrer_read_at(AT_FDCWD, path, controllers, sizeof(controllers)) < 0)
        controllers[0] = '\0';
    return 1;
}

static void clean_up(void)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", mount_path, parent);
    ok(rmdir(path) == 0, "nothing is left below the parent");
    if (strcmp(mount_path, folder) == 0) {
        (void)umount2(folder, MNT_DETACH);
        (void)rmdir(folder);
    }
}

static void test_probe(void)
{
    struct fake_host fake;
    struct barrer_pair other[] = {{"mount", "/proc"}, {NULL, NULL}};
    void *self;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    ok(OPS->probe(self, &fake.error) == 1, "probe finds cgroup v2");
    fake.options = other;
    ok(OPS->probe(self, &fake.error) == 0 && strstr(fake.error.text, "\"/proc\"") != NULL,
       "and says what else it finds");
    close_plugin(self);
    fake_host_fini(&fake);
}

int main(void)
{
    test_weights();
    if (geteuid() != 0 || !set_up()) {
        skip("everything else", "needs root and cgroup v2");
        return tap_done();
    }
    test_probe();
    test_life();
    test_foreign();
    test_limits();
    test_io();
    test_refusals();
    test_devices();
    test_events();
    test_update();
    test_inner_node();
    test_internal_process();
    test_rootless();
    clean_up();
    return tap_done();
}
