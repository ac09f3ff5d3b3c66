/* SPDX-License-Identifier: Apache-2.0 */
#include "container/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/path.h"
#include "oci/spec.h"

/* Root of a user namespace, as that of an engine without privileges, is not root of /run. */
static int is_real_root(void)
{
    struct stat st;

    return ids_effective_uid() == 0 &&
           (stat("/proc/self/ns/user", &st) < 0 || st.st_ino == STATE_INITIAL_USERNS);
}

int state_root(const char *option, char **ret_root, struct barrer_error *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int n;

    if (option != NULL) {
        char *absolute = NULL;

        if (option[0] == '/')
            n = asprintf(ret_root, "%s", option);
        else if ((absolute = getcwd(NULL, 0)) != NULL)
            n = asprintf(ret_root, "%s/%s", absolute, option);
        else
            return error_fail(err, errno, "find the working directory for --root \"%s\"", option);
        free(absolute);
    } else if (runtime != NULL && runtime[0] == '/' && !is_real_root()) {
        n = asprintf(ret_root, "%s/barrer-run", runtime);
    } else if (ids_effective_uid() != 0) {
        return error_fail(err, 0, "find a state root (set XDG_RUNTIME_DIR, or use --root)");
    } else {
        n = asprintf(ret_root, "/run/barrer-run");
    }
    return n < 0 ? error_fail(err, ENOMEM, "name the state root") : 0;
}

static struct container *allocate(const char *root, const char *id)
{
    struct container *container = calloc(1, sizeof(*container));

    if (container == NULL)
        return NULL;
    container->folder_fd = container->journal_fd = -1;
    container->json = json_object_new_object();
    container->id = strdup(id);
    if (container->id == NULL || asprintf(&container->folder, "%s/%s", root, id) < 0) {
        free(container->id);
        free(container);
        return NULL;
    }
    return container;
}

void container_close(struct container *container)
{
    if (container == NULL)
        return;
    barrer_close_fd(&container->folder_fd);
    barrer_close_fd(&container->journal_fd);
    if (container->json != NULL)
        json_object_put(container->json);
    while (container->facts != NULL) {
        struct container_fact *fact = container->facts;

        container->facts = fact->older;
        free(fact);
    }
    free(container->journal);
    free(container->folder);
    free(container->id);
    free(container);
}

int container_create(const char *root, const char *id, struct container **ret_container,
                     struct barrer_error *err)
{
    struct container *container = NULL;
    int r = oci_id_check(id, err);

