/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a container's groups, and removing them.
 */
#include "cgroup1.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

static const char *mount_of(const struct cgroup1 *self)
{
    return self->host->option(self->host, "mount");
}

static int check_path(const struct cgroup1 *self, const char *path, struct barrer_error *err)
{
    const char *p = path + strspn(path, "/");

    if (*p == '\0' || strchr(path, '\n') != NULL)
        return barrer_fail(self->host, err, 0, "the cgroup path \"%s\" names no group", path);
    for (; *p != '\0'; p += strspn(p, "/")) {
        size_t length = strcspn(p, "/");

        if ((length == 1 && p[0] == '.') || (length == 2 && p[0] == '.' && p[1] == '.'))
            return barrer_fail(self->host, err, 0,
                               "the cgroup path \"%s\" has the component \"%.*s\"", path,
                               (int)length, p);
        p += length;
    }
    return 0;
}

/* Whether the container gets a group in H. */
static int is_wanted(const struct cgroup1 *self, const struct cgroup1_hierarchy *h,
                     const struct barrer_resources_request *request)
{
    static const char *const accounting[] = {"cpuacct", "memory", "pids", CGROUP1_UNIFIED};
    const char *which = self->host->option(self->host, "controllers");

    if (strcmp(which, "all") == 0 || cgroup1_has_controller(h, "freezer") ||
        cgroup1_needs(h, request))
        return 1;
    if (cgroup1_has_controller(h, "devices") && cgroup1_needs_devices(request))
        return 1;
    for (size_t i = 0; strcmp(which, "accounting") == 0 && i < 4; i++)
        if (cgroup1_has_controller(h, accounting[i]))
            return 1;
    return 0;
}

/* Where a hierarchy's mount shows only the caller's own group (in a container without a cgroup
 * namespace), that group is the mount's root. */
static void check_own(const struct cgroup1 *self, struct cgroup1_hierarchy *h)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/%s%s", mount_of(self), h->folder, h->own);
    if (*h->own != '\0' && access(path, F_OK) < 0)
        *h->own = '\0';
}

/* The name of the groups; ATTEMPT counts from 1. */
static int name_groups(struct cgroup1 *self, const struct barrer_resources_request *request,
                       unsigned attempt)
{
    const char *parent = self->host->option(self->host, "parent");
    char number[16] = "";

    free(self->name);
    self->name = NULL;
    if (attempt > 1)
        (void)snprintf(number, sizeof(number), "-%u", attempt);
    if (request->path != NULL && *request->path == '/')
        return (self->name = strdup(request->path)) != NULL ? 0 : -ENOMEM;
    return asprintf(&self->name, "%s%s%s%s", parent != NULL ? parent : "",
                    parent != NULL && *parent ? "/" : "",
                    request->path != NULL ? request->path : request->id, number);
}

/* Where the group of H is: below BELOW, the path of a group there. */
static int name_group(const struct cgroup1 *self, struct cgroup1_hierarchy *h, const char *below)
{
    int is_absolute = *self->name == '/';

    free(h->path);
    h->path = NULL;
    return asprintf(&h->path, "%s/%s%s%s%s", mount_of(self), h->folder, is_absolute ? "" : below,
                    is_absolute ? "" : "/", self->name);
}

static int record(const struct cgroup1 *self, size_t n, struct barrer_error *err)
{
    barrer_auto_free char *text = NULL;
    size_t size = strlen(self->name) + 3, used = 0;

    for (size_t i = 0; i < n; i++)
        if (self->hierarchies[i].path != NULL)
            size +=
                strlen(self->hierarchies[i].controllers) + strlen(self->hierarchies[i].path) + 2;
    text = malloc(size);
    if (text == NULL)
        return barrer_fail(self->host, err, ENOMEM, "record the container's cgroups");
    text[0] = '\0';
    if (n > 0)
        used = (size_t)snprintf(text, size, " %s\n", self->name);
    for (size_t i = 0; i < n; i++)
        if (self->hierarchies[i].path != NULL)
            used += (size_t)snprintf(text + used, size - used, "%s %s\n",
                                     self->hierarchies[i].controllers, self->hierarchies[i].path);
    return self->host->put_fact(self->host, "groups", text, err);
}

/* A new cpuset takes no process before it has processors and memory, of which those above it, which
 * somebody else may have made, may have none yet either. The root has all. */
