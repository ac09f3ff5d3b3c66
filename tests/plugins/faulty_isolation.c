/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty.h"

#include <barrer/isolation.h>

FAULTY_OPEN("isolation")

static int faulty_prepare(void *self, const struct barrer_isolation_request *request,
                          struct barrer_isolation_plan *plan, struct barrer_error *err)
{
    (void)request, (void)plan;
    return go_wrong((const struct barrer_host *)self, "isolation-prepare", err);
}

static int faulty_attach(void *self, const struct barrer_isolation_request *request,
                         const struct barrer_target *target, struct barrer_error *err)
{
    (void)request, (void)target;
    return go_wrong((const struct barrer_host *)self, "isolation-attach", err);
}

static int faulty_enter(void *self, const struct barrer_isolation_request *request,
                        struct barrer_error *err)
{
    (void)request;
    return go_wrong((const struct barrer_host *)self, "isolation-enter", err);
}

static int faulty_join(void *self, const struct barrer_target *target,
                       struct barrer_isolation_plan *plan, struct barrer_error *err)
{
    (void)target, (void)plan;
    return go_wrong((const struct barrer_host *)self, "isolation-join", err);
}

static const struct barrer_isolation_ops faulty_ops = {
    .size = sizeof(struct barrer_isolation_ops),
    .probe = faulty_probe,
    .prepare = faulty_prepare,
    .attach = faulty_attach,
    .enter = faulty_enter,
    .join = faulty_join,
};

BARRER_PLUGIN(faulty_isolation) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_ISOLATION,
    .name = "faulty_isolation",
    .version = "1.0",
    .summary = "goes wrong where a name tells it to",
    .open = faulty_open,
    .close = faulty_close,
    .ops = &faulty_ops,
};
