/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/process.h>
#include <barrer/util.h>

#include "cache.h"
#include "listener.h"
#include "profile.h"

#define FAIL_UNKNOWN "run.oci.seccomp_fail_unknown_syscall"

struct seccomp {
    const struct barrer_host *host;
    struct seccomp_filters filters;
    struct seccomp_listener listener;
    char *state; /* the container's, as it was in prepare; or NULL */
};

static int seccomp_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    struct seccomp *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return barrer_fail(host, err, ENOMEM, "make an instance");
    self->host = host;
    seccomp_listener_init(&self->listener);
    *ret_self = self;
    return 0;
}

static void seccomp_close(void *data)
{
    struct seccomp *self = data;

    seccomp_profile_fini(&self->filters);
    seccomp_listener_fini(&self->listener);
    free(self->state);
    free(self);
}

static int refuses_unknown(const struct barrer_host *host)
{
    const char *option = host->option(host, "unknown-syscalls");
    const char *annotation = host->annotation(host, FAIL_UNKNOWN);

    return (option != NULL && strcmp(option, "refuse") == 0) ||
           (annotation != NULL && strcmp(annotation, "1") == 0);
}

/* The filters, from where an earlier container left them if it can be. */
static int make_filters(struct seccomp *self, const struct barrer_seccomp *profile,
                        struct barrer_error *err)
{
    const struct barrer_host *host = self->host;
    const char *is_cached = host->option(host, "cache");
    int refuse_unknown = refuses_unknown(host), r;
    struct seccomp_cache cache;

    if (is_cached != NULL && strcmp(is_cached, "no") == 0)
        return seccomp_profile_compile(host, profile, refuse_unknown, &self->filters, err);
    seccomp_cache_init(&cache, host->option(host, "cache-folder"), profile, refuse_unknown);
    r = seccomp_cache_load(&cache, &self->filters);
    if (r == 0) {
        r = seccomp_profile_compile(host, profile, refuse_unknown, &self->filters, err);
        if (r == 0)
            seccomp_cache_store(host, &cache, &self->filters);
    }
    seccomp_cache_fini(&cache);
    return r < 0 ? r : 0;
}

static int seccomp_prepare(void *data, const struct barrer_process_request *request,
                           struct barrer_error *err)
{
    struct seccomp *self = data;
    const struct barrer_host *host = self->host;
    const struct barrer_seccomp *profile = request->seccomp;
    int r;

    if (profile == NULL)
        return 0;
    seccomp_profile_fini(&self->filters);
    r = make_filters(self, profile, err);
    if (r < 0 || self->filters.notify.code == NULL)
        return r;
    if (profile->listener_path == NULL)
        return barrer_fail(host, err, EINVAL,
                           "linux.seccomp: SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath");
    if (request->state_json != NULL) {
        free(self->state);
        self->state = strdup(request->state_json);
    }
    return seccomp_listener_connect(host, &self->listener, profile->listener_path, err);
}

static int seccomp_attach(void *data, const struct barrer_process_request *request,
                          const struct barrer_target *target, struct barrer_error *err)
{
    struct seccomp *self = data;

    const char *state = request->state_json ? request->state_json : self->state;

    if (self->filters.notify.code == NULL)
        return 0;
    return seccomp_listener_describe(self->host, &self->listener,
                                     request->seccomp->listener_metadata, state, target->pid, err);
}

static int install(struct seccomp *self, struct barrer_error *err)
{
    const struct seccomp_filters *filters = &self->filters;
    int r = 0;

    if (filters->main.code == NULL)
        return 0;
    if (filters->notify.code != NULL) {
        r = seccomp_listener_load(self->host, &self->listener, err);
        if (r == 0)
            r = seccomp_program_install(self->host, &filters->notify, filters->notify_flags, err);
        if (r < 0)
            return r;
        /* The listener's descriptor is close-on-exec. */
        r = seccomp_listener_send(self->host, &self->listener, r, err);
        if (r < 0)
            return r;
    }
    r = seccomp_program_install(self->host, &filters->main, filters->main_flags, err);
    return r < 0 ? r : 0;
}

