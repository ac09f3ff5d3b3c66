/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the overlayfs plugin as the core would: prepare on the host, clone(2), enter and pivot in
 * the child, which then executes a shell script of busybox in the container's root. What the
 * script prints is what the tests look at.
 */
#ifndef TESTS_UNIT_TEST_OVERLAYFS_BOX_H
#define TESTS_UNIT_TEST_OVERLAYFS_BOX_H

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/filesystem.h>
#include <barrer/util.h>

#include "fake_host.h"
#include "tap.h"

#define BUSYBOX "/bin/busybox"
#define MAX_DENIED 8

extern const struct barrer_plugin overlayfs_LTX_barrer;

/* One container. Zero what is not wanted; `request` is completed by box_run. */
struct box {
    struct barrer_filesystem_request request;
    const struct barrer_pair *options, *annotations;
    const char *script;        /* for busybox sh, in the container; NULL: none */
    unsigned long clone_flags; /* besides CLONE_NEWNS */
    uint32_t not_new;          /* left out of the request's namespaces */
    bool has_no_mount_namespace;
    const int *denied;           /* system calls that answer `denied_errno`, ended by -1 */
    int denied_errno;            /* 0: ENOSYS */
    void (*on_host)(void *arg);  /* between prepare and clone */
    void (*in_child)(void *arg); /* before enter */
    void *arg;
    bool has_release; /* call release at the end */
};

/* What came of it: the script's output, or the plugin's error as "error: ...". */
static char box_output[1 << 17];

__attribute__((unused)) static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        printf("# cannot write %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
}

__attribute__((unused, format(printf, 1, 2))) static void shell(const char *fmt, ...)
{
    char command[4096];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(command, sizeof(command), fmt, ap);
    va_end(ap);
    if (system(command) != 0)
        printf("# failed: %s\n", command);
}

