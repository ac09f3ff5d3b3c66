/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/log.h"
#include "base/path.h"
#include "config/config.h"
#include "plugin/helper.h"

static struct instance *instance_of(const struct barrer_host *host)
{
    return host->priv;
}

void host_context_init(struct host_context *context)
{
    *context = (struct host_context){.proc_fd = -1};
}

void host_context_fini(struct host_context *context)
{
    for (size_t i = 0; i < context->n_fds; i++) {
        free(context->fds[i].name);
        (void)close(context->fds[i].fd);
    }
    free(context->fds);
    barrer_close_fd(&context->proc_fd);
    host_context_init(context);
}

/* A service of the host side was called in the container's process. */
static int refuse_in_child(const struct instance *instance, const char *service,
                           struct barrer_error *err)
{
    return error_fail(err, EPERM, "plugin \"%s\": %s inside the container", instance->name,
                      service);
}

static const char *find_value(const struct barrer_pair *pairs, const char *key)
{
    for (; pairs != NULL && pairs->key != NULL; pairs++)
        if (strcmp(pairs->key, key) == 0)
            return pairs->value;
    return NULL;
}

static int has_word(const char *const *words, const char *word)
{
    for (; words != NULL && *words != NULL; words++)
        if (strcmp(*words, word) == 0)
            return 1;
    return 0;
}

__attribute__((noinline, format(printf, 3, 0))) static void
write_message(const struct instance *instance, int level, const char *fmt, va_list ap)
{
    char text[4000];

    (void)vsnprintf(text, sizeof(text), fmt, ap);
    log_write(level, "%s: %s", instance->name, text);
}

__attribute__((format(printf, 3, 0))) static void host_vlog(const struct barrer_host *host,
                                                            int level, const char *fmt, va_list ap)
{
    if (log_enabled(level))
        write_message(instance_of(host), level, fmt, ap);
}

__attribute__((format(printf, 4, 0))) static int host_vfail(const struct barrer_host *host,
                                                            struct barrer_error *err, int errnum,
                                                            const char *fmt, va_list ap)
{
    (void)host;
    (void)error_vfail(err, errnum, fmt, ap);
    if (errnum <= 0)
        errnum = EIO;
    if (err != NULL)
        err->errnum = errnum;
    return -errnum;
}

static const char *host_option(const struct barrer_host *host, const char *key)
{
    return find_value(instance_of(host)->options, key);
}

static int allows(const struct instance *instance, const char *key)
{
    char *const *allowed = instance->allowed_annotations;

    while (allowed != NULL && *allowed != NULL && strcmp(*allowed, key) != 0)
        allowed++;
    return allowed != NULL && *allowed != NULL;
}

/* Annotations may come from an image, so both the plugin and the operator have to name the key. */
static const char *host_annotation(const struct barrer_host *host, const char *key)
{
    const struct instance *instance = instance_of(host);

    if (!has_word(instance->plugin->annotations, key) || !allows(instance, key))
        return NULL;
    return find_value(instance->context->annotations, key);
}

/* Who writes one of ours means something by it. */
static void warn_of_annotations(const struct instance *instance)
{
    const char *const *key = instance->plugin->annotations;

    for (; key != NULL && *key != NULL; key++)
        if (strncmp(*key, "org.barrer.", strlen("org.barrer.")) == 0 && !allows(instance, *key) &&
            find_value(instance->context->annotations, *key) != NULL)
            log_write(BARRER_LOG_WARNING,
                      "annotation %s is ignored: [plugin %s] allow-annotations does not name it",
                      *key, instance->name);
}

static int host_put_fact(const struct barrer_host *host, const char *name, const char *value,
                         struct barrer_error *err)
{
    const struct instance *instance = instance_of(host);
    const struct host_context *context = instance->context;

    if (context->in_child)
        return refuse_in_child(instance, "a fact cannot be recorded", err);
    if (context->put_fact == NULL)
        return error_fail(err, EPERM, "plugin \"%s\": record fact \"%s\" without a container",
                          instance->name, name);
    return context->put_fact(context->fact_arg, instance->name, name, value, err);
}

static const char *host_get_fact(const struct barrer_host *host, const char *name)
{
    const struct instance *instance = instance_of(host);
    const struct host_context *context = instance->context;

    if (context->get_fact == NULL)
        return NULL;
    return context->get_fact(context->fact_arg, instance->name, name);
}

static const struct host_fd *find_fd(const struct host_context *context, const char *name)
{
    for (size_t i = 0; i < context->n_fds; i++)
        if (strcmp(context->fds[i].name, name) == 0)
            return &context->fds[i];
    return NULL;
}

static int host_put_fd(const struct barrer_host *host, const char *name, int fd,
                       struct barrer_error *err)
{
    const struct instance *instance = instance_of(host);
    struct host_context *context = instance->context;
    barrer_auto_fd int owned_fd = fd;
    barrer_auto_free char *copy = NULL;
    struct host_fd *fds;

    if (context->in_child)
        return refuse_in_child(instance, "a descriptor cannot be handed over", err);
    /* Somebody may have borrowed the one that is there. */
    if (find_fd(context, name) != NULL)
        return error_fail(err, EEXIST, "plugin \"%s\": hand over descriptor \"%s\"", instance->name,
                          name);
    copy = strdup(name);
    fds = reallocarray(context->fds, context->n_fds + 1, sizeof(*fds));
    if (fds != NULL)
        context->fds = fds;
    if (copy == NULL || fds == NULL)
        return error_fail(err, ENOMEM, "plugin \"%s\": hand over descriptor \"%s\"", instance->name,
                          name);
    fds[context->n_fds++] = (struct host_fd){.name = copy, .fd = barrer_take_fd(&owned_fd)};
    copy = NULL;
    return 0;
}

