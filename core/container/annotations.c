/* SPDX-License-Identifier: Apache-2.0 */
#include "container/annotations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"

static int is_listed(char *const *words, const char *key)
{
    for (; words != NULL && *words != NULL; words++)
        if (strcmp(*words, key) == 0)
            return 1;
    return 0;
}

static int has_prefix(const char *key)
{
    static const char *const prefixes[] = {"run.oci.", "krun.", "module.wasm."};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
            return 1;
    return 0;
}

static void warn_passed_over(const char *key)
{
    log_write(BARRER_LOG_WARNING,
              "annotation \"%s\" is passed over: allow-annotations of barrer.conf does not name it",
              key);
}

static int read_allowed(const struct config *config, char ***ret_allowed, struct barrer_error *err)
{
    return config_split(config_text(config, "core", "allow-annotations", ""), ret_allowed, err);
}

int annotations_get(const struct config *config, const struct oci_spec *spec, const char *key,
                    const char **ret_value, struct barrer_error *err)
{
    const struct barrer_pair *pair = spec->annotations;
    char **allowed = NULL;
    int r;

    *ret_value = NULL;
    while (pair != NULL && pair->key != NULL && strcmp(pair->key, key) != 0)
        pair++;
    if (pair == NULL || pair->key == NULL)
        return 0;
    r = read_allowed(config, &allowed, err);
    if (r == 0 && is_listed(allowed, key))
        *ret_value = pair->value;
    else if (r == 0)
        warn_passed_over(key);
    free(allowed);
    return r;
}

/* A plugin declares it: 1 where it may read it, -1 where the operator has not said so. */
static int ask_plugins(const struct flow *flow, const char *key)
{
    int found = 0;

    for (size_t i = 0; i < flow->n_members; i++) {
        const struct instance *instance = flow->members[i].instance;
        const char *const *declared = instance->plugin->annotations;

        if (is_listed((char *const *)(uintptr_t)declared, key))
            found = -1;
        if (found < 0 && is_listed(instance->allowed_annotations, key))
            return 1;
    }
    return found;
}

/* Where the value goes; NULL: the core does nothing by it. */
static const char **find_place(const char *key, struct oci_spec *spec,
                               struct annotations *annotations)
{
    if (strcmp(key, "run.oci.hooks.stdout") == 0)
        return &spec->hook_stdout;
    if (strcmp(key, "run.oci.hooks.stderr") == 0)
        return &spec->hook_stderr;
    if (strcmp(key, "run.oci.pidfd_receiver") == 0)
        return &annotations->pidfd_receiver;
    return NULL;
}

const char *const annotations_of_core[] = {
    ANNOTATION_CRIU_CONFIG,   "run.oci.hooks.stderr",     "run.oci.hooks.stdout",
    "run.oci.pidfd_receiver", "run.oci.seccomp.receiver", NULL,
};

static int is_core(const char *key)
{
    return is_listed((char *const *)(uintptr_t)annotations_of_core, key);
}

static int apply_core(const struct barrer_pair *pair, struct oci_spec *spec,
                      struct annotations *annotations, struct barrer_error *err)
{
    const char **place = find_place(pair->key, spec, annotations);

    if (pair->value[0] != '/')
        return error_fail(err, 0, "annotation \"%s\": expected an absolute path, got \"%s\"",
                          pair->key, pair->value);
    if (place != NULL) {
        *place = pair->value;
    } else if (spec->process.seccomp != NULL && spec->process.seccomp->listener_path == NULL) {
        /* run.oci.seccomp.receiver; the profile is the spec's own. */
        struct barrer_seccomp *profile = (struct barrer_seccomp *)(uintptr_t)spec->process.seccomp;

        profile->listener_path = pair->value;
    }
    return 0;
}

/* Why crun's is of no use here. */
static const char *reason_of(const char *key)
{
    static const struct {
        const char *key, *reason;
    } reasons[] = {
        {"run.oci.systemd.subgroup", "the container's group is not made by systemd"},
        {"run.oci.systemd.force_cgroup_v1",
         "mounts of cgroup v1 are not made on a host with v2 (config.json can bind the host's)"},
        {"run.oci.delegate-cgroup",
         "the container is not moved on after its cgroup namespace was made (its own group is "
         "the namespace's root)"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (strcmp(key, reasons[i].key) == 0)
            return reasons[i].reason;
    return "nothing here honours it";
}

/* One that is known to somebody's runtime. */
static int apply(const struct flow *flow, char *const *allowed, const struct barrer_pair *pair,
                 struct oci_spec *spec, struct annotations *annotations, struct barrer_error *err)
{
    int found;

    if (is_core(pair->key) && is_listed(allowed, pair->key))
        return apply_core(pair, spec, annotations, err);
    found = is_core(pair->key) ? -1 : ask_plugins(flow, pair->key);
    if (found < 0)
        warn_passed_over(pair->key);
    if (found != 0)
        return 0;
    if (strcmp(pair->key, "run.oci.handler") == 0)
        return error_fail(err, ENOTSUP,
                          "annotation \"run.oci.handler\": use the handler \"%s\" (barrer-run has "
                          "runtime hosts: see the annotation org.barrer.runtime)",
                          pair->value);
    log_write(BARRER_LOG_WARNING, "annotation \"%s\" is passed over: %s", pair->key,
              reason_of(pair->key));
    return 0;
}

int annotations_apply(const struct flow *flow, const struct config *config, struct oci_spec *spec,
                      struct annotations *annotations, struct barrer_error *err)
{
    char **allowed = NULL;
    int r = 0;

    *annotations = (struct annotations){NULL};
    for (const struct barrer_pair *pair = spec->annotations; r == 0 && pair && pair->key; pair++) {
        if (!has_prefix(pair->key))
            continue;
        if (allowed == NULL)
            r = read_allowed(config, &allowed, err);
        if (r == 0)
            r = apply(flow, allowed, pair, spec, annotations, err);
    }
    free(allowed);
    return r;
}
