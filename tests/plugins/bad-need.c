/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_need
#define BAD_NEED 9
#include "bad.h"