static int host_get_fd(const struct barrer_host *host, const char *name)
{
    const struct host_fd *found = find_fd(instance_of(host)->context, name);

    return found != NULL ? found->fd : -ENOENT;
}

static int host_open_proc(const struct barrer_host *host, const char *path, int flags,
                          struct barrer_error *err)
{
    struct host_context *context = instance_of(host)->context;
    int fd;

    if (context->proc_fd < 0) {
        int r = path_open_procfs(&context->proc_fd, err);

        if (r < 0)
            return r;
    }
    fd = path_open_proc(context->proc_fd, path, flags);
    if (fd == -EXDEV || fd == -ELOOP)
        return error_fail(err, -fd,
                          "open \"/proc/%s\" (something is mounted over it, or it leads "
                          "out of procfs)",
                          path);
    return fd < 0 ? error_fail(err, -fd, "open \"/proc/%s\"", path) : fd;
}

static int host_open_in_root(const struct barrer_host *host, int root_fd, const char *path,
                             int flags, uint32_t mode, struct barrer_error *err)
{
    int fd = path_open_in_root(root_fd, path, flags, mode);

    (void)host;
    return fd < 0 ? error_fail(err, -fd, "open \"%s\" in the container's root", path) : fd;
}

static int host_open_userns(const struct barrer_host *host, const struct barrer_id_map *uid_maps,
                            size_t n_uid_maps, const struct barrer_id_map *gid_maps,
                            size_t n_gid_maps, struct barrer_error *err)
{
    const struct instance *instance = instance_of(host);

    if (instance->context->in_child)
        return refuse_in_child(instance, "no user namespace can be made", err);
    return helper_open_userns(host, uid_maps, n_uid_maps, gid_maps, n_gid_maps, err);
}

static int host_run_program(const struct barrer_host *host, const char *const *argv,
                            struct barrer_error *err)
{
    const struct instance *instance = instance_of(host);

    if (instance->context->in_child)
        return refuse_in_child(instance, "no program of the host can be run", err);
    return helper_run_program(argv, err);
}

static int host_open_netlink(const struct barrer_host *host, int netns_fd,
                             struct barrer_error *err)
{
    const struct instance *instance = instance_of(host);

    if (instance->context->in_child)
        return refuse_in_child(instance, "no network namespace can be joined", err);
    return helper_open_netlink(host, netns_fd, err);
}

static void fill_host(struct instance *instance)
{
    instance->host = (struct barrer_host){
        .size = sizeof(struct barrer_host),
        .abi_major = BARRER_ABI_MAJOR,
        .abi_minor = BARRER_ABI_MINOR,
        .priv = instance,
        .vlog = host_vlog,
        .vfail = host_vfail,
        .option = host_option,
        .annotation = host_annotation,
        .put_fact = host_put_fact,
        .get_fact = host_get_fact,
        .put_fd = host_put_fd,
        .get_fd = host_get_fd,
        .open_proc = host_open_proc,
        .open_in_root = host_open_in_root,
        .open_userns = host_open_userns,
        .run_program = host_run_program,
        .open_netlink = host_open_netlink,
    };
}

static void free_instance(struct instance *instance)
{
    config_options_free(instance->options);
    free(instance->allowed_annotations);
    free(instance->name);
    free(instance->module);
    free(instance);
}

static struct instance *make_instance(const struct barrer_plugin *plugin, const char *name,
                                      struct host_context *context)
{
    struct instance *instance = calloc(1, sizeof(*instance));

    if (instance == NULL)
        return NULL;
    instance->name = strdup(name);
    instance->module = strdup(plugin->name);
    if (instance->name == NULL || instance->module == NULL) {
        free_instance(instance);
        return NULL;
    }
    instance->plugin = plugin;
    instance->context = context;
    fill_host(instance);
    return instance;
}

/* A plugin that fails has to say why; where it does not, say at least that. */
static int open_self(struct instance *instance, struct barrer_error *err)
{
    int r;

    if (err != NULL)
        err->text[0] = '\0';
    r = instance->plugin->open(&instance->host, &instance->self, err);
    if (r >= 0)
        return 0;
    if (err != NULL && err->text[0] == '\0')
        (void)error_fail(err, -r, "open failed and did not say why");
    return error_wrap(err, r, "plugin \"%s\"", instance->name);
}

int instance_open(const struct barrer_plugin *plugin, const char *name, struct barrer_pair *options,
                  char **allowed_annotations, struct host_context *context,
                  struct instance **ret_instance, struct barrer_error *err)
{
    struct instance *instance = make_instance(plugin, name, context);
    int r;

    if (instance == NULL) {
        config_options_free(options);
        free(allowed_annotations);
        return error_fail(err, ENOMEM, "open plugin \"%s\"", name);
    }
    instance->options = options;
    instance->allowed_annotations = allowed_annotations;
    warn_of_annotations(instance);
    r = open_self(instance, err);
    if (r < 0) {
        /* What open did not finish, it has undone itself: close is for what it returned. */
        free_instance(instance);
        return r;
    }
    *ret_instance = instance;
    return 0;
}

void instance_close(struct instance *instance)
{
    if (instance == NULL)
        return;
    if (BARRER_HAS(instance->plugin, close))
        instance->plugin->close(instance->self);
    free_instance(instance);
}

int instance_honours(const struct instance *instance, const char *property)
{
    return has_word(instance->plugin->honours, property);
}
