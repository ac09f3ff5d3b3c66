/* SPDX-License-Identifier: Apache-2.0
 *
 * base/path.c against real files: every case with openat2(2), and again with a seccomp filter
 * that takes it away.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/path.h"
#include "tap.h"

static char top[] = "/tmp/barrer-path-XXXXXX";

static const char *in_top(const char *name)
{
    static char text[8][PATH_MAX];
    static unsigned i;

    i = (i + 1) % 8;
    (void)snprintf(text[i], sizeof(text[i]), "%s/%s", top, name);
    return text[i];
}

static void make_file(const char *name, const char *content)
{
    barrer_auto_fd int fd = open(in_top(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0 || barrer_write_fd(fd, content) < 0)
        printf("Bail out! cannot write %s\n", name);
}

static void make_tree(void)
{
    if (mkdtemp(top) == NULL)
        printf("Bail out! mkdtemp: %s\n", strerror(errno));
    (void)chmod(top, 0755);
    (void)mkdir(in_top("root"), 0755);
    (void)mkdir(in_top("root/etc"), 0755);
    (void)mkdir(in_top("root/etc/deep"), 0755);
    make_file("secret", "outside");
    make_file("root/secret", "inside");
    make_file("root/etc/file", "etc");
    (void)symlink("/secret", in_top("root/absolute"));
    (void)symlink("../../../../secret", in_top("root/etc/up"));
    (void)symlink("etc", in_top("root/folder"));
    (void)symlink("folder/deep", in_top("root/chain"));
    (void)symlink("loop", in_top("root/loop"));
    (void)symlink("nowhere", in_top("root/dangling"));
    (void)symlink("/proc/self/root/etc", in_top("root/magic"));
    (void)mkdir(in_top("root/proc"), 0755);
}

static void remove_tree(void)
{
    static const char *const names[] = {
        "root/absolute", "root/etc/up", "root/folder",   "root/chain",   "root/loop",
        "root/dangling", "root/magic",  "root/etc/file", "root/nowhere", "root/etc/deep/new",
        "root/secret",   "secret",      "plugins/x.so",  "link",         "bad",
        "self",
    };
    static const char *const folders[] = {
        "root/proc", "root/etc/deep", "root/etc", "root",        "plugins/inner", "plugins",
        "a/b/c",     "a/b",           "a",        "sticky/mine", "sticky",        ""};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        (void)unlink(in_top(names[i]));
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        (void)rmdir(in_top(folders[i]));
}

/* What the file PATH below ROOT_FD says, or the negative errno as text. */
static const char *content(int root_fd, const char *path)
{
    static char text[64];
    barrer_auto_fd int fd = path_open_in_root(root_fd, path, O_RDONLY, 0);
    ssize_t n;

    if (fd < 0)
        return strerrorname_np(-fd);
    n = read(fd, text, sizeof(text) - 1);
    if (n < 0)
        return strerrorname_np(errno);
    text[n] = '\0';
    return text;
}

