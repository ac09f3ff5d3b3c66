/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include <ctype.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "compact.h"
#include "enosys.h"

#define MAX_ARGS 6
#define MAX_ARCHITECTURES 24

/* What is being built. */
struct build {
    const struct barrer_host *host;
    const struct barrer_seccomp *profile;
    struct barrer_error *err;
    int refuse_unknown;
    uint32_t default_action;
    uint32_t tokens[MAX_ARCHITECTURES]; /* the native one first */
    size_t n_tokens;
};

struct named {
    const char *name;
    uint32_t value;
};

static const struct named actions[] = {
    {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
    {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
    {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
    {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
    {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
    {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
    {"SCMP_ACT_LOG", SCMP_ACT_LOG},
    {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
    {NULL, 0},
};

static const struct named operators[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
    {NULL, 0},
};

static const struct named flags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
    {NULL, 0},
};

/* The agent gets its descriptor by the first; the core reports by the second that the container is
 * created, which is what an agent may be waiting for. */
static const char *const never_notified[] = {"sendmsg", "write", NULL};

static const struct named *find(const struct named *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static int takes_errno(uint32_t action)
{
    return action == SCMP_ACT_ERRNO(0) || action == SCMP_ACT_TRACE(0);
}

static int read_action(const struct build *build, const char *property, const char *name,
                       const struct barrer_number *errno_ret, uint32_t *ret_action)
{
    const struct named *action = find(actions, name);
    int64_t number = errno_ret->is_set ? errno_ret->value : EPERM;

    if (action == NULL)
        return barrer_fail(build->host, build->err, EINVAL,
                           "linux.seccomp.%s: unknown action \"%s\"", property, name);
    if (!takes_errno(action->value)) {
        /* The specification: an action that cannot carry an errno must fail with one. */
        if (errno_ret->is_set)
            return barrer_fail(build->host, build->err, EINVAL,
                               "linux.seccomp: %s cannot return an errno", name);
        *ret_action = action->value;
        return 0;
    }
    if (number < 0 || number > 4095)
        return barrer_fail(build->host, build->err, EINVAL,
                           "linux.seccomp: %s: expected an errno of 0 to 4095, got %lld", name,
                           (long long)number);
    *ret_action = action->value | (uint32_t)number;
    return 0;
}

static int read_default_action(struct build *build)
{
    const struct barrer_seccomp *profile = build->profile;
    struct barrer_number errno_ret = profile->default_errno_ret;
    int r = read_action(build, "defaultAction", profile->default_action, &errno_ret,
                        &build->default_action);

    if (r == 0 && build->default_action == SCMP_ACT_NOTIFY)
        return barrer_fail(build->host, build->err, EINVAL,
                           "linux.seccomp: SCMP_ACT_NOTIFY cannot be used as default action");
    return r;
}

/* libseccomp's names are the constants' ends in lower case: SCMP_ARCH_X86_64 is "x86_64". */
static int read_architectures(struct build *build)
{
    static const char prefix[] = "SCMP_ARCH_";

    build->tokens[build->n_tokens++] = seccomp_arch_native();
    for (const char *const *name = build->profile->architectures; *name != NULL; name++) {
        char text[16] = {0};
        size_t i, length = strlen(*name);
        uint32_t token;

        if (strncmp(*name, prefix, sizeof(prefix) - 1) != 0 ||
            length - (sizeof(prefix) - 1) >= sizeof(text))
            return barrer_fail(build->host, build->err, EINVAL,
                               "linux.seccomp.architectures: unknown architecture \"%s\"", *name);
        for (i = sizeof(prefix) - 1; i < length; i++)
            text[i - (sizeof(prefix) - 1)] = (char)tolower((unsigned char)(*name)[i]);
        token = seccomp_arch_resolve_name(text);
        if (token == 0) {
            /* Left out, its calls are forbidden, as those of any that is not in the list. */
            barrer_log(build->host, BARRER_LOG_WARNING,
                       "linux.seccomp.architectures: \"%s\" is unknown to libseccomp", *name);
            continue;
        }
        for (i = 0; i < build->n_tokens; i++)
            if (build->tokens[i] == token)
                break;
        if (i == build->n_tokens && i < MAX_ARCHITECTURES)
            build->tokens[build->n_tokens++] = token;
    }
    return 0;
}

static int read_flags(const struct build *build, struct seccomp_filters *filters)
{
    unsigned bits = 0;

    for (const char *const *name = build->profile->flags; *name != NULL; name++) {
        const struct named *flag = find(flags, *name);

        if (flag == NULL)
            return barrer_fail(build->host, build->err, EINVAL,
                               "linux.seccomp.flags: unknown flag \"%s\"", *name);
        bits |= flag->value;
    }
    /* The kernel refuses WAIT_KILLABLE_RECV where nothing is to be received, and TSYNC together
     * with a listener; the second filter brings the first along to other threads. */
    filters->main_flags = bits & ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    filters->notify_flags =
        (bits & ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC) | SECCOMP_FILTER_FLAG_NEW_LISTENER;
    return 0;
}

static int read_arg(const struct build *build, const struct barrer_seccomp_arg *arg,
                    struct scmp_arg_cmp *ret_compare)
{
    const struct named *op = find(operators, arg->op);

    if (op == NULL)
        return barrer_fail(build->host, build->err, EINVAL,
                           "linux.seccomp.syscalls.args: unknown operator \"%s\"", arg->op);
    if (arg->index >= MAX_ARGS)
        return barrer_fail(build->host, build->err, EINVAL,
                           "linux.seccomp.syscalls.args: expected an index of 0 to 5, got %u",
                           arg->index);
    /* SCMP_CMP_MASKED_EQ: the first value is the mask. */
    *ret_compare = (struct scmp_arg_cmp){.arg = arg->index,
                                         .op = (enum scmp_compare)op->value,
                                         .datum_a = arg->value,
                                         .datum_b = arg->value_two};
    return 0;
}

static int add_call(const struct build *build, scmp_filter_ctx context, const char *name, int nr,
                    uint32_t action, const struct scmp_arg_cmp *compares, unsigned n)
{
    int r = seccomp_rule_add_array(context, action, nr, n, compares);

    if (r == 0)
        return 0;
    return barrer_fail(build->host, build->err, -r, "linux.seccomp.syscalls: add \"%s\"%s", name,
                       r == -EEXIST ? " (another rule says otherwise)" : "");
}

/* One rule for one call. libseccomp joins conditions by "and", and takes one per argument. Where
 * there are several on one, every condition is a rule of its own: that is what profiles written for
 * other runtimes expect. */
static int add_conditions(const struct build *build, scmp_filter_ctx context, const char *name,
                          int nr, const struct barrer_seccomp_rule *rule, uint32_t action)
{
    struct scmp_arg_cmp compares[MAX_ARGS];
    unsigned seen = 0, is_repeated = 0;
    int r;

    for (size_t i = 0; i < rule->n_args; i++) {
        is_repeated |= seen & (1u << (rule->args[i].index & 31u));
        seen |= 1u << (rule->args[i].index & 31u);
    }
    for (size_t i = 0; i < rule->n_args; i++) {
        /* Without repetition there are at most MAX_ARGS; an index beyond is refused. */
        struct scmp_arg_cmp *compare = &compares[is_repeated ? 0 : i % MAX_ARGS];

        r = read_arg(build, &rule->args[i], compare);
        if (r == 0 && is_repeated)
            r = add_call(build, context, name, nr, action, compare, 1);
        if (r < 0)
            return r;
    }
    if (is_repeated)
        return 0;
    return add_call(build, context, name, nr, action, compares, (unsigned)rule->n_args);
}

static int add_rule(const struct build *build, scmp_filter_ctx context,
                    const struct barrer_seccomp_rule *rule, uint32_t action)
{
    for (const char *const *name = rule->names; *name != NULL; name++) {
        int nr = seccomp_syscall_resolve_name(*name);
        int r;

        if (nr == __NR_SCMP_ERROR) {
            if (build->refuse_unknown)
                return barrer_fail(build->host, build->err, EINVAL,
                                   "linux.seccomp.syscalls.names: unknown system call \"%s\"",
                                   *name);
            barrer_log(build->host, BARRER_LOG_DEBUG,
                       "linux.seccomp.syscalls.names: unknown system call \"%s\", left out", *name);
            continue;
        }
        r = add_conditions(build, context, *name, nr, rule, action);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_notified(const struct build *build, const struct barrer_seccomp_rule *rule)
{
    for (const char *const *name = rule->names; *name != NULL; name++)
        for (const char *const *never = never_notified; *never != NULL; never++)
            if (strcmp(*name, *never) == 0)
                return barrer_fail(build->host, build->err, EINVAL,
                                   "linux.seccomp: SCMP_ACT_NOTIFY cannot be used for the %s "
                                   "syscall",
                                   *name);
    return 0;
}

static int add_rules(const struct build *build, scmp_filter_ctx context, int for_notify)
{
    const struct barrer_seccomp *profile = build->profile;
    uint32_t default_action = for_notify ? SCMP_ACT_ALLOW : build->default_action;

    for (size_t i = 0; i < profile->n_rules; i++) {
        const struct barrer_seccomp_rule *rule = &profile->rules[i];
        uint32_t action;
        int r = read_action(build, "syscalls.action", rule->action, &rule->errno_ret, &action);

        if (r == 0 && for_notify)
            r = action == SCMP_ACT_NOTIFY ? check_notified(build, rule) : 0;
        if (r < 0)
            return r;
        if (for_notify && action != SCMP_ACT_NOTIFY)
            continue;
        if (!for_notify && action == SCMP_ACT_NOTIFY)
            action = SCMP_ACT_ALLOW; /* here; the other filter notifies */
        /* libseccomp refuses a rule that says what holds anyway. */
        if (action == default_action)
            continue;
        r = add_rule(build, context, rule, action);
        if (r < 0)
            return r;
    }
    return 0;
}

/* An answer of ENOSYS is of use only where the default would be another failure. */
static int wants_prefix(uint32_t default_action)
{
    return default_action != SCMP_ACT_ALLOW && default_action != SCMP_ACT_LOG &&
           default_action != SCMP_ACT_ERRNO(ENOSYS);
}

static int fill_context(const struct build *build, scmp_filter_ctx context, int for_notify)
{
    int r = 0;

    for (size_t i = 1; i < build->n_tokens && r == 0; i++)
        r = seccomp_arch_add(context, build->tokens[i]);
    /* A search tree instead of a list: shorter ways through the filter for most calls. */
    if (r == 0)
        r = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (r < 0)
        return barrer_fail(build->host, build->err, -r, "translate linux.seccomp.architectures");
    return add_rules(build, context, for_notify);
}

static int compile(const struct build *build, int for_notify, struct seccomp_program *ret_program)
{
    struct sock_filter prefix[SECCOMP_ENOSYS_MAX];
    size_t prefix_length = 0;
    scmp_filter_ctx context = seccomp_init(for_notify ? SCMP_ACT_ALLOW : build->default_action);
    int r;

    if (context == NULL)
        return barrer_fail(build->host, build->err, EINVAL, "start a seccomp filter");
    r = fill_context(build, context, for_notify);
    if (r == 0 && !for_notify && wants_prefix(build->default_action))
        prefix_length =
            seccomp_enosys_prefix(build->profile, build->tokens, build->n_tokens, prefix);
    if (r == 0)
        r = seccomp_program_export(build->host, context, prefix, prefix_length, ret_program,
                                   build->err);
    seccomp_release(context);
    if (r == 0)
        seccomp_program_compact(ret_program);
    return r;
}

static int has_notify(const struct barrer_seccomp *profile)
{
    for (size_t i = 0; i < profile->n_rules; i++)
        if (strcmp(profile->rules[i].action, "SCMP_ACT_NOTIFY") == 0)
            return 1;
    return 0;
}

int seccomp_profile_compile(const struct barrer_host *host, const struct barrer_seccomp *profile,
                            int refuse_unknown, struct seccomp_filters *ret_filters,
                            struct barrer_error *err)
{
    struct build build = {
        .host = host, .profile = profile, .err = err, .refuse_unknown = refuse_unknown};
    struct seccomp_filters filters = {0};
    int r = read_default_action(&build);

    if (r == 0)
        r = read_architectures(&build);
    if (r == 0)
        r = read_flags(&build, &filters);
    if (r == 0)
        r = compile(&build, 0, &filters.main);
    if (r == 0 && has_notify(profile))
        r = compile(&build, 1, &filters.notify);
    if (r < 0) {
        seccomp_profile_fini(&filters);
        return r;
    }
    *ret_filters = filters;
    return 0;
}

void seccomp_profile_fini(struct seccomp_filters *filters)
{
    seccomp_program_fini(&filters->main);
    seccomp_program_fini(&filters->notify);
}
