/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin overlayfs with the mounts, devices and masks of the specification's default.
 */
#include "test_overlayfs_box.h"

static const char *const no_options[] = {NULL};
static const char *const dev_options[] = {"nosuid", "strictatime", "mode=755", "size=65536k", NULL};
static const char *const pts_options[] = {"nosuid",        "noexec",    "newinstance",
                                          "ptmxmode=0666", "mode=0620", NULL};
static const char *const shm_options[] = {"nosuid",    "noexec",      "nodev",
                                          "mode=1777", "size=65536k", NULL};
static const char *const mqueue_options[] = {"nosuid", "noexec", "nodev", NULL};
static const char *const sysfs_options[] = {"nosuid", "noexec", "nodev", "ro", NULL};
static const char *const cgroup_options[] = {"nosuid", "noexec", "nodev", "relatime", "ro", NULL};

static const struct barrer_mount default_mounts[] = {
    {.destination = "/proc", .type = "proc", .source = "proc", .options = no_options},
    {.destination = "/dev", .type = "tmpfs", .source = "tmpfs", .options = dev_options},
    {.destination = "/dev/pts", .type = "devpts", .source = "devpts", .options = pts_options},
    {.destination = "/dev/shm", .type = "tmpfs", .source = "shm", .options = shm_options},
    {.destination = "/dev/mqueue", .type = "mqueue", .source = "mqueue", .options = mqueue_options},
    {.destination = "/sys", .type = "sysfs", .source = "sysfs", .options = sysfs_options},
    {.destination = "/sys/fs/cgroup",
     .type = "cgroup",
     .source = "cgroup",
     .options = cgroup_options},
};
static const char *const masked[] = {"/proc/acpi",        "/proc/asound",        "/proc/kcore",
                                     "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
                                     "/proc/timer_stats", "/proc/sched_debug",   "/sys/firmware",
                                     "/proc/scsi",        "/proc/no-such-file",  NULL};
static const char *const readonly[] = {"/proc/bus", "/proc/fs",     "/proc/irq",
                                       "/proc/sys", "/proc/uptime", NULL};

#define NEW (CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)

static struct box default_box(const char *root, const char *script)
{
    return (struct box){
        .request = {.root = root,
                    .bundle = box_folder,
                    .flags = BARRER_FILESYSTEM_READONLY | BARRER_FILESYSTEM_TERMINAL,
                    .mounts = default_mounts,
                    .n_mounts = sizeof(default_mounts) / sizeof(*default_mounts),
                    .masked_paths = masked,
                    .readonly_paths = readonly,
                    .state_fd = -1},
        .clone_flags = NEW,
        .script = script,
    };
}

static const char look[] =
    "echo pwd=$(pwd); cat /proc/self/mountinfo | while read a b c d e f g; do echo \"mount:$e=$f "
    "$g\"; done;"
    "for i in null zero full random urandom tty; do echo \"$i=$(stat -c '%a %F %t:%T %u:%g' "
    "/dev/$i)\"; done;"
    "for i in fd stdin stdout stderr core ptmx; do echo \"link:$i=$(readlink /dev/$i)\"; done;"
    "echo console=$(stat -c '%F' /dev/console);"
    "touch /x 2>/dev/null; echo touch=$?; echo 1 2>/dev/null >/dev/null; echo write=$?;"
    "echo 1 >/proc/sys/vm/drop_caches; echo sysctl=$?;"
    "echo keys=$(wc -c </proc/keys); echo timers=$(stat -c '%F %t:%T' /proc/timer_list);"
    "echo acpi=$(ls -a /proc/acpi | wc -l); touch /proc/acpi/x; echo acpitouch=$?;"
    "chmod 600 /proc/keys 2>/dev/null; echo chmod=$?;"
    "echo pid=$$; echo procs=$(ls /proc/1/fd | wc -l); echo ptsn=$(stat -c %a /dev/pts/ptmx);"
    "echo cwd=$(ls -d ..)";

