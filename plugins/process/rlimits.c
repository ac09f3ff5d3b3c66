/* SPDX-License-Identifier: Apache-2.0 */
#include "rlimits.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
    const char *name;
    int resource;
} resources[] = {
    {"RLIMIT_AS", RLIMIT_AS},           {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},         {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},     {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},       {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},     {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},   {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_STACK", RLIMIT_STACK},     {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
};

static int resource_of(const char *name)
{
    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
        if (strcmp(resources[i].name, name) == 0)
            return resources[i].resource;
    return -1;
}

int process_rlimits_check(const struct barrer_host *host,
                          const struct barrer_process_request *request, struct barrer_error *err)
{
    uint32_t seen = 0;

    for (size_t i = 0; i < request->n_rlimits; i++) {
        const struct barrer_rlimit *limit = &request->rlimits[i];
        int resource = resource_of(limit->type);

        if (resource < 0)
            return barrer_fail(host, err, EINVAL, "process.rlimits: unknown type \"%s\"",
                               limit->type);
        if (seen & (1u << resource))
            return barrer_fail(host, err, EINVAL, "process.rlimits: \"%s\" is there twice",
                               limit->type);
        seen |= 1u << resource;
        if (limit->soft > limit->hard)
            return barrer_fail(host, err, EINVAL,
                               "process.rlimits: %s: soft %" PRIu64 " is above hard %" PRIu64,
                               limit->type, limit->soft, limit->hard);
    }
    return 0;
}

int process_rlimits_raise(const struct barrer_host *host,
                          const struct barrer_process_request *request, pid_t pid,
                          struct barrer_error *err)
{
    for (size_t i = 0; i < request->n_rlimits; i++) {
        const struct barrer_rlimit *limit = &request->rlimits[i];
        int resource = resource_of(limit->type);
        struct rlimit value;

        if (prlimit(pid, resource, NULL, &value) < 0)
            return barrer_fail(host, err, errno, "read %s of the process", limit->type);
        if (limit->hard <= value.rlim_max)
            continue;
        /* Only the room: a low soft limit would already hinder the steps before the payload. */
        value.rlim_max = limit->hard;
        if (prlimit(pid, resource, &value, NULL) < 0)
            return barrer_fail(host, err, errno, "raise %s of the process to %" PRIu64 "%s",
                               limit->type, limit->hard,
                               errno == EPERM ? " (needs CAP_SYS_RESOURCE)" : "");
    }
    return 0;
}

int process_rlimits_apply(const struct barrer_host *host,
                          const struct barrer_process_request *request, struct barrer_error *err)
{
    for (size_t i = 0; i < request->n_rlimits; i++) {
        const struct barrer_rlimit *limit = &request->rlimits[i];
        const struct rlimit value = {.rlim_cur = limit->soft, .rlim_max = limit->hard};

        if (prlimit(0, resource_of(limit->type), &value, NULL) < 0)
            return barrer_fail(host, err, errno, "set %s to %" PRIu64 ", %" PRIu64 "%s",
                               limit->type, limit->soft, limit->hard,
                               errno == EPERM ? " (a hard limit is raised by CAP_SYS_RESOURCE only)"
                                              : "");
    }
    return 0;
}
