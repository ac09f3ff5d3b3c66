/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_operation
#define BAD_JOIN 0
#include "bad.h"
