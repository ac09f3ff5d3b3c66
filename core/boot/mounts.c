/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/fd.h"
#include "boot/output.h"

#define SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const struct row {
    const char *target, *type, *options;
    unsigned long flags;
    mode_t mode; /* of the folder, should it have to be made */
    int is_private; /* also with --test */
} rows[] = {
    {"/proc", "proc", NULL, SAFE, 0555, 1},
    {"/sys", "sysfs", NULL, SAFE, 0555, 0},
    {"/dev", "devtmpfs", "mode=0755", MS_NOSUID, 0755, 0},
    {"/dev/pts", "devpts", "gid=5,mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, 0755, 0},
    {"/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, 01777, 0},
    {"/run", "tmpfs", "mode=0755,size=20%", MS_NOSUID | MS_NODEV, 0755, 1},
    {"/tmp", "tmpfs", "mode=1777,size=50%", MS_NOSUID | MS_NODEV, 01777, 1},
};

/* Whether TARGET is a mount; where the kernel does not say (before 5.8), whether it is on another
 * device than the folder above it. -ENOENT: it is not there. */
static int is_mounted(const char *target)
{
    char above[64];
    struct stat self, parent;
    struct statx found;

    if (statx(AT_FDCWD, target, AT_NO_AUTOMOUNT, 0, &found) < 0)
        return -errno;
    if (found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
        return (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    (void)snprintf(above, sizeof(above), "%s/..", target);
    return stat(target, &self) == 0 && stat(above, &parent) == 0 && self.st_dev != parent.st_dev;
}

/* A kernel without devtmpfs: what services cannot do without. */
static void make_devices(void)
{
    static const struct {
        const char *path;
        mode_t mode;
        unsigned major, minor;
    } nodes[] = {{"/dev/null", 0666, 1, 3},   {"/dev/zero", 0666, 1, 5},
                 {"/dev/full", 0666, 1, 7},   {"/dev/random", 0666, 1, 8},
                 {"/dev/urandom", 0666, 1, 9}, {"/dev/kmsg", 0644, 1, 11},
                 {"/dev/tty", 0666, 5, 0},    {"/dev/console", 0600, 5, 1}};

    for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
        if (mknod(nodes[i].path, S_IFCHR | nodes[i].mode,
                  makedev(nodes[i].major, nodes[i].minor)) == 0)
            (void)chmod(nodes[i].path, nodes[i].mode);
}

static void make_links(void)
{
    static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
                                           {"/proc/self/fd/0", "/dev/stdin"},
                                           {"/proc/self/fd/1", "/dev/stdout"},
                                           {"/proc/self/fd/2", "/dev/stderr"}};

    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
        (void)!symlink(links[i][0], links[i][1]);
}

static void mount_row(struct machine *machine, const struct row *row)
{
    int r = mount(row->type, row->target, row->type, row->flags, row->options) < 0 ? -errno : 0;
    if (r == -ENODEV && strcmp(row->type, "devtmpfs") == 0) {
        r = mount("dev", row->target, "tmpfs", row->flags, "mode=0755") < 0 ? -errno : 0;
        if (r == 0)
            make_devices();
    }
    if (r < 0 && r != -EBUSY)
        output_say(machine, 3, "mount %s on %s: %s", row->type, row->target, strerrordesc_np(-r));
}

void mounts_early(struct machine *machine)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct row *row = &rows[i];
        int there;

        if (machine->is_test && !row->is_private)
            continue;
        there = is_mounted(row->target);
        if (there < 0)
            (void)mkdir(row->target, row->mode);
        /* With --test nothing of the caller's is left to be seen. */
        if (machine->is_test || there <= 0)
            mount_row(machine, row);
        if (strcmp(row->target, "/dev") == 0)
            make_links();
    }
    (void)mkdir(BARRER_RUN_DIR, 0755);
}

static void set_limits(struct machine *machine, const char *limits)
{
    char text[256], *rest = NULL;

    (void)snprintf(text, sizeof(text), "%s", limits);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '='), controller[32];
        barrer_auto_fd int root_fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (value == NULL)
            continue;
        *value++ = '\0';
        (void)snprintf(controller, sizeof(controller), "+%.*s", (int)strcspn(word, "."), word);
        (void)barrer_write_at(root_fd, "cgroup.subtree_control", controller);
        r = barrer_write_at(machine->cgroup_fd, word, value);
        if (r < 0)
            output_say(machine, 3, "[flow boot] limits: set %s to %s: %s", word, value,
                       strerrordesc_np(-r));
    }
}

