/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin cgroup1 against the kernel, in groups below this process's own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../plugins/cgroup1/cgroup1.h"
#include "fake_host.h"
#include "tap.h"

extern const struct barrer_plugin cgroup1_LTX_barrer;
#define OPS ((const struct barrer_resources_ops *)cgroup1_LTX_barrer.ops)

static char parent[64];
static struct barrer_pair options[] = {{"mount", "/sys/fs/cgroup"},
                                       {"parent", parent},
                                       {"controllers", "accounting"},
                                       {"timeout", "10000"},
                                       {NULL, NULL}};
static char own[4096]; /* /proc/self/cgroup as it was at first */

static void *open_plugin(struct fake_host *fake)
{
    void *self = NULL;

    fake->options = options;
    return cgroup1_LTX_barrer.open(&fake->host, &self, &fake->error) == 0 ? self : NULL;
}

static void close_plugin(void *self)
{
    cgroup1_LTX_barrer.close(self);
}

/* The path of the container's group in the hierarchy of CONTROLLER, from the facts. */
static const char *group_file(const struct fake_host *fake, const char *controller,
                              const char *file)
{
    static char path[4096];
    const char *groups = fake_host_fact(fake, "groups");
    size_t length = strlen(controller);

    for (const char *p = groups; p != NULL && *p != '\0'; p = strchr(p, '\n') + 1) {
        const char *end = p + strcspn(p, " ");

        for (const char *word = p; word < end; word += strcspn(word, ", ") + 1)
            if (strncmp(word, controller, length) == 0 && strchr(", ", word[length]) != NULL) {
                (void)snprintf(path, sizeof(path), "%.*s/%s", (int)strcspn(end + 1, "\n"), end + 1,
                               file);
                return path;
            }
    }
    return NULL;
}

static const char *read_file(const char *path)
{
    static char text[8192];
    ssize_t n = path == NULL ? -ENOENT : barrer_read_at(AT_FDCWD, path, text, sizeof(text));

    if (n < 0)
        return strerror((int)-n);
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = '\0';
    return text;
}

static int exists(const char *path)
{
    return path != NULL && access(path, F_OK) == 0;
}