static void test_in_root(const char *how)
{
    barrer_auto_fd int root_fd = open(in_top("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat st, wanted;
    char name[64];
    int fd;

    printf("# in the root, %s\n", how);
    is_text(content(root_fd, "secret"), "inside", "a plain file");
    is_text(content(root_fd, "/secret"), "inside", "an absolute path begins at the root");
    is_text(content(root_fd, "../../secret"), "inside", "\"..\" stops at the root");
    is_text(content(root_fd, "etc/../../../secret"), "inside", "\"..\" further in as well");
    is_text(content(root_fd, "absolute"), "inside", "an absolute link begins at the root");
    is_text(content(root_fd, "etc/up"), "inside", "a link of \"..\" stops at the root");
    is_text(content(root_fd, "folder/file"), "etc", "a link on the way");
    is_text(content(root_fd, "chain/../file"), "etc", "\"..\" after a link is the target's parent");
    is_text(content(root_fd, "./etc//file"), "etc", "\".\" and double slashes");
    is_text(content(root_fd, "loop"), "ELOOP", "a link to itself");
    is_text(content(root_fd, "dangling"), "ENOENT", "a link to nowhere");
    is_text(content(root_fd, "etc/file/"), "ENOTDIR", "a slash behind a file");
    is_text(content(root_fd, "etc/file/../file"), "ENOTDIR", "\"..\" behind a file");
    is_text(content(root_fd, "etc/none/file"), "ENOENT", "a folder that is not there");
    is_text(content(root_fd, ""), "ENOENT", "an empty path");

    fd = path_open_in_root(root_fd, "absolute", O_RDONLY | O_NOFOLLOW, 0);
    is_number(fd, -ELOOP, "O_NOFOLLOW refuses a link at the end");
    fd = path_open_in_root(root_fd, "folder/up", O_PATH | O_NOFOLLOW, 0);
    ok(fd >= 0 && readlinkat(fd, "", name, sizeof(name)) > 0,
       "O_PATH | O_NOFOLLOW opens the link itself");
    barrer_close_fd(&fd);
    fd = path_open_in_root(root_fd, "chain", O_PATH | O_DIRECTORY, 0);
    ok(fd >= 0 && fstat(fd, &st) == 0 && stat(in_top("root/etc/deep"), &wanted) == 0 &&
           st.st_ino == wanted.st_ino,
       "O_PATH follows links to a folder");
    ok(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC), "the descriptor is close-on-exec");
    barrer_close_fd(&fd);
    fd = path_open_in_root(root_fd, "..", O_PATH | O_DIRECTORY, 0);
    ok(fd >= 0 && fstat(fd, &st) == 0 && fstat(root_fd, &wanted) == 0 && st.st_ino == wanted.st_ino,
       "\"..\" of the root is the root");
    barrer_close_fd(&fd);

    fd = path_open_in_root(root_fd, "chain/new", O_WRONLY | O_CREAT | O_EXCL, 0640);
    ok(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0640 &&
           access(in_top("root/etc/deep/new"), F_OK) == 0,
       "O_CREAT makes the file, with its mode");
    barrer_close_fd(&fd);
    is_number(path_open_in_root(root_fd, "chain/new", O_WRONLY | O_CREAT | O_EXCL, 0640), -EEXIST,
              "O_EXCL sees what is there");
    is_number(path_open_in_root(root_fd, "dangling", O_WRONLY | O_CREAT | O_EXCL, 0640), -EEXIST,
              "O_EXCL does not follow a link");
    fd = path_open_in_root(root_fd, "dangling", O_WRONLY | O_CREAT, 0600);
    ok(fd >= 0 && access(in_top("root/nowhere"), F_OK) == 0,
       "O_CREAT without it makes the link's target");
    barrer_close_fd(&fd);
    (void)unlink(in_top("root/etc/deep/new"));
    (void)unlink(in_top("root/nowhere"));
}

/* A procfs in the root: its ordinary links work, its magic ones would lead out. */
static void test_magic(const char *how)
{
    barrer_auto_fd int root_fd = open(in_top("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);

    printf("# magic links, %s\n", how);
    if (mount("/proc", in_top("root/proc"), NULL, MS_BIND | MS_REC, NULL) < 0) {
        skip("magic links", "cannot bind /proc");
        return;
    }
    is_text(content(root_fd, "magic/file"), "ELOOP", "/proc/self/root is refused");
    is_text(content(root_fd, "proc/self/exe"), "ELOOP", "/proc/self/exe is refused");
    ok(strncmp(content(root_fd, "proc/self/comm"), "test_path", 9) == 0 ||
           strncmp(content(root_fd, "proc/self/comm"), "lt-test_path", 12) == 0,
       "/proc/self itself is an ordinary link");
    (void)umount2(in_top("root/proc"), MNT_DETACH);
}

static int statfs_type(int fd, long type)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == type;
}

static void test_proc(const char *how)
{
    struct barrer_error err;
    int proc_fd = -1, fd;

    printf("# procfs, %s\n", how);
    if (!ok(path_open_procfs(&proc_fd, &err) == 0, "open /proc"))
        return;
    fd = path_open_proc(proc_fd, "self/oom_score_adj", O_RDWR);
    ok(fd >= 0 && statfs_type(fd, PROC_SUPER_MAGIC), "a file of the own process");
    barrer_close_fd(&fd);
    fd = path_open_proc(proc_fd, "sys/kernel/ostype", O_RDONLY);
    ok(fd >= 0, "a file of /proc/sys");
    barrer_close_fd(&fd);
    is_number(path_open_proc(proc_fd, "../etc/passwd", O_RDONLY), -EXDEV, "\"..\" is refused");
    is_number(path_open_proc(proc_fd, "/etc/passwd", O_RDONLY), -EXDEV,
              "an absolute path is refused");
    ok(path_open_proc(proc_fd, "self/exe", O_RDONLY) == -ELOOP, "a magic link is refused");
    ok(path_open_proc(proc_fd, "self/root/etc/passwd", O_RDONLY) < 0,
       "a magic link on the way is refused");
    is_number(path_open_proc(proc_fd, "self/none", O_RDONLY), -ENOENT, "what is not there");
    (void)close(proc_fd);
}

/* The attack on runtimes that write labels through the container's /proc: another file on top. */
static void test_covered(const char *how)
{
    struct barrer_error err;
    int proc_fd = -1;

    if (mount("/proc/self/sched", "/proc/self/oom_score_adj", NULL, MS_BIND, NULL) < 0) {
        skip("a covered procfs file", "cannot bind on /proc/self");
        return;
    }
    printf("# covered files, %s\n", how);
    (void)path_open_procfs(&proc_fd, &err);
    is_number(path_open_proc(proc_fd, "self/oom_score_adj", O_WRONLY), -EXDEV,
              "a procfs file covered by another one is refused");
    (void)umount2("/proc/self/oom_score_adj", MNT_DETACH);
    (void)mount("/dev/null", "/proc/self/oom_score_adj", NULL, MS_BIND, NULL);
    is_number(path_open_proc(proc_fd, "self/oom_score_adj", O_WRONLY), -EXDEV,
              "one covered by a file of elsewhere as well");
    (void)umount2("/proc/self/oom_score_adj", MNT_DETACH);
    (void)close(proc_fd);
}

/* A /proc that is something else, in a mount namespace of the child's own. */
static void test_false_procfs(void)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct barrer_error err;
        int fd;

        if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("none", "/proc", "tmpfs", 0, NULL) < 0)
            _exit(77);
        _exit(path_open_procfs(&fd, &err) == -EPERM && strstr(err.text, "not a procfs") ? 0 : 1);
    }
    (void)waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip("a false /proc", "cannot mount");
    else
        ok(status == 0, "a tmpfs on /proc is not taken for a procfs");
}

