/* SPDX-License-Identifier: Apache-2.0
 *
 * plugins/process: the terminal, in roots that mean well and in roots that do not.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "test_process_support.h"

extern const struct barrer_plugin process_LTX_barrer;

static char root[] = "/tmp/barrer-terminal-XXXXXX";

/* What the image's /dev is like. */
static enum {
    ORDINARY,
    NO_CONSOLE,
    DEV_IS_LINK,
    CONSOLE_IS_LINK,
    CONSOLE_IS_FOLDER,
    PTS_IS_LINK,
    PTS_IS_FOLDER,
    PTMX_IS_COVERED,
    NO_NEW_CALLS,
    PTMX_IS_COVERED_BEFORE_OPENAT2,
    IS_READONLY,
} kind;

static int make_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

    if (fd >= 0)
        (void)close(fd);
    return n < 0 ? -1 : 0;
}

static int make_dev(void)
{
    const char *dev = kind == DEV_IS_LINK ? "elsewhere" : "dev";
    char pts[32];

    if (mkdir(dev, 0755) < 0 || (kind == DEV_IS_LINK && symlink("/elsewhere", "dev") < 0))
        return -1;
    if (kind == PTS_IS_LINK || kind == PTS_IS_FOLDER) {
        if (mkdir("fake", 0755) < 0 || make_file("fake/ptmx", "canary") < 0)
            return -1;
        return kind == PTS_IS_LINK ? symlink("/fake", "dev/pts") : rename("fake", "dev/pts");
    }
    (void)snprintf(pts, sizeof(pts), "%s/pts", dev);
    if (mkdir(pts, 0755) < 0 ||
        mount("devpts", pts, "devpts", 0, "newinstance,ptmxmode=0666,mode=0620") < 0)
        return -1;
    return kind == PTMX_IS_COVERED || kind == PTMX_IS_COVERED_BEFORE_OPENAT2
               ? mount("canary", "dev/pts/ptmx", NULL, MS_BIND, NULL)
               : 0;
}

static int make_console(void)
{
    switch (kind) {
    case NO_CONSOLE:
        return 0;
    case CONSOLE_IS_LINK:
        return symlink("/canary", "dev/console");
    case CONSOLE_IS_FOLDER:
        return mkdir("dev/console", 0755);
    case DEV_IS_LINK:
        return make_file("elsewhere/console", "");
    default:
        return make_file("dev/console", "");
    }
}

