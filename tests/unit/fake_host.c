/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"

static const char *find_pair(const struct barrer_pair *pairs, const char *key)
{
    for (; pairs != NULL && pairs->key != NULL; pairs++)
        if (strcmp(pairs->key, key) == 0)
            return pairs->value;
    return NULL;
}

static void fake_vlog(const struct barrer_host *host, int level, const char *fmt, va_list ap)
{
    (void)host;
    printf("# log %d: ", level);
    vprintf(fmt, ap);
    putchar('\n');
}

static int fake_vfail(const struct barrer_host *host, struct barrer_error *err, int errnum,
                      const char *fmt, va_list ap)
{
    int r = error_vfail(err, errnum, fmt, ap);

    (void)host;
    return errnum > 0 ? r : -EIO;
}

static const char *fake_option(const struct barrer_host *host, const char *key)
{
    return find_pair(((struct fake_host *)host->priv)->options, key);
}

static const char *fake_annotation(const struct barrer_host *host, const char *key)
{
    return find_pair(((struct fake_host *)host->priv)->annotations, key);
}

static int fake_put_fact(const struct barrer_host *host, const char *name, const char *value,
                         struct barrer_error *err)
{
    struct fake_host *fake = host->priv;
    size_t i;

    for (i = 0; i < fake->n_facts; i++)
        if (strcmp(fake->facts[i].key, name) == 0)
            break;
    if (i == 64)
        return error_fail(err, ENOSPC, "record fact \"%s\"", name);
    if (i == fake->n_facts)
        fake->facts[fake->n_facts++].key = strdup(name);
    free((void *)(uintptr_t)fake->facts[i].value);
    fake->facts[i].value = strdup(value);
    return 0;
}

const char *fake_host_fact(const struct fake_host *fake, const char *name)
{
    for (size_t i = 0; i < fake->n_facts; i++)
        if (strcmp(fake->facts[i].key, name) == 0)
            return fake->facts[i].value;
    return NULL;
}

static const char *fake_get_fact(const struct barrer_host *host, const char *name)
{
    return fake_host_fact(host->priv, name);
}

static int fake_put_fd(const struct barrer_host *host, const char *name, int fd,
                       struct barrer_error *err)
{
    struct fake_host *fake = host->priv;

    if (fake->n_fds == 64)
        return error_fail(err, ENOSPC, "keep descriptor \"%s\"", name);
    fake->fds[fake->n_fds].name = strdup(name);
    fake->fds[fake->n_fds++].fd = fd;
    return 0;
}

static int fake_get_fd(const struct barrer_host *host, const char *name)
{
    const struct fake_host *fake = host->priv;

    for (size_t i = 0; i < fake->n_fds; i++)
        if (strcmp(fake->fds[i].name, name) == 0)
            return fake->fds[i].fd;
    return -ENOENT;
}

static int fake_open_proc(const struct barrer_host *host, const char *path, int flags,
                          struct barrer_error *err)
{
    int proc_fd, fd;

    (void)host;
    fd = path_open_procfs(&proc_fd, err);
    if (fd < 0)
        return fd;
    fd = path_open_proc(proc_fd, path, flags);
    (void)close(proc_fd);
    return fd < 0 ? error_fail(err, -fd, "open \"/proc/%s\"", path) : fd;
}

static int fake_open_in_root(const struct barrer_host *host, int root_fd, const char *path,
                             int flags, uint32_t mode, struct barrer_error *err)
{
    int fd = path_open_in_root(root_fd, path, flags, mode);

    (void)host;
    return fd < 0 ? error_fail(err, -fd, "open \"%s\" in the root", path) : fd;
}

static void write_map(pid_t pid, const char *file, const struct barrer_id_map *maps, size_t n)
{
    char path[64], text[4096];
    size_t used = 0;
    int fd;

    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%u %u %u\n",
                                 maps[i].container_id, maps[i].host_id, maps[i].count);
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, used) != (ssize_t)used)
        printf("# cannot write %s\n", path);
    if (fd >= 0)
        (void)close(fd);
}

static int fake_open_userns(const struct barrer_host *host, const struct barrer_id_map *uid_maps,
                            size_t n_uid_maps, const struct barrer_id_map *gid_maps,
                            size_t n_gid_maps, struct barrer_error *err)
{
    int ready[2], fd;
    char path[64], byte;
    pid_t pid;

    (void)host;
    if (pipe2(ready, O_CLOEXEC) < 0)
        return error_fail(err, errno, "make a pipe");
    pid = fork();
    if (pid == 0) {
        if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        (void)pause();
        _exit(0);
    }
    (void)close(ready[1]);
    if (pid < 0 || read(ready[0], &byte, 1) != 1)
        return error_fail(err, EPERM, "make a user namespace");
    (void)close(ready[0]);
    write_map(pid, "uid_map", uid_maps, n_uid_maps);
    write_map(pid, "gid_map", gid_maps, n_gid_maps);
    (void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return fd < 0 ? error_fail(err, errno, "open \"%s\"", path) : fd;
}

static int fake_run_program(const struct barrer_host *host, const char *const *argv,
                            struct barrer_error *err)
{
    int status;
    pid_t pid = fork();

    (void)host;
    if (pid == 0) {
        (void)execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return error_fail(err, errno, "run \"%s\"", argv[0]);
    if (status != 0)
        (void)error_fail(err, 0, "\"%s\" failed", argv[0]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void fake_host_init(struct fake_host *fake)
{
    memset(fake, 0, sizeof(*fake));
    fake->host = (struct barrer_host){
        .size = sizeof(struct barrer_host),
        .abi_major = BARRER_ABI_MAJOR,
        .abi_minor = BARRER_ABI_MINOR,
        .priv = fake,
        .vlog = fake_vlog,
        .vfail = fake_vfail,
        .option = fake_option,
        .annotation = fake_annotation,
        .put_fact = fake_put_fact,
        .get_fact = fake_get_fact,
        .put_fd = fake_put_fd,
        .get_fd = fake_get_fd,
        .open_proc = fake_open_proc,
        .open_in_root = fake_open_in_root,
        .open_userns = fake_open_userns,
        .run_program = fake_run_program,
    };
}

void fake_host_fini(struct fake_host *fake)
{
    for (size_t i = 0; i < fake->n_facts; i++) {
        free((void *)(uintptr_t)fake->facts[i].key);
        free((void *)(uintptr_t)fake->facts[i].value);
    }
    for (size_t i = 0; i < fake->n_fds; i++) {
        free(fake->fds[i].name);
        (void)close(fake->fds[i].fd);
    }
}
