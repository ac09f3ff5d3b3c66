/* SPDX-License-Identifier: Apache-2.0
 *
 * The types of options: bool uint size duration path string enum(a|b) list(TYPE), their check and
 * their normal forms. barrer.conf(5) says what each accepts.
 */
#ifndef CORE_CONFIG_TYPES_H
#define CORE_CONFIG_TYPES_H

#include "base/error.h"

/* Whether TYPE is the name of a type. */
int type_is_known(const char *type);
/* Whether it is list(TYPE). */
int type_is_list(const char *type);
/* The normal form of TEXT: 0 and a fresh string; -EINVAL with ERR set to "expected bool, got
 * \"maybe\" (yes or no)"; -ENOMEM. */
int type_normalise(const char *type, const char *text, char **ret_text, struct barrer_error *err);

#endif