static int forbid_new_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open_tree, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {5, code};

    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int enter_root(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
        mount("tmpfs", root, "tmpfs", 0, NULL) < 0 || chdir(root) < 0 || mkdir("proc", 0755) < 0 ||
        mount("proc", "proc", "proc", 0, NULL) < 0 ||
        make_file("canary", "canary: untouched\n") < 0 || make_dev() < 0 || make_console() < 0)
        return -1;
    if (kind == IS_READONLY && mount(NULL, root, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
        return -1;
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return -1;
    return kind == NO_NEW_CALLS || kind == PTMX_IS_COVERED_BEFORE_OPENAT2 ? forbid_new_calls() : 0;
}

static void tell_terminal(FILE *out)
{
    char line[64] = "", name[64] = "";
    struct winsize size = {0};
    struct stat terminal, console;

    (void)fprintf(out, "terminals: %d%d%d\n", isatty(0), isatty(1), isatty(2));
    (void)fprintf(out, "session: %d\n", tcgetsid(0) == getpid());
    (void)ioctl(1, TIOCGWINSZ, &size);
    (void)fprintf(out, "size: %d %d\n", size.ws_col, size.ws_row);
    if (readlink("/proc/self/fd/0", name, sizeof(name) - 1) > 0 && fstat(0, &terminal) == 0)
        (void)fprintf(out, "name: %s\nowner: %u\n", name, terminal.st_uid);
    if (stat("/dev/console", &console) == 0)
        (void)fprintf(out, "console: %d\n",
                      S_ISCHR(console.st_mode) && console.st_rdev == terminal.st_rdev);
    if (fgets(line, sizeof(line), stdin) != NULL)
        (void)fprintf(out, "read: %s", line);
    (void)fflush(out);
    if (write(1, "pong\n", 5) != 5 || tcdrain(1) < 0)
        (void)fprintf(out, "cannot write\n");
    tell_file(out, "/canary");
    /* Only descriptors that are meant to be there survive execve(2). */
    for (int fd = 3; fd < 100; fd++) {
        int flags = fcntl(fd, F_GETFD);

        if (flags >= 0 && !(flags & FD_CLOEXEC))
            (void)fprintf(out, "left open: %d\n", fd);
    }
}

static int receive_master(int socket_fd, char *name, size_t size)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec text = {.iov_base = name, .iov_len = size - 1};
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
    ssize_t n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *rights = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    int fd = -1;

    name[n > 0 ? n : 0] = '\0';
    if (rights != NULL && rights->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    return fd;
}

/* The caller's side: takes the master, types "ping", and tells what comes. */
static void be_caller(int socket_fd, int out_fd)
{
    char name[64], text[256];
    int fd = receive_master(socket_fd, name, sizeof(name));
    ssize_t n;

    (void)dprintf(out_fd, "message: %s\n", name);
    if (fd >= 0 && write(fd, "ping\n", 5) == 5)
        while ((n = read(fd, text, sizeof(text))) > 0)
            if (write(out_fd, text, (size_t)n) != n)
                break;
    _exit(0);
}

/* Run JOURNEY with somebody at the other end of its console socket, and put what they saw into
 * SEEN. */
static void run_with_caller(struct journey *journey, char *seen, size_t size)
{
    int sockets[2], out[2];
    pid_t caller;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0 ||
        pipe2(out, O_CLOEXEC) < 0)
        abort();
    fflush(stdout);
    caller = fork();
    if (caller == 0) {
        (void)close(sockets[1]);
        be_caller(sockets[0], out[1]);
    }
    (void)close(sockets[0]);
    (void)close(out[1]);
    journey->request.console_socket_fd = sockets[1];
    run_journey(journey);
    (void)close(sockets[1]);
    read_all(out[0], seen, size);
    (void)close(out[0]);
    (void)waitpid(caller, NULL, 0);
}

static void works(struct journey *journey, const char *what)
{
    char seen[1024];

    run_with_caller(journey, seen, sizeof(seen));
    is_done(journey, what);
    is_text(value_of(journey->text, "terminals:"), "111", "descriptors 0 to 2 are a terminal");
    is_text(value_of(journey->text, "session:"), "1", "it controls the session");
    /* (/dev may be a link.) */
    ok(strstr(value_of(journey->text, "name:"), "/pts/0") != NULL,
       "it is of the container's devpts");
    is_text(value_of(journey->text, "read:"), "ping", "input arrives");
    ok(strstr(seen, "pong") != NULL, "output arrives");
    is_text(value_of(seen, "message:"), "/dev/pts/0", "the message is the name");
    is_text(value_of(journey->text, "canary:"), "untouched", "the canary is as it was");
    ok(strstr(journey->text, "left open") == NULL, "no descriptor is left open");
}

static void test_good(void)
{
    static const char *const whats[] = {
        [ORDINARY] = "an ordinary root",
        [NO_CONSOLE] = "a root without /dev/console",
        [DEV_IS_LINK] = "a root whose /dev is a link",
        [NO_NEW_CALLS] = "without open_tree and openat2",
        [IS_READONLY] = "a read-only root",
    };

    for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
        struct journey journey = journey_of(&process_LTX_barrer);

        if (whats[i] == NULL)
            continue;
        kind = (int)i;
        journey.before = enter_root;
        journey.after = tell_terminal;
        journey.request.flags = BARRER_PROCESS_TERMINAL;
        works(&journey, whats[i]);
        is_text(value_of(journey.text, "console:"), "1", "/dev/console is the terminal");
        is_text(value_of(journey.text, "size:"), "0 0", "no size unless asked for");
    }
}