static void see_default(const char *what)
{
    printf("# %s\n", what);
    box_has_not("error: ", "nothing fails");
    box_is("pwd", "/", "the working directory is the root");
    ok(strncmp(box_value("mount:/") ? box_value("mount:/") : "", "ro,", 3) == 0,
       "the root is read-only");
    box_is("touch", "1", "and cannot be written to");
    box_has("mount:/proc=rw,relatime - proc", "/proc is a procfs");
    box_has("mount:/dev=rw,nosuid - tmpfs", "/dev is a tmpfs with strictatime");
    box_has("mount:/dev/pts=rw,nosuid,noexec,relatime - devpts", "/dev/pts is a devpts");
    box_has("mount:/dev/shm=rw,nosuid,nodev,noexec,relatime - tmpfs", "/dev/shm is a tmpfs");
    box_has("mount:/dev/mqueue=rw,nosuid,nodev,noexec,relatime - mqueue", "/dev/mqueue is there");
    box_has("mount:/sys=ro,nosuid,nodev,noexec,relatime - sysfs", "/sys is a read-only sysfs");
    box_has("mount:/sys/fs/cgroup=ro,nosuid,nodev,noexec,relatime - cgroup2", "so are the cgroups");
    box_is("null", "666 character special file 1:3 0:0", "/dev/null is right");
    box_is("zero", "666 character special file 1:5 0:0", "/dev/zero is right");
    box_is("full", "666 character special file 1:7 0:0", "/dev/full is right");
    box_is("random", "666 character special file 1:8 0:0", "/dev/random is right");
    box_is("urandom", "666 character special file 1:9 0:0", "/dev/urandom is right");
    box_is("tty", "666 character special file 5:0 0:0", "/dev/tty is right");
    box_is("link:fd", "/proc/self/fd", "/dev/fd is a link");
    box_is("link:stdin", "/proc/self/fd/0", "/dev/stdin is a link");
    box_is("link:ptmx", "pts/ptmx", "/dev/ptmx is a link");
    box_is("ptsn", "666", "the pts multiplexer can be opened by all");
    box_is("console", "regular empty file", "/dev/console waits for the terminal");
    box_is("sysctl", "1", "/proc/sys is read-only");
    box_has("mount:/proc/uptime=ro,", "so is a file");
    box_is("keys", "0", "a masked file is empty");
    box_is("timers", "character special file 1:3", "a masked file is the null device");
    box_is("chmod", "1", "whose mode cannot be changed");
    box_is("acpi", "2", "a masked folder is empty");
    box_is("acpitouch", "1", "and stays so");
    box_is("pid", "1", "the process is the first");
}

static void test_default(void)
{
    struct box box = default_box(box_root("root"), look);

    (void)box_run(&box);
    see_default("the default");
    shell("test -z \"$(ls -A %s/root/proc %s/root/dev %s/root/sys | grep -v :)\"", box_folder,
          box_folder, box_folder);
    ok(access("root/dev/null", F_OK) < 0, "no device is left in the image");
    /* busybox puts its own standard descriptors and the folder that ls reads. */
    ok(box_value("procs") != NULL, "procfs shows this pid namespace");
}

static void test_fallbacks(void)
{
    static const int new_api[] = {SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_mount_setattr,
                                  467,           SYS_openat2,    -1};
    static const int new_mounts[] = {SYS_open_tree, SYS_move_mount,    SYS_fsopen,
                                     467,           SYS_mount_setattr, -1};
    static const int linux_5_10[] = {SYS_mount_setattr, 467, -1};
    static const int only_attr[] = {467, -1};
    struct box box = default_box(box_root("root1"), look);

    box.denied = new_api;
    (void)box_run(&box);
    see_default("without the new mount calls and openat2 (ENOSYS)");
    box.denied_errno = EPERM;
    (void)box_run(&box);
    see_default("the same as EPERM");
    box.denied_errno = EINVAL;
    box.denied = new_mounts;
    (void)box_run(&box);
    see_default("without the new mount calls (EINVAL)");
    box.denied_errno = 0;
    box.denied = linux_5_10;
    (void)box_run(&box);
    see_default("as on Linux 5.10");
    box.denied = only_attr;
    (void)box_run(&box);
    see_default("as before Linux 6.15");
}

