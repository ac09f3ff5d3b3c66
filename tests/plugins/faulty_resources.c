/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty.h"

#include <barrer/resources.h>

FAULTY_OPEN("resources")

static int faulty_prepare(void *self, const struct barrer_resources_request *request,
                          struct barrer_resources_plan *plan, struct barrer_error *err)
{
    (void)request, (void)plan;
    return go_wrong((const struct barrer_host *)self, "resources-prepare", err);
}

static int faulty_attach(void *self, const struct barrer_target *target, struct barrer_error *err)
{
    (void)target;
    return go_wrong((const struct barrer_host *)self, "resources-attach", err);
}

static int faulty_join(void *self, const char *path, struct barrer_resources_plan *plan,
                       struct barrer_error *err)
{
    (void)path, (void)plan;
    return go_wrong((const struct barrer_host *)self, "resources-join", err);
}

static const char *const honours[] = {"linux.cgroupsPath", "linux.resources.unified", NULL};

static const struct barrer_resources_ops faulty_ops = {
    .size = sizeof(struct barrer_resources_ops),
    .probe = faulty_probe,
    .prepare = faulty_prepare,
    .attach = faulty_attach,
    .join = faulty_join,
};

BARRER_PLUGIN(faulty_resources) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RESOURCES,
    .name = "faulty_resources",
    .version = "1.0",
    .summary = "goes wrong where a name tells it to",
    .honours = honours,
    .open = faulty_open,
    .close = faulty_close,
    .ops = &faulty_ops,
};
