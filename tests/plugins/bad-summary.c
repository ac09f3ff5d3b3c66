/* SPDX-License-Identifier: Apache-2.0 */
#define BAD_NAME bad_summary
#define BAD_SUMMARY "two\nlines"
#include "bad.h"
