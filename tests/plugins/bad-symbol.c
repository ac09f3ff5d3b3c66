/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_symbol
#define BAD_SYMBOL other
#include "bad.h"
