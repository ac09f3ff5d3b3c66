/* SPDX-License-Identifier: Apache-2.0
 *
 * The isolation plugin "namespace": new namespaces, joined ones, and what is set in them: id
 * maps, time offsets, host and domain name, kernel parameters, network devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <barrer/isolation.h>
#include <barrer/util.h>

#include "joins.h"
#include "kinds.h"
#include "maps.h"
#include "netdevices.h"
#include "sysctl.h"

/* __NEW_UTS_LEN of the kernel. */
#define MAX_UTS_NAME 64
#define FACT "namespaces"

struct instance {
    const struct barrer_host *host;
    uint32_t created, joined; /* CLONE_NEW* */
    struct namespace_joins joins;
};

static int add_namespaces(struct instance *self, const struct barrer_isolation_request *request,
                          struct barrer_error *err)
{
    for (size_t i = 0; i < request->n_namespaces; i++) {
        const struct barrer_namespace *ns = &request->namespaces[i];
        const struct namespace_kind *kind = namespace_kind_find(ns->type);
        int r;

        if (kind == NULL)
            return barrer_fail(self->host, err, 0,
                               "linux.namespaces: a namespace of the unknown type %#x", ns->type);
        if (((self->created | self->joined) & ns->type) != 0)
            return barrer_fail(self->host, err, 0,
                               "linux.namespaces: the type \"%s\" is there twice", kind->name);
        if (ns->path == NULL) {
            self->created |= ns->type;
            continue;
        }
        r = namespace_joins_add_path(&self->joins, self->host, ns->type, ns->path, err);
        if (r < 0)
            return r;
        self->joined |= ns->type;
    }
    namespace_joins_sort(&self->joins);
    return 0;
}

/* PROPERTY changes a namespace of the kind FLAG: refuse it unless that is not the host's. */
static int need_own(const struct instance *self, uint32_t flag, const char *property,
                    struct barrer_error *err)
{
    const char *name = namespace_kind_find(flag)->name;
    int r;

    if ((self->created & flag) != 0)
        return 0;
    if ((self->joined & flag) == 0)
        return barrer_fail(self->host, err, 0,
                           "%s: the container shares the %s namespace of the host (add {\"type\": "
                           "\"%s\"} to linux.namespaces)",
                           property, name, name);
    r = namespace_joins_is_own(&self->joins, self->host, flag, err);
    if (r <= 0)
        return r;
    return barrer_fail(self->host, err, 0,
                       "%s: the %s namespace that linux.namespaces joins is the host's own",
                       property, name);
}

static int check_uts_name(const struct instance *self, const char *property, const char *name,
                          struct barrer_error *err)
{
    if (name == NULL)
        return 0;
    if (strlen(name) > MAX_UTS_NAME)
        return barrer_fail(self->host, err, 0, "%s: \"%.80s\" is longer than %d characters",
                           property, name, MAX_UTS_NAME);
    return need_own(self, CLONE_NEWUTS, property, err);
}

static int check_ids(const struct instance *self, const struct barrer_isolation_request *request,
                     struct barrer_error *err)
{
    if ((self->created & CLONE_NEWUSER) != 0)
        return namespace_maps_check(self->host, request, err);
    /* For a joined user namespace they tell the file system what the maps are. */
    if ((self->joined & CLONE_NEWUSER) != 0)
        return 0;
    if (request->n_uid_maps > 0)
        return need_own(self, CLONE_NEWUSER, "linux.uidMappings", err);
    if (request->n_gid_maps > 0)
        return need_own(self, CLONE_NEWUSER, "linux.gidMappings", err);
    return 0;
}

