/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_magic
#define BAD_MAGIC 0x464c457fu
#include "bad.h"
