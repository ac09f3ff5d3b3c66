/* SPDX-License-Identifier: Apache-2.0
 *
 * The hierarchies of cgroup v1. They are taken from /proc/self/cgroup, which also tells the
 * caller's own groups; each is expected in a folder of its controllers' name below the option
 * `mount`, as every init system mounts them. /proc/self/mountinfo would name the folder of any
 * layout, but on a host of many containers it is long, and slow to make for the kernel.
 */
#include "cgroup1.h"

#include <stdio.h>

static int is_absolute_line(const char *line, const char **ret_controllers, const char **ret_path)
{
    const char *controllers = strchr(line, ':');
    const char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

    if (path == NULL || path[1] != '/')
        return 0;
    *ret_controllers = controllers + 1;
    *ret_path = path + 1;
    return 1;
}

/* "0::/": cgroup v2, which a hybrid host mounts in a folder beside the others. */
static int has_unified(const struct cgroup1 *self)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/" CGROUP1_UNIFIED "/cgroup.procs",
                   self->host->option(self->host, "mount"));
    return access(path, F_OK) == 0;
}

/* The folder of co-mounted controllers is "cpu,cpuacct", or has only the first one's name. */
static void name_folder(const struct cgroup1 *self, struct cgroup1_hierarchy *h)
{
    const char *mount = self->host->option(self->host, "mount");
    char path[4096];

    if (strncmp(h->controllers, "name=", 5) == 0) {
        (void)snprintf(h->folder, sizeof(h->folder), "%s", h->controllers + 5);
        return;
    }
    (void)snprintf(h->folder, sizeof(h->folder), "%s", h->controllers);
    (void)snprintf(path, sizeof(path), "%s/%s", mount, h->folder);
    if (strchr(h->folder, ',') != NULL && access(path, F_OK) < 0)
        h->folder[strcspn(h->folder, ",")] = '\0';
}

static int add_line(struct cgroup1 *self, const char *line)
{
    struct cgroup1_hierarchy *h = &self->hierarchies[self->n_hierarchies];
    const char *controllers, *path;

    if (self->n_hierarchies == CGROUP1_HIERARCHIES ||
        !is_absolute_line(line, &controllers, &path) ||
        (size_t)(path - controllers) > sizeof(h->controllers) ||
        (path == controllers + 1 && !has_unified(self)))
        return 0;
    *h = (struct cgroup1_hierarchy){.fd = -1, .own = strdup(path[1] == '\0' ? "" : path)};
    if (h->own == NULL)
        return -ENOMEM;
    if (path == controllers + 1)
        (void)strcpy(h->controllers, CGROUP1_UNIFIED);
    else
        (void)snprintf(h->controllers, sizeof(h->controllers), "%.*s",
                       (int)(path - 1 - controllers), controllers);
    name_folder(self, h);
    self->n_hierarchies++;
    return 0;
}

int cgroup1_find(struct cgroup1 *self, struct barrer_error *err)
{
    barrer_auto_fd int fd = -1;
    barrer_auto_free char *text = NULL;
    size_t used = 0;
    char *state = NULL;
    ssize_t n;

    if (self->n_hierarchies > 0)
        return 0;
    fd = self->host->open_proc(self->host, "self/cgroup", O_RDONLY, err);
    if (fd < 0)
        return fd;
    text = malloc(CGROUP1_FILE_MAX);
    if (text == NULL)
        return barrer_fail(self->host, err, ENOMEM, "read \"/proc/self/cgroup\"");
    while (used < CGROUP1_FILE_MAX - 1 &&
           (n = read(fd, text + used, CGROUP1_FILE_MAX - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    for (char *line = strtok_r(text, "\n", &state); line != NULL;
         line = strtok_r(NULL, "\n", &state))
        if (add_line(self, line) < 0)
            return barrer_fail(self->host, err, ENOMEM, "read \"/proc/self/cgroup\"");
    return 0;
}

int cgroup1_is_unified(const struct cgroup1_hierarchy *h)
{
    return strcmp(h->controllers, CGROUP1_UNIFIED) == 0;
}

int cgroup1_has_controller(const struct cgroup1_hierarchy *h, const char *controller)
{
    size_t length = strlen(controller);

    for (const char *p = h->controllers; *p != '\0'; p += strspn(p, ",")) {
        size_t n = strcspn(p, ",");

        if (n == length && strncmp(p, controller, n) == 0)
            return 1;
        p += n;
    }
    return 0;
}

int cgroup1_open(struct cgroup1_hierarchy *h)
{
    if (h->fd < 0)
        h->fd = h->path == NULL ? -1 : open(h->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return h->fd >= 0 ? h->fd : h->path == NULL ? -ENOENT : -errno;
}

struct cgroup1_hierarchy *cgroup1_of(struct cgroup1 *self, const char *controller)
{
    for (size_t i = 0; i < self->n_hierarchies; i++) {
        struct cgroup1_hierarchy *h = &self->hierarchies[i];

        if (cgroup1_has_controller(h, controller) && cgroup1_open(h) >= 0)
            return h;
    }
    return NULL;
}

struct cgroup1_hierarchy *cgroup1_base(struct cgroup1 *self)
{
    struct cgroup1_hierarchy *h = cgroup1_of(self, "freezer");

    for (size_t i = 0; h == NULL && i < self->n_hierarchies; i++)
        if (!cgroup1_is_unified(&self->hierarchies[i]) && cgroup1_open(&self->hierarchies[i]) >= 0)
            h = &self->hierarchies[i];
    return h;
}

/* One line of the fact: " NAME", or "CONTROLLERS PATH". */
static int recall_line(struct cgroup1 *self, const char *line)
{
    struct cgroup1_hierarchy *h = &self->hierarchies[self->n_hierarchies];
    const char *path = strchr(line, ' ');

    if (path == line) {
        free(self->name);
        self->name = strdup(path + 1);
        return self->name == NULL ? -ENOMEM : 0;
    }
    if (path == NULL || self->n_hierarchies == CGROUP1_HIERARCHIES)
        return 0;
    *h = (struct cgroup1_hierarchy){.fd = -1, .path = strdup(path + 1)};
    (void)snprintf(h->controllers, sizeof(h->controllers), "%.*s", (int)(path - line), line);
    name_folder(self, h);
    self->n_hierarchies++;
    return h->path == NULL ? -ENOMEM : 0;
}

int cgroup1_recall(struct cgroup1 *self, struct barrer_error *err)
{
    const char *groups = self->host->get_fact(self->host, "groups");
    barrer_auto_free char *copy = NULL;
    char *state = NULL;

    if (groups == NULL || *groups == '\0')
        return 0;
    if (self->n_hierarchies > 0)
        return 1;
    copy = strdup(groups);
    if (copy == NULL)
        return barrer_fail(self->host, err, ENOMEM, "recall the container's cgroups");
    for (char *line = strtok_r(copy, "\n", &state); line != NULL;
         line = strtok_r(NULL, "\n", &state))
        if (recall_line(self, line) < 0)
            return barrer_fail(self->host, err, ENOMEM, "recall the container's cgroups");
    return 1;
}
