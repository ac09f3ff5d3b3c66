/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_opener
#define BAD_OPEN 0
#include "bad.h"
