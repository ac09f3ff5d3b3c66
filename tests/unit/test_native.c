/* SPDX-License-Identifier: Apache-2.0
 *
 * The runtime host "native" against real files: what it finds, and the exact texts by which
 * container engines choose between exit status 126 and 127.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrer/runtime.h>

#include "fake_host.h"
#include "tap.h"

extern const struct barrer_plugin native_LTX_barrer;

static struct fake_host fake;
static const struct barrer_runtime_ops *ops;
static char folder[] = "/tmp/barrer-native-XXXXXX";

static void make_file(const char *name, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || fchmod(fd, mode) < 0 || close(fd) < 0)
        printf("# cannot make %s\n", name);
}

/* The path that NAME resolves to, or the message, in a static buffer. */
static const char *resolve(const char *name, const char *path, int *ret_r)
{
    static char answer[4200];
    const char *args[] = {name, "x", NULL};
    char variable[512];
    const char *environment[] = {"PATHS=/nowhere", variable, NULL};
    struct barrer_runtime_request request = {
        .size = sizeof(request), .args = args, .environment = environment, .cwd = "/"};
    struct barrer_payload payload = {.size = sizeof(payload), .fd = 7};
    void *self;

    (void)snprintf(variable, sizeof(variable), "PATH=%s", path != NULL ? path : "");
    if (path == NULL)
        environment[1] = NULL;
    if (native_LTX_barrer.open(&fake.host, &self, &fake.error) < 0)
        return "open failed";
    *ret_r = ops->resolve(self, &request, &payload, &fake.error);
    if (*ret_r < 0)
        (void)snprintf(answer, sizeof(answer), "%s", fake.error.text);
    else if (payload.fd != -1 || payload.args != args || payload.environment != environment)
        (void)snprintf(answer, sizeof(answer), "a wrong payload");
    else
        (void)snprintf(answer, sizeof(answer), "%s", payload.path);
    native_LTX_barrer.close(self);
    return answer;
}

static void expect(const char *name, const char *path, int r, const char *answer, const char *what)
{
    int got_r = 1;
    const char *got = resolve(name, path, &got_r);

    if (!ok(got_r == r && strcmp(got, answer) == 0, "%s", what))
        printf("# got:    %d %s\n# wanted: %d %s\n", got_r, got, r, answer);
}

static void test_slash(void)
{
    expect("./a/tool", "/nowhere", 0, "./a/tool", "a name with a slash is taken as it is");
    expect("a/tool", NULL, 0, "a/tool", "also when it is relative");
    expect("./gone", NULL, -ENOENT, "open executable `./gone`: no such file or directory",
           "a path that is not there");
    expect("./b/tool", NULL, -EACCES, "open executable `./b/tool`: permission denied",
           "a file without execute permission");
    expect("./a", NULL, -EACCES, "exec: the path `./a` is not a regular file: permission denied",
           "a folder");
    expect("./a/tool/x", NULL, -ENOTDIR, "open executable `./a/tool/x`: Not a directory",
           "a path through a file");
    expect("./dangling", NULL, -ENOENT, "open executable `./dangling`: no such file or directory",
           "a dangling link");
}

static void test_search(void)
{
    expect("tool", "./gone:./a", 0, "./a/tool", "PATH is searched past missing folders");
    expect("tool", "./b:./a", 0, "./a/tool", "a file without execute permission is passed over");
    expect("tool", "./d:./a", 0, "./a/tool", "a folder of that name is passed over");
    expect("tool", "./b:./gone", -EACCES, "open executable `./b/tool`: permission denied",
           "when nothing else is found, that file is named");
    expect("tool", "./gone:/nowhere", -ENOENT,
           "executable file `tool` not found in $PATH: no such file or directory",
           "a name that is nowhere in PATH");
    expect("tool", "./d", -ENOENT,
           "executable file `tool` not found in $PATH: no such file or directory",
           "a folder of that name is not found");
    expect("here", "/nowhere:", 0, "./here", "an empty element is the working directory");
    expect("here", "/nowhere::/gone", 0, "./here", "also in the middle");
    expect("", "/bin", -ENOENT, "executable file `` not found in $PATH: no such file or directory",
           "an empty name");
    expect("sh", NULL, 0,
           access("/usr/local/bin/sh", X_OK) == 0 ? "/usr/local/bin/sh"
           : access("/usr/bin/sh", X_OK) == 0     ? "/usr/bin/sh"
                                                  : "/bin/sh",
           "without PATH there is a default");
}

