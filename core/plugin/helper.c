/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/util.h>

/* As many lines as the kernel takes in a map (Linux 4.15), each of three numbers. */
#define MAX_MAPS 340
#define MAP_LINE (3 * sizeof("4294967295"))
/* How much of a program's complaint is kept. */
#define MAX_COMPLAINT 1024

/* The namespace lives as long as its one process, and that until the pipe's other end is closed,
 * which the kernel does when we are killed. */
static pid_t start_holder(int *ret_hold_fd)
{
    int ends[2];
    long pid;
    char byte;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    /* Without an exit signal, so that no handler of SIGCHLD takes it for somebody else. */
    pid = syscall(SYS_clone, (long)CLONE_NEWUSER, 0L, 0L, 0L, 0L);
    if (pid == 0) {
        (void)close(ends[1]);
        while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
            continue;
        _exit(0);
    }
    if (pid < 0)
        pid = -errno;
    (void)close(ends[0]);
    if (pid < 0)
        (void)close(ends[1]);
    else
        *ret_hold_fd = ends[1];
    return (pid_t)pid;
}

static void end_holder(pid_t pid, int hold_fd)
{
    (void)close(hold_fd);
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
        continue;
}

static int write_maps(const struct barrer_host *host, pid_t pid, const char *file,
                      const struct barrer_id_map *maps, size_t n_maps, struct barrer_error *err)
{
    char path[64], text[MAX_MAPS * MAP_LINE + 1];
    barrer_auto_fd int fd = -1;
    size_t used = 0;
    int r;

    (void)snprintf(path, sizeof(path), "%d/%s", (int)pid, file);
    if (n_maps == 0 || n_maps > MAX_MAPS)
        return error_fail(err, EINVAL, "write %zu lines to \"/proc/%s\"", n_maps, path);
    for (size_t i = 0; i < n_maps; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%u %u %u\n",
                                 maps[i].container_id, maps[i].host_id, maps[i].count);
    fd = host->open_proc(host, path, O_WRONLY, err);
    if (fd < 0)
        return fd;
    r = barrer_write_fd(fd, text);
    return r < 0 ? error_fail(err, -r, "write the id map of a mount to \"/proc/%s\"", path) : 0;
}

/* /proc/PID/ns/NAME is a magic link, which open_proc refuses: it is opened below its folder, of
 * which the kernel itself has vouched. */
static int open_namespace(const struct barrer_host *host, const char *process, const char *name,
                          struct barrer_error *err)
{
    barrer_auto_fd int folder_fd = -1;
    char path[64];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/ns", process);
    folder_fd = host->open_proc(host, path, O_PATH | O_DIRECTORY, err);
    if (folder_fd < 0)
        return folder_fd;
    fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? error_fail(err, errno, "open \"/proc/%s/%s\"", path, name) : fd;
}

int helper_open_userns(const struct barrer_host *host, const struct barrer_id_map *uid_maps,
                       size_t n_uid_maps, const struct barrer_id_map *gid_maps, size_t n_gid_maps,
                       struct barrer_error *err)
{
    int hold_fd = -1, r;
    pid_t pid = start_holder(&hold_fd);
    char process[16];

    if (pid < 0)
        return error_fail(err, -pid, "create a user namespace for the id map of a mount");
    (void)snprintf(process, sizeof(process), "%d", (int)pid);
    r = write_maps(host, pid, "uid_map", uid_maps, n_uid_maps, err);
    if (r == 0)
        r = write_maps(host, pid, "gid_map", gid_maps, n_gid_maps, err);
    if (r == 0)
        r = open_namespace(host, process, "user", err);
    end_holder(pid, hold_fd);
    return r;
}

int helper_open_netlink(const struct barrer_host *host, int netns_fd, struct barrer_error *err)
{
    barrer_auto_fd int own_fd = open_namespace(host, "self", "net", err);
    barrer_auto_fd int socket_fd = -1;

    if (own_fd < 0)
        return own_fd;
    if (setns(netns_fd, CLONE_NEWNET) < 0)
        return error_fail(err, errno, "join the container's network namespace");
    socket_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (socket_fd < 0)
        (void)error_fail(err, errno, "open a netlink socket");
    /* All that follows would be done to the wrong devices. */
    if (setns(own_fd, CLONE_NEWNET) < 0)
        return error_fail(err, errno, "go back to the caller's network namespace");
    return barrer_take_fd(&socket_fd);
}

static int set_up_spawn(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                        int stderr_fd)
{
    sigset_t all, none;

    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    if (posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0) != 0 ||
        posix_spawn_file_actions_adddup2(actions, stderr_fd, 2) != 0 ||
        posix_spawn_file_actions_addclosefrom_np(actions, 3) != 0)
        return -ENOMEM;
    (void)posix_spawnattr_setsigdefault(attributes, &all);
    (void)posix_spawnattr_setsigmask(attributes, &none);
    (void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    return 0;
}

static int spawn(const char *const *argv, int stderr_fd, pid_t *ret_pid)
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    static char locale[] = "LC_ALL=C";
    char *environment[] = {path, locale, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return -ENOMEM;
    (void)posix_spawnattr_init(&attributes);
    r = set_up_spawn(&actions, &attributes, stderr_fd);
    /* posix_spawn(3) does not write to argv; its type is of before "const". */
    if (r == 0)
        r = -posix_spawn(ret_pid, argv[0], &actions, &attributes, (char **)(uintptr_t)argv,
                         environment);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return r;
}

/* Keep the beginning of what comes, as one line, and read the rest, so that nobody gets SIGPIPE. */
static void read_complaint(int fd, char *text, size_t size)
{
    char rest[512];
    size_t used = 0;

    for (;;) {
        int has_room = used + 1 < size;
        ssize_t n =
            has_room ? read(fd, text + used, size - 1 - used) : read(fd, rest, sizeof(rest));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (has_room)
            used += (size_t)n;
    }
    while (used > 0 && strchr(" \r\n\t.", text[used - 1]) != NULL)
        used--;
    text[used] = '\0';
    for (size_t i = 0; i < used; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = ' ';
}

static int report_status(const char *program, int status, const char *complaint,
                         struct barrer_error *err)
{
    const char *colon = complaint[0] != '\0' ? ": " : "";
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

    if (WIFSIGNALED(status))
        (void)error_fail(err, 0, "\"%s\" was ended by signal %d%s%s", program, WTERMSIG(status),
                         colon, complaint);
    else if (code != 0)
        (void)error_fail(err, 0, "\"%s\" exited with status %d%s%s", program, code, colon,
                         complaint);
    return code;
}

int helper_run_program(const char *const *argv, struct barrer_error *err)
{
    char complaint[MAX_COMPLAINT];
    int ends[2], status, r;
    pid_t pid;

    if (argv[0] == NULL || argv[0][0] != '/')
        return error_fail(err, EINVAL, "run \"%s\": not an absolute path",
                          argv[0] != NULL ? argv[0] : "");
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_fail(err, errno, "run \"%s\"", argv[0]);
    r = spawn(argv, ends[1], &pid);
    (void)close(ends[1]);
    if (r < 0) {
        (void)close(ends[0]);
        return error_fail(err, -r, "run \"%s\"", argv[0]);
    }
    read_complaint(ends[0], complaint, sizeof(complaint));
    (void)close(ends[0]);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return error_fail(err, errno, "wait for \"%s\"", argv[0]);
    return report_status(argv[0], status, complaint, err);
}
