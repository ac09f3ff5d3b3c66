/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/fd.h"
#include "boot/disks.h"
#include "boot/faults.h"
#include "boot/output.h"
#include "boot/words.h"

#define NEW_ROOT "/newroot"

/* The kernel announces devices: nothing is polled. */
static int wait_for_device(struct machine *machine, const char *wanted, char *path, size_t size)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    barrer_auto_fd int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                   NETLINK_KOBJECT_UEVENT);
    uint64_t end = machine_now() + machine_plan(machine)->settings.root_timeout;
    char event[4096];

    if (fd >= 0)
        (void)bind(fd, (const struct sockaddr *)&address, sizeof(address));
    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        uint64_t now = machine_now();

        if (disks_find(wanted, path, size))
            return 0;
        if (now >= end)
            return -ETIMEDOUT;
        (void)poll(&poll_fd, 1, (int)(end - now));
        while (fd >= 0 && recv(fd, event, sizeof(event), 0) > 0)
            ;
    }
}

/* fsck's exit status: 1 is "errors corrected"; a bit above it, that there are some left. */
static int check_device(struct machine *machine, const char *device)
{
    const struct boot_settings *settings = &machine_plan(machine)->settings;
    char text[sizeof(settings->fsck)], *words[32];
    int n, status = 0;
    pid_t pid;

    (void)snprintf(text, sizeof(text), "%s", settings->fsck);
    n = words_split(text, words, 30);
    if (n <= 0)
        return 0;
    words[n] = (char *)(uintptr_t)device;
    words[n + 1] = NULL;
    pid = fork();
    if (pid == 0) {
        faults_reset();
        (void)execvp(words[0], words);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) > 1) {
        output_say(machine, 3, "check the root %s with \"%s\": wait status %#x", device, words[0],
                   (unsigned)status);
        return -EIO;
    }
    return 0;
}

static int mount_overlay(void)
{
    /* The tmpfs holds both folders and is itself hidden below the overlay. */
    if (mkdir("/overlay", 0700) < 0 && errno != EEXIST)
        return -errno;
    if (mount("tmpfs", "/overlay", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0 ||
        mkdir("/overlay/upper", 0755) < 0 || mkdir("/overlay/work", 0755) < 0)
        return -errno;
    return mount("root", NEW_ROOT, "overlay", 0,
                 "lowerdir=" NEW_ROOT ",upperdir=/overlay/upper,workdir=/overlay/work") < 0
               ? -errno
               : 0;
}

int rootfs_mount(struct machine *machine)
{
    const struct boot_settings *settings = &machine_plan(machine)->settings;
    unsigned long flags = strstr(settings->root_options, "rw") == NULL ? MS_RDONLY : 0;
    char device[300], data[sizeof(settings->root_options)] = "";
    int r = wait_for_device(machine, settings->root, device, sizeof(device));

    if (r < 0) {
        output_say(machine, 3, "the root %s did not appear in %llu ms (set [flow boot] root and "
                               "root-timeout, or load its driver by `modules`)",
                   settings->root, (unsigned long long)settings->root_timeout);
        return 1;
    }
    if (strcmp(settings->root_options, "ro") != 0 && strcmp(settings->root_options, "rw") != 0)
        (void)snprintf(data, sizeof(data), "%s",
                       settings->root_options +
                           (strncmp(settings->root_options, "ro,", 3) == 0 ||
                                    strncmp(settings->root_options, "rw,", 3) == 0
                                ? 3
                                : 0));
    if (check_device(machine, device) < 0)
        return 1;
    (void)mkdir(NEW_ROOT, 0755);
    if (mount(device, NEW_ROOT, settings->root_type, flags, data) < 0) {
        output_say(machine, 3, "mount the root %s (%s): %s", device, settings->root_type,
                   strerrordesc_np(errno));
        return 1;
    }
    disks_set_read_ahead(machine, NEW_ROOT);
    r = settings->root_overlay ? mount_overlay() : 0;
    if (r < 0)
        output_say(machine, 3, "put a tmpfs over the root: %s", strerrordesc_np(-r));
    return r < 0;
}

/* Remove what the RAM disk held, which nobody sees any more: its own file system alone. */
static void empty(int folder_fd, dev_t device, int depth)
{
    DIR *folder = fdopendir(folder_fd);
    struct dirent *entry;

    while (folder != NULL && depth < 32 && (entry = readdir(folder)) != NULL) {
        struct stat st;
        int fd;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            st.st_dev != device)
            continue;
        if (S_ISDIR(st.st_mode)) {
            fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
            if (fd >= 0)
                empty(fd, device, depth + 1);
        }
        (void)unlinkat(dirfd(folder), entry->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
    }
    if (folder != NULL)
        (void)closedir(folder);
}

int rootfs_switch(struct machine *machine, struct barrer_error *err)
{
    static const char *const moved[] = {"/dev", "/proc", "/sys", "/run"};
    int old_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statfs fs;
    struct stat st;

    (void)machine;
    for (size_t i = 0; i < sizeof(moved) / sizeof(*moved); i++) {
        char target[64];

        (void)snprintf(target, sizeof(target), NEW_ROOT "%s", moved[i]);
        (void)mkdir(target, 0755);
        if (mount(moved[i], target, NULL, MS_MOVE, NULL) < 0)
            (void)umount2(moved[i], MNT_DETACH);
    }
    if (chdir(NEW_ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
        chdir("/") < 0) {
        int saved = errno;

        barrer_close_fd(&old_fd);
        return error_fail(err, saved, "switch to the new root");
    }
    if (old_fd >= 0 && fstat(old_fd, &st) == 0 && fstatfs(old_fd, &fs) == 0 &&
        (fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC))
        empty(old_fd, st.st_dev, 0);
    else
        barrer_close_fd(&old_fd);
    return 0;
}
