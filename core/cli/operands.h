/* SPDX-License-Identifier: Apache-2.0
 *
 * The operands of verbs that both stages understand.
 */
#ifndef CORE_CLI_OPERANDS_H
#define CORE_CLI_OPERANDS_H

#include "base/error.h"

struct kill_operands {
    const char *id;
    int signal;
    int all;
    int is_regex;
};

int kill_operands_parse(int argc, char **argv, struct kill_operands *operands,
                        struct barrer_error *err);

#endif
