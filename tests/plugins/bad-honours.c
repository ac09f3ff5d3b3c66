/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_honours
#define BAD_HONOURED "linux resources"
#include "bad.h"