void mounts_cgroup(struct machine *machine, const char *limits)
{
    static const char services[] = "/sys/fs/cgroup/services";
    int there;

    there = is_mounted("/sys/fs/cgroup");
    if (there < 0)
        (void)mkdir("/sys/fs/cgroup", 0755);
    if ((machine->is_test || there <= 0) &&
        mount("cgroup2", "/sys/fs/cgroup", "cgroup2", SAFE, "nsdelegate,memory_recursiveprot") <
            0 &&
        mount("cgroup2", "/sys/fs/cgroup", "cgroup2", SAFE, NULL) < 0 && errno != EBUSY) {
        output_say(machine, 3, "no cgroup v2 (%s): services run without groups and limits",
                   strerrordesc_np(errno));
        return;
    }
    if (mkdir(services, 0755) < 0 && errno != EEXIST) {
        output_say(machine, 3, "make the cgroup of services: %s: they run without groups and limits",
                   strerrordesc_np(errno));
        return;
    }
    machine->cgroup_fd = open(services, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    machine->has_cgroups = machine->cgroup_fd >= 0;
    if (machine->has_cgroups)
        set_limits(machine, limits);
}

/* Field N (from 0) of a line of mountinfo, with the kernel's octal escapes undone. */
static void field_of(const char *line, int n, char *field, size_t size)
{
    size_t used = 0;

    for (; n > 0; n--)
        line += strcspn(line, " ") + (strchr(line, ' ') != NULL);
    for (; *line != ' ' && *line != '\0' && used + 1 < size; line++) {
        if (line[0] == '\\' && line[1] >= '0' && line[1] <= '3') {
            field[used++] = (char)((line[1] - '0') * 64 + (line[2] - '0') * 8 + (line[3] - '0'));
            line += 3;
        } else {
            field[used++] = *line;
        }
    }
    field[used] = '\0';
}

void mounts_undo(void)
{
    barrer_auto_free char *text = NULL;
    char *lines[1024], *next;
    size_t length, n = 0;

    if (fd_read_file(AT_FDCWD, "/proc/swaps", 1 << 16, &text, &length) == 0) {
        next = text;
        for (char *line; (line = strsep(&next, "\n")) != NULL;)
            if (line[0] == '/') {
                line[strcspn(line, " \t")] = '\0';
                (void)swapoff(line);
            }
    }
    free(text);
    text = NULL;
    if (fd_read_file(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &text, &length) < 0)
        return;
    next = text;
    for (char *line; n < 1024 && (line = strsep(&next, "\n")) != NULL;)
        if (*line != '\0')
            lines[n++] = line;
    /* Those that hold nothing go last with the kernel; those on disks are what matters. */
    while (n-- > 0) {
        char target[4096];

        field_of(lines[n], 4, target, sizeof(target));
        if (strcmp(target, "/proc") == 0 || strcmp(target, "/dev") == 0)
            continue;
        if (strcmp(target, "/") == 0 || umount2(target, UMOUNT_NOFOLLOW) < 0)
            (void)mount(NULL, target, NULL, MS_REMOUNT | MS_RDONLY | MS_BIND, NULL);
        if (strcmp(target, "/") == 0)
            (void)mount(NULL, target, NULL, MS_REMOUNT | MS_RDONLY, NULL);
    }
}

void mounts_print(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        printf("%s %s %04o %s%s%s %s\n", rows[i].target, rows[i].type, (unsigned)rows[i].mode,
               rows[i].flags & MS_NOSUID ? "nosuid" : "", rows[i].flags & MS_NODEV ? ",nodev" : "",
               rows[i].flags & MS_NOEXEC ? ",noexec" : "",
               rows[i].options != NULL ? rows[i].options : "-");
}
