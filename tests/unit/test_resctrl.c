/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin resctrl, in a folder that stands for the file system, since few machines have one:
 * what is made there gets the files that the kernel would make.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "../../plugins/resctrl/resctrl.h"
#include "../../plugins/resctrl/schemata.h"
#include "fake_host.h"
#include "tap.h"

extern const struct barrer_plugin resctrl_LTX_barrer;
#define OPS ((const struct barrer_resources_ops *)resctrl_LTX_barrer.ops)

static char mount_path[] = "/tmp/barrer-resctrl.XXXXXX";
static const struct barrer_pair options[] = {{"mount", mount_path}, {NULL, NULL}};
static long fs_type = RDTGROUP_SUPER_MAGIC;

/* What the linker calls for the plugin: see --wrap in local.mk. */
int __real_mkdirat(int dir_fd, const char *path, mode_t mode);
int __wrap_mkdirat(int dir_fd, const char *path, mode_t mode);
int __real_unlinkat(int dir_fd, const char *path, int flags);
int __wrap_unlinkat(int dir_fd, const char *path, int flags);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __real_openat(int dir_fd, const char *path, int flags, ...);
int __wrap_openat(int dir_fd, const char *path, int flags, ...);

int __wrap_fstatfs(int fd, struct statfs *fs)
{
    (void)fd;
    *fs = (struct statfs){.f_type = fs_type};
    return 0;
}

/* Lines that are written to the kernel's file add up, as here. */
int __wrap_openat(int dir_fd, const char *path, int flags, ...)
{
    if (strcmp(path, "schemata") == 0 && (flags & O_ACCMODE) == O_WRONLY)
        flags |= O_APPEND;
    return __real_openat(dir_fd, path, flags, 0600);
}

static void put(int dir_fd, const char *name, const char *text)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

    if (fd >= 0 && write(fd, text, strlen(text)) >= 0)
        (void)close(fd);
}

static void fill(int dir_fd)
{
    put(dir_fd, "tasks", "");
    put(dir_fd, "schemata", "");
    (void)__real_mkdirat(dir_fd, "mon_groups", 0755);
}

int __wrap_mkdirat(int dir_fd, const char *path, mode_t mode)
{
    barrer_auto_fd int fd = -1;

    if (__real_mkdirat(dir_fd, path, mode) < 0)
        return -1;
    fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fill(fd);
    return 0;
}

/* The kernel removes a class with its files. */
int __wrap_unlinkat(int dir_fd, const char *path, int flags)
{
    static const char *const names[] = {"tasks", "schemata"};
    barrer_auto_fd int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (size_t i = 0; fd >= 0 && i < 2; i++)
        (void)__real_unlinkat(fd, names[i], 0);
    if (fd >= 0)
        (void)__real_unlinkat(fd, "mon_groups", AT_REMOVEDIR);
    return __real_unlinkat(dir_fd, path, flags);
}

static const char *content(const char *path)
{
    static char text[4096];
    char full[256];
    ssize_t n;

    (void)snprintf(full, sizeof(full), "%s/%s", mount_path, path);
    n = barrer_read_at(AT_FDCWD, full, text, sizeof(text));
    return n < 0 ? "(missing)" : text;
}

static int exists(const char *path)
{
    char full[256];

    (void)snprintf(full, sizeof(full), "%s/%s", mount_path, path);
    return access(full, F_OK) == 0;
}

static void *open_plugin(struct fake_host *fake)
{
    void *self = NULL;

    fake_host_init(fake);
    fake->options = options;
    return resctrl_LTX_barrer.open(&fake->host, &self, &fake->error) == 0 ? self : NULL;
}

static void close_plugin(struct fake_host *fake, void *self)
{
    resctrl_LTX_barrer.close(self);
    fake_host_fini(fake);
}

static const char *const no_lines[] = {NULL};

static int prepare(struct fake_host *fake, void *self, const struct barrer_intel_rdt *rdt)
{
    struct barrer_resources_request request = {
        .size = sizeof(request), .id = "container", .intel_rdt = rdt};
    struct barrer_resources_plan plan = {.size = sizeof(plan), .cgroup_fd = -1};

    return OPS->prepare(self, &request, &plan, &fake->error);
}

static void test_schemata(void)
{
    static const char current[] = "    L3:0=07ff;1=07ff\n    MB:0=100;1= 70\n";
    char *line = resctrl_schemata_line(current, "MB");

    is_number(resctrl_schemata_has(current, "L3:0=7ff;1=7FF"), 1, "numbers are compared");
    is_number(resctrl_schemata_has(current, "L3:1=7ff"), 1, "one domain is enough");
    is_number(resctrl_schemata_has(current, "L3:0=7fe"), 0, "another mask");
    is_number(resctrl_schemata_has(current, "L3:2=7ff"), 0, "another domain");
    is_number(resctrl_schemata_has(current, "L2:0=7ff"), 0, "another resource");
    is_number(resctrl_schemata_has(current, "MB:0=100;1=70"), 1, "bandwidth is decimal");
    is_text(line, "MB:0=100;1=70", "a line without its blanks");
    free(line);
}

