/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty.h"

#include <barrer/runtime.h>

FAULTY_OPEN("runtime")

static int faulty_match(void *self, const struct barrer_runtime_request *request,
                        struct barrer_error *err)
{
    char text[4096];
    int r = go_wrong((const struct barrer_host *)self, "runtime-match", err);

    (void)request;
    return r < 0 ? r : faulty_way("runtime-resolve", text, sizeof(text)) != NULL;
}

static int faulty_resolve(void *self, const struct barrer_runtime_request *request,
                          struct barrer_payload *payload, struct barrer_error *err)
{
    (void)request, (void)payload;
    return go_wrong((const struct barrer_host *)self, "runtime-resolve", err);
}

static const struct barrer_runtime_ops faulty_ops = {
    .size = sizeof(struct barrer_runtime_ops),
    .probe = faulty_probe,
    .match = faulty_match,
    .resolve = faulty_resolve,
};

BARRER_PLUGIN(faulty_runtime) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RUNTIME,
    .name = "faulty_runtime",
    .version = "1.0",
    .summary = "goes wrong where a name tells it to",
    .open = faulty_open,
    .close = faulty_close,
    .ops = &faulty_ops,
};
