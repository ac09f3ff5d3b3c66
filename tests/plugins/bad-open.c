/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_open
#define BAD_OPEN open_failing
#include <errno.h>

#include <barrer/plugin.h>

static int open_failing(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    (void)ret_self;
    return barrer_fail(host, err, ENODEV, "find \"%s\" for the plugin", "/dev/abacus");
}

#include "bad.h"
