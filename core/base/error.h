/* SPDX-License-Identifier: Apache-2.0
 *
 * The error that every fallible function of the core fills: one sentence that says what was tried
 * on which object, why it failed, and what to do. Fixed size, so that it can be filled without
 * memory and sent from the container's first process to its parent.
 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <stdarg.h>

struct barrer_error {
    int errnum; /* positive; what the failing function returned, negated */
    char text[4000];
};

/* Fill ERR with the formatted text, ": " and strerror(ERRNUM); returns -ERRNUM. With ERRNUM 0 no
 * strerror is appended and -EINVAL is returned: the text is complete in itself. */
int error_fail(struct barrer_error *err, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int error_vfail(struct barrer_error *err, int errnum, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
/* Put the formatted text and ": " in front of what ERR says; returns R. */
int error_wrap(struct barrer_error *err, int r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same behind it. For hints: " (did you mean ...?)". */
int error_append(struct barrer_error *err, int r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
