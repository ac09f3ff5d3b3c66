/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the container's cgroup is, and making and removing it. A group is known by its absolute
 * path, which is recorded before the group is made and forgotten when it turns out to be somebody
 * else's: what is recorded may be killed and removed.
 */
#include "cgroup.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

const char *cgroup_mount(const struct cgroup_group *group)
{
    return group->host->option(group->host, "mount");
}

static int set_full(struct cgroup_group *group, const char *mount, const char *path)
{
    char *full = NULL;

    if (asprintf(&full, "%s%s%s", mount, *path == '/' ? "" : "/", path) < 0)
        return -ENOMEM;
    free(group->full);
    group->full = full;
    return 0;
}

static int record(const struct cgroup_group *group, const char *full, struct barrer_error *err)
{
    return group->host->put_fact(group->host, "path", full, err);
}

static int check_path(const struct cgroup_group *group, const char *path, struct barrer_error *err)
{
    const char *p = path + strspn(path, "/");

    if (*p == '\0')
        return barrer_fail(group->host, err, 0, "the cgroup path \"%s\" names no group", path);
    for (; *p != '\0'; p += strspn(p, "/")) {
        size_t length = strcspn(p, "/");

        if ((length == 1 && p[0] == '.') || (length == 2 && p[0] == '.' && p[1] == '.'))
            return barrer_fail(group->host, err, 0,
                               "the cgroup path \"%s\" has the component \"%.*s\"", path,
                               (int)length, p);
        p += length;
    }
    return 0;
}

/* mkdir(2) with everything above. */
static int make_folders(const char *mount, char *full)
{
    if (mkdir(full, 0755) == 0)
        return 0;
    if (errno != ENOENT)
        return -errno;
    for (char *p = full + strlen(mount) + 1; (p = strchr(p, '/')) != NULL; p++) {
        int r;

        *p = '\0';
        r = mkdir(full, 0755) < 0 && errno != EEXIST ? -errno : 0;
        *p = '/';
        if (r < 0)
            return r;
    }
    return mkdir(full, 0755) < 0 ? -errno : 0;
}

