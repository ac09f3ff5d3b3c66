/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_reserved
#define BAD_RESERVED 3
#include "bad.h"