static void test_own_class(void)
{
    struct barrer_intel_rdt rdt = {.l3_cache_schema = "L3:0=f",
                                   .mem_bw_schema = "MB:0=20",
                                   .schemata = (const char *const[]){"L2:0=1", NULL},
                                   .enable_monitoring = 1};
    struct barrer_target target = {.size = sizeof(target), .pid = 4711, .pidfd = -1};
    struct barrer_stats stats = {.size = sizeof(stats)};
    struct fake_host fake;
    void *self = open_plugin(&fake);

    is_number(prepare(&fake, self, &rdt), 0, "a class of the container's own");
    is_text(content("container/schemata"), "L3:0=f\nMB:0=20\nL2:0=1\n", "all lines, in their order");
    is_number(OPS->attach(self, &target, &fake.error), 0, "attach");
    is_text(content("container/tasks"), "4711", "the process is in the class");
    is_text(content("container/mon_groups/container/tasks"), "4711", "and in the group to monitor");
    is_number(prepare(&fake, self, &rdt), -EEXIST, "a class of another container is left alone");
    is_number(OPS->stats(self, &stats, &fake.error), 0, "statistics");
    is_text(stats.rdt.mem_bw_schema, "MB:0=20", "name the schemata");
    is_number(OPS->release(self, &fake.error), 0, "release");
    is_number(exists("container"), 0, "removes it");
    is_number(OPS->release(self, &fake.error), 0, "once more does nothing");
    close_plugin(&fake, self);
}

static void test_shared_class(void)
{
    struct barrer_intel_rdt wanted = {
        .clos_id = "gold", .l3_cache_schema = "L3:0=f", .schemata = no_lines};
    struct barrer_intel_rdt bare = {.clos_id = "gold", .schemata = no_lines};
    struct fake_host fake;
    void *self = open_plugin(&fake);

    is_number(prepare(&fake, self, &bare), -ENOENT, "closID alone wants a class that is there");
    is_number(prepare(&fake, self, &wanted), 0, "with a schema it is made");
    is_number(prepare(&fake, self, &bare), 0, "and then used");
    is_number(prepare(&fake, self, &wanted), 0, "also with the same schema");
    wanted.l3_cache_schema = "L3:0=1";
    is_number(prepare(&fake, self, &wanted) < 0, 1, "but not with another");
    is_number(strstr(fake.error.text, "\"gold\" exists") != NULL, 1, "which the error says");
    is_number(OPS->release(self, &fake.error), 0, "release");
    is_number(exists("gold"), 1, "leaves it");
    wanted.clos_id = "/";
    wanted.l3_cache_schema = NULL;
    is_number(prepare(&fake, self, &wanted), 0, "the root");
    is_text(fake_host_fact(&fake, "class"), ".", "is the root");
    close_plugin(&fake, self);
}

static void test_refused(void)
{
    const struct {
        struct barrer_intel_rdt rdt;
        const char *what;
    } bad[] = {
        {{.clos_id = "../x", .schemata = no_lines}, "a name that leads out"},
        {{.clos_id = "info", .schemata = no_lines}, "a name of the kernel's"},
        {{.l3_cache_schema = "L3:0=f\nMB:0=1", .schemata = no_lines}, "two lines in one"},
        {{.l3_cache_schema = "MB:0=1", .schemata = no_lines}, "a line of another resource"},
        {{.mem_bw_schema = "L3:0=1", .schemata = no_lines}, "and the other way round"},
        {{.schemata = (const char *const[]){"nonsense", NULL}}, "a line without a resource"},
    };
    struct fake_host fake;
    void *self = open_plugin(&fake);

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        is_number(prepare(&fake, self, &bad[i].rdt) < 0, 1, bad[i].what);
    is_number(exists("container"), 0, "nothing was made");
    close_plugin(&fake, self);
    fs_type = TMPFS_MAGIC;
    self = open_plugin(&fake);
    is_number(OPS->probe(self, &fake.error), 0, "another file system is not usable");
    close_plugin(&fake, self);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

int main(void)
{
    barrer_auto_fd int fd = -1;

    if (mkdtemp(mount_path) == NULL)
        return 99;
    fd = open(mount_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fill(fd);
    test_schemata();
    test_own_class();
    test_shared_class();
    test_refused();
    (void)nftw(mount_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return tap_done();
}