static int check_sysctl(const struct instance *self, const struct barrer_isolation_request *request,
                        struct barrer_error *err)
{
    for (size_t i = 0; i < request->n_sysctl; i++) {
        const char *key = request->sysctl[i].key;
        char property[320];
        uint32_t flag;
        int r;

        r = namespace_sysctl_check(self->host, request, key, &flag, err);
        if (r < 0)
            return r;
        (void)snprintf(property, sizeof(property), "linux.sysctl: \"%s\"", key);
        r = need_own(self, flag, property, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_time(const struct instance *self, const struct barrer_isolation_request *request,
                      struct barrer_error *err)
{
    if (request->n_time_offsets == 0)
        return 0;
    if ((self->joined & CLONE_NEWTIME) != 0)
        return barrer_fail(self->host, err, 0,
                           "linux.timeOffsets: offsets can be set in a new time namespace only, "
                           "and linux.namespaces joins one");
    for (size_t i = 0; i < request->n_time_offsets; i++) {
        const struct barrer_time_offset *offset = &request->time_offsets[i];

        if (strcmp(offset->clock, "monotonic") != 0 && strcmp(offset->clock, "boottime") != 0)
            return barrer_fail(self->host, err, 0,
                               "linux.timeOffsets: unknown clock \"%s\" (expected \"monotonic\" "
                               "or \"boottime\")",
                               offset->clock);
        if (offset->nanoseconds > 999999999)
            return barrer_fail(self->host, err, 0,
                               "linux.timeOffsets: %s: %u nanoseconds are more than a second",
                               offset->clock, offset->nanoseconds);
    }
    return need_own(self, CLONE_NEWTIME, "linux.timeOffsets", err);
}

static int check_net_devices(const struct instance *self,
                             const struct barrer_isolation_request *request,
                             struct barrer_error *err)
{
    int r;

    if (request->n_net_devices == 0)
        return 0;
    r = need_own(self, CLONE_NEWNET, "linux.netDevices", err);
    return r < 0 ? r : namespace_netdevices_check(self->host, request, err);
}

static int check_request(const struct instance *self,
                         const struct barrer_isolation_request *request, struct barrer_error *err)
{
    int r;

    if ((r = check_uts_name(self, "hostname", request->hostname, err)) < 0 ||
        (r = check_uts_name(self, "domainname", request->domainname, err)) < 0 ||
        (r = check_ids(self, request, err)) < 0 || (r = check_time(self, request, err)) < 0 ||
        (r = check_net_devices(self, request, err)) < 0)
        return r;
    return check_sysctl(self, request, err);
}

static int prepare(void *data, const struct barrer_isolation_request *request,
                   struct barrer_isolation_plan *plan, struct barrer_error *err)
{
    struct instance *self = data;
    char list[NAMESPACE_LIST_SIZE];
    int r;

    if ((r = add_namespaces(self, request, err)) < 0 || (r = check_request(self, request, err)) < 0)
        return r;
    plan->create = self->created;
    plan->joins = self->joins.list;
    plan->n_joins = self->joins.count;
    plan->time_offsets = request->time_offsets;
    plan->n_time_offsets = request->n_time_offsets;
    /* Recorded also when there is none: `exec` must be able to tell "none" from "lost". */
    namespace_kind_list(self->created | self->joined, list);
    return self->host->put_fact(self->host, FACT, list, err);
}

/* The network namespace that the container is going to have: a borrowed descriptor of the one that
 * is joined, or *OWNED. */
static int find_network(const struct instance *self, pid_t pid, int *owned,
                        struct barrer_error *err)
{
    barrer_auto_fd int folder_fd = -1;
    char path[32];

    for (size_t i = 0; i < self->joins.count; i++)
        if (self->joins.list[i].type == CLONE_NEWNET)
            return self->joins.list[i].fd;
    (void)snprintf(path, sizeof(path), "%d/ns", (int)pid);
    folder_fd = self->host->open_proc(self->host, path, O_PATH | O_DIRECTORY, err);
    if (folder_fd < 0)
        return folder_fd;
    *owned = openat(folder_fd, "net", O_RDONLY | O_CLOEXEC);
    return *owned < 0 ? barrer_fail(self->host, err, errno, "open the container's network namespace")
                      : *owned;
}

static int move_net_devices(const struct instance *self,
                            const struct barrer_isolation_request *request, pid_t pid,
                            struct barrer_error *err)
{
    barrer_auto_fd int owned_fd = -1;
    int netns_fd;

    if (request->n_net_devices == 0)
        return 0;
    netns_fd = find_network(self, pid, &owned_fd, err);
    return netns_fd < 0 ? netns_fd
                        : namespace_netdevices_move(self->host, request, netns_fd, err);
}

static int attach(void *data, const struct barrer_isolation_request *request,
                  const struct barrer_target *target, struct barrer_error *err)
{
    struct instance *self = data;
    int r = 0;

    if ((self->created & CLONE_NEWUSER) != 0)
        r = namespace_maps_write(self->host, request, target->pid, err);
    return r < 0 ? r : move_net_devices(self, request, target->pid, err);
}

/* A new network namespace has nothing but a loopback device, which is down. The flags that the
 * kernel keeps for itself are not changed by SIOCSIFFLAGS, so it need not be read first. Any kind
 * of socket will do, netdevice(7); every kernel has this one. */
static int bring_up_loopback(const struct instance *self, struct barrer_error *err)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    barrer_auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        return barrer_fail(self->host, err, errno,
                           "bring up the loopback device of the container (loopback = no in the "
                           "plugin's section leaves it down)");
    return 0;
}

static int enter(void *data, const struct barrer_isolation_request *request,
                 struct barrer_error *err)
{
    struct instance *self = data;

    if (request->hostname != NULL && sethostname(request->hostname, strlen(request->hostname)) < 0)
        return barrer_fail(self->host, err, errno, "set the host name \"%s\"", request->hostname);
    if (request->domainname != NULL &&
        setdomainname(request->domainname, strlen(request->domainname)) < 0)
        return barrer_fail(self->host, err, errno, "set the domain name \"%s\"",
                           request->domainname);
    if ((self->created & CLONE_NEWNET) != 0 &&
        strcmp(self->host->option(self->host, "loopback"), "yes") == 0) {
        int r = bring_up_loopback(self, err);

        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < request->n_sysctl; i++) {
        int r = namespace_sysctl_write(self->host, &request->sysctl[i], err);

        if (r < 0)
            return r;
    }
    return 0;
}

static int join(void *data, const struct barrer_target *target, struct barrer_isolation_plan *plan,
                struct barrer_error *err)
{
    struct instance *self = data;
    const char *list = self->host->get_fact(self->host, FACT);
    uint32_t mask;
    int r;

    if (list == NULL || namespace_kind_parse(list, &mask) < 0)
        return barrer_fail(self->host, err, 0,
                           "find the container's namespaces: the recorded fact \"%s\" is %s%s%s",
                           FACT, list != NULL ? "\"" : "missing", list != NULL ? list : "",
                           list != NULL ? "\"" : "");
    r = namespace_joins_add_target(&self->joins, self->host, target, mask, err);
    if (r < 0)
        return r;
    plan->create = 0;
    plan->joins = self->joins.list;
    plan->n_joins = self->joins.count;
    return 0;
}

static int open_instance(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct instance *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return barrer_fail(host, err, ENOMEM, "open the plugin \"namespace\"");
    self->host = host;
    *ret_self = self;
    return 0;
}

static void close_instance(void *data)
{
    struct instance *self = data;

    namespace_joins_close(&self->joins);
    free(self);
}

static const struct barrer_option options[] = {
    {"loopback", "bool", "yes", "bring up the loopback device of a new network namespace"},
    {"newuidmap", "path", "/usr/bin/newuidmap", "program that maps user ids for rootless callers"},
    {"newgidmap", "path", "/usr/bin/newgidmap", "program that maps group ids for rootless callers"},
    {0},
};

static const char *const honours[] = {
    "hostname",
    "domainname",
    "linux.namespaces.type=pid",
    "linux.namespaces.type=network",
    "linux.namespaces.type=mount",
    "linux.namespaces.type=ipc",
    "linux.namespaces.type=uts",
    "linux.namespaces.type=user",
    "linux.namespaces.type=cgroup",
    "linux.namespaces.type=time",
    "linux.uidMappings",
    "linux.gidMappings",
    "linux.timeOffsets",
    "linux.netDevices",
    "linux.sysctl",
    NULL,
};

static const struct barrer_isolation_ops ops = {
    .size = sizeof(ops),
    .prepare = prepare,
    .attach = attach,
    .enter = enter,
    .join = join,
};

BARRER_PLUGIN(namespace) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_ISOLATION,
    .name = "namespace",
    .version = "0.1",
    .summary = "Linux namespaces: create, join, id maps, host name, kernel parameters",
    .options = options,
    .honours = honours,
    .open = open_instance,
    .close = close_instance,
    .ops = &ops,
};
