/* SPDX-License-Identifier: Apache-2.0
 *
 * Mounts in a container that runs: sources are opened here, and a process of ours that joins the
 * container's mount namespace attaches them. Top to bottom in lifecycle_mounts.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "container/caller.h"
#include "container/lifecycle.h"
#include "flow/channel.h"
#include "flow/stages.h"

struct change {
    const struct global_options *global;
    int is_add;
    struct container *container;
    struct oci_spec *config; /* the container's */
    struct oci_spec *spec;   /* what is asked */
    struct flow flow;
    int pidfd;               /* of the container's process */
    int root_fd, mounts_fd;  /* its root, and its mount namespace */
};

static int open_container(struct change *c, const char *id, struct barrer_error *err)
{
    enum container_status status;
    int r = container_open(c->global->root, id, 0, &c->container, err);

    if (r < 0)
        return r;
    status = container_status(c->container);
    if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
        return error_fail(err, 0,
                          "change the mounts of container `%s`, which is %s: container not running",
                          id, container_status_name(status));
    if (!container_flag(c->container, "hasOwnRoot"))
        return error_fail(err, 0,
                          "change the mounts of container `%s`: it shares the mount namespace of "
                          "the host",
                          id);
    c->pidfd = container_pidfd(c->container);
    if (c->pidfd < 0)
        return error_fail(err, -c->pidfd, "find the process of container `%s`", id);
    return lifecycle_spec(c->container, &c->config, err);
}

/* Of the container's process; the pidfd tells whether it still is that one. */
static int open_namespace(struct change *c, struct barrer_error *err)
{
    int proc_fd = c->flow.context.proc_fd;
    char path[64];

    (void)snprintf(path, sizeof(path), "%d/root", c->container->pid);
    c->root_fd = openat(proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "%d/ns/mnt", c->container->pid);
    c->mounts_fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (c->root_fd < 0 || c->mounts_fd < 0)
        return error_fail(err, errno, "open the root of container `%s`", c->container->id);
    if (container_status(c->container) == CONTAINER_STOPPED)
        return error_fail(err, ESRCH, "open the root of container `%s`", c->container->id);
    return 0;
}

static int compose(struct change *c, const char *file, struct barrer_error *err)
{
    struct barrer_filesystem_request *request;
    const struct barrer_filesystem_request *own = &c->config->filesystem;
    const char *bundle = container_text(c->container, "bundle");
    int r = oci_mounts_load(file, bundle != NULL ? bundle : "/", &c->spec, err);

    if (r == 0)
        r = lifecycle_reopen(c->container, 1u << BARRER_FILESYSTEM, 0, &c->flow, err);
    if (r == 0)
        r = path_open_procfs(&c->flow.context.proc_fd, err);
    if (r < 0)
        return r;
    c->flow.spec = c->spec;
    request = &c->spec->filesystem;
    request->id = c->container->id;
    request->bundle = bundle;
    request->uid_maps = own->uid_maps;
    request->n_uid_maps = own->n_uid_maps;
    request->gid_maps = own->gid_maps;
    request->n_gid_maps = own->n_gid_maps;
    request->mount_label = own->mount_label;
    request->propagation = own->propagation;
    request->namespaces = own->namespaces;
    if (caller_is_rootless(c->global->rootless, c->flow.context.proc_fd))
        request->flags |= BARRER_FILESYSTEM_ROOTLESS;
    if (!stage_any(&c->flow, c->is_add ? STAGE_ADD_MOUNTS : STAGE_REMOVE_MOUNTS))
        return error_fail(err, ENOTSUP, "change the mounts of container `%s`", c->container->id);
    return flow_check_honoured(&c->flow, c->spec, 1u << BARRER_FILESYSTEM, err);
}

/* No process of the container may look into this one. */
static int act_inside(struct change *c, struct barrer_error *err)
{
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (setns(c->mounts_fd, CLONE_NEWNS) < 0)
        return error_fail(err, errno, "join the mount namespace of container `%s`",
                          c->container->id);
    if (fchdir(c->root_fd) < 0 || chroot(".") < 0)
        return error_fail(err, errno, "enter the root of container `%s`", c->container->id);
    (void)umask(0);
    return stage_run(&c->flow, c->is_add ? STAGE_ADD_MOUNTS : STAGE_REMOVE_MOUNTS, err);
}

__attribute__((noreturn)) static void run_inside(struct change *c, int fd)
{
    struct barrer_error err = {0};
    int r = act_inside(c, &err);

    (void)channel_send(fd, r < 0 ? CHANNEL_ERROR : CHANNEL_READY, err.errnum, err.text);
    _exit(r < 0);
}

static int take_answer(struct change *c, int fd, struct barrer_error *err)
{
    struct channel_message message;
    int r = channel_receive(fd, &message);

    if (r == 0 && message.type == CHANNEL_READY)
        return 0;
    if (r == 0 && message.type == CHANNEL_ERROR) {
        err->errnum = message.number;
        (void)snprintf(err->text, sizeof(err->text), "%.*s", (int)sizeof(err->text) - 1,
                       message.text);
        return message.number > 0 ? -message.number : -EINVAL;
    }
    return error_fail(err, r < 0 ? -r : EPIPE, "change the mounts of container `%s`",
                      c->container->id);
}

static int act(struct change *c, struct barrer_error *err)
{
    int fds[2], r = channel_open(fds, err);
    pid_t pid;

    if (r < 0)
        return r;
    pid = fork();
    if (pid == 0) {
        (void)close(fds[0]);
        run_inside(c, fds[1]);
    }
    (void)close(fds[1]);
    if (pid < 0)
        r = error_fail(err, errno, "fork");
    else
        r = take_answer(c, fds[0], err);
    (void)close(fds[0]);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    return r;
}

int lifecycle_mounts(const struct global_options *global, const char *id, const char *file,
                     int is_add, struct barrer_error *err)
{
    struct change c = {
        .global = global, .is_add = is_add, .pidfd = -1, .root_fd = -1, .mounts_fd = -1};
    int r = open_container(&c, id, err);

    if (r == 0)
        r = compose(&c, file, err);
    if (r == 0)
        r = open_namespace(&c, err);
    if (r == 0 && is_add)
        r = stage_run(&c.flow, STAGE_OPEN_MOUNTS, err);
    if (r == 0)
        r = act(&c, err);
    barrer_close_fd(&c.mounts_fd);
    barrer_close_fd(&c.root_fd);
    barrer_close_fd(&c.pidfd);
    flow_fini(&c.flow);
    loader_destroy(c.flow.loader);
    container_close(c.container);
    oci_spec_destroy(c.spec);
    oci_spec_destroy(c.config);
    return r;
}
