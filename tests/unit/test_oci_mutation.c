/* SPDX-License-Identifier: Apache-2.0
 *
 * Every value of the fixture is replaced by each kind of value in turn. What comes of it is either
 * taken, or refused with one sentence that names the property; it never crashes, and what the
 * readers look at is never taken with a wrong type.
 */
#include "test_oci_support.h"

static const char *const replacements[] = {
    "null",
    "true",
    "false",
    "0",
    "-1",
    "18446744073709551615",
    "-9223372036854775808",
    "0.5",
    "1e3",
    "''",
    "[]",
    "{}",
    "'text'",
    "'/x'",
    "[[]]",
    "[{}]",
    "[null]",
    "[1]",
    "['x']",
    "{'x': 'y'}",
    "{'x': {}}",
    "{'x': null}",
};

#define N_REPLACEMENTS (sizeof(replacements) / sizeof(replacements[0]))

/* What the core reads nothing of: another platform's, or refused as a whole since no backend of
 * this version can have it. */
static const char *const unread[] = {
    "process.commandLine",
    "process.user.username",
    "linux.netDevices",
    "linux.intelRdt",
    "linux.memoryPolicy",
    "vm",
    "windows",
    "solaris",
    "zos",
    "freebsd",
};

static struct {
    struct json_object *root;
    unsigned long taken, refused, unnamed, wrong;
} run;

static int is_unread(const char *path)
{
    for (size_t i = 0; i < sizeof(unread) / sizeof(unread[0]); i++)
        if (strncmp(path, unread[i], strlen(unread[i])) == 0)
            return 1;
    return 0;
}

static int is_same_type(struct json_object *a, struct json_object *b)
{
    return json_object_get_type(a) == json_object_get_type(b);
}

static void report(unsigned long *counter, const char *path, const char *text, const char *why)
{
    if ((*counter)++ < 10)
        printf("# %s = %s: %s\n", path, text, why);
}

/* The fixture as it is now, after the value at PATH, which was OLD, became TEXT. */
static void try(const char *path, struct json_object *old, struct json_object *new,
                const char *text)
{
    struct barrer_error err = {0};
    struct oci_spec *spec = NULL;
    char top[64];

    if (oci_spec_from_json("/bundle", run.root, &spec, &err) == 0) {
        run.taken++;
        oci_spec_destroy(spec);
        if (new != NULL && !is_same_type(old, new) && !is_unread(path))
            report(&run.wrong, path, text, "taken with a wrong type");
        return;
    }
    run.refused++;
    snprintf(top, sizeof(top), "%.*s", (int)strcspn(path, ".["), path);
    /* A change can break a rule between two properties, so the sentence may name another one. */
    if (strncmp(err.text, "config.json: ", 13) != 0 || !is_sentence(err.text) ||
        (strncmp(err.text + 13, top, strlen(top)) != 0 && strstr(err.text, "set without") == NULL))
        report(&run.unnamed, path, text, err.text);
}

static void mutate_children(struct json_object *json, const char *path);

static void mutate_member(struct json_object *object, const char *key, const char *path)
{
    struct json_object *old = json_object_get(json_object_object_get(object, key));

    mutate_children(old, path);
    for (size_t i = 0; i < N_REPLACEMENTS; i++) {
        struct json_object *new = json_from(replacements[i]);

        json_object_object_add(object, key, new);
        try(path, old, new, replacements[i]);
    }
    json_object_object_add(object, key, old);
}

static void mutate_item(struct json_object *array, size_t index, const char *path)
{
    struct json_object *old = json_object_get(json_object_array_get_idx(array, index));

    mutate_children(old, path);
    for (size_t i = 0; i < N_REPLACEMENTS; i++) {
        struct json_object *new = json_from(replacements[i]);

        json_object_array_put_idx(array, index, new);
        try(path, old, new, replacements[i]);
    }
    json_object_array_put_idx(array, index, old);
}

static void mutate_children(struct json_object *json, const char *path)
{
    char child[512];

    if (json_object_is_type(json, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(json); i++) {
            snprintf(child, sizeof(child), "%s[%zu]", path, i);
            mutate_item(json, i, child);
        }
    } else if (json_object_is_type(json, json_type_object)) {
        /* The values are replaced on the way, never the keys. */
        json_object_object_foreach(json, key, value)
        {
            (void)value;
            snprintf(child, sizeof(child), "%s%s%s", path, path[0] != '\0' ? "." : "", key);
            mutate_member(json, key, child);
        }
    }
}

int main(void)
{
    struct barrer_error err = {0};
    struct oci_spec *spec = NULL;

    run.root = read_fixture();
    mutate_children(run.root, "");
    printf("# %lu taken, %lu refused\n", run.taken, run.refused);
    ok(run.taken > 100 && run.refused > 3000, "every value was replaced by each kind of value");
    is_number((long long)run.unnamed, 0, "every refusal is one sentence that names the property");
    is_number((long long)run.wrong, 0, "no wrong type was taken");
    ok(oci_spec_from_json("/bundle", run.root, &spec, &err) == 0, "the fixture itself is good");
    oci_spec_destroy(spec);
    json_object_put(run.root);
    return tap_done();
}
