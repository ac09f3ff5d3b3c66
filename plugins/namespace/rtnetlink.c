/* SPDX-License-Identifier: Apache-2.0 */
#include "rtnetlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel's messages of a dump are at most this long. */
#define MAX_ANSWER 32768

void rtnetlink_init(struct rtnetlink_request *request, uint16_t type, uint16_t flags,
                    const void *body, size_t size)
{
    memset(request, 0, sizeof(*request));
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
    memcpy(NLMSG_DATA(&request->header), body, size);
}

void rtnetlink_add(struct rtnetlink_request *request, uint16_t type, const void *data, size_t size)
{
    size_t used = NLMSG_ALIGN(request->header.nlmsg_len);
    struct rtattr attribute = {.rta_len = (uint16_t)RTA_LENGTH(size), .rta_type = type};

    if (used + RTA_SPACE(size) > sizeof(*request))
        return;
    memcpy((unsigned char *)request + used, &attribute, sizeof(attribute));
    memcpy((unsigned char *)request + used + RTA_LENGTH(0), data, size);
    request->header.nlmsg_len = (uint32_t)(used + RTA_LENGTH(size));
}

/* 1: go on, 0: acknowledged, or -errno. */
static int take_message(const struct nlmsghdr *message,
                        void (*take)(const struct nlmsghdr *message, void *arg), void *arg)
{
    if (message->nlmsg_type == NLMSG_DONE)
        return 0;
    if (message->nlmsg_type == NLMSG_ERROR)
        return message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))
                   ? -EBADMSG
                   : ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
    if (take != NULL)
        take(message, arg);
    return 1;
}

int rtnetlink_call(int fd, struct rtnetlink_request *request,
                   void (*take)(const struct nlmsghdr *message, void *arg), void *arg)
{
    _Alignas(struct nlmsghdr) unsigned char answer[MAX_ANSWER];
    int r = 1;

    if (send(fd, request, request->header.nlmsg_len, 0) < 0)
        return -errno;
    while (r > 0) {
        ssize_t n = recv(fd, answer, sizeof(answer), 0);
        unsigned left = n > 0 ? (unsigned)n : 0;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EBADMSG;
        for (const struct nlmsghdr *message = (const void *)answer; r > 0 && NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left))
            r = take_message(message, take, arg);
    }
    return r;
}

const struct rtattr *rtnetlink_find(const struct nlmsghdr *message, size_t size, uint16_t type)
{
    const unsigned char *fixed = NLMSG_DATA(message);
    const struct rtattr *attribute = (const void *)(fixed + NLMSG_ALIGN(size));
    int left = (int)message->nlmsg_len - (int)NLMSG_SPACE(size);

    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
        if (attribute->rta_type == type)
            return attribute;
    return NULL;
}
