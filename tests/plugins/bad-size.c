/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_size
#define BAD_SIZE 40
#include "bad.h"
