/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_kind
#define BAD_KIND 77
#include "bad.h"
