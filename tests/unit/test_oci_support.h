/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of core/oci share: configurations from text, changed by text.
 */
#ifndef TESTS_UNIT_TEST_OCI_SUPPORT_H
#define TESTS_UNIT_TEST_OCI_SUPPORT_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "oci/spec.h"
#include "tap.h"

/* The file tests/fixtures/full.json of the sources. */
__attribute__((unused)) static const char *fixture_path(void)
{
    static char path[PATH_MAX + 64], here[PATH_MAX];
    const char *top = getenv("abs_top_srcdir");

    if (top == NULL)
        top = getcwd(here, sizeof(here));
    snprintf(path, sizeof(path), "%s/tests/fixtures/full.json", top);
    return path;
}

__attribute__((unused)) static struct json_object *read_fixture(void)
{
    struct barrer_error err = {0};
    struct json_object *json = NULL;

    if (oci_json_read(AT_FDCWD, fixture_path(), (size_t)1 << 20, &json, &err) < 0) {
        printf("Bail out! %s\n", err.text);
        exit(99);
    }
    return json;
}

/* JSON from a text that is known to be right; single quotes will do. */
__attribute__((unused)) static struct json_object *json_from(const char *text)
{
    struct json_object *json = json_tokener_parse(text);

    if (json == NULL && strcmp(text, "null") != 0) {
        printf("Bail out! no JSON: %s\n", text);
        exit(99);
    }
    return json;
}

/* Set the member at the JSON pointer PATH to TEXT, or remove it when TEXT is NULL. */
__attribute__((unused)) static void json_set(struct json_object *root, const char *path,
                                             const char *text)
{
    char up[256];
    const char *slash = strrchr(path, '/');
    struct json_object *parent = root;

    snprintf(up, sizeof(up), "%.*s", (int)(slash - path), path);
    if (up[0] != '\0' && json_pointer_get(root, up, &parent) < 0) {
        printf("Bail out! no %s\n", up);
        exit(99);
    }
    if (text == NULL)
        json_object_object_del(parent, slash + 1);
    else if (json_object_is_type(parent, json_type_array))
        json_object_array_put_idx(parent, strtoul(slash + 1, NULL, 10), json_from(text));
    else
        json_object_object_add(parent, slash + 1, json_from(text));
}

/* One sentence: on one line, without a final stop. */
__attribute__((unused)) static int is_sentence(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && text[length - 1] != '.' && strchr(text, '\n') == NULL;
}

#endif