static void test_no_pivot(void)
{
    struct box box = default_box(box_root("root2"), look);

    box.request.flags |= BARRER_FILESYSTEM_NO_PIVOT;
    (void)box_run(&box);
    see_default("--no-pivot");
}

static void test_user_namespace(void)
{
    static const struct barrer_id_map map = {0, 100000, 65536};
    struct box box = default_box(box_root("root3"), look);

    shell("chown -R 100000:100000 %s/root3", box_folder);
    box.clone_flags |= CLONE_NEWUSER;
    box.request.uid_maps = box.request.gid_maps = &map;
    box.request.n_uid_maps = box.request.n_gid_maps = 1;
    (void)box_run(&box);
    printf("# a user namespace\n");
    box_has_not("error: ", "nothing fails");
    box_has("mount:/proc=rw,relatime - proc", "/proc is a procfs");
    box_has("null=666 character special file 1:3 65534:65534", "/dev/null is the host's");
    box_is("write", "0", "and can be written to");
    box_is("touch", "1", "the root is read-only");
    box_is("sysctl", "1", "/proc/sys is read-only");
    box_is("keys", "0", "a masked file is empty");
    shell("mkdir -m 700 %s/private && mv %s/root3 %s/private", box_folder, box_folder, box_folder);
    box.request.root = box_path("private/root3");
    (void)box_run(&box);
    box_has_not("error: ", "also below a folder that its root user cannot enter");
    box_is("pwd", "/", "and in the right place");
}

static void test_shared_namespaces(void)
{
    static const struct barrer_id_map map = {0, 0, 1};
    struct barrer_mount mounts[sizeof(default_mounts) / sizeof(*default_mounts)];
    struct box box = default_box(box_root("root4"), look);
    bool has_mqueue = access("/dev/mqueue", F_OK) == 0;

    box.request.mounts = memcpy(mounts, default_mounts, sizeof(mounts));
    if (!has_mqueue)
        mounts[4] = (struct barrer_mount){
            .destination = "/dev/mqueue", .type = "tmpfs", .options = mqueue_options};
    /* As "unshare -r": network and IPC stay the host's, so sysfs and mqueue cannot be mounted. */
    box.clone_flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWCGROUP;
    box.request.flags |= BARRER_FILESYSTEM_ROOTLESS;
    box.request.uid_maps = box.request.gid_maps = &map;
    box.request.n_uid_maps = box.request.n_gid_maps = 1;
    (void)box_run(&box);
    printf("# rootless, sharing network and IPC\n");
    box_has_not("error: ", "nothing fails");
    box_has("mount:/sys=ro,nosuid,nodev,noexec,relatime", "/sys is the host's, read-only");
    if (has_mqueue)
        box_has("mount:/dev/mqueue=rw,nosuid,nodev,noexec,relatime - mqueue", "so is /dev/mqueue");
    else
        printf("# the host has no /dev/mqueue to show\n");
    box_is("null", "666 character special file 1:3 0:0", "/dev/null is the host's");
    box_is("touch", "1", "the root is read-only");
    box_is("keys", "0", "a masked file is empty");
}

static void test_no_mount_namespace(void)
{
    struct box box = default_box(box_root("root5"), "echo pwd=$(pwd); echo ls=$(ls /)");

    box.has_no_mount_namespace = true;
    (void)box_run(&box);
    box_has("error: mounts: the container shares the mount namespace", "mounts need a namespace");
    box.request.n_mounts = 0;
    (void)box_run(&box);
    box_has("error: linux.maskedPaths", "so do masked paths");
    box.request.masked_paths = box.request.readonly_paths = NULL;
    box.request.flags = 0;
    (void)box_run(&box);
    box_is("ls", "bin", "without them the root is changed");
}

