/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty.h"

#include <barrer/runtime.h>

FAULTY_OPEN("planner")

static int faulty_plan(void *self, const struct barrer_runtime_request *request,
                       struct barrer_payload *payload, struct barrer_error *err)
{
    (void)request, (void)payload;
    return go_wrong((const struct barrer_host *)self, "planner-plan", err);
}

static const struct barrer_runtime_ops faulty_ops = {
    .size = sizeof(struct barrer_runtime_ops),
    .probe = faulty_probe,
    .plan = faulty_plan,
};

BARRER_PLUGIN(faulty_planner) = {
    BARRER_PLUGIN_HEAD,
    .kind = BARRER_RUNTIME,
    .name = "faulty_planner",
    .version = "1.0",
    .summary = "goes wrong where a name tells it to",
    .open = faulty_open,
    .close = faulty_close,
    .ops = &faulty_ops,
};