static void deny(const int *denied, int error)
{
    struct sock_filter code[2 * MAX_DENIED + 2];
    struct sock_fprog program = {.filter = code};
    unsigned short n = 0;

    code[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (; *denied >= 0 && n < 2 * MAX_DENIED; denied++) {
        code[n++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)*denied, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(
            BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)(error != 0 ? error : ENOSYS));
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program.len = n;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        printf("error: seccomp: %s\n", strerror(errno));
}

static void box_map(pid_t pid, const char *file, const struct barrer_id_map *maps, size_t n)
{
    char path[64], text[256] = "";

    for (size_t i = 0; i < n; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u %u %u\n",
                       maps[i].container_id, maps[i].host_id, maps[i].count);
    if (n == 1 && maps[0].count == 1 && strcmp(file, "gid_map") == 0) {
        (void)snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
        write_file(path, "deny");
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
    write_file(path, text);
}

static void box_child(struct box *box, void *self, struct fake_host *fake, int go_fd)
{
    const struct barrer_filesystem_ops *ops = overlayfs_LTX_barrer.ops;
    char *const environment[] = {(char *)(uintptr_t) "PATH=/bin", NULL};
    char *const argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
                          (char *)(uintptr_t)box->script, NULL};
    char byte;

    if (read(go_fd, &byte, 1) != 1)
        _exit(1);
    if ((box->clone_flags & CLONE_NEWUSER) && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        dprintf(1, "error: setresuid: %s\n", strerror(errno));
    /* As the core does. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)umask(0);
    if (box->in_child != NULL)
        box->in_child(box->arg);
    if (ops->enter(self, &box->request, &fake->error) < 0 ||
        ops->pivot(self, &box->request, &fake->error) < 0) {
        dprintf(1, "error: %s\n", fake->error.text);
        _exit(1);
    }
    if (box->script != NULL) {
        execve("/bin/busybox", argv, environment);
        dprintf(1, "error: execve: %s\n", strerror(errno));
    }
    _exit(0);
}

static void box_start(struct box *box, void *self, struct fake_host *fake)
{
    unsigned long flags = box->clone_flags | (box->has_no_mount_namespace ? 0 : CLONE_NEWNS);
    int go[2], status;
    pid_t pid;

    if (pipe2(go, O_CLOEXEC) < 0)
        _exit(1);
    pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        box_child(box, self, fake, go[0]);
    if (pid < 0) {
        printf("error: clone: %s\n", strerror(errno));
        return;
    }
    if (flags & CLONE_NEWUSER) {
        box_map(pid, "uid_map", box->request.uid_maps, box->request.n_uid_maps);
        box_map(pid, "gid_map", box->request.gid_maps, box->request.n_gid_maps);
    }
    (void)!write(go[1], "x", 1);
    (void)waitpid(pid, &status, 0);
    if (WIFSIGNALED(status))
        printf("error: signal %d\n", WTERMSIG(status));
}

/* Another process does all of it, so that filters and namespaces end with it. */
static void box_work(struct box *box)
{
    const struct barrer_plugin *plugin = &overlayfs_LTX_barrer;
    const struct barrer_filesystem_ops *ops = plugin->ops;
    struct fake_host fake;
    void *self;

    fake_host_init(&fake);
    fake.options = box->options;
    fake.annotations = box->annotations;
    if (box->denied != NULL)
        deny(box->denied, box->denied_errno);
    if (plugin->open(&fake.host, &self, &fake.error) < 0 ||
        ops->prepare(self, &box->request, &fake.error) < 0) {
        printf("error: %s\n", fake.error.text);
    } else {
        if (box->on_host != NULL)
            box->on_host(box->arg);
        fflush(stdout);
        box_start(box, self, &fake);
    }
    plugin->close(self);
    if (box->has_release) {
        (void)plugin->open(&fake.host, &self, &fake.error);
        if (ops->release(self, &box->request, &fake.error) < 0)
            printf("error: release: %s\n", fake.error.text);
        plugin->close(self);
    }
    fake_host_fini(&fake);
}

static const char *box_run(struct box *box)
{
    unsigned long flags = box->clone_flags | (box->has_no_mount_namespace ? 0 : CLONE_NEWNS);
    static const char *const none[] = {NULL};
    size_t used = 0;
    int out[2], status;
    ssize_t n;
    pid_t pid;

    box->request.size = sizeof(box->request);
    if (box->request.id == NULL)
        box->request.id = "box";
    if (box->request.masked_paths == NULL)
        box->request.masked_paths = none;
    if (box->request.readonly_paths == NULL)
        box->request.readonly_paths = none;
    box->request.created = (uint32_t)flags;
    box->request.namespaces = (uint32_t)flags & ~box->not_new;
    fflush(stdout);
    if (pipe2(out, O_CLOEXEC) < 0)
        return "error: pipe";
    pid = fork();
    if (pid == 0) {
        (void)dup2(out[1], 1);
        (void)dup2(out[1], 2);
        box_work(box);
        exit(0); /* not _exit: a sanitizer looks for leaks */
    }
    (void)close(out[1]);
    while ((n = read(out[0], box_output + used, sizeof(box_output) - 1 - used)) > 0)
        used += (size_t)n;
    box_output[used] = '\0';
    (void)close(out[0]);
    if (waitpid(pid, &status, 0) < 0 || status != 0) {
        (void)ok(0, "the host's side ends well");
        printf("# %d: %s\n", status, box_output);
    }
    return box_output;
}

/* A line of the output that begins with KEY and "=": what follows. */
__attribute__((unused)) static const char *box_value(const char *key)
{
    static char value[4096];
    size_t n = strlen(key);

    for (const char *line = box_output; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t length = end == NULL ? strlen(line) : (size_t)(end - line);

        if (length > n && length < sizeof(value) && strncmp(line, key, n) == 0 && line[n] == '=') {
            memcpy(value, line + n + 1, length - n - 1);
            value[length - n - 1] = '\0';
            return value;
        }
        line = end == NULL ? NULL : end + 1;
    }
    return NULL;
}

__attribute__((unused)) static void box_is(const char *key, const char *wanted, const char *what)
{
    if (!is_text(box_value(key), wanted, what) && strstr(box_output, "error: ") != NULL)
        printf("# output: %s\n", box_output);
}

__attribute__((unused)) static void box_has(const char *text, const char *what)
{
    if (!ok(strstr(box_output, text) != NULL, "%s", what))
        printf("# output: %s\n", box_output);
}

__attribute__((unused)) static void box_has_not(const char *text, const char *what)
{
    if (!ok(strstr(box_output, text) == NULL, "%s", what))
        printf("# output: %s\n", box_output);
}

/* A folder of our own on a tmpfs in a mount namespace of our own, which vanishes with it. */
static char box_folder[] = "/tmp/barrer-overlayfs-XXXXXX";

static pid_t box_owner;

static void box_cleanup(void)
{
    if (getpid() == box_owner && chdir("/") == 0 && umount2(box_folder, MNT_DETACH) == 0)
        (void)rmdir(box_folder);
}

/* 0: cannot work here; the reason is printed. */
static int box_setup(void)
{
    if (geteuid() != 0 || access(BUSYBOX, X_OK) < 0) {
        skip("the plugin overlayfs", geteuid() != 0 ? "needs root" : "needs " BUSYBOX);
        return 0;
    }
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mkdtemp(box_folder) == NULL || mount("tmpfs", box_folder, "tmpfs", 0, "mode=755") < 0 ||
        chdir(box_folder) < 0) {
        skip("the plugin overlayfs", "cannot mount here");
        return 0;
    }
    box_owner = getpid();
    (void)atexit(box_cleanup);
    return 1;
}

/* NAME below box_folder, until the program ends. */
__attribute__((unused)) static const char *box_path(const char *name)
{
    static char *paths[256];
    static size_t n;

    if (n == sizeof(paths) / sizeof(*paths) || asprintf(&paths[n], "%s/%s", box_folder, name) < 0)
        abort();
    return paths[n++];
}

/* A root with nothing but busybox, at NAME below box_folder. */
static const char *box_root(const char *name)
{
    const char *path = box_path(name);

    shell("mkdir -p %s/bin && cp " BUSYBOX " %s/bin/busybox && cd %s/bin && "
          "for i in sh ls cat stat mount readlink grep sed test mkdir touch rm ln chmod id sort "
          "head cut wc find dd; do ln -sf busybox $i; done",
          path, path, path);
    return path;
}

#endif