static void test_devices(void)
{
    static const struct barrer_device devices[] = {
        {"/dev/loop-x", 'b', 7, 0, 0640, 12, 34},     {"/dev/net/tun", 'c', 10, 200, 0666, 0, 0},
        {"/dev/pipe", 'p', 0, 0, 0600, 1, 2},         {"/dev/kmsg-u", 'u', 1, 11, 0444, 0, 0},
        {"/srv/deep/er/null", 'c', 1, 3, 0600, 0, 0}, {"/dev/zero", 'c', 1, 5, 0600, 0, 0},
    };
    struct box box = default_box(
        box_root("root6"),
        "for i in /dev/loop-x /dev/net/tun /dev/pipe /dev/kmsg-u /srv/deep/er/null /dev/zero; do "
        "echo \"$i=$(stat -c '%a %F %t:%T %u:%g' $i)\"; done");

    box.request.devices = devices;
    box.request.n_devices = sizeof(devices) / sizeof(*devices);
    (void)umask(077);
    (void)box_run(&box);
    (void)umask(022);
    printf("# devices\n");
    box_is("/dev/loop-x", "640 block special file 7:0 12:34", "a block device, its owner and mode");
    box_is("/dev/net/tun", "666 character special file a:c8 0:0", "in a new folder");
    box_is("/dev/pipe", "600 fifo 0:0 1:2", "a FIFO");
    box_is("/dev/kmsg-u", "444 character special file 1:b 0:0", "an unbuffered one");
    box_is("/srv/deep/er/null", "600 character special file 1:3 0:0", "one outside /dev");
    box_is("/dev/zero", "600 character special file 1:5 0:0", "a default one as configured");
}

static void test_propagation(void)
{
    static const struct {
        uint64_t flags;
        const char *option, *wanted;
    } rows[] = {
        {0, NULL, "mount:/=rw,relatime - tmpfs"},
        {MS_PRIVATE | MS_REC, NULL, "mount:/=rw,relatime - tmpfs"},
        {MS_SLAVE | MS_REC, NULL, "mount:/=rw,relatime master:"},
        {MS_SHARED | MS_REC, NULL, "mount:/=rw,relatime shared:"},
        {MS_UNBINDABLE | MS_REC, NULL, "mount:/=rw,relatime unbindable"},
        {0, "rprivate", "mount:/mnt=rw,relatime - tmpfs"},
        {0, "rslave", "mount:/mnt=rw,relatime master:"},
        {0, "rshared", "mount:/mnt=rw,relatime shared:"},
        {0, "shared", "mount:/mnt=rw,relatime shared:"},
        {0, "unbindable", "mount:/mnt=rw,relatime unbindable"},
    };
    char source[256];

    printf("# propagation\n");
    (void)snprintf(source, sizeof(source), "%s/shared", box_folder);
    shell("mkdir -p %s && mount -t tmpfs tmpfs %s && mount --make-shared %s && mount --make-shared "
          "%s",
          source, source, source, box_folder);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *const options[] = {"rbind", rows[i].option, NULL};
        const struct barrer_mount mounts[] = {
            {.destination = "/proc", .type = "proc", .options = no_options},
            {.destination = "/mnt", .source = source, .options = options},
        };
        struct box box = default_box(i == 0 ? box_root("root7") : NULL, look);

        box.request.root = box_path("root7");
        box.request.mounts = mounts;
        box.request.n_mounts = 2;
        box.request.flags = 0;
        box.request.propagation = rows[i].flags;
        (void)box_run(&box);
        box_has(rows[i].wanted, rows[i].option ? rows[i].option : "the root's");
    }
    shell("mount --make-private %s && umount %s && ! grep root7 /proc/self/mountinfo", box_folder,
          source);
}

int main(void)
{
    if (box_setup()) {
        test_default();
        test_fallbacks();
        test_no_pivot();
        test_user_namespace();
        test_shared_namespaces();
        test_no_mount_namespace();
        test_devices();
        test_propagation();
    }
    return tap_done();
}
