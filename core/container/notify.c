/* SPDX-License-Identifier: Apache-2.0 */
#include "container/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "oci/arena.h"

#define FOLDER "notify"
#define NAME "notify"
/* As much as systemd reads (NOTIFY_BUFFER_MAX). */
#define MAX_MESSAGE 4096

/* The caller's socket: a path, or an abstract name behind "@"; NULL. */
static const char *caller_socket(void)
{
    const char *path = getenv("NOTIFY_SOCKET");

    return path != NULL && (path[0] == '/' || path[0] == '@') && path[1] != '\0' &&
                   strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path)
               ? path
               : NULL;
}

int notify_is_wanted(void)
{
    return caller_socket() != NULL;
}

static int has_own_socket(const struct oci_spec *spec)
{
    for (const char *const *entry = spec->process.environment; *entry != NULL; entry++)
        if (strncmp(*entry, "NOTIFY_SOCKET=", 14) == 0)
            return 1;
    return 0;
}

/* Where the payload's socket is: as with crun a folder in the place of the caller's socket. */
static const char *folder_inside(void)
{
    const char *path = caller_socket();

    return path != NULL && path[0] == '/' ? path : "/run/notify";
}

const char *notify_environment(void)
{
    static char text[sizeof("NOTIFY_SOCKET=/" NAME) + sizeof(struct sockaddr_un)];

    (void)snprintf(text, sizeof(text), "NOTIFY_SOCKET=%s/" NAME, folder_inside());
    return text;
}

/* Behind those of config.json, so that none of them hides it. */
static int add_mount(struct container *container, struct oci_spec *spec, struct barrer_error *err)
{
    static const char *const options[] = {"bind", "nosuid", "nodev", "noexec", "private", NULL};
    struct barrer_filesystem_request *request = &spec->filesystem;
    struct barrer_mount *mounts =
        arena_alloc(spec->memory, request->n_mounts + 1, sizeof(*mounts));
    char *source = arena_printf(spec->memory, "%s/" FOLDER, container->folder);

    if (mounts == NULL || source == NULL)
        return error_fail(err, ENOMEM, "mount the container's NOTIFY_SOCKET");
    if (request->n_mounts > 0)
        memcpy(mounts, request->mounts, request->n_mounts * sizeof(*mounts));
    mounts[request->n_mounts++] = (struct barrer_mount){
        .destination = folder_inside(), .type = "bind", .source = source, .options = options};
    request->mounts = mounts;
    return 0;
}

int notify_prepare(struct container *container, struct oci_spec *spec, struct barrer_error *err)
{
    int r;

    if (!notify_is_wanted() || has_own_socket(spec) ||
        !(spec->filesystem.namespaces & CLONE_NEWNS))
        return 0;
    if (mkdirat(container->folder_fd, FOLDER, 0755) < 0)
        return error_fail(err, errno, "make \"%s/" FOLDER "\"", container->folder);
    r = add_mount(container, spec, err);
    return r < 0 ? r : 1;
}

int notify_listen(const struct container *container, struct barrer_error *err)
{
    barrer_auto_fd int folder_fd =
        openat(container->folder_fd, FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    barrer_auto_fd int fd = -1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (folder_fd < 0 && errno == ENOENT)
        return -ENOENT;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    /* The state folder's own path may be too long for an address. */
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" NAME, folder_fd);
    if (folder_fd >= 0)
        (void)unlinkat(folder_fd, NAME, 0);
    if (folder_fd < 0 || fd < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        fchmodat(folder_fd, NAME, 0777, 0) < 0)
        return error_fail(err, errno == ENOENT ? EIO : errno, "bind \"%s/" FOLDER "/" NAME "\"",
                          container->folder);
    return barrer_take_fd(&fd);
}

/* The process of systemd's unit is ours, so it is told in our name. */
static void tell_caller(pid_t main_pid)
{
    const char *path = caller_socket();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    barrer_auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size;
    char text[64];
    int n;

    if (path == NULL || fd < 0)
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    n = main_pid > 0 ? snprintf(text, sizeof(text), "READY=1\nMAINPID=%d", (int)main_pid)
                     : snprintf(text, sizeof(text), "READY=1");
    if (sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (const struct sockaddr *)&address, size) < 0)
        log_write(BARRER_LOG_WARNING, "tell \"%s\" that the container is ready: %s", path,
                  strerror(errno));
}

static int says_ready(char *text)
{
    for (char *next = text, *line; (line = strsep(&next, "\n")) != NULL;)
        if (strcmp(line, "READY=1") == 0)
            return 1;
    return 0;
}

int notify_forward(int fd, pid_t main_pid)
{
    char text[MAX_MESSAGE + 1];
    ssize_t n = recv(fd, text, MAX_MESSAGE, MSG_DONTWAIT);

    if (n <= 0)
        return 0;
    text[n] = '\0';
    if (!says_ready(text))
        return 0;
    tell_caller(main_pid);
    return 1;
}

void notify_wait(int fd, pid_t main_pid, int pidfd)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};

        if (poll(fds, 2, -1) < 0)
            continue;
        if ((fds[0].revents && notify_forward(fd, main_pid)) || (!fds[0].revents && fds[1].revents))
            return;
    }
}