static int open_full(struct cgroup_group *group)
{
    group->fd = open(group->full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return group->fd < 0 ? -errno : 0;
}

/* A group that was there before is used when nobody lives in it. */
static int use_existing(struct cgroup_group *group, struct barrer_error *err)
{
    char events[256];

    if (cgroup_read(group, "cgroup.events", events, sizeof(events)) < 0 ||
        cgroup_key_number(events, "populated") != 0)
        return barrer_fail(group->host, err, EBUSY,
                           "the container's cgroup is not empty: processes live in \"%s\" (does "
                           "another container have the same cgroup path?)",
                           group->full);
    if (cgroup_key_number(events, "frozen") == 1)
        return barrer_fail(group->host, err, EBUSY,
                           "the container's cgroup unexpectedly frozen: a process in \"%s\" would "
                           "never run (write 0 to its cgroup.freeze)",
                           group->full);
    return record(group, group->full, err);
}

/* Whether the caller may make PATH: a group that cannot be made is better not recorded. */
static int check_writable(const char *path)
{
    barrer_auto_free char *above = strdup(path);
    char *slash;
    int r = -ENOENT;

    while (r == -ENOENT && above != NULL && (slash = strrchr(above, '/')) != NULL) {
        *slash = '\0';
        r = faccessat(AT_FDCWD, above, W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
    }
    return r;
}

/* Make group->full. -EEXIST without a message: a name that the plugin chose is taken. Other errors
 * come with a message. */
static int make_group(struct cgroup_group *group, int is_chosen, uint32_t flags,
                      struct barrer_error *err)
{
    int is_rootless = (flags & BARRER_RESOURCES_ROOTLESS) != 0;
    int r = open_full(group);

    if (r == 0) {
        if (flags & BARRER_RESOURCES_ADOPT)
            return 0;
        if (!is_chosen)
            return use_existing(group, err);
        barrer_close_fd(&group->fd);
        return -EEXIST;
    }
    if (r != -ENOENT)
        return barrer_fail(group->host, err, -r, "open the cgroup \"%s\"", group->full);
    if (is_rootless && (r = check_writable(group->full)) < 0)
        return barrer_fail(group->host, err, -r, "make the cgroup \"%s\"", group->full);
    r = record(group, group->full, err);
    if (r < 0)
        return r;
    r = make_folders(cgroup_mount(group), group->full);
    if (r == 0) {
        r = open_full(group);
        if (r == 0)
            return 0;
        (void)rmdir(group->full);
    }
    /* Nothing is there, or somebody else made it in this moment: not to be removed by us. */
    (void)record(group, "", err);
    if (r == -EEXIST && is_chosen)
        return r;
    return barrer_fail(group->host, err, -r, "make the cgroup \"%s\"", group->full);
}

/* PATH below BASE. A container's id is unique below one state root only, so a name that was made
 * from it gets a number behind it when it is taken. */
static int make_below(struct cgroup_group *group, const char *base,
                      const struct barrer_resources_request *request, struct barrer_error *err)
{
    const char *name = request->path != NULL ? request->path : request->id;
    int is_chosen = request->path == NULL, r = -EEXIST;

    for (unsigned attempt = 1; r == -EEXIST && attempt <= 1000; attempt++) {
        barrer_auto_free char *path = NULL;
        int n = attempt == 1 ? asprintf(&path, "%s/%s", base, name)
                             : asprintf(&path, "%s/%s-%u", base, name, attempt);

        if (n < 0 || set_full(group, cgroup_mount(group), path + strspn(path, "/")) < 0)
            return barrer_fail(group->host, err, ENOMEM, "name the cgroup");
        r = make_group(group, is_chosen, request->flags, err);
    }
    if (r == -EEXIST)
        return barrer_fail(group->host, err, EEXIST, "make the cgroup \"%s\"", group->full);
    return r;
}

/* The caller's own cgroup, from the line "0::/PATH" of /proc/self/cgroup. */
static int read_own(const struct cgroup_group *group, char *own, size_t size,
                    struct barrer_error *err)
{
    barrer_auto_fd int fd = group->host->open_proc(group->host, "self/cgroup", O_RDONLY, err);
    char text[CGROUP_FILE_MAX];
    size_t used = 0;
    ssize_t n;

    if (fd < 0)
        return fd;
    while (used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strncmp(line, "0::/", 4) == 0 && strlen(line) < size) {
            (void)strcpy(own, line + 3);
            return 0;
        }
    return barrer_fail(group->host, err, ENOTSUP, "find the own cgroup in \"/proc/self/cgroup\"");
}

static int is_denied(int r)
{
    return r == -EACCES || r == -EPERM || r == -EROFS;
}

/* Without root's rights: beside the own cgroup, where controllers can be enabled, since a group
 * with processes in it cannot pass them on; else below it. */
static int make_rootless(struct cgroup_group *group, const char *parent,
                         const struct barrer_resources_request *request, struct barrer_error *err)
{
    char own[4096], base[4200];
    char *slash;
    int r = read_own(group, own, sizeof(own), err);

    if (r < 0)
        return r;
    slash = strrchr(own, '/');
    (void)snprintf(base, sizeof(base), "%.*s/%s", (int)(slash - own), own, parent);
    r = make_below(group, base, request, err);
    if (!is_denied(r) || own[1] == '\0')
        return r;
    (void)snprintf(base, sizeof(base), "%s/%s", own, parent);
    return make_below(group, base, request, err);
}

int cgroup_create(struct cgroup_group *group, const struct barrer_resources_request *request,
                  struct barrer_error *err)
{
    int is_rootless = (request->flags & BARRER_RESOURCES_ROOTLESS) != 0, r;
    const char *parent = group->host->option(group->host, "parent");

    if (request->path != NULL && (r = check_path(group, request->path, err)) < 0)
        return r;
    if (*parent != '\0' && (r = check_path(group, parent, err)) < 0)
        return r;
    if (request->path != NULL && *request->path == '/')
        r = make_below(group, "", request, err);
    else if (is_rootless)
        r = make_rootless(group, parent, request, err);
    else
        r = make_below(group, parent, request, err);
    if (!is_denied(r) || !is_rootless || cgroup_has_limits(request))
        return r;
    barrer_log(group->host, BARRER_LOG_NOTICE,
               "no cgroup is delegated to this user: the container runs without one");
    free(group->full);
    group->full = NULL;
    return CGROUP_NONE;
}

int cgroup_locate(struct cgroup_group *group, const char *path, struct barrer_error *err)
{
    int r = set_full(group, cgroup_mount(group), path) < 0
                ? barrer_fail(group->host, err, ENOMEM, "name the cgroup")
                : open_full(group);

    if (r == 0)
        r = use_existing(group, err);
    else if (r == -ENOENT)
        r = record(group, group->full, err);
    else if (group->full != NULL)
        r = barrer_fail(group->host, err, -r, "open the cgroup \"%s\"", group->full);
    /* What is made now may be another one than what was there. */
    barrer_close_fd(&group->fd);
    return r;
}

int cgroup_open(struct cgroup_group *group, struct barrer_error *err)
{
    const char *full = group->host->get_fact(group->host, "path");
    int r;

    if (group->fd >= 0)
        return 1;
    if (full == NULL || *full == '\0')
        return 0;
    /* A plan points into the name that is there. */
    if ((group->full == NULL || strcmp(group->full, full) != 0) && set_full(group, "", full) < 0)
        return barrer_fail(group->host, err, ENOMEM, "open the cgroup \"%s\"", full);
    r = open_full(group);
    if (r == 0)
        return 1;
    return r == -ENOENT ? 0 : barrer_fail(group->host, err, -r, "open the cgroup \"%s\"", full);
}

int cgroup_open_live(struct cgroup_group *group, struct barrer_error *err)
{
    int r = cgroup_open(group, err);

    if (r > 0)
        return 0;
    if (r == 0 && group->full != NULL)
        return barrer_fail(group->host, err, ENOTSUP, "the container's cgroup \"%s\" is gone",
                           group->full);
    return r < 0 ? r : barrer_fail(group->host, err, ENOTSUP, "the container has no cgroup");
}

/* Enable WORDS in one group. A controller in NEEDED that cannot be enabled is an error. */
static int enable_in(const struct cgroup_group *group, const char *folder, const char *words,
                     const char *needed, struct barrer_error *err)
{
    barrer_auto_fd int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    char enabled[512], list[512], text[64];
    char *state = NULL;

    if (fd < 0)
        return barrer_fail(group->host, err, errno, "open the cgroup \"%s\"", folder);
    if (barrer_read_at(fd, "cgroup.subtree_control", enabled, sizeof(enabled)) < 0)
        enabled[0] = '\0';
    (void)snprintf(list, sizeof(list), "%s", words);
    for (char *word = strtok_r(list, " ", &state); word != NULL;
         word = strtok_r(NULL, " ", &state)) {
        int r;

        if (cgroup_has_word(enabled, word))
            continue;
        (void)snprintf(text, sizeof(text), "+%s", word);
        r = barrer_write_at(fd, "cgroup.subtree_control", text);
        if (r == 0)
            continue;
        if (!cgroup_has_word(needed, word)) {
            barrer_log(group->host, BARRER_LOG_DEBUG, "no statistics of controller %s: \"%s\": %s",
                       word, folder, strerror(-r));
            continue;
        }
        return barrer_fail(group->host, err, r == -ENOENT ? ENOTSUP : -r,
                           "enable the controller \"%s\" in the cgroup \"%s\"%s", word, folder,
                           r == -EBUSY    ? " (a group with processes cannot pass controllers on: "
                                            "move them to a group below it)"
                           : is_denied(r) ? " (it is not delegated to this user)"
                                          : "");
    }
    return 0;
}

/* What of WORDS is not in HAVE. */
static void words_missing(const char *words, const char *have, char *missing, size_t size)
{
    char list[512];
    char *state = NULL;
    size_t used = 0;

    missing[0] = '\0';
    (void)snprintf(list, sizeof(list), "%s", words);
    for (char *word = strtok_r(list, " \n", &state); word != NULL && used < size;
         word = strtok_r(NULL, " \n", &state))
        if (!cgroup_has_word(have, word))
            used +=
                (size_t)snprintf(missing + used, size - used, "%s%s", used > 0 ? " " : "", word);
}

/* What statistics and the out-of-memory event come from. */
#define WANTED "cpu io memory pids"

/* The controllers of the folder PATH: one read tells all of a file of cgroupfs that is this short.
 */
static void read_offered(const char *path, char *list, size_t size)
{
    barrer_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, list, size - 1);

    list[n > 0 ? n : 0] = '\0';
}

int cgroup_enable_controllers(struct cgroup_group *group,
                              const struct barrer_resources_request *request,
                              struct barrer_error *err)
{
    char needed[256], both[300], have[512], missing[512], offered[512], absent[512];
    const char *mount = cgroup_mount(group);
    size_t start = strlen(mount);
    int r = 0;

    cgroup_needed_controllers(request, needed, sizeof(needed));
    (void)snprintf(both, sizeof(both), "%s " WANTED, needed);
    (void)cgroup_read(group, "cgroup.controllers", have, sizeof(have));
    words_missing(both, have, missing, sizeof(missing));
    if (*missing == '\0' || strncmp(group->full, mount, start) != 0)
        return 0;
    (void)snprintf(absent, sizeof(absent), "%s/cgroup.controllers", mount);
    read_offered(absent, offered, sizeof(offered));
    words_missing(needed, have, both, sizeof(both));
    words_missing(both, offered, absent, sizeof(absent));
    if (*absent != '\0')
        return barrer_fail(group->host, err, ENOTSUP,
                           "limit resources: the requested cgroup controller `%.*s` is not available "
                           "in \"%s\"",
                           (int)strcspn(absent, " "), absent, mount);
    words_missing(missing, offered, absent, sizeof(absent));
    words_missing(missing, absent, both, sizeof(both));
    /* From the mount down to the folder above the group. */
    for (char *p = group->full + start; *both != '\0' && r == 0 && p != NULL;
         p = strchr(p + 1, '/')) {
        *p = '\0';
        r = enable_in(group, group->full, both, needed, err);
        *p = '/';
    }
    return r;
}

/* Remove all groups below FD, deepest first, with two descriptors however deep they are. */
static int remove_below(int fd)
{
    barrer_auto_fd int current = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unsigned depth = 0, refused = 0;

    if (current < 0)
        return -errno;
    for (;;) {
        int listing_fd = openat(current, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), next = -1;
        DIR *listing = listing_fd < 0 ? NULL : fdopendir(listing_fd);
        const struct dirent *entry;

        if (listing == NULL) {
            barrer_close_fd(&listing_fd);
            return -errno;
        }
        while (next < 0 && (entry = readdir(listing)) != NULL) {
            if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
                unlinkat(current, entry->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                continue;
            if (errno != EBUSY || ++refused > 100000) {
                int r = -errno;

                (void)closedir(listing);
                return r;
            }
            next = openat(current, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            depth += next >= 0;
        }
        (void)closedir(listing);
        if (next < 0 && depth == 0)
            return 0;
        if (next < 0) {
            next = openat(current, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            depth--;
            if (next < 0)
                return -errno;
        }
        (void)close(current);
        current = next;
    }
}

int cgroup_remove(struct cgroup_group *group, struct barrer_error *err)
{
    const char *full = group->host->get_fact(group->host, "path");
    int r;

    if (full == NULL || *full == '\0' || rmdir(full) == 0 || errno == ENOENT)
        return 0;
    if (errno != EBUSY && errno != ENOTEMPTY)
        return barrer_fail(group->host, err, errno, "remove the cgroup \"%s\"", full);
    r = cgroup_open(group, err);
    if (r <= 0)
        return r;
    r = cgroup_kill(group, 9, err);
    if (r == 0)
        r = cgroup_wait(group, "populated 0", err);
    if (r < 0)
        return r;
    r = remove_below(group->fd);
    if (r == 0 && rmdir(group->full) < 0 && errno != ENOENT)
        r = -errno;
    barrer_close_fd(&group->fd);
    return r < 0 ? barrer_fail(group->host, err, -r, "remove the cgroup \"%s\"", group->full) : 0;
}
