/* SPDX-License-Identifier: Apache-2.0
 *
 * The resources plugin "resctrl": shares of caches and of memory bandwidth by the kernel's resctrl
 * file system (Intel RDT, AMD QoS), as linux.intelRdt asks. A class of service is a folder of that
 * file system; a group to monitor in it is a folder of its mon_groups.
 *
 * Facts: "class" is the folder, below the mount, that the container's processes are in; "own" is
 * there when create made it for this container alone; "monitor" is the name of the group to
 * monitor.
 */
#include "resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "schemata.h"

#define MAX_NAME 255

int resctrl_open_mount(struct resctrl *self, struct barrer_error *err)
{
    const char *path = self->host->option(self->host, "mount");
    struct statfs fs;

    if (self->mount_fd >= 0)
        return self->mount_fd;
    self->mount_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (self->mount_fd >= 0 && fstatfs(self->mount_fd, &fs) == 0 &&
        fs.f_type == RDTGROUP_SUPER_MAGIC)
        return self->mount_fd;
    barrer_close_fd(&self->mount_fd);
    return barrer_fail(self->host, err, ENODEV,
                       "linux.intelRdt: use \"%s\", where no resctrl file system is mounted (mount "
                       "-t resctrl resctrl %s, on a machine that has it)",
                       path, path);
}

