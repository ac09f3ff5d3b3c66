/* SPDX-License-Identifier: Apache-2.0 */
#include "netdevices.h"

#include <ctype.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <barrer/util.h>

#include "rtnetlink.h"

/* Linux 5.13; older ones ignore it, and keep the index where that is free. */
#define ATTRIBUTE_NEW_IFINDEX 49
/* More addresses than this on one device are refused rather than lost. */
#define MAX_ADDRESSES 256
/* Flags of an address that say how to use it; the others are the kernel's own notes. */
#define ADDRESS_FLAGS                                                                              \
    (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |               \
     IFA_F_MCAUTOJOIN)

struct address {
    struct ifaddrmsg message;
    uint32_t flags, priority;
    unsigned char local[16], peer[16], broadcast[16];
    size_t n_local, n_peer, n_broadcast;
    int has_priority;
};

struct move {
    const struct barrer_host *host;
    int host_fd, container_fd; /* rtnetlink sockets */
    int netns_fd;
    const struct barrer_net_device *device;
    int index, new_index;
    struct address addresses[MAX_ADDRESSES];
    size_t n_addresses; /* may count more than there is room for */
};

static const char *new_name(const struct barrer_net_device *device)
{
    return device->name_inside != NULL ? device->name_inside : device->name;
}

/* What the kernel takes; "%d" in a name makes it choose a free number. */
static int is_name(const char *name, int may_be_template)
{
    const char *percent = strchr(name, '%');

    if (*name == '\0' || strlen(name) >= IFNAMSIZ || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0)
        return 0;
    if (percent != NULL &&
        (!may_be_template || percent[1] != 'd' || strchr(percent + 1, '%') != NULL))
        return 0;
    for (const char *p = name; *p != '\0'; p++)
        if (*p == '/' || *p == ':' || isspace((unsigned char)*p))
            return 0;
    return 1;
}

static int check_device(const struct barrer_host *host,
                        const struct barrer_isolation_request *request, size_t i,
                        struct barrer_error *err)
{
    const struct barrer_net_device *device = &request->net_devices[i];
    const char *name = new_name(device);

    if (!is_name(device->name, 0))
        return barrer_fail(host, err, 0, "linux.netDevices: \"%.64s\" is no name of a device",
                           device->name);
    if (!is_name(name, 1))
        return barrer_fail(host, err, 0,
                           "linux.netDevices: %s: name: expected at most %d characters without "
                           "\"/\", \":\", blanks, and \"%%\" but in \"%%d\", got \"%.64s\"",
                           device->name, IFNAMSIZ - 1, name);
    for (size_t k = 0; k < i; k++)
        if (strchr(name, '%') == NULL && strcmp(new_name(&request->net_devices[k]), name) == 0)
            return barrer_fail(host, err, 0,
                               "linux.netDevices: \"%s\" and \"%s\" would both be called \"%s\"",
                               request->net_devices[k].name, device->name, name);
    if (if_nametoindex(device->name) == 0)
        return barrer_fail(host, err, errno, "linux.netDevices: find the device \"%s\" of the host",
                           device->name);
    return 0;
}

int namespace_netdevices_check(const struct barrer_host *host,
                               const struct barrer_isolation_request *request,
                               struct barrer_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < request->n_net_devices; i++)
        r = check_device(host, request, i, err);
    return r;
}

/* 0 when there is a device of this NAME (or, where that is NULL, INDEX), else -ENODEV. */
static int find_link(int fd, const char *name, int index)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = index};
    struct rtnetlink_request request;

    rtnetlink_init(&request, RTM_GETLINK, 0, &link, sizeof(link));
    if (name != NULL)
        rtnetlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
    return rtnetlink_call(fd, &request, NULL, NULL);
}

static size_t copy_address(const struct nlmsghdr *message, uint16_t type, unsigned char *to)
{
    const struct rtattr *attribute = rtnetlink_find(message, sizeof(struct ifaddrmsg), type);
    size_t size = attribute != NULL ? RTA_PAYLOAD(attribute) : 0;

    if (size > 16)
        return 0;
    if (size > 0)
        memcpy(to, RTA_DATA(attribute), size);
    return size;
}

static int copy_number(const struct nlmsghdr *message, uint16_t type, uint32_t *number)
{
    const struct rtattr *attribute = rtnetlink_find(message, sizeof(struct ifaddrmsg), type);

    if (attribute == NULL || RTA_PAYLOAD(attribute) < sizeof(*number))
        return 0;
    memcpy(number, RTA_DATA(attribute), sizeof(*number));
    return 1;
}

/* The specification: permanent addresses of global scope are kept, of any family. */
static void take_address(const struct nlmsghdr *message, void *arg)
{
    const struct ifaddrmsg *given = NLMSG_DATA(message);
    struct address address = {.message = *given, .flags = given->ifa_flags};
    struct move *move = arg;

    if (message->nlmsg_type != RTM_NEWADDR || (int)given->ifa_index != move->index)
        return;
    (void)copy_number(message, IFA_FLAGS, &address.flags);
    if (!(address.flags & IFA_F_PERMANENT) || given->ifa_scope != RT_SCOPE_UNIVERSE)
        return;
    if (move->n_addresses++ >= MAX_ADDRESSES)
        return;
    address.n_local = copy_address(message, IFA_LOCAL, address.local);
    address.n_peer = copy_address(message, IFA_ADDRESS, address.peer);
    address.n_broadcast = copy_address(message, IFA_BROADCAST, address.broadcast);
    address.has_priority = copy_number(message, IFA_RT_PRIORITY, &address.priority);
    move->addresses[move->n_addresses - 1] = address;
}