static pid_t spawn(int (*function)(void))
{
    pid_t pid = fork();

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

/* prepare, clone and attach, as the core does it. */
static pid_t start(void *self, struct fake_host *fake,
                   const struct barrer_resources_request *request,
                   struct barrer_resources_plan *plan, int (*function)(void))
{
    struct barrer_target target = {.size = sizeof(target), .pidfd = -1};
    int gate[2], r;
    char byte;

    r = OPS->prepare(self, request, plan, &fake->error);
    if (!ok(r == 0, "prepare")) {
        printf("# %s\n", fake->error.text);
        return -1;
    }
    if (pipe(gate) < 0)
        return -1;
    target.pid = fork();
    if (target.pid == 0) {
        (void)close(gate[1]);
        r = (int)read(gate[0], &byte, 1);
        if (function != NULL)
            _exit(function());
        for (;;)
            (void)pause();
    }
    (void)close(gate[0]);
    r = OPS->attach(self, &target, &fake->error);
    if (!ok(r == 0, "attach"))
        printf("# %s\n", fake->error.text);
    (void)close(gate[1]);
    is_text(read_file("/proc/self/cgroup"), own, "the caller is where it was before");
    return target.pid;
}

/* A process into a container that is there. */
static pid_t run_in(void *self, struct fake_host *fake, const char *path, int (*function)(void))
{
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct barrer_target target = {.size = sizeof(target), .pidfd = -1};
    pid_t pid;

    if (OPS->join(self, path, &plan, &fake->error) < 0) {
        printf("# %s\n", fake->error.text);
        return -1;
    }
    target.pid = pid = spawn(function);
    if (OPS->attach(self, &target, &fake->error) < 0)
        printf("# %s\n", fake->error.text);
    return pid;
}

static int is_in(pid_t pid, const char *controller, const char *wanted)
{
    char path[64];
    const char *text, *line;

    (void)snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
    text = read_file(path);
    (void)snprintf(path, sizeof(path), ":%s:", controller);
    line = strstr(text, path);
    return line != NULL && strstr(line, wanted) != NULL &&
           strstr(line, wanted) < line + strcspn(line, "\n");
}

static void test_life(void)
{
    struct fake_host fake;
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct barrer_resources_request request = {.size = sizeof(request), .id = "life"};
    struct barrer_stats stats = {.size = sizeof(stats)};
    void *self, *later;
    int n = 0, status;
    pid_t pid, second;
    char text[128];

    fake_host_init(&fake);
    self = open_plugin(&fake);
    ok(OPS->probe(self, &fake.error) == 1, "probe finds cgroup v1");
    pid = start(self, &fake, &request, &plan, NULL);
    ok(is_in(pid, "freezer", "/life"), "the process is in the group of the freezer");
    ok(is_in(pid, "memory", "/life"), "and of memory");
    ok(!is_in(pid, "blkio", "/life"), "not in one that nothing was asked of");
    ok(plan.n_views >= 3, "the plan has views");
    later = open_plugin(&fake);
    ok(OPS->processes(later, count, &n, &fake.error) == 0 && n == 1, "a later process lists it");
    ok(OPS->pause(later, &fake.error) == 0, "pause");
    is_text(read_file(plan.paused_file), plan.paused_line, "the plan's file says so");
    (void)kill(pid, SIGTERM);
    ok(waitpid(pid, &status, WNOHANG) == 0, "a frozen process does not act on a signal");
    ok(OPS->resume(later, &fake.error) == 0, "resume");
    status = reap(pid);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "a thawed one does");

    pid = run_in(later, &fake, NULL, NULL);
    ok(is_in(pid, "freezer", "/life") && is_in(pid, "memory", "/life"),
       "exec puts a process in");
    is_text(read_file("/proc/self/cgroup"), own, "and the caller back");
    ok(OPS->join(later, "a/../../b", &plan, &fake.error) == -EPERM, "join refuses to lead out");
    ok(OPS->join(later, "none", &plan, &fake.error) == -ENOENT, "join of a sub-group that is not");
    (void)mkdir(group_file(&fake, "freezer", "sub"), 0755);
    (void)snprintf(text, sizeof(text), "%d", pid);
    second = spawn(NULL);
    (void)snprintf(text, sizeof(text), "%d", second);
    ok(barrer_write_at(AT_FDCWD, group_file(&fake, "freezer", "sub/cgroup.procs"), text) == 0,
       "a process in a sub-group");
    n = 0;
    ok(OPS->processes(later, count, &n, &fake.error) == 0 && n == 2, "sub-groups are listed too");
    ok(OPS->stats(later, &stats, &fake.error) == 0 && stats.pids_current == 1 &&
           stats.memory_limit > 0 && stats.n_memory_raw > 10,
       "stats");
    ok(OPS->kill(later, SIGTERM, &fake.error) == 0, "kill");
    status = reap(pid);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "reaches the group");
    status = reap(second);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "and its sub-groups");

    pid = run_in(later, &fake, NULL, NULL);
    ok(OPS->pause(later, &fake.error) == 0 && OPS->kill(later, SIGKILL, &fake.error) == 0,
       "kill a paused group with SIGKILL");
    status = reap(pid);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "ends the process");
    pid = run_in(later, &fake, NULL, NULL);
    close_plugin(later);
    later = open_plugin(&fake);
    ok(OPS->release(later, &fake.error) == 0, "release with a process and a sub-group left");
    status = reap(pid);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "ends the process");
    ok(!exists(group_file(&fake, "freezer", "")) && !exists(group_file(&fake, "memory", "")),
       "the groups are gone");
    ok(OPS->release(later, &fake.error) == 0, "release again");
    n = 0;
    ok(OPS->processes(later, count, &n, &fake.error) == 0 && n == 0, "nobody is left");
    ok(OPS->pause(later, &fake.error) < 0, "what is gone cannot be paused");
    close_plugin(later);
    close_plugin(self);
    fake_host_fini(&fake);
}

