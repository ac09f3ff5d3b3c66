/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_major
#define BAD_MAJOR 2
#include "bad.h"
