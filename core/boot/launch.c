/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/fd.h"
#include "boot/group.h"

static pid_t the_child;
static char group_path[512]; /* of the test's own cgroup below group_fd, or "" */
static int group_fd = -1;

__attribute__((noreturn)) static void die(const char *what)
{
    fprintf(stderr, "barrer-init: --test: %s: %s\n", what, strerrordesc_np(errno));
    exit(1);
}

static void write_map(const char *file, unsigned id)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "0 %u 1", id);
    if (barrer_write_at(AT_FDCWD, file, text) < 0)
        die(file);
}

/* Without root's rights: a user namespace in which we are root. */
static void become_root(void)
{
    unsigned uid = geteuid(), gid = getegid();

    if (uid == 0)
        return;
    if (unshare(CLONE_NEWUSER) < 0)
        die("make a user namespace");
    (void)barrer_write_at(AT_FDCWD, "/proc/self/setgroups", "deny");
    write_map("/proc/self/uid_map", uid);
    write_map("/proc/self/gid_map", gid);
}

/* A cgroup of the test's own, so that nothing is left in the host's, through a mount of the v2
 * hierarchy that no path leads to. Where there is none, services run without groups. */
static void make_group(void)
{
    barrer_auto_fd int fs_fd = fsopen("cgroup2", FSOPEN_CLOEXEC);
    char text[512], *line;

    if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ||
        fd_read_once(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) <= 0)
        return;
    group_fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);
    line = strstr(text, "0::/");
    if (line == NULL || group_fd < 0)
        return;
    line[strcspn(line, "\n")] = '\0';
    (void)snprintf(group_path, sizeof(group_path), "%s%sbarrer-init.%d", line + 4,
                   line[4] != '\0' ? "/" : "", getpid());
    if (mkdirat(group_fd, group_path, 0755) < 0)
        group_path[0] = '\0';
}

static void join_group(void)
{
    char procs[600];

    if (group_path[0] == '\0')
        return;
    (void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", group_path);
    if (barrer_write_at(group_fd, procs, "0") == 0)
        (void)unshare(CLONE_NEWCGROUP);
}

/* /dev with the host's few devices, before the host's is out of sight. */
static void make_dev(const char *root)
{
    static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
    char path[4200], from[64];

    (void)snprintf(path, sizeof(path), "%s/dev", root);
    (void)mkdir(path, 0755);
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID, "mode=0755") < 0)
        die("mount a tmpfs on ROOT/dev");
    for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
        int fd;

        (void)snprintf(path, sizeof(path), "%s/dev/%s", root, nodes[i]);
        (void)snprintf(from, sizeof(from), "/dev/%s", nodes[i]);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd >= 0)
            (void)close(fd);
        (void)mount(from, path, NULL, MS_BIND, NULL);
    }
    (void)snprintf(path, sizeof(path), "%s/dev/pts", root);
    (void)mkdir(path, 0755);
    (void)mount("devpts", path, "devpts", MS_NOSUID | MS_NOEXEC,
                "newinstance,ptmxmode=0666,mode=0620");
    (void)snprintf(path, sizeof(path), "%s/dev/shm", root);
    (void)mkdir(path, 01777);
    (void)mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

static void make_sys(const char *root)
{
    char path[4200];

    (void)snprintf(path, sizeof(path), "%s/sys", root);
    (void)mkdir(path, 0555);
    if (mount("sysfs", path, "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL) < 0)
        (void)mount("/sys", path, NULL, MS_BIND | MS_REC, NULL);
}

static void enter_root(const char *root)
{
    char put_old[] = ".";

    if (mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0)
        die("mount ROOT");
    make_dev(root);
    make_sys(root);
    if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", put_old) < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        die("change to ROOT");
}

__attribute__((noreturn)) static void boot(const char *root, const char *config)
{
    struct machine *machine;
    struct barrer_error err;
    int exe_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    join_group();
    enter_root(root);
    if (machine_create(&machine, &err) < 0) {
        fprintf(stderr, "barrer-init: %s\n", err.text);
        _exit(1);
    }
    machine->is_test = 1;
    machine->exe_fd = exe_fd;
    (void)snprintf(machine->config_file, sizeof(machine->config_file), "%s",
                   config != NULL ? config : "");
    launch_boot(machine);
}

static void forward(int signal)
{
    (void)kill(the_child, signal == SIGINT ? SIGTERM : signal);
}

static int wait_for(void)
{
    int status;

    while (waitpid(the_child, &status, 0) < 0 && errno == EINTR)
        ;
    if (group_path[0] != '\0')
        (void)group_remove(group_fd, group_path);
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "barrer-init: --test: PID 1 was killed by SIG%s\n",
            sigabbrev_np(WTERMSIG(status)));
    return 128 + WTERMSIG(status);
}

int launch_test(const char *given, const char *config)
{
    struct sigaction action = {.sa_handler = forward};
    char *root = realpath(given, NULL);

    if (root == NULL) {
        fprintf(stderr, "barrer-init: --test %s: %s\n", given, strerrordesc_np(errno));
        return 1;
    }
    become_root();
    if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) < 0)
        die("make namespaces");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        die("cut the mounts off the host's");
    make_group();
    the_child = fork();
    if (the_child < 0)
        die("make PID 1");
    if (the_child == 0)
        boot(root, config);
    free(root);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    (void)sigaction(SIGUSR1, &action, NULL);
    (void)sigaction(SIGUSR2, &action, NULL);
    return wait_for();
}
