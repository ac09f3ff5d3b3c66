/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_minor
#define BAD_MINOR 7
#include "bad.h"
