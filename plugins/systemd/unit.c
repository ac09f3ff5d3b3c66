/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The characters of unit names, systemd.unit(5). */
static int is_valid(const char *name)
{
    static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";

    return *name != '\0' && *name != '.' && strlen(name) <= UNIT_NAME_MAX &&
           strspn(name, valid) == strlen(name);
}

/* "a-b.slice" is in "a.slice": no part of the name may be empty. "-.slice" is the root. */
static int is_slice(const char *name)
{
    size_t length = strlen(name);

    if (length <= 6 || strcmp(name + length - 6, ".slice") != 0 || !is_valid(name))
        return 0;
    if (strcmp(name, "-.slice") == 0)
        return 1;
    return *name != '-' && name[length - 7] != '-' && strstr(name, "--") == NULL;
}

static int fail_path(const struct barrer_host *host, const char *path, struct barrer_error *err)
{
    return barrer_fail(host, err, 0,
                       "linux.cgroupsPath: expected \"SLICE:PREFIX:NAME\" for a control group of "
                       "systemd, such as \"system.slice:barrer:NAME\", got \"%s\"",
                       path);
}

static int set_slice(struct unit *unit, const struct barrer_host *host, const char *slice,
                     size_t length, int is_user, struct barrer_error *err)
{
    if (length > UNIT_NAME_MAX)
        return barrer_fail(host, err, 0, "the name of the slice is too long");
    if (length == 0)
        (void)strcpy(unit->slice, is_user ? "user.slice" : "system.slice");
    else
        (void)snprintf(unit->slice, sizeof(unit->slice), "%.*s", (int)length, slice);
    if (is_slice(unit->slice))
        return 0;
    return barrer_fail(host, err, 0, "linux.cgroupsPath: \"%s\" is no name of a slice (a.slice)",
                       unit->slice);
}

int unit_parse(struct unit *unit, const struct barrer_host *host, const char *path, const char *id,
               int is_user, struct barrer_error *err)
{
    char whole[UNIT_NAME_MAX + 16];
    const char *prefix, *name;
    int r;

    if (path == NULL || *path == '\0') {
        (void)snprintf(whole, sizeof(whole), "::%.240s", id);
        path = whole;
    }
    prefix = strchr(path, ':');
    name = prefix != NULL ? strchr(prefix + 1, ':') : NULL;
    if (name == NULL || strchr(name + 1, ':') != NULL || name[1] == '\0')
        return fail_path(host, path, err);
    r = set_slice(unit, host, path, (size_t)(prefix - path), is_user, err);
    if (r < 0)
        return r;
    if (path == whole)
        r = snprintf(unit->name, sizeof(unit->name), "barrer-%s.scope", name + 1);
    else
        r = snprintf(unit->name, sizeof(unit->name), "%.*s%s%s.scope", (int)(name - prefix - 1),
                     prefix + 1, name == prefix + 1 ? "" : "-", name + 1);
    if (r < 0 || r > UNIT_NAME_MAX || !is_valid(unit->name))
        return barrer_fail(host, err, 0,
                           "linux.cgroupsPath: \"%s\" does not make the name of a unit", path);
    return 0;
}

char *unit_path(const struct unit *unit, const char *manager)
{
    size_t length = strlen(unit->slice) - strlen(".slice");
    char *path = NULL;
    FILE *text;
    size_t size;

    text = open_memstream(&path, &size);
    if (text == NULL)
        return NULL;
    (void)fputs(strcmp(manager, "/") == 0 ? "" : manager, text);
    for (size_t i = 1; i <= length && strcmp(unit->slice, "-.slice") != 0; i++)
        if (i == length || unit->slice[i] == '-')
            (void)fprintf(text, "/%.*s.slice", (int)i, unit->slice);
    (void)fprintf(text, "/%s", unit->name);
    if (fclose(text) == 0)
        return path;
    free(path);
    return NULL;
}