/* An error between prepare and attach: the core releases, perhaps with a new instance. */
static void test_interrupted(void)
{
    struct fake_host fake;
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct barrer_resources_request request = {.size = sizeof(request), .id = "interrupted"};
    void *self, *later;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    ok(OPS->prepare(self, &request, &plan, &fake.error) == 0, "prepare");
    ok(OPS->release(self, &fake.error) == 0, "release before attach, same instance");
    is_text(read_file("/proc/self/cgroup"), own, "the caller is where it was before");
    ok(OPS->prepare(self, &request, &plan, &fake.error) == 0, "prepare");
    later = open_plugin(&fake);
    ok(OPS->release(later, &fake.error) == 0, "release before attach, new instance");
    ok(!exists(group_file(&fake, "freezer", "")), "the group is gone, the caller alive");
    ok(!is_in(getpid(), "freezer", "/interrupted"), "and outside of it");
    (void)OPS->release(self, &fake.error); /* takes this test back to its first groups */
    close_plugin(later);
    close_plugin(self);
    fake_host_fini(&fake);
}

static void test_foreign(void)
{
    struct fake_host fake, other;
    struct barrer_resources_plan plan = {.size = sizeof(plan)}, second = {.size = sizeof(plan)};
    struct barrer_resources_request request = {
        .size = sizeof(request), .id = "same", .path = "given"};
    void *self, *foreign;
    pid_t pid, another;

    fake_host_init(&fake);
    fake_host_init(&other);
    self = open_plugin(&fake);
    foreign = open_plugin(&other);
    pid = start(self, &fake, &request, &plan, NULL);
    ok(OPS->prepare(foreign, &request, &second, &other.error) == -EBUSY,
       "a group with processes is refused");
    ok(OPS->release(foreign, &other.error) == 0 && waitpid(pid, NULL, WNOHANG) == 0 &&
           exists(group_file(&fake, "freezer", "")),
       "which leaves them alone");
    close_plugin(foreign);
    foreign = open_plugin(&other);
    request.path = NULL;
    another = start(foreign, &other, &request, &second, NULL);
    close_plugin(self);
    (void)kill(pid, SIGKILL);
    (void)reap(pid);
    self = open_plugin(&fake);
    (void)OPS->release(self, &fake.error);
    close_plugin(self);
    self = open_plugin(&fake);
    pid = start(self, &fake, &request, &plan, NULL);
    ok(is_in(pid, "freezer", "/same-2"),
       "the same id of another state root gets another name");
    (void)OPS->release(self, &fake.error);
    (void)OPS->release(foreign, &other.error);
    (void)reap(pid);
    (void)reap(another);
    close_plugin(self);
    close_plugin(foreign);
    request.path = "../x";
    self = open_plugin(&fake);
    ok(OPS->prepare(self, &request, &plan, &fake.error) < 0, "\"..\" is refused");
    close_plugin(self);
    fake_host_fini(&fake);
    fake_host_fini(&other);
}

static void limit(const char *controller, const struct barrer_resources_request *asked,
                  const char *file, const char *wanted)
{
    struct fake_host fake;
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct barrer_resources_request request = *asked;
    char what[256], line[64];
    void *self;
    pid_t pid;

    (void)snprintf(what, sizeof(what), "%s is \"%s\"", file, wanted);
    (void)snprintf(line, sizeof(line), ":%s:", controller);
    if (strstr(own, line) == NULL) {
        skip(what, "the host has no such v1 hierarchy");
        return;
    }
    fake_host_init(&fake);
    self = open_plugin(&fake);
    request.size = sizeof(request);
    request.id = "limit";
    pid = start(self, &fake, &request, &plan, NULL);
    is_text(read_file(group_file(&fake, controller, file)), wanted, what);
    (void)OPS->release(self, &fake.error);
    (void)reap(pid);
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
    static const struct barrer_network_priority lo = {"lo", 3};

    limit("cpu", ASK(.cpu.shares = SET(512)), "cpu.shares", "512");
    limit("cpu", ASK(.cpu.quota = SET(50000), .cpu.burst = SET(20000)), "cpu.cfs_quota_us",
          "50000");
    limit("cpu", ASK(.cpu.quota = SET(50000), .cpu.burst = SET(20000)), "cpu.cfs_burst_us",
          "20000");
    limit("cpu", ASK(.cpu.quota = SET(200000), .cpu.period = SET(50000)), "cpu.cfs_period_us",
          "50000");
    limit("cpuset", ASK(.cpu.cpus = "0"), "cpuset.cpus", "0");
    limit("cpuset", ASK(.cpu.cpus = "0"), "cpuset.mems", "0");
    limit("memory", ASK(.memory.limit = SET(33554432)), "memory.limit_in_bytes", "33554432");
    limit("memory", ASK(.memory.limit = SET(33554432), .memory.swap = SET(50331648)),
          "memory.memsw.limit_in_bytes", "50331648");
    limit("memory", ASK(.memory.reservation = SET(16777216)), "memory.soft_limit_in_bytes",
          "16777216");
    limit("memory", ASK(.memory.swappiness = SET(10)), "memory.swappiness", "10");
    limit("pids", ASK(.pids_limit = SET(1)), "pids.max", "1");
    limit("pids", ASK(.pids_limit = SET(-1)), "pids.max", "max");
    limit("hugetlb", ASK(.hugepage_limits = &huge, .n_hugepage_limits = 1),
          "hugetlb.2MB.limit_in_bytes", "4194304");
    limit("net_cls", ASK(.network_class_id = SET(1048577)), "net_cls.classid", "1048577");
    limit("net_prio", ASK(.network_priorities = &lo, .n_network_priorities = 1),
          "net_prio.ifpriomap", "lo 3");
}

