/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_twice
#define BAD_OPTION                                                                                 \
    {"size", "size", 0, "one"},                                                                    \
    {                                                                                              \
        "size", "uint", 0, "and again"                                                             \
    }
#include "bad.h"
