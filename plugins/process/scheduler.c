/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bitlist.h"

/* The most that Linux can be built for (CONFIG_NR_CPUS). */
#define MAX_CPUS 8192

/* struct sched_attr of sched_setattr(2), first version, which every kernel takes. */
struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

struct named {
    const char *name;
    uint32_t value;
};

static const struct named policies[] = {
    {"SCHED_OTHER", SCHED_NORMAL},
    {"SCHED_FIFO", SCHED_FIFO},
    {"SCHED_RR", SCHED_RR},
    {"SCHED_BATCH", SCHED_BATCH},
    {"SCHED_ISO", 4},
    {"SCHED_IDLE", SCHED_IDLE},
    {"SCHED_DEADLINE", SCHED_DEADLINE},
    {NULL, 0},
};

static const struct named flags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
    {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
    {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
    {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
    {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
    {NULL, 0},
};

static const struct named io_classes[] = {
    {"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
    {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
    {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
    {NULL, 0},
};

static const struct named *find(const struct named *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static int translate(const struct barrer_host *host, const struct barrer_scheduler *wanted,
                     struct attributes *ret_attributes, struct barrer_error *err)
{
    const struct named *policy = find(policies, wanted->policy);
    uint64_t bits = 0;

    if (policy == NULL)
        return barrer_fail(host, err, EINVAL, "process.scheduler.policy: unknown policy \"%s\"",
                           wanted->policy);
    for (const char *const *name = wanted->flags; name != NULL && *name != NULL; name++) {
        const struct named *flag = find(flags, *name);

        if (flag == NULL)
            return barrer_fail(host, err, EINVAL, "process.scheduler.flags: unknown flag \"%s\"",
                               *name);
        bits |= flag->value;
    }
    *ret_attributes = (struct attributes){
        .size = sizeof(struct attributes),
        .policy = policy->value,
        .flags = bits,
        .nice = wanted->nice,
        .priority = (uint32_t)wanted->priority,
        .runtime = wanted->runtime,
        .deadline = wanted->deadline,
        .period = wanted->period,
    };
    return 0;
}

/* The specification: an empty list is none. */
static int is_given(const char *list)
{
    return list != NULL && list[0] != '\0';
}

static int check_cpus(const struct barrer_host *host, const char *property, const char *list,
                      struct barrer_error *err)
{
    unsigned long mask[MAX_CPUS / BITLIST_WORD_BITS] = {0};

    if (!is_given(list) || process_bitlist_read(list, mask, MAX_CPUS) == 0)
        return 0;
    return barrer_fail(host, err, EINVAL,
                       "process.execCPUAffinity.%s: expected a list of CPUs such as \"0-3,7\", got "
                       "\"%s\"",
                       property, list);
}

static int check_io_priority(const struct barrer_host *host,
                             const struct barrer_io_priority *wanted, struct barrer_error *err)
{
    if (find(io_classes, wanted->priority_class) == NULL)
        return barrer_fail(host, err, EINVAL, "process.ioPriority.class: unknown class \"%s\"",
                           wanted->priority_class);
    if (wanted->priority < 0 || wanted->priority > 7)
        return barrer_fail(host, err, EINVAL,
                           "process.ioPriority.priority: expected 0 to 7, got %d",
                           wanted->priority);
    return 0;
}

int process_scheduler_check(const struct barrer_host *host,
                            const struct barrer_process_request *request, struct barrer_error *err)
{
    struct attributes attributes;
    int r = 0;

    if (request->scheduler != NULL)
        r = translate(host, request->scheduler, &attributes, err);
    if (r == 0 && request->io_priority != NULL)
        r = check_io_priority(host, request->io_priority, err);
    if (r == 0)
        r = check_cpus(host, "initial", request->cpu_affinity_initial, err);
    if (r == 0)
        r = check_cpus(host, "final", request->cpu_affinity_final, err);
    return r;
}

/* sched(7) has these rules for SCHED_DEADLINE; the kernel answers EINVAL to all. Callers look for crun's
 * words. */
static int fail_deadline(const struct barrer_host *host, const struct attributes *wanted,
                         struct barrer_error *err)
{
    static const uint64_t least = 1024, most = INT64_MAX;
    const struct {
        const char *name;
        uint64_t value, bound; /* of the next one; 0: none */
        const char *next;
    } times[] = {{"runtime", wanted->runtime, wanted->deadline, "deadline"},
                 {"deadline", wanted->deadline, wanted->period, "period"},
                 {"period", wanted->period, 0, NULL}};

    for (size_t i = 0; i < 2; i++)
        if (times[i].value == 0)
            return barrer_fail(host, err, EINVAL,
                               "process.scheduler: sched_setattr: `SCHED_DEADLINE` requires `%s`",
                               times[i].name);
    for (size_t i = 0; i < 2; i++)
        if (times[i].bound != 0 && times[i].value > times[i].bound)
            return barrer_fail(host, err, EINVAL,
                               "process.scheduler: sched_setattr: `SCHED_DEADLINE` %s (%llu) must be "
                               "<= %s (%llu)",
                               times[i].name, (unsigned long long)times[i].value, times[i].next,
                               (unsigned long long)times[i].bound);
    for (size_t i = 0; i < 3; i++)
        if (times[i].value != 0 && (times[i].value < least || times[i].value > most))
            return barrer_fail(host, err, EINVAL,
                               "process.scheduler: sched_setattr: `SCHED_DEADLINE` %s (%llu) must be "
                               "between %llu and %llu",
                               times[i].name, (unsigned long long)times[i].value,
                               (unsigned long long)least, (unsigned long long)most);
    return barrer_fail(host, err, EINVAL,
                       "set scheduling policy SCHED_DEADLINE (its period is outside of "
                       "/proc/sys/kernel/sched_deadline_period_*_us, or a flag does not go with it)");
}

static int apply_policy(const struct barrer_host *host, const struct barrer_scheduler *wanted,
                        pid_t pid, struct barrer_error *err)
{
    struct attributes attributes;
    int r = translate(host, wanted, &attributes, err);

    if (r < 0)
        return r;
    if (syscall(SYS_sched_setattr, pid, &attributes, 0) == 0)
        return 0;
    if (errno == EINVAL && attributes.policy == SCHED_DEADLINE)
        return fail_deadline(host, &attributes, err);
    return barrer_fail(host, err, errno, "set scheduling policy %s%s", wanted->policy,
                       errno == EPERM ? " (needs CAP_SYS_NICE, and a cgroup that may have "
                                        "realtime processes)"
                                      : "");
}

static int apply_io_priority(const struct barrer_host *host,
                             const struct barrer_io_priority *wanted, pid_t pid,
                             struct barrer_error *err)
{
    const struct named *class = find(io_classes, wanted->priority_class);
    int value = IOPRIO_PRIO_VALUE(class ? class->value : IOPRIO_CLASS_NONE, wanted->priority);

    if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, value) < 0)
        return barrer_fail(host, err, errno, "set I/O priority %s %d%s", wanted->priority_class,
                           wanted->priority,
                           errno == EPERM ? " (needs CAP_SYS_ADMIN or CAP_SYS_NICE)" : "");
    return 0;
}

int process_scheduler_apply(const struct barrer_host *host,
                            const struct barrer_process_request *request, pid_t pid,
                            struct barrer_error *err)
{
    int r = 0;

    if (request->scheduler != NULL)
        r = apply_policy(host, request->scheduler, pid, err);
    if (r == 0 && request->io_priority != NULL)
        r = apply_io_priority(host, request->io_priority, pid, err);
    return r;
}

int process_scheduler_bind(const struct barrer_host *host, const char *property, const char *list,
                           struct barrer_error *err)
{
    unsigned long mask[MAX_CPUS / BITLIST_WORD_BITS] = {0};

    if (!is_given(list))
        return 0;
    /* The system call instead of sched_setaffinity(3): a kernel takes a mask of any length. */
    if (process_bitlist_read(list, mask, MAX_CPUS) < 0 || syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) < 0)
        return barrer_fail(host, err, errno, "process.execCPUAffinity.%s: bind to CPUs \"%s\"%s",
                           property, list,
                           errno == EINVAL ? " (none of them is online and in the cpuset)" : "");
    return 0;
}

void process_scheduler_unbind(const struct barrer_host *host)
{
    unsigned long mask[MAX_CPUS / BITLIST_WORD_BITS];

    /* The kernel takes away what there is not and what the cpuset does not have. */
    memset(mask, 0xff, sizeof(mask));
    if (syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) < 0)
        barrer_log(host, BARRER_LOG_WARNING, "cannot let the process run on all CPUs: %s",
                   strerror(errno));
}
