/* SPDX-License-Identifier: Apache-2.0 */
#include "mempolicy.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bitlist.h"

/* The most that Linux can be built for (CONFIG_NODES_SHIFT). */
#define MAX_NODES 1024

/* Newer than the headers of older systems: Linux 6.9, 5.15 and 5.12. */
#define MODE_WEIGHTED_INTERLEAVE 6
#define MODE_PREFERRED_MANY 5
#define FLAG_NUMA_BALANCING (1 << 13)

struct named {
    const char *name;
    int value;
};

static const struct named modes[] = {
    {"MPOL_DEFAULT", MPOL_DEFAULT},
    {"MPOL_BIND", MPOL_BIND},
    {"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
    {"MPOL_WEIGHTED_INTERLEAVE", MODE_WEIGHTED_INTERLEAVE},
    {"MPOL_PREFERRED", MPOL_PREFERRED},
    {"MPOL_PREFERRED_MANY", MODE_PREFERRED_MANY},
    {"MPOL_LOCAL", MPOL_LOCAL},
    {NULL, 0},
};

static const struct named flags[] = {
    {"MPOL_F_NUMA_BALANCING", FLAG_NUMA_BALANCING},
    {"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
    {"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
    {NULL, 0},
};

static const struct named *find(const struct named *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

/* What set_mempolicy(2) takes. */
struct policy {
    int mode; /* with flags */
    unsigned long nodes[MAX_NODES / BITLIST_WORD_BITS];
};

static int translate(const struct barrer_host *host, const struct barrer_memory_policy *wanted,
                     struct policy *policy, struct barrer_error *err)
{
    const struct named *mode = find(modes, wanted->mode);

    *policy = (struct policy){0};
    if (mode == NULL)
        return barrer_fail(host, err, EINVAL, "linux.memoryPolicy.mode: invalid memory policy mode \"%s\"",
                           wanted->mode);
    policy->mode = mode->value;
    for (const char *const *name = wanted->flags; *name != NULL; name++) {
        const struct named *flag = find(flags, *name);

        if (flag == NULL)
            return barrer_fail(host, err, EINVAL, "linux.memoryPolicy.flags: invalid memory policy flag \"%s\"",
                               *name);
        policy->mode |= flag->value;
    }
    if (wanted->nodes != NULL && process_bitlist_read(wanted->nodes, policy->nodes, MAX_NODES) < 0)
        return barrer_fail(host, err, EINVAL,
                           "linux.memoryPolicy.nodes: invalid memory policy node: expected a list of "
                           "nodes below %d such as \"0-3,7\", got \"%s\"",
                           MAX_NODES, wanted->nodes);
    return 0;
}

int process_mempolicy_check(const struct barrer_host *host,
                            const struct barrer_process_request *request, struct barrer_error *err)
{
    struct policy policy;

    return request->memory_policy == NULL ? 0
                                          : translate(host, request->memory_policy, &policy, err);
}

static int count(const unsigned long *nodes)
{
    int n = 0;

    for (size_t i = 0; i < MAX_NODES / BITLIST_WORD_BITS; i++)
        n += __builtin_popcountl(nodes[i]);
    return n;
}

int process_mempolicy_apply(const struct barrer_host *host,
                            const struct barrer_process_request *request, struct barrer_error *err)
{
    const struct barrer_memory_policy *wanted = request->memory_policy;
    struct policy policy;
    int r;

    if (wanted == NULL)
        return 0;
    r = translate(host, wanted, &policy, err);
    if (r < 0)
        return r;
    /* One more than there are bits: the kernel takes the number for a length that includes it. */
    if (syscall(SYS_set_mempolicy, policy.mode, wanted->nodes != NULL ? policy.nodes : NULL,
                wanted->nodes != NULL ? MAX_NODES + 1ul : 0ul) == 0)
        return 0;
    if (errno == EINVAL && (policy.mode == MPOL_DEFAULT || policy.mode == MPOL_LOCAL))
        return barrer_fail(host, err, EINVAL,
                           "linux.memoryPolicy: set %s: the mode requires 0 nodes but got %d",
                           wanted->mode, count(policy.nodes));
    return barrer_fail(host, err, errno, "linux.memoryPolicy: set %s%s%s%s", wanted->mode,
                       wanted->nodes != NULL ? " on nodes " : "",
                       wanted->nodes != NULL ? wanted->nodes : "",
                       errno == EINVAL ? " (the mode does not go with these nodes and flags, the "
                                         "nodes are not there, or the kernel is too old)"
                       : errno == ENOSYS ? " (the kernel is built without NUMA)"
                                         : "");
}
