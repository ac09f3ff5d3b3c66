/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_type
#define BAD_OPTION                                                                                 \
    {                                                                                              \
        "size", "integer", 0, "a type that does not exist"                                         \
    }
#include "bad.h"
