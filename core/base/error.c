/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int error_vfail(struct barrer_error *err, int errnum, const char *fmt, va_list ap)
{
    int n;

    if (err == NULL)
        return errnum > 0 ? -errnum : -EINVAL;
    n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
    if (n < 0)
        err->text[0] = '\0';
    if (errnum > 0) {
        size_t used = strlen(err->text);
        const char *why = strerrordesc_np(errnum);

        /* strerrordesc_np(3) neither translates nor allocates: it may be called in a child. */
        (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s",
                       why != NULL ? why : "unknown error");
    }
    err->errnum = errnum > 0 ? errnum : EINVAL;
    return -err->errnum;
}

int error_fail(struct barrer_error *err, int errnum, const char *fmt, ...)
{
    va_list ap;
    int r;

    va_start(ap, fmt);
    r = error_vfail(err, errnum, fmt, ap);
    va_end(ap);
    return r;
}

int error_wrap(struct barrer_error *err, int r, const char *fmt, ...)
{
    char prefix[1024];
    size_t n, room, used;
    va_list ap;

    if (err == NULL)
        return r;
    va_start(ap, fmt);
    (void)vsnprintf(prefix, sizeof(prefix) - 2, fmt, ap);
    va_end(ap);
    n = strlen(prefix);
    memcpy(prefix + n, ": ", 2);
    n += 2;
    room = sizeof(err->text) - n - 1;
    used = strnlen(err->text, room);
    memmove(err->text + n, err->text, used);
    err->text[n + used] = '\0';
    memcpy(err->text, prefix, n);
    return r;
}

int error_append(struct barrer_error *err, int r, const char *fmt, ...)
{
    size_t used;
    va_list ap;

    if (err == NULL)
        return r;
    used = strlen(err->text);
    va_start(ap, fmt);
    (void)vsnprintf(err->text + used, sizeof(err->text) - used, fmt, ap);
    va_end(ap);
    return r;
}