static int read_addresses(struct move *move, struct barrer_error *err)
{
    struct ifaddrmsg all = {.ifa_family = AF_UNSPEC};
    struct rtnetlink_request request;
    int r;

    move->n_addresses = 0;
    rtnetlink_init(&request, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
    r = rtnetlink_call(move->host_fd, &request, take_address, move);
    if (r == 0 && move->n_addresses > MAX_ADDRESSES)
        r = -E2BIG;
    return r < 0 ? barrer_fail(move->host, err, -r, "read the addresses of the network device \"%s\"",
                               move->device->name)
                 : 0;
}

/* The device keeps its index, or gets the next one that is free in there. */
static int choose_index(struct move *move, struct barrer_error *err)
{
    int r;

    for (move->new_index = move->index;; move->new_index++) {
        r = find_link(move->container_fd, NULL, move->new_index);
        if (r == -ENODEV)
            return 0;
        if (r < 0)
            return barrer_fail(move->host, err, -r, "list the container's network devices");
    }
}

static int move_link(struct move *move, struct barrer_error *err)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = move->index};
    uint32_t netns_fd = (uint32_t)move->netns_fd, index = (uint32_t)move->new_index;
    const char *name = new_name(move->device);
    struct rtnetlink_request request;
    int r;

    rtnetlink_init(&request, RTM_SETLINK, 0, &link, sizeof(link));
    rtnetlink_add(&request, IFLA_NET_NS_FD, &netns_fd, sizeof(netns_fd));
    rtnetlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
    rtnetlink_add(&request, ATTRIBUTE_NEW_IFINDEX, &index, sizeof(index));
    r = rtnetlink_call(move->host_fd, &request, NULL, NULL);
    return r < 0 ? barrer_fail(move->host, err, -r,
                               "move the network device \"%s\" into the container%s",
                               move->device->name,
                               r == -EPERM ? " (needs CAP_NET_ADMIN on the host)" : "")
                 : 0;
}

static int add_address(struct move *move, const struct address *address, struct barrer_error *err)
{
    struct ifaddrmsg message = address->message;
    uint32_t flags = address->flags & ADDRESS_FLAGS;
    struct rtnetlink_request request;
    int r;

    message.ifa_index = (uint32_t)move->new_index;
    message.ifa_flags = (uint8_t)flags;
    rtnetlink_init(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &message, sizeof(message));
    if (address->n_local > 0)
        rtnetlink_add(&request, IFA_LOCAL, address->local, address->n_local);
    if (address->n_peer > 0)
        rtnetlink_add(&request, IFA_ADDRESS, address->peer, address->n_peer);
    if (address->n_broadcast > 0)
        rtnetlink_add(&request, IFA_BROADCAST, address->broadcast, address->n_broadcast);
    if (address->has_priority)
        rtnetlink_add(&request, IFA_RT_PRIORITY, &address->priority, sizeof(address->priority));
    rtnetlink_add(&request, IFA_FLAGS, &flags, sizeof(flags));
    r = rtnetlink_call(move->container_fd, &request, NULL, NULL);
    return r < 0 && r != -EEXIST ? barrer_fail(move->host, err, -r,
                                               "give the network device \"%s\" its addresses again",
                                               new_name(move->device))
                                 : 0;
}

static int bring_up(struct move *move, struct barrer_error *err)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC,
                             .ifi_index = move->new_index,
                             .ifi_flags = IFF_UP,
                             .ifi_change = IFF_UP};
    struct rtnetlink_request request;
    int r;

    rtnetlink_init(&request, RTM_SETLINK, 0, &link, sizeof(link));
    r = rtnetlink_call(move->container_fd, &request, NULL, NULL);
    return r < 0 ? barrer_fail(move->host, err, -r, "bring up the network device \"%s\"",
                               new_name(move->device))
                 : 0;
}

static int move_device(struct move *move, struct barrer_error *err)
{
    const char *name = new_name(move->device);
    int r;

    move->index = (int)if_nametoindex(move->device->name);
    if (move->index == 0)
        return barrer_fail(move->host, err, errno, "find the network device \"%s\" of the host",
                           move->device->name);
    r = strchr(name, '%') != NULL ? -ENODEV : find_link(move->container_fd, name, 0);
    if (r != -ENODEV)
        return barrer_fail(move->host, err, r == 0 ? EEXIST : -r,
                           "move the network device \"%s\" into the container as \"%s\"",
                           move->device->name, name);
    if ((r = read_addresses(move, err)) < 0 || (r = choose_index(move, err)) < 0 ||
        (r = move_link(move, err)) < 0)
        return r;
    for (size_t i = 0; i < move->n_addresses; i++) {
        r = add_address(move, &move->addresses[i], err);
        if (r < 0)
            return r;
    }
    return bring_up(move, err);
}

int namespace_netdevices_move(const struct barrer_host *host,
                              const struct barrer_isolation_request *request, int netns_fd,
                              struct barrer_error *err)
{
    barrer_auto_free struct move *move = calloc(1, sizeof(*move));
    barrer_auto_fd int host_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    barrer_auto_fd int container_fd = -1;
    int r = 0;

    if (move == NULL || host_fd < 0)
        return barrer_fail(host, err, move == NULL ? ENOMEM : errno,
                           "talk to the kernel about network devices");
    container_fd = host->open_netlink(host, netns_fd, err);
    if (container_fd < 0)
        return container_fd;
    move->host = host;
    move->host_fd = host_fd;
    move->container_fd = container_fd;
    move->netns_fd = netns_fd;
    for (size_t i = 0; r == 0 && i < request->n_net_devices; i++) {
        move->device = &request->net_devices[i];
        r = move_device(move, err);
    }
    return r;
}