    if (r < 0)
        return r;
    container = allocate(root, id);
    if (container == NULL)
        return error_fail(err, ENOMEM, "create container `%s`", id);
    r = mkdir(container->folder, 0700);
    if (r < 0 && errno == ENOENT) {
        r = path_make_folders(root, 0700, err);
        if (r < 0) {
            container_close(container);
            return r;
        }
        r = mkdir(container->folder, 0700);
    }
    if (r < 0 && errno == EEXIST)
        r = error_fail(err, EEXIST, "container `%s` already exists", id);
    else if (r < 0)
        r = error_fail(err, errno, "create the state folder \"%s\"", container->folder);
    if (r == 0) {
        container->folder_fd =
            open(container->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (container->folder_fd < 0) {
            r = error_fail(err, errno, "open the state folder \"%s\"", container->folder);
            (void)rmdir(container->folder);
        }
    }
    if (r < 0) {
        container_close(container);
        return r;
    }
    container->is_new = 1;
    *ret_container = container;
    return 0;
}

static void read_identity(struct container *container)
{
    struct json_object *json = container->json;

    container->start_time =
        (uint64_t)json_object_get_int64(json_object_object_get(json, "startTime"));
    container->pidfd_inode =
        (uint64_t)json_object_get_int64(json_object_object_get(json, "pidfdInode"));
}

/* The members that every state.json has, with their types; and those that are worth a variable. */
static int check_state(struct container *container, struct barrer_error *err)
{
    static const struct {
        const char *key;
        enum json_type type;
    } members[] = {
        {"id", json_type_string},         {"bundle", json_type_string},
        {"created", json_type_string},    {"pluginDir", json_type_string},
        {"pid", json_type_int},           {"startTime", json_type_int},
        {"ociVersion", json_type_string},
    };
    const char *id = container_text(container, "id");
    int64_t pid;

    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
        if (!json_object_is_type(json_object_object_get(container->json, members[i].key),
                                 members[i].type))
            return error_fail(err, 0, "container `%s`: state.json: %s: expected %s %s",
                              container->id, members[i].key,
                              members[i].type == json_type_string ? "a" : "an",
                              json_type_to_name(members[i].type));
    if (id != NULL && strcmp(id, container->id) != 0)
        return error_fail(err, 0, "container `%s`: state.json: id: expected \"%s\", got \"%s\"",
                          container->id, container->id, id);
    pid = json_object_get_int64(json_object_object_get(container->json, "pid"));
    if (pid < 0 || pid > INT32_MAX)
        return error_fail(err, 0, "container `%s`: state.json: pid: expected a process id",
                          container->id);
    container->pid = (pid_t)pid;
    read_identity(container);
    return 0;
}

static int read_state(struct container *container, struct barrer_error *err)
{
    int r = journal_read(container, err);

    if (r < 0)
        return r == -ENOENT ? error_fail(err, ENOENT,
                                         "container `%s` has no state.json (it is being "
                                         "created, or its creation was interrupted: "
                                         "delete --force clears it)",
                                         container->id)
                            : error_wrap(err, r, "container `%s`", container->id);
    return check_state(container, err);
}

static int absent(const struct container *container, struct barrer_error *err)
{
    return error_fail(err, ENOENT, "container `%s` does not exist: open \"%s\"", container->id,
                      container->folder);
}

/* What of a corrupt state.json is enough to find the process. */
static void salvage_process(struct container *container)
{
    int64_t pid = json_object_get_int64(json_object_object_get(container->json, "pid"));

    container->pid = pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
    read_identity(container);
}

/* The container without what is recorded; NULL after filling ERR. */
static struct container *open_folder(const char *root, const char *id, struct barrer_error *err)
{
    struct container *container;

    if (oci_id_check(id, err) < 0)
        return NULL;
    container = allocate(root, id);
    if (container == NULL) {
        (void)error_fail(err, ENOMEM, "open container `%s`", id);
        return NULL;
    }
    container->folder_fd = open(container->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (container->folder_fd >= 0)
        return container;
    if (errno == ENOENT)
        (void)absent(container, err);
    else
        (void)error_fail(err, errno, "open container `%s`", id);
    container_close(container);
    return NULL;
}

/* Missing or no such file, which later tries will find as well; a table that is full, say, is not.
 */
static int is_broken(int r)
{
    return r == -EINVAL || r == -ENOENT || r == -EFBIG || r == -EISDIR || r == -ELOOP;
}

static int read_or_salvage(struct container *container, unsigned flags, struct barrer_error *err)
{
    int r = read_state(container, err);

    if (r == 0 || !(flags & CONTAINER_BROKEN) || !is_broken(r))
        return r;
    log_write(BARRER_LOG_NOTICE, "%s", err->text);
    salvage_process(container);
    return 0;
}

int container_open(const char *root, const char *id, unsigned flags,
                   struct container **ret_container, struct barrer_error *err)
{
    struct container *container = open_folder(root, id, err);
    int r = 0;

