/* SPDX-License-Identifier: Apache-2.0
 *
 * A Test Anything Protocol producer for the unit tests: ok(condition, "what it shows"), skip(why),
 * and `return tap_done();` at the end of main, which prints the plan and gives the exit status.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static int ok(int condition, const char *fmt, ...)
{
    va_list ap;

    printf("%sok %d - ", condition ? "" : "not ", ++tap_count);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
    tap_failed += !condition;
    return condition;
}

__attribute__((unused)) static int is_text(const char *got, const char *wanted, const char *what)
{
    int same = got != NULL && wanted != NULL ? strcmp(got, wanted) == 0 : got == wanted;

    if (!ok(same, "%s", what))
        printf("# got:    %s\n# wanted: %s\n", got ? got : "(null)", wanted ? wanted : "(null)");
    return same;
}

__attribute__((unused)) static int is_number(long long got, long long wanted, const char *what)
{
    if (!ok(got == wanted, "%s", what))
        printf("# got:    %lld\n# wanted: %lld\n", got, wanted);
    return got == wanted;
}

__attribute__((unused)) static void skip(const char *what, const char *why)
{
    printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why);
    fflush(stdout);
}

__attribute__((unused)) static int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed ? 1 : 0;
}

#endif
