/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_undefined
#define BAD_OPEN open_undefined
#include <barrer/plugin.h>

int cgroup_of_nobody(void);

static int open_undefined(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    (void)host;
    (void)ret_self;
    (void)err;
    return cgroup_of_nobody();
}

#include "bad.h"
