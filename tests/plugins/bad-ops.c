/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_ops
#define BAD_OPS 0
#include "bad.h"