    if (container == NULL)
        return -err->errnum;
    if (flags & CONTAINER_LOCKED)
        r = container_lock(container, err);
    if (r == 0)
        r = read_or_salvage(container, flags, err);
    if (r < 0) {
        container_close(container);
        return r;
    }
    *ret_container = container;
    return 0;
}

int container_lock(struct container *container, struct barrer_error *err)
{
    struct stat st;

    while (flock(container->folder_fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return error_fail(err, errno, "lock container `%s`", container->id);
    /* A folder that was removed while we waited has no name. A creator meets that by itself. */
    if (!container->is_new && (fstat(container->folder_fd, &st) < 0 || st.st_nlink == 0))
        return absent(container, err);
    container->has_lock = 1;
    return 0;
}

void container_unlock(struct container *container)
{
    (void)flock(container->folder_fd, LOCK_UN);
    container->has_lock = 0;
}

/* A creator that was killed holds no lock. Shared, so that two who ask see not each other. */
int container_is_busy(const struct container *container)
{
    if (container->has_lock)
        return 0;
    if (flock(container->folder_fd, LOCK_SH | LOCK_NB) < 0)
        return 1;
    (void)flock(container->folder_fd, LOCK_UN);
    return 0;
}

static uint64_t inode_of(int fd)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* 0 for a process that is gone or a zombie; -errno when that could not be asked. */
static int read_start_time(pid_t pid, uint64_t *ret_start_time)
{
    char path[32], text[1024], state;
    unsigned long long start;
    const char *end;
    ssize_t n;

    *ret_start_time = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    n = fd_read_once(AT_FDCWD, path, text, sizeof(text));
    if (n <= 0)
        return n == -ENOENT || n == -ESRCH ? 0 : (int)n;
    /* The name, field 2, may hold blanks and parentheses. */
    end = strrchr(text, ')');
    if (end != NULL &&
        sscanf(end + 1,
               " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
               "%*d %*d %*d %llu",
               &state, &start) == 2 &&
        state != 'Z' && state != 'X')
        *ret_start_time = start;
    return 0;
}

int container_set_process(struct container *container, pid_t pid, int pidfd,
                          struct json_object *changes, struct barrer_error *err)
{
    /* Without it, the process would not be known again, and never be killed. */
    int r = read_start_time(pid, &container->start_time);

    if (r < 0) {
        json_object_put(changes);
        return error_fail(err, -r, "read \"/proc/%d/stat\"", pid);
    }
    container->pid = pid;
    container->pidfd_inode = inode_of(pidfd);
    json_object_object_add(changes, "pid", json_object_new_int(pid));
    json_object_object_add(changes, "startTime",
                           json_object_new_int64((int64_t)container->start_time));
    json_object_object_add(changes, "pidfdInode",
                           json_object_new_int64((int64_t)container->pidfd_inode));
    return container_change(container, changes, err);
}

int container_remove(struct container *container, struct barrer_error *err)
{
    /* state.json last: without it a container takes --force. The FIFOs are gone once started. */
    static const char *const files[] = {"start", "result", "state.json"};
    size_t first = container->has_no_fifos ? 2 : 0;

    for (size_t i = first; i < sizeof(files) / sizeof(*files); i++)
        if (unlinkat(container->folder_fd, files[i], 0) < 0 && errno != ENOENT)
            return error_fail(err, errno, "remove \"%s/%s\"", container->folder, files[i]);
    /* notify.c's, where the caller had a NOTIFY_SOCKET. */
    if (rmdir(container->folder) == 0 || errno == ENOENT)
        return 0;
    (void)unlinkat(container->folder_fd, "notify/notify", 0);
    (void)unlinkat(container->folder_fd, "notify", AT_REMOVEDIR);
    if (rmdir(container->folder) < 0 && errno != ENOENT)
        return error_fail(err, errno, "remove the state folder \"%s\"", container->folder);
    return 0;
}

uint64_t container_start_time(pid_t pid)
{
    uint64_t start_time;

    (void)read_start_time(pid, &start_time);
    return start_time;
}

int container_pidfd(const struct container *container)
{
    uint64_t start_time;
    int fd, r;

    if (container->pid <= 0)
        return -ESRCH;
    fd = pidfd_open(container->pid, 0);
    /* EINVAL: the process is gone, and its pid is only some other's group or session. */
    if (fd < 0)
        return errno == EINVAL ? -ESRCH : -errno;
    /* Asked after the pidfd is there: it pins the process that we ask about. */
    r = read_start_time(container->pid, &start_time);
    if (r == 0 && (start_time != container->start_time ||
                   (container->pidfd_inode != 0 && inode_of(fd) != container->pidfd_inode)))
        r = -ESRCH;
    if (r == 0)
        return fd;
    (void)close(fd);
    return r;
}

static int is_paused(const struct container_process *process)
{
    char text[4096], *next = text;

    if (process->paused_file == NULL || process->paused_line == NULL ||
        fd_read_once(AT_FDCWD, process->paused_file, text, sizeof(text)) <= 0)
        return 0;
    for (char *word; (word = strsep(&next, "\n")) != NULL;)
        if (strcmp(word, process->paused_line) == 0)
            return 1;
    return 0;
}

/* Whether the process waits for `start`: it holds the FIFO open until it executes the payload. A
 * start that was killed may have left the name behind. */
static int is_awaited(int dir_fd, const char *start)
{
    barrer_auto_fd int fd = openat(dir_fd, start, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

    return fd >= 0;
}

enum container_status container_process_status(const struct container_process *process, int dir_fd,
                                               const char *start)
{
    /* 0: it ended before it could be asked for. kill says at a fraction of /proc's cost that none
     * is left, as it is for most of a long list. */
    if (process->start_time == 0 || (kill(process->pid, 0) < 0 && errno == ESRCH) ||
        container_start_time(process->pid) != process->start_time)
        return CONTAINER_STOPPED;
    if (is_awaited(dir_fd, start))
        return CONTAINER_CREATED;
    return is_paused(process) ? CONTAINER_PAUSED : CONTAINER_RUNNING;
}

enum container_status container_status(const struct container *container)
{
    struct container_process process = {container->pid, container->start_time,
                                        container_text(container, "pausedFile"),
                                        container_text(container, "pausedLine")};

    if (container->pid == 0)
        return container_is_busy(container) ? CONTAINER_CREATING : CONTAINER_STOPPED;
    return container_process_status(&process, container->folder_fd, "start");
}

const char *container_status_name(enum container_status status)
{
    static const char *const names[] = {"creating", "created", "running", "paused", "stopped"};

    return names[status];
}

const char *container_text(const struct container *container, const char *key)
{
    struct json_object *value = json_object_object_get(container->json, key);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

int container_flag(const struct container *container, const char *key)
{
    return json_object_get_boolean(json_object_object_get(container->json, key));
}

struct json_object *container_state(const struct container *container, const char *status,
                                    pid_t pid)
{
    static const char *const texts[] = {"bundle", "rootfs", "created"};
    struct json_object *state = json_object_new_object(), *value;
    const char *version = container_text(container, "ociVersion");

    json_object_object_add(state, "ociVersion",
                           json_object_new_string(version != NULL ? version : "1.0.0"));
    json_object_object_add(state, "id", json_object_new_string(container->id));
    json_object_object_add(state, "pid", json_object_new_int(pid));
    json_object_object_add(state, "status", json_object_new_string(status));
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (json_object_object_get_ex(container->json, texts[i], &value))
            json_object_object_add(state, texts[i], json_object_get(value));
    if (json_object_object_get_ex(container->json, "annotations", &value))
        json_object_object_add(state, "annotations", json_object_get(value));
    if (json_object_object_get_ex(container->json, "owner", &value))
        json_object_object_add(state, "owner", json_object_get(value));
    return state;
}

static int is_container(const struct dirent *entry)
{
    struct barrer_error ignored;

    return oci_id_check(entry->d_name, &ignored) == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int container_list(const char *root, struct dirent ***ret_entries, struct barrer_error *err)
{
    int n = scandir(root, ret_entries, is_container, compare_names);

    if (n >= 0)
        return n;
    *ret_entries = NULL;
    if (errno == ENOENT)
        return 0;
    return error_fail(err, errno, "list the state root \"%s\"", root);
}

void container_list_free(struct dirent **entries, int n)
{
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
}
