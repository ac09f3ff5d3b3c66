/* SPDX-License-Identifier: Apache-2.0
 *
 * As much of rtnetlink(7) as it takes to move a network device: one request at a time, and its
 * answer.
 */
#ifndef PLUGINS_NAMESPACE_RTNETLINK_H
#define PLUGINS_NAMESPACE_RTNETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct rtnetlink_request {
    struct nlmsghdr header;
    unsigned char body[1024];
};

/* A request of TYPE whose fixed part is BODY. */
void rtnetlink_init(struct rtnetlink_request *request, uint16_t type, uint16_t flags,
                    const void *body, size_t size);
/* Append an attribute; what does not fit is left out, and the kernel then refuses the request. */
void rtnetlink_add(struct rtnetlink_request *request, uint16_t type, const void *data, size_t size);
/* Send REQUEST and wait for its acknowledgement; 0 or -errno. Each message that comes before that
 * is given to TAKE, which may be NULL. */
int rtnetlink_call(int fd, struct rtnetlink_request *request,
                   void (*take)(const struct nlmsghdr *message, void *arg), void *arg);
/* The attribute TYPE behind the SIZE bytes of the fixed part of MESSAGE; NULL. */
const struct rtattr *rtnetlink_find(const struct nlmsghdr *message, size_t size, uint16_t type);

#endif
