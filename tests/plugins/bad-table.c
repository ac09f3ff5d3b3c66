/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_table
#define BAD_TABLE_SIZE 24
#include "bad.h"
