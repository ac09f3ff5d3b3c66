/* SPDX-License-Identifier: Apache-2.0
 *
 * Process plugins: what the payload's process is and may do. One provider comes first in
 * `process =`; further plugins of the list are additions.
 */
#ifndef BARRER_PROCESS_H
#define BARRER_PROCESS_H

#include <barrer/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

struct barrer_rlimit {
    const char *type; /* "RLIMIT_NOFILE" */
    uint64_t soft, hard;
};

/* Names as in capabilities(7) ("CAP_CHOWN"); an array that is not in config.json is NULL. */
struct barrer_capabilities {
    const char *const *bounding;
    const char *const *effective;
    const char *const *inheritable;
    const char *const *permitted;
    const char *const *ambient;
};

struct barrer_scheduler {
    const char *policy;       /* "SCHED_OTHER" */
    const char *const *flags; /* "SCHED_FLAG_RESET_ON_FORK"; NULL ends it; never NULL itself */
    int32_t nice, priority;
    uint64_t runtime, deadline, period; /* nanoseconds */
};

struct barrer_io_priority {
    const char *priority_class; /* "IOPRIO_CLASS_BE" */
    int32_t priority;
    int32_t reserved;
};

/* linux.seccomp of runtime-spec 1.3, names as there. */
struct barrer_seccomp_arg {
    uint32_t index;
    uint32_t reserved;
    uint64_t value, value_two;
    const char *op; /* "SCMP_CMP_EQ" */
};

struct barrer_seccomp_rule {
    const char *const *names; /* NULL ends it */
    const char *action;
    struct barrer_number errno_ret;
    const struct barrer_seccomp_arg *args;
    size_t n_args;
};

struct barrer_seccomp {
    const char *default_action;
    struct barrer_number default_errno_ret;
    const char *const *architectures; /* NULL ends it; never NULL itself */
    const char *const *flags;
    const char *listener_path;
    const char *listener_metadata;
    const struct barrer_seccomp_rule *rules;
    size_t n_rules;
};

/* linux.memoryPolicy, for set_mempolicy(2). */
struct barrer_memory_policy {
    const char *mode;         /* "MPOL_BIND" */
    const char *nodes;        /* a list such as "0-3,7", or NULL */
    const char *const *flags; /* "MPOL_F_STATIC_NODES"; NULL ends it; never NULL itself */
};

#define BARRER_PROCESS_TERMINAL (1u << 0)
#define BARRER_PROCESS_NO_NEW_PRIVS (1u << 1)
#define BARRER_PROCESS_NEW_KEYRING (1u << 2)
#define BARRER_PROCESS_EXEC (1u << 3) /* a further process of a running container */
#define BARRER_PROCESS_ROOTLESS (1u << 4)
#define BARRER_PROCESS_USERNS (1u << 5) /* it runs in a user namespace other than the caller's */

struct barrer_process_request {
    uint32_t size;
    uint32_t flags;
    const char *id; /* the container's */
    uint32_t uid, gid;
    const uint32_t *additional_gids;
    size_t n_additional_gids;
    struct barrer_number umask; /* not set: the core's 0022 stays */
    const char *cwd;
    const char *const *args;        /* NULL ends it */
    const char *const *environment; /* "KEY=VALUE" */
    const struct barrer_capabilities *capabilities; /* or NULL: none at all */
    const struct barrer_rlimit *rlimits;
    size_t n_rlimits;
    struct barrer_number oom_score_adj;
    const struct barrer_scheduler *scheduler;     /* or NULL */
    const struct barrer_io_priority *io_priority; /* or NULL */
    const char *cpu_affinity_initial;             /* cpu lists, or NULL */
    const char *cpu_affinity_final;
    const char *personality; /* "LINUX" or "LINUX32", or NULL */
    const char *apparmor_profile;
    const char *selinux_label;
    uint32_t console_width, console_height; /* 0: not set */
    int console_socket_fd; /* a connected unix socket for the terminal's master (SCM_RIGHTS); -1 */
    uint32_t reserved;
    const struct barrer_seccomp *seccomp; /* or NULL: no filter is asked for */
    const char *state_json; /* the container's state as the specification's `state` verb prints it;
                               set in prepare and attach; for the seccomp listener */
    const struct barrer_memory_policy *memory_policy; /* or NULL */
};

struct barrer_process_ops {
    uint32_t size;
    /* Host side, no effects: 1 usable here, 0 not usable here (err says why), <0 broken. NULL: 1. */
    int (*probe)(void *self, struct barrer_error *err);
    /* Host side, before clone: check and translate names, compile filters. */
    int (*prepare)(void *self, const struct barrer_process_request *request,
                   struct barrer_error *err);
    /* Host side: the process exists and waits, with its id maps written: what only the host may
     * set (OOM score, CPU affinity). */
    int (*attach)(void *self, const struct barrer_process_request *request,
                  const struct barrer_target *target, struct barrer_error *err);
    /* In the process, after pivot (in `exec`: after the namespaces are joined), still with all
     * privileges of the container's root: terminal, session, limits, labels, and filters that
     * need privileges. Required of a provider. */
    int (*confine)(void *self, const struct barrer_process_request *request,
                   struct barrer_error *err);
    /* In the process, the last stage before the payload is looked up and executed: groups, user,
     * capabilities, no_new_privs, working directory, and filters that want none of these calls
     * any more. Required of a provider. */
    int (*drop)(void *self, const struct barrer_process_request *request,
                struct barrer_error *err);
    /* Host side, in any later process: as in isolation.h. */
    int (*release)(void *self, struct barrer_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