static int trusted(const char *path, uid_t owner, struct barrer_error *err)
{
    err->text[0] = '\0';
    /* Another owner in between makes the process ask afresh. */
    (void)path_check_trusted("/", owner + 1, err);
    err->text[0] = '\0';
    return path_check_trusted(path, owner, err);
}

static void test_trust_modes(void)
{
    struct barrer_error err;

    (void)mkdir(in_top("plugins"), 0755);
    (void)chmod(in_top("plugins"), 0755);
    make_file("plugins/x.so", "");
    is_number(trusted(in_top("plugins/x.so"), getuid(), &err), 0,
              "own files below the sticky /tmp are trusted");
    is_number(path_check_trusted(in_top("plugins/x.so"), getuid(), &err), 0, "and again");
    is_number(trusted(in_top("plugins/none"), getuid(), &err), -ENOENT, "what is not there");
    is_number(trusted("plugins", getuid(), &err), -EINVAL, "a relative path");
    is_number(trusted("/tmp", getuid(), &err), -EPERM, "/tmp itself is not trusted");
    is_number(trusted(in_top("plugins/../plugins/./x.so"), getuid(), &err), 0, "\".\" and \"..\"");
    is_number(trusted("/tmp/..", getuid(), &err), 0, "\"..\" out of a sticky folder");

    (void)chmod(in_top("plugins"), 0775);
    is_number(trusted(in_top("plugins/x.so"), getuid(), &err), -EPERM,
              "a folder that its group may write");
    ok(strstr(err.text, in_top("plugins\": writable by its group (mode 0775)")) != NULL &&
           strstr(err.text, "chmod g-w") != NULL,
       "says component, mode and remedy: %s", err.text);
    (void)chmod(in_top("plugins"), 0755);
    (void)chmod(in_top("plugins/x.so"), 0646);
    is_number(trusted(in_top("plugins/x.so"), getuid(), &err), -EPERM,
              "a file that others may write");
    ok(strstr(err.text, "chmod o-w") != NULL, "says the remedy: %s", err.text);
    (void)chmod(in_top("plugins/x.so"), 0644);
    (void)chmod(in_top("plugins"), 01777);
    is_number(trusted(in_top("plugins"), getuid(), &err), -EPERM,
              "a sticky folder at the end of the path");
    (void)chmod(in_top("plugins"), 0755);
}

