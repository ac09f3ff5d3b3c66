/* SPDX-License-Identifier: Apache-2.0 */
#include "config/problems.h"

#include <stdio.h>
#include <string.h>

/* Room that the line "and N more errors" needs. */
#define TAIL 40
#define LINE_MAX_LENGTH 1000

void problems_init(struct problems *problems)
{
    problems->count = 0;
    problems->shown = 0;
    problems->used = 0;
    problems->text[0] = '\0';
}

static void append_line(struct problems *problems, const char *line)
{
    size_t length = strlen(line);
    size_t room = sizeof(problems->text) - TAIL - problems->used;

    problems->count++;
    /* Lines are kept whole, except the first, which is shown in any case. */
    if (problems->shown >= PROBLEMS_SHOWN || length + 2 > room)
        return;
    if (problems->shown > 0)
        problems->text[problems->used++] = '\n';
    memcpy(problems->text + problems->used, line, length + 1);
    problems->used += length;
    problems->shown++;
}

void problems_add(struct problems *problems, const char *fmt, ...)
{
    char line[LINE_MAX_LENGTH];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    append_line(problems, line);
}

void problems_add_at(struct problems *problems, const char *file, unsigned line, const char *fmt,
                     ...)
{
    char text[LINE_MAX_LENGTH];
    int n;
    va_list ap;

    n = line > 0 ? snprintf(text, sizeof(text), "%s:%u: ", file, line)
                 : snprintf(text, sizeof(text), "%s: ", file);
    if (n < 0 || (size_t)n >= sizeof(text))
        n = 0;
    va_start(ap, fmt);
    (void)vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
    va_end(ap);
    append_line(problems, text);
}

int problems_finish(const struct problems *problems, struct barrer_error *err)
{
    unsigned hidden = problems->count - problems->shown;

    if (problems->count == 0)
        return 0;
    if (hidden == 0)
        return error_fail(err, 0, "%s", problems->text);
    return error_fail(err, 0, "%s\nand %u more error%s", problems->text, hidden,
                      hidden == 1 ? "" : "s");
}
