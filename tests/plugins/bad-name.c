/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_name
#define BAD_CALLED "area"
#include "bad.h"
