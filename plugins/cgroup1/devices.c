/* SPDX-License-Identifier: Apache-2.0
 *
 * Access to devices, by the lists of the devices controller.
 */
#include "cgroup1.h"

#include <inttypes.h>
#include <stdio.h>

static int is_everything(const struct barrer_device_rule *rule)
{
    return rule->type != 'b' && rule->type != 'c' && rule->major < 0 && rule->minor < 0 &&
           strchr(rule->access, 'r') != NULL && strchr(rule->access, 'w') != NULL &&
           strchr(rule->access, 'm') != NULL;
}

/* The last rule about everything; what comes before it has no effect. N_DEVICES: there is none,
 * and everything that is not allowed is denied. */
static size_t find_start(const struct barrer_resources_request *request)
{
    for (size_t i = request->n_devices; i-- > 0;)
        if (is_everything(&request->devices[i]))
            return i;
    return request->n_devices;
}

int cgroup1_needs_devices(const struct barrer_resources_request *request)
{
    size_t start = find_start(request);

    return request->n_devices > 0 &&
           !(start == request->n_devices - 1 && request->devices[start].allow);
}

static void add_number(char *text, size_t size, int64_t number)
{
    if (number < 0)
        (void)snprintf(text, size, "*");
    else
        (void)snprintf(text, size, "%" PRId64, number);
}

static int write_rule(const struct barrer_device_rule *rule, char type, int fd)
{
    char major[24], minor[24], text[80];

    add_number(major, sizeof(major), rule->major);
    add_number(minor, sizeof(minor), rule->minor);
    (void)snprintf(text, sizeof(text), "%c %s:%s %.3s", type, major, minor, rule->access);
    return barrer_write_fd(fd, text);
}

/* To the kernel, type "a" means all devices and all kinds of access. */
static int write_both(const struct barrer_device_rule *rule, int fd)
{
    int r;

    if (rule->type == 'b' || rule->type == 'c')
        return write_rule(rule, rule->type, fd);
    r = write_rule(rule, 'b', fd);
    return r < 0 ? r : write_rule(rule, 'c', fd);
}

int cgroup1_set_devices(struct cgroup1 *self, const struct barrer_resources_request *request,
                        struct barrer_error *err)
{
    struct cgroup1_hierarchy *h = cgroup1_of(self, "devices");
    size_t start = find_start(request);
    barrer_auto_fd int allow_fd = -1, deny_fd = -1;
    int r, is_allowed;

    if (h == NULL || request->n_devices == 0)
        return 0;
    is_allowed = start < request->n_devices && request->devices[start].allow;
    allow_fd = openat(h->fd, "devices.allow", O_WRONLY | O_CLOEXEC);
    deny_fd = openat(h->fd, "devices.deny", O_WRONLY | O_CLOEXEC);
    r = allow_fd < 0 || deny_fd < 0 ? -errno
                                    : barrer_write_fd(is_allowed ? allow_fd : deny_fd, "a");
    for (size_t i = start < request->n_devices ? start + 1 : 0; i < request->n_devices && r == 0;
         i++)
        r = write_both(&request->devices[i], request->devices[i].allow ? allow_fd : deny_fd);
    if (r == -EPERM && (request->flags & BARRER_RESOURCES_ROOTLESS)) {
        barrer_log(self->host, BARRER_LOG_NOTICE,
                   "no device rules: the kernel does not let this user set any");
        return 0;
    }
    return r < 0 ? barrer_fail(self->host, err, r == -ENOENT ? ENOTSUP : -r,
                               "set the device rules of \"%s\"", h->path)
                 : 0;
}