static void test_update(void)
{
    struct barrer_resources_request request = {.size = sizeof(request), .id = "update"};
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct fake_host fake;
    void *self, *later;
    pid_t pid, second;

    fake_host_init(&fake);
    self = open_plugin(&fake);
    request.memory.limit = request.memory.swap = (struct barrer_number)SET(33554432);
    request.pids_limit = (struct barrer_number)SET(2);
    pid = start(self, &fake, &request, &plan, NULL);
    later = open_plugin(&fake);
    second = run_in(later, &fake, NULL, NULL);
    ok(second > 0 && is_in(second, "pids", "/update"), "exec takes the last free process");
    request.memory.limit = request.memory.swap = (struct barrer_number)SET(67108864);
    ok(OPS->update(later, &request, &fake.error) == 0, "update to more memory and swap");
    is_text(read_file(group_file(&fake, "memory", "memory.limit_in_bytes")), "67108864",
            "memory.limit_in_bytes");
    request.memory.limit = request.memory.swap = (struct barrer_number)SET(33554432);
    ok(OPS->update(later, &request, &fake.error) == 0, "and to less");
    request.memory.limit = request.memory.swap = (struct barrer_number)SET(1);
    request.memory.check_before_update = (struct barrer_number)SET(1);
    ok(OPS->update(later, &request, &fake.error) < 0, "checkBeforeUpdate refuses too little");
    printf("# %s\n", fake.error.text);
    request = (struct barrer_resources_request){.size = sizeof(request)};
    request.cpu.shares = (struct barrer_number)SET(512);
    request.devices = &(const struct barrer_device_rule){0, 'c', 1, 7, "rw"};
    request.n_devices = 1;
    ok(OPS->update(later, &request, &fake.error) == 0,
       "a limit of a controller that the container has no group of");
    is_text(read_file(group_file(&fake, "cpu", "cpu.shares")), "512", "cpu.shares");
    ok(is_in(pid, "cpu", "/update") && is_in(second, "cpu", "/update"),
       "moves its processes to a new one");
    ok(is_in(pid, "devices", "/update"), "rules for devices do so too");
    close_plugin(later);
    later = open_plugin(&fake);
    (void)OPS->release(later, &fake.error);
    ok(!exists(group_file(&fake, "cpu", "")), "which release removes");
    (void)reap(pid);
    (void)reap(second);
    close_plugin(later);
    close_plugin(self);
    fake_host_fini(&fake);
}

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