static void test_trust_links(void)
{
    struct barrer_error err;

    (void)symlink("plugins", in_top("link"));
    is_number(trusted(in_top("link/x.so"), getuid(), &err), 0, "a link of one's own");
    (void)symlink("/tmp", in_top("bad"));
    is_number(trusted(in_top("bad"), getuid(), &err), -EPERM, "a link to an untrusted folder");
    (void)symlink("self", in_top("self"));
    is_number(trusted(in_top("self/x"), getuid(), &err), -ELOOP, "a link to itself");
    if (lchown(in_top("link"), 12345, 12345) < 0) {
        skip("foreign owners", "cannot change owners here");
        return;
    }
    is_number(trusted(in_top("link/x.so"), 0, &err), -EPERM, "a link of somebody else");
    (void)lchown(in_top("plugins/x.so"), 12345, 12345);
    is_number(trusted(in_top("plugins/x.so"), 0, &err), -EPERM, "a file of somebody else");
    ok(strstr(err.text, "owned by user 12345") != NULL && strstr(err.text, "chown root") != NULL,
       "says owner and remedy: %s", err.text);
    is_number(trusted(in_top("plugins/x.so"), 12345, &err), 0, "the owner that is trusted");
    (void)mkdir(in_top("sticky"), 01777);
    (void)chmod(in_top("sticky"), 01777);
    (void)mkdir(in_top("sticky/mine"), 0755);
    (void)chown(in_top("sticky"), 12345, 0);
    is_number(trusted(in_top("sticky/mine"), 12345, &err), -EPERM,
              "a sticky folder that is not root's");
}

static void test_make_folders(void)
{
    struct barrer_error err;
    struct stat st;

    is_number(path_make_folders(in_top("a/b/c"), 0700, &err), 0, "make three folders");
    ok(stat(in_top("a/b"), &st) == 0 && (st.st_mode & 07777) == 0700, "with their mode");
    is_number(path_make_folders(in_top("a/b/c"), 0700, &err), 0, "which are there now");
    is_number(path_make_folders(in_top("secret/b"), 0700, &err), -ENOTDIR, "below a file");
    ok(strstr(err.text, "create folder") != NULL, "says what was tried: %s", err.text);
}

/* openat2(2) answers ERRNUM from here on. */
static int take_openat2(int errnum)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)errnum),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void test_eperm_filter(void)
{
    pid_t pid = fork();
    int status = -1;

    if (pid == 0) {
        int fd;

        if (!take_openat2(EPERM))
            _exit(77);
        fd = path_open_in_root(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
        _exit(fd >= 0 && !path_has_openat2() ? 0 : 1);
    }
    (void)waitpid(pid, &status, 0);
    is_number(status, 0, "a filter that answers EPERM leads to the walk");
}

int main(void)
{
    int is_private =
        unshare(CLONE_NEWNS) == 0 && mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;

    (void)umask(022);
    make_tree();
    for (int round = 0; round < 2; round++) {
        const char *how = round == 0 ? "with openat2" : "by the walk";

        if (round == 1 && !ok(take_openat2(ENOSYS), "take openat2 away"))
            break;
        test_in_root(how);
        test_proc(how);
        if (is_private) {
            test_magic(how);
            test_covered(how);
        } else {
            skip("mounts in the root", "no mount namespace");
        }
        is_number(path_has_openat2(), round == 0, how);
        if (round == 0) {
            test_eperm_filter();
            test_false_procfs();
        }
    }
    test_trust_modes();
    test_trust_links();
    test_make_folders();
    remove_tree();
    return tap_done();
}
