/* SPDX-License-Identifier: Apache-2.0 */
#include "schemata.h"

#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* The values behind "RESOURCE:" of the N characters at RESOURCE, or NULL. */
static const char *find_resource(const char *current, const char *resource, size_t n)
{
    for (const char *line = current; line != NULL && *line != '\0';) {
        const char *name = skip_blanks(line), *end = strchr(line, '\n');

        if (strncmp(name, resource, n) == 0 && name[n] == ':')
            return name + n + 1;
        line = end != NULL ? end + 1 : NULL;
    }
    return NULL;
}

/* Masks are hexadecimal, but for memory bandwidth, which is a decimal number. */
static unsigned long long read_value(const char *text, int base)
{
    return strtoull(skip_blanks(text), NULL, base);
}

static int has_domain(const char *values, unsigned long domain, unsigned long long value, int base)
{
    while (values != NULL && *values != '\0' && *values != '\n') {
        const char *equals = strchr(values, '=');

        if (equals == NULL)
            return 0;
        if (strtoul(skip_blanks(values), NULL, 10) == domain)
            return read_value(equals + 1, base) == value;
        values += strcspn(values, ";\n");
        values += *values == ';';
    }
    return 0;
}

int resctrl_schemata_has(const char *current, const char *line)
{
    const char *name = skip_blanks(line), *colon = strchr(name, ':'), *values;
    int base = strncmp(name, "MB", 2) == 0 ? 10 : 16;

    values = colon != NULL ? find_resource(current, name, (size_t)(colon - name)) : NULL;
    if (values == NULL)
        return 0;
    for (const char *wanted = colon + 1; *wanted != '\0';) {
        const char *equals = strchr(wanted, '=');

        if (equals == NULL || !has_domain(values, strtoul(skip_blanks(wanted), NULL, 10),
                                          read_value(equals + 1, base), base))
            return 0;
        wanted += strcspn(wanted, ";");
        wanted += *wanted == ';';
    }
    return 1;
}

char *resctrl_schemata_line(const char *current, const char *resource)
{
    size_t n = strlen(resource), used = 0, length;
    const char *values = find_resource(current, resource, n);
    char *line;

    if (values == NULL)
        return NULL;
    length = strcspn(values, "\n");
    line = malloc(n + length + 2);
    if (line == NULL)
        return NULL;
    memcpy(line, resource, n);
    used = n;
    line[used++] = ':';
    for (size_t i = 0; i < length; i++)
        if (values[i] != ' ' && values[i] != '\t')
            line[used++] = values[i];
    line[used] = '\0';
    return line;
}
