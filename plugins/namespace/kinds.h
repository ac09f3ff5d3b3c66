/* SPDX-License-Identifier: Apache-2.0
 *
 * The eight kinds of namespace: their CLONE_NEW* flags, their names in config.json and in
 * /proc/PID/ns, and which of them an instance deals with.
 */
#ifndef PLUGINS_NAMESPACE_KINDS_H
#define PLUGINS_NAMESPACE_KINDS_H

#include <linux/sched.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define NAMESPACE_KINDS 8

struct namespace_kind {
    uint32_t flag;
    const char *name;  /* in config.json and in the fact "namespaces" */
    const char *entry; /* in /proc/PID/ns */
};

/* In the order in which they are joined, the user namespace aside: the mount namespace comes
 * last, since it changes what every path means. */
extern const struct namespace_kind namespace_kinds[NAMESPACE_KINDS];

const struct namespace_kind *namespace_kind_find(uint32_t flag);
/* "pid,mount" for a mask, into a buffer of NAMESPACE_LIST_SIZE; "none" for 0. */
#define NAMESPACE_LIST_SIZE 64
void namespace_kind_list(uint32_t mask, char *buffer);
/* The reverse; -1 for an unknown name. */
int namespace_kind_parse(const char *list, uint32_t *ret_mask);

#endif
