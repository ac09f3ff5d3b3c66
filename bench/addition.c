/* SPDX-License-Identifier: Apache-2.0
 *
 * A third party's addition to a list of plugins, as small as one can be: bench/boot has PID 1 load
 * it as KIND_ISOLATION, KIND_RESOURCES or KIND_FILESYSTEM. It does nothing.
 */
#include <stddef.h>

#ifdef KIND_ISOLATION
#include <barrer/isolation.h>
#elif defined(KIND_RESOURCES)
#include <barrer/resources.h>
#else
#include <barrer/filesystem.h>
#endif

static int addition_open(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    (void)host, (void)ret_self, (void)err;
    return 0;
}

#ifdef KIND_ISOLATION
static int addition_prepare(void *self, const struct barrer_isolation_request *request,
                            struct barrer_isolation_plan *plan, struct barrer_error *err)
{
    (void)self, (void)request, (void)plan, (void)err;
    return 0;
}

static int addition_join(void *self, const struct barrer_target *target,
                         struct barrer_isolation_plan *plan, struct barrer_error *err)
{
    (void)self, (void)target, (void)plan, (void)err;
    return 0;
}

static const struct barrer_isolation_ops addition_ops = {
    .size = sizeof(struct barrer_isolation_ops), .prepare = addition_prepare, .join = addition_join};

BARRER_PLUGIN(watcher) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_ISOLATION,
    .name = "watcher",
#elif defined(KIND_RESOURCES)
static int addition_prepare(void *self, const struct barrer_resources_request *request,
                            struct barrer_resources_plan *plan, struct barrer_error *err)
{
    (void)self, (void)request, (void)plan, (void)err;
    return 0;
}

static int addition_join(void *self, const char *path, struct barrer_resources_plan *plan,
                         struct barrer_error *err)
{
    (void)self, (void)path, (void)plan, (void)err;
    return 0;
}

static const struct barrer_resources_ops addition_ops = {
    .size = sizeof(struct barrer_resources_ops), .prepare = addition_prepare, .join = addition_join};

BARRER_PLUGIN(counter) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RESOURCES,
    .name = "counter",
#else
static int addition_enter(void *self, const struct barrer_filesystem_request *request,
                          struct barrer_error *err)
{
    (void)self, (void)request, (void)err;
    return 0;
}

static const struct barrer_filesystem_ops addition_ops = {
    .size = sizeof(struct barrer_filesystem_ops), .enter = addition_enter};

BARRER_PLUGIN(viewer) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_FILESYSTEM,
    .name = "viewer",
#endif
    .version = "1.0",
    .summary = "does nothing",
    .open = addition_open,
    .ops = &addition_ops,
};
