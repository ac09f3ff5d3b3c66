/* SPDX-License-Identifier: Apache-2.0
 *
 * The floor: the bare sequence of system calls that makes a container of the specification's
 * default configuration, with everything known beforehand and nothing checked beyond success. No
 * runtime can do the same with less.
 *
 *   bare ROOT PROGRAM [ARGUMENT...]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static void check(int r, const char *what)
{
    if (r < 0)
        die(what);
}

static void mount_on(const char *source, const char *target, const char *type, unsigned long flags,
                     const char *data)
{
    int r = mount(source, target, type, flags, data);

    if (r < 0 && errno == ENOENT) {
        check(mkdir(target, 0755), target);
        r = mount(source, target, type, flags, data);
    }
    check(r, target);
}

static void make_device(const char *path, unsigned minor_number)
{
    check(mknod(path, S_IFCHR | 0666, makedev(minor_number > 2 ? 1 : 5, minor_number)), path);
}

static void make_mounts(void)
{
    const unsigned long quiet = MS_NOSUID | MS_NOEXEC | MS_NODEV;

    mount_on("proc", "proc", "proc", 0, NULL);
    mount_on("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
    mount_on("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
             "newinstance,ptmxmode=0666,mode=0620,gid=5");
    mount_on("shm", "dev/shm", "tmpfs", quiet, "mode=1777,size=65536k");
    mount_on("mqueue", "dev/mqueue", "mqueue", quiet, NULL);
    mount_on("sysfs", "sys", "sysfs", quiet | MS_RDONLY, NULL);
    mount_on("cgroup", "sys/fs/cgroup", "cgroup2", quiet | MS_RDONLY | MS_RELATIME, NULL);
}

static void make_devices(void)
{
    (void)umask(0);
    make_device("dev/null", 3);
    make_device("dev/zero", 5);
    make_device("dev/full", 7);
    make_device("dev/random", 8);
    make_device("dev/urandom", 9);
    make_device("dev/tty", 0);
    check(symlink("/proc/self/fd", "dev/fd"), "dev/fd");
    check(symlink("/proc/self/fd/0", "dev/stdin"), "dev/stdin");
    check(symlink("/proc/self/fd/1", "dev/stdout"), "dev/stdout");
    check(symlink("/proc/self/fd/2", "dev/stderr"), "dev/stderr");
    check(symlink("pts/ptmx", "dev/ptmx"), "dev/ptmx");
    (void)umask(022);
}

/* Paths that this kernel does not have are passed over, as a runtime does. */
static void hide_paths(void)
{
    static const char *const folders[] = {"proc/acpi", "proc/asound", "proc/scsi", "sys/firmware"};
    static const char *const files[] = {"proc/kcore",      "proc/keys",        "proc/latency_stats",
                                        "proc/timer_list", "proc/timer_stats", "proc/sched_debug"};
    static const char *const readonly[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys",
                                           "proc/sysrq-trigger"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        (void)mount("tmpfs", folders[i], "tmpfs", MS_RDONLY, "size=0k");
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        (void)mount("dev/null", files[i], NULL, MS_BIND, NULL);
    for (size_t i = 0; i < sizeof(readonly) / sizeof(readonly[0]); i++)
        if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) == 0)
            (void)mount(NULL, readonly[i], NULL,
                        MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
}

static _Noreturn void be_container(char **argv)
{
    static char *const environment[] = {
        (char *)(uintptr_t) "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        (char *)(uintptr_t) "TERM=xterm", NULL};

    check(sethostname("bare", 4), "sethostname");
    check(mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL), "/");
    check(mount(argv[1], argv[1], NULL, MS_BIND | MS_REC, NULL), argv[1]);
    check(chdir(argv[1]), argv[1]);
    make_mounts();
    make_devices();
    hide_paths();
    check((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "umount2");
    check(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "/");
    check(chdir("/"), "/");
    check(setsid(), "setsid");
    (void)execve(argv[2], argv + 2, environment);
    die(argv[2]);
}

int main(int argc, char **argv)
{
    struct clone_args args = {.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC |
                                       CLONE_NEWCGROUP | CLONE_NEWNET,
                              .exit_signal = SIGCHLD};
    int status;
    pid_t pid;

    if (argc < 3) {
        fprintf(stderr, "usage: bare ROOT PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0)
        be_container(argv);
    check(pid, "clone3");
    check(waitpid(pid, &status, 0), "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