static void test_devices(void)
{
    static const struct barrer_device_rule rules[] = {
        {1, 'c', 1, 5, "rwm"}, /* without effect: before the rule about everything */
        {0, 'a', -1, -1, "rwm"}, {1, 'a', -1, -1, "m"}, {1, 'c', 1, 3, "rw"},  {1, 'c', 1, 7, "r"},
        {1, 'c', 1, 9, "r"},     {0, 'c', 1, 9, "rwm"}, {1, 'b', 1, 5, "rwm"},
    };
    static const struct barrer_device_rule allow[] = {{1, 'a', -1, -1, "rwm"}};
    struct barrer_resources_request request = {
        .size = sizeof(request), .id = "devices", .devices = rules, .n_devices = 8};
    struct barrer_resources_plan plan = {.size = sizeof(plan)};
    struct fake_host fake;
    void *self, *later;

    if (strstr(own, ":devices:") == NULL) {
        skip("devices", "the host has no such v1 hierarchy");
        return;
    }
    fake_host_init(&fake);
    self = open_plugin(&fake);
    is_number(WEXITSTATUS(reap(start(self, &fake, &request, &plan, open_devices))), 4 | 8 | 16,
              "device rules hold, per kind of access");
    later = open_plugin(&fake);
    request.devices = allow;
    request.n_devices = 1;
    ok(OPS->update(later, &request, &fake.error) == 0, "update with other rules");
    is_number(WEXITSTATUS(reap(run_in(later, &fake, NULL, open_devices))), 0,
              "replaces the old ones");
    (void)OPS->release(later, &fake.error);
    close_plugin(later);
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
    int status;
    void *self, *later;
    pid_t pid;

    if (strstr(own, ":memory:") == NULL) {
        skip("out of memory", "the host has no such v1 hierarchy");
        return;
    }
    fake_host_init(&fake);
    self = open_plugin(&fake);
    request.memory.limit = request.memory.swap = (struct barrer_number)SET(16777216);
    pid = start(self, &fake, &request, &plan, NULL);
    later = open_plugin(&fake);
    change.fd = OPS->open_events(later, &fake.error);
    if (!ok(change.fd >= 0, "open_events"))
        printf("# %s\n", fake.error.text);
    ok(poll(&change, 1, 0) == 0, "nothing has happened yet");
    ok(OPS->read_events(later, change.fd, &oom, &fake.error) == 1 && oom == 0, "nor is there news");
    status = reap(run_in(later, &fake, NULL, grow));
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a process needs too much memory");
    ok(poll(&change, 1, 5000) == 1, "which wakes the poller");
    ok(OPS->read_events(later, change.fd, &oom, &fake.error) == 1 && oom >= 1, "and is counted");
    close_plugin(self);
    self = open_plugin(&fake);
    ok(OPS->release(self, &fake.error) == 0, "release");
    (void)reap(pid);
    oom = 0;
    ok(poll(&change, 1, 5000) == 1 && OPS->read_events(later, change.fd, &oom, &fake.error) == 0 &&
           oom == 0,
       "the end of the group is told");
    (void)close(change.fd);
    close_plugin(later);
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
        plan.n_views != 0 || fake_host_fact(&fake, "groups") != NULL)
        result |= 1;
    request.pids_limit = (struct barrer_number)SET(5);
    if (OPS->prepare(self, &request, &plan, &fake.error) != -EACCES)
        result |= 2;
    close_plugin(self);
    fake_host_fini(&fake);
    return result;
}

static void test_rootless(void)
{
    is_number(run_as_nobody(prepare_undelegated), 0,
              "nothing writable: no cgroup and no fact, or an error when limits are asked");
}

/* Remove the folder that held the groups, in all hierarchies. */
static void clean_up(void)
{
    char text[4096], path[4400];
    char *state = NULL;
    int left = 0;

    (void)snprintf(text, sizeof(text), "%s", own);
    for (char *line = strtok_r(text, "\n", &state); line != NULL;
         line = strtok_r(NULL, "\n", &state)) {
        const char *controllers = strchr(line, ':') + 1, *at = strchr(controllers, ':') + 1;

        if (strncmp(controllers, "name=", 5) == 0)
            controllers += 5;
        (void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%.*s%s/%s",
                       (int)strcspn(controllers, ":"), controllers, at, parent);
        if (rmdir(path) < 0 && errno != ENOENT)
            left++;
    }
    is_number(left, 0, "nothing is left below the parent");
}

int main(void)
{
    (void)snprintf(own, sizeof(own), "%s", read_file("/proc/self/cgroup"));
    if (geteuid() != 0 || strstr(own, ":freezer:") == NULL ||
        access("/sys/fs/cgroup/freezer/cgroup.procs", W_OK) < 0) {
        skip("cgroup v1", "needs root and the v1 hierarchies");
        return tap_done();
    }
    (void)snprintf(parent, sizeof(parent), "barrer-test-%d", (int)getpid());
    test_life();
    test_interrupted();
    test_foreign();
    test_limits();
    test_update();
    test_devices();
    test_events();
    test_rootless();
    clean_up();
    return tap_done();
}
