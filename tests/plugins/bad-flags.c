/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_flags
#define BAD_FLAGS 0x4
#include "bad.h"