static void test_members(void)
{
    struct journey journey = journey_of(&process_LTX_barrer);

    kind = ORDINARY;
    journey.before = enter_root;
    journey.after = tell_terminal;
    journey.request.flags = BARRER_PROCESS_TERMINAL | BARRER_PROCESS_EXEC;
    journey.request.uid = 1000;
    journey.request.console_width = 132;
    journey.request.console_height = 43;
    works(&journey, "exec as user 1000");
    is_text(value_of(journey.text, "owner:"), "1000", "it belongs to the user");
    is_text(value_of(journey.text, "size:"), "132 43", "its size");
    is_text(value_of(journey.text, "console:"), "0", "exec leaves /dev/console alone");
    journey.request.console_socket_fd = -1;
    run_journey(&journey);
    is_refused(&journey, "no console socket", "a terminal without a console socket");
}

static void test_bad(void)
{
    static const char *const parts[] = {
        [CONSOLE_IS_LINK] = "neither a file nor a character device",
        [CONSOLE_IS_FOLDER] = "neither a file nor a character device",
        [PTS_IS_LINK] = "is no devpts",
        [PTS_IS_FOLDER] = "is no devpts",
        [PTMX_IS_COVERED] = "something is mounted on it",
        [PTMX_IS_COVERED_BEFORE_OPENAT2] = "not the device 5:2",
    };
    static const char *const whats[] = {
        [CONSOLE_IS_LINK] = "/dev/console is a link",
        [CONSOLE_IS_FOLDER] = "/dev/console is a folder",
        [PTS_IS_LINK] = "/dev/pts is a link to a folder",
        [PTS_IS_FOLDER] = "/dev/pts is a folder of the image",
        [PTMX_IS_COVERED] = "a file is mounted on /dev/pts/ptmx",
        [PTMX_IS_COVERED_BEFORE_OPENAT2] = "the same without openat2",
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct journey journey = journey_of(&process_LTX_barrer);
        char seen[1024];

        if (parts[i] == NULL)
            continue;
        kind = (int)i;
        journey.before = enter_root;
        journey.request.flags = BARRER_PROCESS_TERMINAL;
        run_with_caller(&journey, seen, sizeof(seen));
        is_refused(&journey, parts[i], whats[i]);
        is_text(value_of(seen, "message:"), "", "nothing is sent then");
    }
}

/* Without a terminal: pipes become the user's, /dev/null does not. */
static void tell_streams(FILE *out)
{
    struct stat st;

    for (int fd = 0; fd <= 2; fd++)
        if (fstat(fd, &st) == 0)
            (void)fprintf(out, "owner %d: %u\n", fd, st.st_uid);
}

static int make_streams(void)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), ends[2];

    return null_fd < 0 || pipe(ends) < 0 || dup2(null_fd, 0) < 0 || dup2(ends[1], 1) < 0 ||
                   dup2(ends[1], 2) < 0
               ? -1
               : 0;
}

static void test_streams(void)
{
    struct journey journey = journey_of(&process_LTX_barrer);
    struct stat st;

    journey.before = make_streams;
    journey.after = tell_streams;
    journey.request.uid = 1000;
    run_journey(&journey);
    is_text(value_of(journey.text, "owner 1:"), "1000", "a pipe is given to the user");
    is_text(value_of(journey.text, "owner 0:"), "0", "/dev/null is not");
    ok(stat("/dev/null", &st) == 0 && st.st_uid == 0, "the host's /dev/null neither");
}

int main(void)
{
    if (!is_root()) {
        skip("all of it", "needs root");
        return tap_done();
    }
    /* So that what is open later was opened here. */
    (void)syscall(SYS_close_range, 3, ~0u, 0);
    if (mkdtemp(root) == NULL)
        abort();
    test_good();
    test_members();
    test_bad();
    test_streams();
    (void)rmdir(root);
    return tap_done();
}
