/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_default
#define BAD_OPTION                                                                                 \
    {                                                                                              \
        "size", "size", "much", "a default that is no size"                                        \
    }
#include "bad.h"
