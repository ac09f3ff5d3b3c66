/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty.h"

#include <barrer/process.h>

FAULTY_OPEN("process")

static int faulty_prepare(void *self, const struct barrer_process_request *request,
                          struct barrer_error *err)
{
    (void)request;
    return go_wrong((const struct barrer_host *)self, "process-prepare", err);
}

static int faulty_attach(void *self, const struct barrer_process_request *request,
                         const struct barrer_target *target, struct barrer_error *err)
{
    (void)request, (void)target;
    return go_wrong((const struct barrer_host *)self, "process-attach", err);
}

static int faulty_confine(void *self, const struct barrer_process_request *request,
                          struct barrer_error *err)
{
    (void)request;
    return go_wrong((const struct barrer_host *)self, "process-confine", err);
}

static int faulty_drop(void *self, const struct barrer_process_request *request,
                       struct barrer_error *err)
{
    (void)request;
    return go_wrong((const struct barrer_host *)self, "process-drop", err);
}

static const struct barrer_process_ops faulty_ops = {
    .size = sizeof(struct barrer_process_ops),
    .probe = faulty_probe,
    .prepare = faulty_prepare,
    .attach = faulty_attach,
    .confine = faulty_confine,
    .drop = faulty_drop,
};

BARRER_PLUGIN(faulty) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_PROCESS,
    .name = "faulty",
    .version = "1.0",
    .summary = "goes wrong where a name tells it to",
    .open = faulty_open,
    .close = faulty_close,
    .ops = &faulty_ops,
};
