/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty.h"

#include <barrer/filesystem.h>

FAULTY_OPEN("filesystem")

static int faulty_prepare(void *self, const struct barrer_filesystem_request *request,
                          struct barrer_error *err)
{
    (void)request;
    return go_wrong((const struct barrer_host *)self, "filesystem-prepare", err);
}

static int faulty_attach(void *self, const struct barrer_filesystem_request *request,
                         const struct barrer_target *target, struct barrer_error *err)
{
    (void)request, (void)target;
    return go_wrong((const struct barrer_host *)self, "filesystem-attach", err);
}

static int faulty_enter(void *self, const struct barrer_filesystem_request *request,
                        struct barrer_error *err)
{
    (void)request;
    return go_wrong((const struct barrer_host *)self, "filesystem-enter", err);
}

static int faulty_pivot(void *self, const struct barrer_filesystem_request *request,
                        struct barrer_error *err)
{
    (void)request;
    return go_wrong((const struct barrer_host *)self, "filesystem-pivot", err);
}

static const struct barrer_filesystem_ops faulty_ops = {
    .size = sizeof(struct barrer_filesystem_ops),
    .probe = faulty_probe,
    .prepare = faulty_prepare,
    .attach = faulty_attach,
    .enter = faulty_enter,
    .pivot = faulty_pivot,
};

BARRER_PLUGIN(faulty_filesystem) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_FILESYSTEM,
    .name = "faulty_filesystem",
    .version = "1.0",
    .summary = "goes wrong where a name tells it to",
    .open = faulty_open,
    .close = faulty_close,
    .ops = &faulty_ops,
};
