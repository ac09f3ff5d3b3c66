/* SPDX-License-Identifier: Apache-2.0 */
#include "container/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/state.h"
#include "base/ids.h"

int caller_is_rootless(enum rootless_mode mode, int proc_fd)
{
    struct stat st;

    if (mode != ROOTLESS_AUTO)
        return mode == ROOTLESS_TRUE;
    if (ids_effective_uid() != 0)
        return 1;
    return fstatat(proc_fd, "self/ns/user", &st, 0) == 0 && st.st_ino != STATE_INITIAL_USERNS;
}

void caller_user_name(uid_t uid, char *name, size_t size)
{
    struct passwd *entry;
    FILE *file;

    if (uid == 0) {
        (void)snprintf(name, size, "root");
        return;
    }
    (void)snprintf(name, size, "%u", uid);
    file = fopen("/etc/passwd", "re");
    while (file != NULL && (entry = fgetpwent(file)) != NULL) {
        if (entry->pw_uid == uid) {
            (void)snprintf(name, size, "%s", entry->pw_name);
            break;
        }
    }
    if (file != NULL)
        (void)fclose(file);
}

/* How many sockets systemd passes to us. */
static int count_sockets(void)
{
    const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    char *end;
    long n;

    if (fds == NULL || (pid != NULL && strtol(pid, NULL, 10) != getpid()))
        return 0;
    n = strtol(fds, &end, 10);
    return *end != '\0' || n <= 0 || n > 10000 ? 0 : (int)n;
}

const char *const *caller_environment(int *preserve_fds, const char *notify)
{
    static const char *environment[4];
    static char text[32];
    int n = count_sockets();
    size_t used = 0;

    if (n > 0) {
        (void)snprintf(text, sizeof(text), "LISTEN_FDS=%d", n);
        environment[used++] = text;
        environment[used++] = "LISTEN_PID=1";
        *preserve_fds += n;
    }
    if (notify != NULL)
        environment[used++] = notify;
    environment[used] = NULL;
    return environment;
}

int caller_write_pid(const char *file, pid_t pid, struct barrer_error *err)
{
    barrer_auto_free char *folder = strdup(file), *name = strdup(file);
    barrer_auto_fd int folder_fd = -1;
    char text[16];
    int r;

    if (folder == NULL || name == NULL)
        return error_fail(err, ENOMEM, "write pid file \"%s\"", file);
    folder_fd = open(dirname(folder), O_PATH | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(text, sizeof(text), "%d", pid);
    r = folder_fd < 0 ? -errno
                      : fd_replace_file(folder_fd, basename(name), text, strlen(text), 0644);
    return r < 0 ? error_fail(err, -r, "write pid file \"%s\"", file) : 0;
}

int caller_send_pidfd(const char *socket, int pidfd, struct barrer_error *err)
{
    barrer_auto_fd int socket_fd = fd_connect_unix(socket);
    int r = socket_fd < 0 ? socket_fd : fd_send(socket_fd, pidfd, "pidfd");

    return r < 0 ? error_fail(err, -r, "send the pidfd to the socket \"%s\"", socket) : 0;
}
