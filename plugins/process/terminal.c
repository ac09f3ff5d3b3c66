/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h> /* not with <sys/mount.h> of glibc 2.36 */
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <barrer/util.h>

/* On a devpts nobody can make files, so that nothing else than the device answers to this name,
 * unless it is mounted over: by a container that waits for exec, with anything that hangs when it
 * is opened. Without openat2(2) the caller's look at the result must do. */
static int open_ptmx(int folder_fd)
{
    const struct open_how how = {.flags = O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC,
                                 .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, folder_fd, "ptmx", &how, sizeof(how));

    if (fd < 0 && errno == ENOSYS)
        fd = openat(folder_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    return fd;
}

static int open_master(const struct barrer_host *host, int root_fd, struct barrer_error *err)
{
    barrer_auto_fd int folder_fd = -1;
    barrer_auto_fd int master_fd = -1;
    struct statfs fs;
    struct stat st;
    int unlock = 0;

    folder_fd =
        host->open_in_root(host, root_fd, "/dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, err);
    if (folder_fd < 0)
        return folder_fd;
    if (fstatfs(folder_fd, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
        return barrer_fail(
            host, err, ENOTTY,
            "open a terminal: \"/dev/pts\" of the container is no devpts (a terminal "
            "needs a mount of that type)");
    master_fd = open_ptmx(folder_fd);
    if (master_fd < 0)
        return barrer_fail(host, err, errno, "open \"/dev/pts/ptmx\" of the container%s",
                           errno == EXDEV ? " (something is mounted on it)" : "");
    if (fstatfs(master_fd, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC ||
        fstat(master_fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
        return barrer_fail(
            host, err, ENOTTY,
            "open \"/dev/pts/ptmx\" of the container: not the device 5:2 of a devpts");
    if (ioctl(master_fd, TIOCSPTLCK, &unlock) < 0)
        return barrer_fail(host, err, errno, "unlock the container's terminal");
    return barrer_take_fd(&master_fd);
}

static int open_slave(const struct barrer_host *host, const struct barrer_process_request *request,
                      int master_fd, struct barrer_error *err)
{
    barrer_auto_fd int slave_fd = -1;

    /* TIOCGPTPEER (Linux 4.13) needs no path that could lead elsewhere. */
    slave_fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave_fd < 0)
        return barrer_fail(host, err, errno, "open the other end of the container's terminal");
    if (request->console_width != 0 || request->console_height != 0) {
        struct winsize size = {.ws_row = (unsigned short)request->console_height,
                               .ws_col = (unsigned short)request->console_width};

        if (ioctl(slave_fd, TIOCSWINSZ, &size) < 0)
            return barrer_fail(host, err, errno, "set the size of the container's terminal");
    }
    /* It belongs to whoever opened it, who is user 0. */
    if (request->uid != 0 && fchown(slave_fd, request->uid, (gid_t)-1) < 0)
        return barrer_fail(host, err, errno, "give the container's terminal to user %u",
                           request->uid);
    return barrer_take_fd(&slave_fd);
}

/* The message is the terminal's name, as callers know it from other runtimes. */
static int send_master(const struct barrer_host *host, int socket_fd, int master_fd,
                       struct barrer_error *err)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    char name[32];
    struct iovec text = {.iov_base = name};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    unsigned number;
    ssize_t n;

    if (ioctl(master_fd, TIOCGPTN, &number) < 0)
        return barrer_fail(host, err, errno, "read the number of the container's terminal");
    text.iov_len = (size_t)snprintf(name, sizeof(name), "/dev/pts/%u", number);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &master_fd, sizeof(int));
    do
        n = sendmsg(socket_fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return barrer_fail(host, err, errno, "send the terminal to the console socket");
    return 0;
}

/* What /dev/console is mounted on: an existing file or device, or a new file. */
static int open_console(const struct barrer_host *host, int root_fd, struct barrer_error *err)
{
    barrer_auto_fd int fd = -1;
    struct stat st;

    fd = host->open_in_root(host, root_fd, "/dev/console", O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, err);
    if (fd == -ENOENT)
        return host->open_in_root(host, root_fd, "/dev/console",
                                  O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600, err);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return barrer_fail(host, err, errno, "stat \"/dev/console\" of the container");
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
        return barrer_fail(host, err, S_ISLNK(st.st_mode) ? ELOOP : EINVAL,
                           "mount the terminal on \"/dev/console\" of the container: neither a "
                           "file nor a character device");
    return barrer_take_fd(&fd);
}

/* Where open_tree(2) and move_mount(2) are filtered out: names relative to the verified
 * /proc/self/fd lead to exactly these two descriptors. */
static int bind_by_number(const struct barrer_host *host, int slave_fd, int console_fd,
                          struct barrer_error *err)
{
    barrer_auto_fd int fds_fd = -1;
    char slave[16], console[16];

    fds_fd = host->open_proc(host, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC, err);
    if (fds_fd < 0)
        return fds_fd;
    (void)snprintf(slave, sizeof(slave), "%d", slave_fd);
    (void)snprintf(console, sizeof(console), "%d", console_fd);
    if (fchdir(fds_fd) < 0 || syscall(SYS_mount, slave, console, NULL, MS_BIND, NULL) < 0 ||
        chdir("/") < 0)
        return barrer_fail(host, err, errno, "mount the terminal on \"/dev/console\"");
    return 0;
}

static int mount_console(const struct barrer_host *host, int root_fd, int slave_fd,
                         struct barrer_error *err)
{
    barrer_auto_fd int console_fd = open_console(host, root_fd, err);
    barrer_auto_fd int tree_fd = -1;

    if (console_fd < 0)
        return console_fd;
    tree_fd = (int)syscall(SYS_open_tree, slave_fd, "",
                           OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (tree_fd >= 0 && syscall(SYS_move_mount, tree_fd, "", console_fd, "",
                                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
        return 0;
    if (errno == ENOSYS)
        return bind_by_number(host, slave_fd, console_fd, err);
    return barrer_fail(host, err, errno, "mount the terminal on \"/dev/console\"");
}

static int take_over(const struct barrer_host *host, int slave_fd, struct barrer_error *err)
{
    if (ioctl(slave_fd, TIOCSCTTY, 0) < 0)
        return barrer_fail(host, err, errno, "make the terminal the session's own");
    for (int fd = 0; fd <= 2; fd++)
        if (dup3(slave_fd, fd, 0) < 0)
            return barrer_fail(host, err, errno, "make the terminal descriptor %d", fd);
    return 0;
}

int process_terminal_open(const struct barrer_host *host,
                          const struct barrer_process_request *request, struct barrer_error *err)
{
    barrer_auto_fd int root_fd = -1;
    barrer_auto_fd int master_fd = -1;
    barrer_auto_fd int slave_fd = -1;
    int r;

    if (request->console_socket_fd < 0)
        return barrer_fail(host, err, 0, "a terminal is asked for, but there is no console socket");
    root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return barrer_fail(host, err, errno, "open the container's root");
    master_fd = open_master(host, root_fd, err);
    if (master_fd < 0)
        return master_fd;
    slave_fd = open_slave(host, request, master_fd, err);
    if (slave_fd < 0)
        return slave_fd;
    /* A further process has a terminal of its own; /dev/console stays that of the first. */
    if (!(request->flags & BARRER_PROCESS_EXEC)) {
        r = mount_console(host, root_fd, slave_fd, err);
        if (r < 0)
            return r;
    }
    r = send_master(host, request->console_socket_fd, master_fd, err);
    return r < 0 ? r : take_over(host, slave_fd, err);
}
