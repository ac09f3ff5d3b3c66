/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_key
#define BAD_OPTION                                                                                 \
    {                                                                                              \
        "Size", "size", 0, "a key with a capital letter"                                           \
    }
#include "bad.h"