static void test_long(void)
{
    char *name = malloc(5001);

    memset(name, 'n', 5000);
    name[5000] = '\0';
    int r = 0;

    (void)resolve(name, "./a:./b", &r);
    is_number(r, -ENOENT, "a name longer than a path can be is not found");
    free(name);
}

/* In a child with another user, as the payload would be looked up. */
static void test_user(void)
{
    int status = 1;
    pid_t pid;

    if (geteuid() != 0) {
        skip("another user", "needs root");
        return;
    }
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        int r;

        if (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
            setresuid(65534, 65534, 65534) < 0)
            _exit(9);
        _exit(
            (strcmp(resolve("tool", "./closed:./gone", &r),
                    "executable file `tool` not found in $PATH: no such file or directory") != 0) |
            (strcmp(resolve("./own", NULL, &r), "open executable `./own`: permission denied") != 0)
                << 1 |
            (strcmp(resolve("tool", "./closed:./a", &r), "./a/tool") != 0) << 2);
    }
    (void)waitpid(pid, &status, 0);
    is_number(WEXITSTATUS(status), 0,
              "for another user, a closed folder of PATH is passed over, and a file that only its "
              "owner may execute is refused");
}

/* access(2) looks at the real user, who has no capabilities in its eyes; the kernel's execve(2)
 * looks at the effective set. */
static void test_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    int status = 1;
    pid_t pid;

    if (geteuid() != 0) {
        skip("a user with CAP_DAC_OVERRIDE", "needs root");
        return;
    }
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        int r = 1;

        data[0].effective = data[0].permitted = 1u << CAP_DAC_OVERRIDE;
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setresuid(65534, 65534, 65534) < 0 ||
            syscall(SYS_capset, &header, data) < 0)
            _exit(9);
        _exit(access("./own", X_OK) == 0 || strcmp(resolve("./own", NULL, &r), "./own") != 0);
    }
    (void)waitpid(pid, &status, 0);
    is_number(WEXITSTATUS(status), 0,
              "a user with CAP_DAC_OVERRIDE may execute what only its owner may");
}

int main(void)
{
    ops = native_LTX_barrer.ops;
    fake_host_init(&fake);
    (void)umask(022);
    if (mkdtemp(folder) == NULL || chmod(folder, 0755) < 0 || chdir(folder) < 0)
        return 99;
    (void)mkdir("a", 0755);
    (void)mkdir("b", 0755);
    (void)mkdir("d", 0755);
    (void)mkdir("d/tool", 0755);
    (void)mkdir("closed", 0700);
    make_file("a/tool", 0755);
    make_file("b/tool", 0644);
    make_file("closed/tool", 0755);
    make_file("here", 0755);
    make_file("own", 0700);
    (void)symlink("nowhere", "dangling");

    test_slash();
    test_search();
    test_long();
    test_user();
    test_capability();

    (void)unlink("a/tool");
    (void)unlink("b/tool");
    (void)unlink("closed/tool");
    (void)unlink("here");
    (void)unlink("own");
    (void)unlink("dangling");
    (void)rmdir("d/tool");
    (void)rmdir("a");
    (void)rmdir("b");
    (void)rmdir("d");
    (void)rmdir("closed");
    ok(chdir("/") == 0 && rmdir(folder) == 0, "nothing is left");
    fake_host_fini(&fake);
    return tap_done();
}
