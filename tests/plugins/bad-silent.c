/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_silent
#define BAD_OPEN open_silent
#include <errno.h>

#include <barrer/plugin.h>

static int open_silent(const struct barrer_host *host, void **ret_self, struct barrer_error *err)
{
    (void)host;
    (void)ret_self;
    (void)err;
    return -EIO;
}

#include "bad.h"