int resctrl_open_class(struct resctrl *self, struct barrer_error *err)
{
    const char *name = self->host->get_fact(self->host, "class");
    int mount_fd, fd;

    if (name == NULL)
        return -ENOENT;
    mount_fd = resctrl_open_mount(self, err);
    if (mount_fd < 0)
        return mount_fd;
    fd = openat(mount_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? barrer_fail(self->host, err, errno, "open the class of service \"%s\"", name) : fd;
}

static int probe(void *data, struct barrer_error *err)
{
    return resctrl_open_mount(data, err) < 0 ? 0 : 1;
}

/* A folder beside those that the kernel has in every class. */
static int check_class_name(const struct resctrl *self, const char *name, struct barrer_error *err)
{
    static const char *const taken[] = {".", "..", "info", "mon_groups", "mon_data"};
    int is_taken = 0;

    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
        is_taken |= strcmp(name, taken[i]) == 0;
    if (!is_taken && *name != '\0' && strlen(name) <= MAX_NAME && strpbrk(name, "/\n") == NULL)
        return 0;
    return barrer_fail(self->host, err, 0,
                       "linux.intelRdt.closID: \"%.64s\" cannot be the name of a class of service",
                       name);
}

static int check_line(const struct resctrl *self, const char *member, const char *prefix,
                      const char *line, struct barrer_error *err)
{
    if (line == NULL || (strchr(line, '\n') == NULL && strncmp(line, prefix, strlen(prefix)) == 0 &&
                         strchr(line, ':') != NULL))
        return 0;
    return barrer_fail(self->host, err, 0,
                       "linux.intelRdt.%s: expected one line that begins with \"%s\", got \"%.64s\"",
                       member, *prefix != '\0' ? prefix : "RESOURCE:", line);
}

static int check_request(const struct resctrl *self, const struct barrer_intel_rdt *wanted,
                         struct barrer_error *err)
{
    int r = 0;

    if (wanted->clos_id != NULL && strcmp(wanted->clos_id, "/") != 0)
        r = check_class_name(self, wanted->clos_id, err);
    if (r == 0)
        r = check_line(self, "l3CacheSchema", "L3", wanted->l3_cache_schema, err);
    if (r == 0)
        r = check_line(self, "memBwSchema", "MB:", wanted->mem_bw_schema, err);
    for (size_t i = 0; r == 0 && wanted->schemata[i] != NULL; i++)
        r = check_line(self, "schemata", "", wanted->schemata[i], err);
    return r;
}

static int has_schemata(const struct barrer_intel_rdt *wanted)
{
    return wanted->l3_cache_schema != NULL || wanted->mem_bw_schema != NULL ||
           wanted->schemata[0] != NULL;
}

/* The kernel's own words on why a line of "schemata" was refused. */
static int fail_write(const struct resctrl *self, int mount_fd, const char *line, int errnum,
                      struct barrer_error *err)
{
    barrer_auto_fd int info_fd = openat(mount_fd, "info", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char reason[512] = "";

    if (info_fd >= 0 && barrer_read_at(info_fd, "last_cmd_status", reason, sizeof(reason)) > 0)
        reason[strcspn(reason, "\n")] = '\0';
    return barrer_fail(self->host, err, errnum, "write \"%.200s\" to the schemata of a class%s%s",
                       line, *reason != '\0' ? ": " : "", reason);
}

static int write_line(const struct resctrl *self, int class_fd, const char *line,
                      struct barrer_error *err)
{
    barrer_auto_free char *text = NULL;
    int r;

    if (line == NULL)
        return 0;
    if (asprintf(&text, "%s\n", line) < 0) {
        text = NULL;
        return barrer_fail(self->host, err, ENOMEM, "write the schemata of a class");
    }
    r = barrer_write_at(class_fd, "schemata", text);
    return r < 0 ? fail_write(self, self->mount_fd, line, -r, err) : 0;
}

/* L3 first, memory bandwidth then, and the lines of `schemata` last, as the specification says. */
static int write_schemata(const struct resctrl *self, int class_fd,
                          const struct barrer_intel_rdt *wanted, struct barrer_error *err)
{
    int r = write_line(self, class_fd, wanted->l3_cache_schema, err);

    if (r == 0)
        r = write_line(self, class_fd, wanted->mem_bw_schema, err);
    for (size_t i = 0; r == 0 && wanted->schemata[i] != NULL; i++)
        r = write_line(self, class_fd, wanted->schemata[i], err);
    return r;
}

static int compare_line(const struct resctrl *self, const char *name, const char *current,
                        const char *line, struct barrer_error *err)
{
    if (line == NULL || resctrl_schemata_has(current, line))
        return 0;
    return barrer_fail(self->host, err, 0,
                       "linux.intelRdt: the class of service \"%s\" exists, and its schemata are "
                       "not \"%.200s\"",
                       name, line);
}

/* A class that was there is compared, since others may be in it. */
static int compare_schemata(const struct resctrl *self, int class_fd, const char *name,
                            const struct barrer_intel_rdt *wanted, struct barrer_error *err)
{
    char current[RESCTRL_FILE_MAX];
    ssize_t n;
    int r;

    if (wanted->l3_cache_schema == NULL && wanted->mem_bw_schema == NULL)
        return 0;
    n = barrer_read_at(class_fd, "schemata", current, sizeof(current));
    if (n < 0)
        return barrer_fail(self->host, err, (int)-n, "read the schemata of the class \"%s\"", name);
    r = compare_line(self, name, current, wanted->l3_cache_schema, err);
    return r < 0 ? r : compare_line(self, name, current, wanted->mem_bw_schema, err);
}

static int put_fact(const struct resctrl *self, const char *name, const char *value,
                    struct barrer_error *err)
{
    return self->host->put_fact(self->host, name, value, err);
}

/* A class for this container alone, which release removes. */
static int make_own_class(struct resctrl *self, const char *name, struct barrer_error *err)
{
    int r = check_class_name(self, name, err);
    struct stat st;

    if (r < 0)
        return r;
    /* What another has made must not be removed with this container. */
    if (fstatat(self->mount_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return barrer_fail(self->host, err, EEXIST, "make the class of service \"%s\"", name);
    r = put_fact(self, "own", "yes", err);
    if (r == 0)
        r = put_fact(self, "class", name, err);
    if (r == 0 && mkdirat(self->mount_fd, name, 0755) < 0)
        r = barrer_fail(self->host, err, errno, "make the class of service \"%s\"%s", name,
                        errno == ENOSPC ? " (the machine has no more of them)" : "");
    return r;
}

static int fill_class(struct resctrl *self, const char *name, int is_new,
                      const struct barrer_intel_rdt *wanted, struct barrer_error *err)
{
    barrer_auto_fd int class_fd = resctrl_open_class(self, err);
    int r = class_fd < 0 ? class_fd : 0;

    if (r == 0 && !is_new)
        r = compare_schemata(self, class_fd, name, wanted, err);
    /* Of a class that was there, l3CacheSchema and memBwSchema are as asked by now. */
    if (r == 0)
        r = write_schemata(self, class_fd, wanted, err);
    return r;
}

/* closID: a class that is shared, and stays when the container goes. */
static int use_shared_class(struct resctrl *self, const struct barrer_intel_rdt *wanted,
                            struct barrer_error *err)
{
    const char *name = strcmp(wanted->clos_id, "/") == 0 ? "." : wanted->clos_id;
    int is_new, r;

    if (!has_schemata(wanted)) {
        struct stat st;

        if (fstatat(self->mount_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return barrer_fail(self->host, err, errno,
                               "linux.intelRdt.closID: use the class of service \"%s\"", name);
        return put_fact(self, "class", name, err);
    }
    is_new = mkdirat(self->mount_fd, name, 0755) == 0;
    if (!is_new && errno != EEXIST)
        return barrer_fail(self->host, err, errno, "make the class of service \"%s\"%s", name,
                           errno == ENOSPC ? " (the machine has no more of them)" : "");
    r = put_fact(self, "class", name, err);
    if (r == 0)
        r = fill_class(self, name, is_new, wanted, err);
    if (r < 0 && is_new)
        (void)unlinkat(self->mount_fd, name, AT_REMOVEDIR);
    return r;
}

static int make_monitor(struct resctrl *self, const char *id, struct barrer_error *err)
{
    barrer_auto_fd int class_fd = resctrl_open_class(self, err);
    barrer_auto_free char *path = NULL;
    struct stat st;
    int r;

    if (class_fd < 0)
        return class_fd;
    if (asprintf(&path, "mon_groups/%s", id) < 0) {
        path = NULL;
        return barrer_fail(self->host, err, ENOMEM, "make a group to monitor");
    }
    if (fstatat(class_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return barrer_fail(self->host, err, EEXIST, "make the group to monitor \"%s\"", path);
    r = put_fact(self, "monitor", id, err);
    if (r == 0 && mkdirat(class_fd, path, 0755) < 0)
        r = barrer_fail(self->host, err, errno, "make the group to monitor \"%s\"%s", path,
                        errno == ENOENT ? " (the machine cannot monitor)" : "");
    return r;
}

static int prepare(void *data, const struct barrer_resources_request *request,
                   struct barrer_resources_plan *plan, struct barrer_error *err)
{
    const struct barrer_intel_rdt *wanted =
        BARRER_HAS(request, intel_rdt) ? request->intel_rdt : NULL;
    struct resctrl *self = data;
    int r;

    (void)plan;
    if (wanted == NULL)
        return 0;
    r = check_request(self, wanted, err);
    if (r == 0)
        r = resctrl_open_mount(self, err);
    if (r < 0)
        return r;
    if (wanted->clos_id != NULL) {
        r = use_shared_class(self, wanted, err);
    } else {
        r = make_own_class(self, request->id, err);
        if (r == 0)
            r = fill_class(self, request->id, 1, wanted, err);
    }
    return r == 0 && wanted->enable_monitoring ? make_monitor(self, request->id, err) : r;
}

static int add_task(const struct resctrl *self, int class_fd, const char *file, const char *pid,
                    struct barrer_error *err)
{
    int r = barrer_write_at(class_fd, file, pid);

    return r < 0 ? barrer_fail(self->host, err, -r, "write process %s to \"%s\" of its class of service",
                               pid, file)
                 : 0;
}

static int attach(void *data, const struct barrer_target *target, struct barrer_error *err)
{
    struct resctrl *self = data;
    const char *monitor = self->host->get_fact(self->host, "monitor");
    barrer_auto_fd int class_fd = resctrl_open_class(self, err);
    char pid[16], file[MAX_NAME + 32];
    int r;

    if (class_fd < 0)
        return class_fd == -ENOENT ? 0 : class_fd;
    (void)snprintf(pid, sizeof(pid), "%d", (int)target->pid);
    r = add_task(self, class_fd, "tasks", pid, err);
    if (r < 0 || monitor == NULL)
        return r;
    (void)snprintf(file, sizeof(file), "mon_groups/%s/tasks", monitor);
    return add_task(self, class_fd, file, pid, err);
}

/* The processes that exec adds are placed in attach. */
static int join(void *data, const char *path, struct barrer_resources_plan *plan,
                struct barrer_error *err)
{
    (void)data;
    (void)path;
    (void)plan;
    (void)err;
    return 0;
}

static int update(void *data, const struct barrer_resources_request *request,
                  struct barrer_error *err)
{
    const struct barrer_intel_rdt *wanted =
        BARRER_HAS(request, intel_rdt) ? request->intel_rdt : NULL;
    struct resctrl *self = data;
    barrer_auto_fd int class_fd = -1;
    int r;

    if (wanted == NULL)
        return 0;
    r = check_request(self, wanted, err);
    if (r < 0)
        return r;
    class_fd = resctrl_open_class(self, err);
    if (class_fd < 0)
        return class_fd == -ENOENT ? barrer_fail(self->host, err, 0,
                                                 "the container has no class of service")
                                   : class_fd;
    return write_schemata(self, class_fd, wanted, err);
}

static int remove_folder(const struct resctrl *self, const char *path, struct barrer_error *err)
{
    if (unlinkat(self->mount_fd, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    return barrer_fail(self->host, err, errno, "remove \"%s\" from the resctrl file system", path);
}

static int release(void *data, struct barrer_error *err)
{
    struct resctrl *self = data;
    const char *name = self->host->get_fact(self->host, "class");
    const char *monitor = self->host->get_fact(self->host, "monitor");
    char path[2 * MAX_NAME + 32];
    int r = 0;

    if (name == NULL)
        return 0;
    /* Without the file system nothing of it is left. */
    if (resctrl_open_mount(self, err) < 0)
        return 0;
    if (monitor != NULL) {
        (void)snprintf(path, sizeof(path), "%s/mon_groups/%s", name, monitor);
        r = remove_folder(self, path, err);
    }
    if (r == 0 && self->host->get_fact(self->host, "own") != NULL)
        r = remove_folder(self, name, err);
    return r;
}

static int open_instance(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct resctrl *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin \"resctrl\"");
    self->host = host;
    self->mount_fd = -1;
    *ret_self = self;
    return 0;
}

static void close_instance(void *data)
{
    struct resctrl *self = data;

    barrer_close_fd(&self->mount_fd);
    resctrl_stats_free(self->stats);
    free(self);
}

static int stats(void *data, struct barrer_stats *all, struct barrer_error *err)
{
    return resctrl_stats(data, all, err);
}

static const struct barrer_option options[] = {
    {"mount", "path", "/sys/fs/resctrl", "where the resctrl file system is mounted"},
    {NULL, NULL, NULL, NULL},
};

static const char *const honours[] = {
    "linux.intelRdt",
    "linux.intelRdt.closID",
    "linux.intelRdt.enableMonitoring",
    "linux.intelRdt.l3CacheSchema",
    "linux.intelRdt.memBwSchema",
    "linux.intelRdt.schemata",
    NULL,
};

static const struct barrer_resources_ops ops = {
    .size = sizeof(ops),
    .probe = probe,
    .prepare = prepare,
    .attach = attach,
    .join = join,
    .update = update,
    .stats = stats,
    .release = release,
};

BARRER_PLUGIN(resctrl) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RESOURCES,
    .name = "resctrl",
    .version = "0.1",
    .summary = "shares of caches and memory bandwidth (Intel RDT, AMD QoS)",
    .options = options,
    .honours = honours,
    .open = open_instance,
    .close = close_instance,
    .ops = &ops,
};