static int fill_cpuset(int fd)
{
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
    barrer_auto_fd int above_fd = -1;
    char text[4096];

    for (size_t i = 0; i < 2; i++) {
        ssize_t n = barrer_read_at(fd, files[i], text, sizeof(text));
        int r = 0;

        if (n < 0 || n > 1)
            continue; /* inherited by cgroup.clone_children */
        if (above_fd < 0) {
            above_fd = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
            r = above_fd < 0 ? -errno : fill_cpuset(above_fd);
        }
        if (r == 0)
            n = barrer_read_at(above_fd, files[i], text, sizeof(text));
        if (r == 0)
            r = n < 0 ? (int)n : barrer_write_at(fd, files[i], text);
        if (r < 0)
            return r;
    }
    return 0;
}

static int make_one(const struct cgroup1_hierarchy *h, const char *path)
{
    barrer_auto_fd int fd = -1;

    if (mkdir(path, 0755) < 0)
        return -errno;
    if (!cgroup1_has_controller(h, "cpuset"))
        return 0;
    fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fill_cpuset(fd);
}

/* mkdir(2) with everything above. */
static int make_folders(const struct cgroup1 *self, const struct cgroup1_hierarchy *h)
{
    int r = make_one(h, h->path);

    if (r != -ENOENT)
        return r;
    for (char *p = h->path + strlen(mount_of(self)) + strlen(h->folder) + 2;
         (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        r = make_one(h, h->path);
        *p = '/';
        if (r < 0 && r != -EEXIST)
            return r;
    }
    return make_one(h, h->path);
}

/* Whether a group that was there before has neither processes nor groups below it. */
static int is_empty(const struct cgroup1_hierarchy *h)
{
    barrer_auto_fd int fd = open(h->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    barrer_auto_fd int processes_fd = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    struct stat st;
    char byte;

    return processes_fd >= 0 && read(processes_fd, &byte, 1) == 0 && fstat(fd, &st) == 0 &&
           st.st_nlink <= 2;
}

static int is_in_use(const struct cgroup1 *self, const struct cgroup1_hierarchy *h,
                     struct barrer_error *err)
{
    return barrer_fail(self->host, err, EBUSY,
                       "the container's cgroup is not empty: processes live in \"%s\" (does "
                       "another container have the same cgroup path?)",
                       h->path);
}

/* A chosen group, or one above it, that somebody froze: who enters it stops there, the caller too. */
static int check_thawed(const struct cgroup1 *self, const struct cgroup1_hierarchy *base,
                        struct barrer_error *err)
{
    barrer_auto_fd int fd = open(base->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    char state[32];

    if (fd < 0 || barrer_read_at(fd, "freezer.state", state, sizeof(state)) <= 0 || *state == 'T')
        return 0;
    return barrer_fail(self->host, err, EBUSY,
                       "the container's cgroup unexpectedly frozen: a process in \"%s\" would never "
                       "run (write THAWED to its freezer.state, or to that of a group above)",
                       base->path);
}

/* Make one group; one that was there before is used when nobody lives in it. */
static int make_group(const struct cgroup1 *self, const struct cgroup1_hierarchy *h,
                      struct barrer_error *err)
{
    int r = make_folders(self, h);

    if (r == -EEXIST)
        r = is_empty(h) ? 0 : is_in_use(self, h, err);
    else if (r < 0)
        r = barrer_fail(self->host, err, r == -ENOENT ? ENOTSUP : -r, "make the cgroup \"%s\"",
                        h->path);
    return r;
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

/* The base comes first and decides whether a name is taken. What is recorded may be killed: not
 * before it is known to be nobody else's. */
static int make_base(struct cgroup1 *self, struct cgroup1_hierarchy *base, int is_chosen,
                     int is_rootless, struct barrer_error *err)
{
    int r;

    if (access(base->path, F_OK) == 0) {
        if (is_chosen)
            return -EEXIST;
        if (!is_empty(base))
            return is_in_use(self, base, err);
        r = check_thawed(self, base, err);
        if (r < 0)
            return r;
    }
    if (is_rootless && (r = check_writable(base->path)) < 0)
        return barrer_fail(self->host, err, -r, "make the cgroup \"%s\"", base->path);
    r = record(self, self->n_hierarchies, err);
    if (r < 0)
        return r;
    r = make_folders(self, base);
    if (r == -EEXIST && !is_chosen)
        r = is_empty(base) ? 0 : -EBUSY;
    if (r < 0)
        (void)record(self, 0, NULL);
    if (r == 0 && !is_chosen)
        return check_thawed(self, base, err);
    if (r == 0 || (r == -EEXIST && is_chosen))
        return r;
    return barrer_fail(self->host, err, r == -ENOENT ? ENOTSUP : -r, "make the cgroup \"%s\"",
                       base->path);
}

/* Make the groups of all hierarchies that have a path. */
static int make_all(struct cgroup1 *self, int is_chosen, int is_rootless, struct barrer_error *err)
{
    struct cgroup1_hierarchy *base = NULL;
    int r;

    for (size_t i = 0; i < self->n_hierarchies; i++)
        if (self->hierarchies[i].path != NULL && !cgroup1_is_unified(&self->hierarchies[i]) &&
            (base == NULL || cgroup1_has_controller(&self->hierarchies[i], "freezer")))
            base = &self->hierarchies[i];
    if (base == NULL)
        return barrer_fail(self->host, err, ENOTSUP, "find a hierarchy of cgroup v1");
    r = make_base(self, base, is_chosen, is_rootless, err);
    for (size_t i = 0; i < self->n_hierarchies && r == 0; i++)
        if (self->hierarchies[i].path != NULL && &self->hierarchies[i] != base)
            r = make_group(self, &self->hierarchies[i], err);
    return r;
}

static void unmake_all(struct cgroup1 *self)
{
    for (size_t i = 0; i < self->n_hierarchies; i++) {
        struct cgroup1_hierarchy *h = &self->hierarchies[i];

        if (h->path != NULL)
            (void)rmdir(h->path);
        barrer_close_fd(&h->fd);
        free(h->path);
        h->path = NULL;
    }
}

static int is_denied(int r)
{
    return r == -EACCES || r == -EPERM || r == -EROFS;
}

static int make_named(struct cgroup1 *self, const struct barrer_resources_request *request,
                      struct barrer_error *err)
{
    int r = -EEXIST;

    for (unsigned attempt = 1; r == -EEXIST && attempt <= 1000; attempt++) {
        int e = name_groups(self, request, attempt);

        for (size_t i = 0; i < self->n_hierarchies && e >= 0; i++) {
            struct cgroup1_hierarchy *h = &self->hierarchies[i];

            if (!is_wanted(self, h, request))
                continue;
            if (attempt == 1)
                check_own(self, h);
            e = name_group(self, h, h->own);
        }
        if (e < 0)
            return barrer_fail(self->host, err, ENOMEM, "name the cgroup");
        r = make_all(self, request->path == NULL, (request->flags & BARRER_RESOURCES_ROOTLESS) != 0,
                     err);
    }
    return r;
}

int cgroup1_create(struct cgroup1 *self, const struct barrer_resources_request *request,
                   struct barrer_error *err)
{
    const char *parent = self->host->option(self->host, "parent");
    const char *missing;
    int r = cgroup1_find(self, err);

    if (r == 0 && request->path != NULL)
        r = check_path(self, request->path, err);
    if (r == 0 && parent != NULL && *parent != '\0')
        r = check_path(self, parent, err);
    if (r < 0)
        return r;
    missing = cgroup1_missing(self, request, 0);
    if (missing != NULL)
        return barrer_fail(self->host, err, ENOTSUP,
                           "limit resources: no hierarchy of cgroup v1 has the controller \"%s\"",
                           missing);
    r = make_named(self, request, err);
    if (!is_denied(r) || !(request->flags & BARRER_RESOURCES_ROOTLESS) ||
        cgroup1_has_limits(request))
        return r == -EEXIST ? barrer_fail(self->host, err, EEXIST, "make the container's cgroups")
                            : r;
    unmake_all(self);
    r = self->host->get_fact(self->host, "groups") == NULL ? 0 : record(self, 0, err);
    barrer_log(self->host, BARRER_LOG_NOTICE,
               "no cgroup is writable for this user: the container runs without one");
    return r < 0 ? r : CGROUP1_NONE;
}

int cgroup1_locate(struct cgroup1 *self, const char *path,
                   const struct barrer_resources_request *request, struct barrer_error *err)
{
    const char *missing;
    int r = cgroup1_find(self, err);

    if (r < 0)
        return r;
    missing = cgroup1_missing(self, request, 0);
    if (missing != NULL)
        return barrer_fail(self->host, err, ENOTSUP,
                           "limit resources: no hierarchy of cgroup v1 has the controller \"%s\"",
                           missing);
    self->name = strdup(path);
    for (size_t i = 0; i < self->n_hierarchies; i++) {
        struct cgroup1_hierarchy *h = &self->hierarchies[i];

        h->by_pid = is_wanted(self, h, request);
        if (self->name == NULL || (h->by_pid && name_group(self, h, "") < 0))
            return barrer_fail(self->host, err, ENOMEM, "name the cgroup");
        if (h->by_pid && access(h->path, F_OK) == 0 && !is_empty(h))
            return is_in_use(self, h, err);
    }
    return record(self, self->n_hierarchies, err);
}

int cgroup1_complete(struct cgroup1 *self, struct barrer_error *err)
{
    for (size_t i = 0; i < self->n_hierarchies; i++) {
        const struct cgroup1_hierarchy *h = &self->hierarchies[i];
        int r = h->path == NULL ? 0 : make_folders(self, h);

        if (r < 0 && r != -EEXIST)
            return barrer_fail(self->host, err, r == -ENOENT ? ENOTSUP : -r,
                               "make the cgroup \"%s\"", h->path);
    }
    return 0;
}

/* Remove all groups below FD, deepest first, with few descriptors however deep they are. */
static int remove_below(int fd)
{
    barrer_auto_fd int current = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    unsigned depth = 0, refused = 0;

    while (current >= 0) {
        int listing_fd = openat(current, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), next = -1;
        DIR *listing = listing_fd < 0 ? NULL : fdopendir(listing_fd);
        const struct dirent *entry;
        int r = 0;

        if (listing == NULL) {
            barrer_close_fd(&listing_fd);
            return -errno;
        }
        while (next < 0 && r == 0 && (entry = readdir(listing)) != NULL) {
            if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
                unlinkat(current, entry->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                continue;
            if (errno != EBUSY || ++refused > 100000)
                r = -errno;
            else
                next = openat(current, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            depth += next >= 0;
        }
        (void)closedir(listing);
        if (r < 0 || (next < 0 && depth == 0))
            return r;
        if (next < 0) {
            next = openat(current, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            depth--;
        }
        (void)close(current);
        current = next;
    }
    return -errno;
}

/* 0, or -EBUSY while a process is left in H or below it. */
static int remove_one(struct cgroup1_hierarchy *h)
{
    int r;

    if (rmdir(h->path) == 0 || errno == ENOENT)
        return 0;
    if (errno != EBUSY)
        return -errno;
    r = cgroup1_open(h);
    if (r >= 0)
        r = remove_below(h->fd);
    if (r == 0 && rmdir(h->path) < 0 && errno != ENOENT)
        r = -errno;
    return r == -ENOENT ? 0 : r;
}

int cgroup1_remove(struct cgroup1 *self, struct barrer_error *err)
{
    int r = cgroup1_recall(self, err), is_cleared = 0, result = 0;

    if (r <= 0)
        return r;
    (void)cgroup1_leave(self, NULL);
    for (size_t i = 0; i < self->n_hierarchies; i++) {
        struct cgroup1_hierarchy *h = &self->hierarchies[i];

        if (h->path == NULL)
            continue;
        r = remove_one(h);
        if (r == -EBUSY && !is_cleared) {
            cgroup1_escape(self, h);
            r = cgroup1_clear(self, err);
            if (r < 0)
                return r;
            is_cleared = 1;
            r = remove_one(h);
        }
        barrer_close_fd(&h->fd);
        if (r < 0)
            result = barrer_fail(self->host, err, -r, "remove the cgroup \"%s\"", h->path);
    }
    return result;
}

int cgroup1_add(struct cgroup1 *self, const char *controller, const char *path,
                struct cgroup1_hierarchy **ret_h, struct barrer_error *err)
{
    struct cgroup1 all = {.host = self->host, .event_fd = -1};
    struct cgroup1_hierarchy *h = NULL;
    int r = cgroup1_find(&all, err);

    for (size_t i = 0; i < all.n_hierarchies; i++) {
        if (r == 0 && h == NULL && self->n_hierarchies < CGROUP1_HIERARCHIES &&
            cgroup1_has_controller(&all.hierarchies[i], controller)) {
            h = &self->hierarchies[self->n_hierarchies];
            *h = all.hierarchies[i];
        } else {
            free(all.hierarchies[i].own);
        }
    }
    if (r < 0)
        return r;
    if (h == NULL || self->name == NULL)
        return barrer_fail(self->host, err, ENOTSUP,
                           "limit resources: no hierarchy of cgroup v1 has the controller \"%s\"",
                           controller);
    self->n_hierarchies++;
    if (name_group(self, h, strcmp(path, "/") == 0 ? "" : path) < 0)
        return barrer_fail(self->host, err, ENOMEM, "name the cgroup");
    r = record(self, self->n_hierarchies, err);
    if (r == 0)
        r = make_group(self, h, err);
    if (r == 0 && (r = cgroup1_open(h)) < 0)
        return barrer_fail(self->host, err, -r, "open the cgroup \"%s\"", h->path);
    if (r >= 0)
        *ret_h = h;
    return r < 0 ? r : 0;
}
