/* SPDX-License-Identifier: Apache-2.0
 *
 * The id maps that the plugin "namespace" writes, as the kernel shows them afterwards: as root,
 * as a user without privileges alone, and through newuidmap(1) and newgidmap(1).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/isolation.h>
#include <barrer/util.h>

#include "fake_host.h"
#include "tap.h"

extern const struct barrer_plugin namespace_LTX_barrer;
#define PLUGIN namespace_LTX_barrer

/* Of the user "nobody", which every Debian has in /etc/passwd. */
#define NOBODY 65534

static const struct barrer_pair defaults[] = {
    {"loopback", "yes"},
    {"newuidmap", "/usr/bin/newuidmap"},
    {"newgidmap", "/usr/bin/newgidmap"},
    {NULL, NULL},
};
static const struct barrer_namespace own_user = {CLONE_NEWUSER, NULL};

/* The process of a container that waits for its maps. */
static pid_t start_waiting(int *ret_pidfd)
{
    struct clone_args args = {.flags = CLONE_NEWUSER | CLONE_PIDFD,
                              .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
                              .exit_signal = SIGCHLD};
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0)
        for (;;)
            (void)pause();
    return pid;
}

/* A file below /proc/PID, each run of white space as one blank. */
static const char *read_proc(pid_t pid, const char *name)
{
    static char text[4096];
    char path[64], *out = text;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    if (barrer_read_at(AT_FDCWD, path, text, sizeof(text)) < 0)
        return "(unreadable)";
    for (const char *in = text + strspn(text, " \n"); *in != '\0'; in += strspn(in, " \n")) {
        size_t n = strcspn(in, " \n");

        memmove(out, in, n);
        out[n] = ' ';
        out += n + 1;
        in += n;
    }
    if (out > text)
        out--;
    *out = '\0';
    return text;
}

struct maps {
    const struct barrer_id_map *lines;
    size_t n;
};

/* prepare and attach with the same maps for users and groups; then hand over to LOOK. */
static void map_and_look(const struct barrer_pair *options, uint32_t flags, struct maps uids,
                         struct maps gids, void (*look)(pid_t pid, int r, const char *message))
{
    struct barrer_isolation_request request = {.size = sizeof(request),
                                               .flags = flags,
                                               .namespaces = &own_user,
                                               .n_namespaces = 1,
                                               .uid_maps = uids.lines,
                                               .n_uid_maps = uids.n,
                                               .gid_maps = gids.lines,
                                               .n_gid_maps = gids.n};
    struct barrer_isolation_plan plan = {.size = sizeof(plan)};
    struct barrer_target target = {.size = sizeof(target), .pid = -1, .pidfd = -1};
    const struct barrer_isolation_ops *ops = PLUGIN.ops;
    struct fake_host fake;
    void *self;
    int r;

    fake_host_init(&fake);
    fake.options = options;
    (void)PLUGIN.open(&fake.host, &self, &fake.error);
    r = ops->prepare(self, &request, &plan, &fake.error);
    if (r == 0) {
        target.pid = start_waiting(&target.pidfd);
        r = ops->attach(self, &request, &target, &fake.error);
    }
    look(target.pid, r, fake.error.text);
    if (target.pid > 0) {
        (void)kill(target.pid, SIGKILL);
        (void)waitpid(target.pid, NULL, 0);
        (void)close(target.pidfd);
    }
    PLUGIN.close(self);
    fake_host_fini(&fake);
}

static const char *wanted_message;

static void look_message(pid_t pid, int r, const char *message)
{
    (void)pid;
    is_text(r < 0 ? message : "(accepted)", wanted_message, "refused with what to do");
}

static void look_root(pid_t pid, int r, const char *message)
{
    if (!ok(r == 0, "root writes the maps"))
        printf("# %s\n", message);
    is_text(read_proc(pid, "uid_map"), "0 100000 1000 1000 5000 1", "user ids, two ranges");
    is_text(read_proc(pid, "gid_map"), "0 200000 65536", "group ids, one range");
    is_text(read_proc(pid, "setgroups"), "allow", "setgroups stays allowed");
}

static void look_many(pid_t pid, int r, const char *message)
{
    const char *map = read_proc(pid, "uid_map");

    if (!ok(r == 0 && strncmp(map, "0 1000 1 2 1002 1 ", 18) == 0 &&
                strstr(map, " 198 1198 1") != NULL,
            "a hundred ranges"))
        printf("# %s\n# %s\n", message, map);
}

