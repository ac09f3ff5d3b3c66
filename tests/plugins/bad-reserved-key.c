/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_reserved_key
#define BAD_OPTION                                                                                 \
    {                                                                                              \
        "module", "string", 0, "a key of the core"                                                 \
    }
#include "bad.h"
