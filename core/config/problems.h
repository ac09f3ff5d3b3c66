/* SPDX-License-Identifier: Apache-2.0
 *
 * The errors of a configuration, one a line, collected so that a person sees all of them at once
 * and a program fails once.
 */
#ifndef CORE_CONFIG_PROBLEMS_H
#define CORE_CONFIG_PROBLEMS_H

#include <stddef.h>

#include "base/error.h"

#define PROBLEMS_SHOWN 20

struct problems {
    unsigned count; /* also of those that did not fit */
    unsigned shown;
    size_t used;
    char text[4000];
};

void problems_init(struct problems *problems);
void problems_add(struct problems *problems, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "FILE:LINE: " (without ":LINE" for line 0) in front of it. */
void problems_add_at(struct problems *problems, const char *file, unsigned line, const char *fmt,
                     ...) __attribute__((format(printf, 4, 5)));
/* 0 when there are none, else -EINVAL with all of them in ERR. */
int problems_finish(const struct problems *problems, struct barrer_error *err);

#endif