static void test_root(void)
{
    static const struct barrer_id_map uids[] = {{0, 100000, 1000}, {1000, 5000, 1}};
    static const struct barrer_id_map gids[] = {{0, 200000, 65536}};
    static struct barrer_id_map many[341];
    const struct barrer_id_map overlapping[] = {{0, 100000, 10}, {9, 200000, 1}};
    const struct barrer_id_map beyond[] = {{0, 4294967290u, 10}};

    for (uint32_t i = 0; i < 341; i++)
        many[i] = (struct barrer_id_map){2 * i, 1000 + 2 * i, 1};
    map_and_look(defaults, 0, (struct maps){uids, 2}, (struct maps){gids, 1}, look_root);
    map_and_look(defaults, 0, (struct maps){many, 100}, (struct maps){gids, 1}, look_many);

    wanted_message = "linux.uidMappings: a new user namespace needs at least one range of user ids "
                     "(linux.namespaces names \"user\" without a path)";
    map_and_look(defaults, 0, (struct maps){NULL, 0}, (struct maps){gids, 1}, look_message);
    wanted_message = "linux.gidMappings: 341 ranges are more than the kernel's limit of 340";
    map_and_look(defaults, 0, (struct maps){uids, 2}, (struct maps){many, 341}, look_message);
    wanted_message = "linux.uidMappings: the ranges 0 100000 10 and 9 200000 1 overlap";
    map_and_look(defaults, 0, (struct maps){overlapping, 2}, (struct maps){gids, 1}, look_message);
    wanted_message = "linux.uidMappings: the range 0 4294967290 10 is empty or leads beyond the "
                     "largest id";
    map_and_look(defaults, 0, (struct maps){beyond, 1}, (struct maps){gids, 1}, look_message);
}

static void look_alone(pid_t pid, int r, const char *message)
{
    if (!ok(r == 0, "a user maps itself without any program"))
        printf("# %s\n", message);
    is_text(read_proc(pid, "uid_map"), "0 65534 1", "its user id");
    is_text(read_proc(pid, "gid_map"), "0 65534 1", "its group id");
    is_text(read_proc(pid, "setgroups"), "deny", "setgroups is denied, as the kernel wants it");
}

static void look_programs(pid_t pid, int r, const char *message)
{
    if (!ok(r == 0, "more ids are mapped by newuidmap and newgidmap"))
        printf("# %s\n", message);
    is_text(read_proc(pid, "uid_map"), "0 65534 1 1 300000 1000", "user ids");
    is_text(read_proc(pid, "gid_map"), "0 65534 1 1 400000 1000", "group ids");
    is_text(read_proc(pid, "setgroups"), "allow", "setgroups stays allowed");
}

/* What the user "nobody" may map, in the mount namespace of this test alone. */
static int cover_file(const char *path, const char *text)
{
    char name[] = "/tmp/barrer-maps-XXXXXX";
    barrer_auto_fd int fd = mkstemp(name);
    int r;

    if (fd < 0 || fchmod(fd, 0644) < 0 || barrer_write_fd(fd, text) < 0)
        return -1;
    r = mount(name, path, NULL, MS_BIND, NULL);
    (void)unlink(name);
    return r;
}

static int become_nobody(void)
{
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return -1;
    /* Else /proc/PID of the children would belong to root. */
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void test_programs(void)
{
    static const struct barrer_id_map uids[] = {{0, NOBODY, 1}, {1, 300000, 1000}};
    static const struct barrer_id_map gids[] = {{0, NOBODY, 1}, {1, 400000, 1000}};
    static const struct barrer_id_map refused[] = {{0, NOBODY, 1}, {1, 500000, 7}};

    map_and_look(defaults, BARRER_ISOLATION_ROOTLESS, (struct maps){uids, 2},
                 (struct maps){gids, 2}, look_programs);
    wanted_message = "map the container's user ids: \"/usr/bin/newuidmap\" refused host ids 500000 "
                     "to 500006 (add the line \"65534:500000:7\" to /etc/subuid, and see that the "
                     "program is set-uid root)";
    map_and_look(defaults, BARRER_ISOLATION_ROOTLESS, (struct maps){refused, 2},
                 (struct maps){gids, 2}, look_message);
}

static void test_nobody(int is_covered)
{
    static const struct barrer_pair absent[] = {
        {"loopback", "yes"}, {"newuidmap", "/nowhere/newuidmap"}, {NULL, NULL}};
    static const struct barrer_id_map self[] = {{0, NOBODY, 1}};
    static const struct barrer_id_map more[] = {{0, 300000, 1000}};

    map_and_look(defaults, BARRER_ISOLATION_ROOTLESS, (struct maps){self, 1},
                 (struct maps){self, 1}, look_alone);
    wanted_message = "map the container's user ids by \"/nowhere/newuidmap\" (install the package "
                     "uidmap, or set newuidmap in the plugin's section): No such file or directory";
    map_and_look(absent, BARRER_ISOLATION_ROOTLESS, (struct maps){more, 1}, (struct maps){self, 1},
                 look_message);
    if (is_covered && access("/usr/bin/newuidmap", X_OK) == 0)
        test_programs();
    else
        skip("newuidmap and newgidmap", is_covered ? "no /usr/bin/newuidmap here"
                                                   : "cannot cover /etc/subuid and /etc/subgid");
}

int main(void)
{
    int is_covered;

    if (geteuid() != 0) {
        skip("id maps", "needs root");
        return tap_done();
    }
    test_root();
    is_covered = unshare(CLONE_NEWNS) == 0 &&
                 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                 cover_file("/etc/subuid", "nobody:300000:1000\n") == 0 &&
                 cover_file("/etc/subgid", "nobody:400000:1000\n") == 0;
    if (!ok(become_nobody() == 0, "become a user without privileges"))
        return tap_done();
    test_nobody(is_covered);
    return tap_done();
}