/* Without no_new_privs the kernel wants CAP_SYS_ADMIN, which `drop` takes away. */
static int seccomp_confine(void *data, const struct barrer_process_request *request,
                           struct barrer_error *err)
{
    return request->flags & BARRER_PROCESS_NO_NEW_PRIVS ? 0 : install(data, err);
}

/* With it, as late as can be: a filter may forbid what changing the user takes. */
static int seccomp_drop(void *data, const struct barrer_process_request *request,
                        struct barrer_error *err)
{
    return request->flags & BARRER_PROCESS_NO_NEW_PRIVS ? install(data, err) : 0;
}

static const struct barrer_process_ops ops = {
    .size = sizeof(ops),
    .prepare = seccomp_prepare,
    .attach = seccomp_attach,
    .confine = seccomp_confine,
    .drop = seccomp_drop,
};

static const struct barrer_option options[] = {
    {"cache", "bool", "yes", "keep compiled filters for the next container"},
    {"cache-folder", "path", NULL,
     "where; default: /run/barrer-seccomp, or barrer-seccomp in $XDG_RUNTIME_DIR"},
    {"unknown-syscalls", "enum(ignore|refuse)", "ignore",
     "what to do about names of system calls that libseccomp does not know"},
    {NULL},
};

#define ACTION(name) "linux.seccomp.actions=SCMP_ACT_" name
#define ARCHITECTURE(name) "linux.seccomp.architectures=SCMP_ARCH_" name
#define FLAG(name) "linux.seccomp.flags=SECCOMP_FILTER_FLAG_" name
#define OPERATOR(name) "linux.seccomp.operators=SCMP_CMP_" name
static const char *const honours[] = {
    "linux.seccomp",
    ACTION("ALLOW"),
    ACTION("ERRNO"),
    ACTION("KILL"),
    ACTION("KILL_PROCESS"),
    ACTION("KILL_THREAD"),
    ACTION("LOG"),
    ACTION("NOTIFY"),
    ACTION("TRACE"),
    ACTION("TRAP"),
    ARCHITECTURE("AARCH64"),
    ARCHITECTURE("ARM"),
    ARCHITECTURE("LOONGARCH64"),
    ARCHITECTURE("M68K"),
    ARCHITECTURE("MIPS"),
    ARCHITECTURE("MIPS64"),
    ARCHITECTURE("MIPS64N32"),
    ARCHITECTURE("MIPSEL"),
    ARCHITECTURE("MIPSEL64"),
    ARCHITECTURE("MIPSEL64N32"),
    ARCHITECTURE("PARISC"),
    ARCHITECTURE("PARISC64"),
    ARCHITECTURE("PPC"),
    ARCHITECTURE("PPC64"),
    ARCHITECTURE("PPC64LE"),
    ARCHITECTURE("RISCV64"),
    ARCHITECTURE("S390"),
    ARCHITECTURE("S390X"),
    ARCHITECTURE("SH"),
    ARCHITECTURE("SHEB"),
    ARCHITECTURE("X32"),
    ARCHITECTURE("X86"),
    ARCHITECTURE("X86_64"),
    FLAG("LOG"),
    FLAG("SPEC_ALLOW"),
    FLAG("TSYNC"),
    FLAG("WAIT_KILLABLE_RECV"),
    "linux.seccomp.listenerMetadata",
    "linux.seccomp.listenerPath",
    OPERATOR("EQ"),
    OPERATOR("GE"),
    OPERATOR("GT"),
    OPERATOR("LE"),
    OPERATOR("LT"),
    OPERATOR("MASKED_EQ"),
    OPERATOR("NE"),
    NULL,
};

static const char *const annotations[] = {FAIL_UNKNOWN, NULL};

BARRER_PLUGIN(seccomp) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_PROCESS,
    .name = "seccomp",
    .version = "0.1",
    .summary = "filters system calls by libseccomp",
    .options = options,
    .honours = honours,
    .annotations = annotations,
    .open = seccomp_open,
    .close = seccomp_close,
    .ops = &ops,
};
