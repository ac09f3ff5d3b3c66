/* SPDX-License-Identifier: Apache-2.0
 *
 * state.json, one JSON value a line: first the container as create describes it, then what was
 * learned later, in the order of its writing: objects with changed members, and arrays [instance,
 * name, value] with the facts of plugins. The lines that begin with INSTANCES and CONFIG hold the
 * chosen plugins and config.json, and are parsed only by the verbs that need them. A line is one write(2), so that a kill leaves whole
 * lines and at most a torn one at the end, whose effect has not happened.
 */
#include "container/state.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/line.h"
#include "oci/spec.h"

#define JOURNAL "state.json"
#define JOURNAL_LIMIT (64u << 20)
#define CONFIG "{\"config\":"
#define INSTANCES "{\"instances\":"
#define FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static int remember_fact(struct container *container, const char *instance, const char *name,
                         const char *value)
{
    size_t a = strlen(instance) + 1, b = strlen(name) + 1, c = strlen(value) + 1;
    struct container_fact *fact = malloc(sizeof(*fact) + a + b + c);

    if (fact == NULL)
        return -ENOMEM;
    fact->instance = memcpy(fact->text, instance, a);
    fact->name = memcpy(fact->text + a, name, b);
    fact->value = memcpy(fact->text + a + b, value, c);
    fact->older = container->facts;
    container->facts = fact;
    return 0;
}

static void merge(struct json_object *into, struct json_object *changes)
{
    json_object_object_foreach(changes, key, value)
    {
        json_object_object_add(into, key, json_object_get(value));
    }
}

static int take_fact(struct container *container, struct json_object *line)
{
    const char *texts[3];

    if (!json_object_is_type(line, json_type_array) || json_object_array_length(line) != 3)
        return -EINVAL;
    for (size_t i = 0; i < 3; i++) {
        struct json_object *text = json_object_array_get_idx(line, i);

        if (!json_object_is_type(text, json_type_string))
            return -EINVAL;
        texts[i] = json_object_get_string(text);
    }
    return remember_fact(container, texts[0], texts[1], texts[2]);
}

/* Whether the line is an object of that one member, whose value stays text. */
static int keep_raw(const char *prefix, char *text, size_t length, char **raw)
{
    size_t n = strlen(prefix);

    if (strncmp(text, prefix, n) != 0 || text[length - 1] != '}')
        return 0;
    text[length - 1] = '\0';
    *raw = text + n;
    return 1;
}

static int take_line(struct container *container, char *text, size_t length, unsigned number,
                     struct barrer_error *err)
{
    char where[32] = JOURNAL;
    struct json_object *line;
    char *fact[3];
    int r;

    if (line_texts(text, length, 3, fact))
        return remember_fact(container, fact[0], fact[1], fact[2]);
    if (keep_raw(CONFIG, text, length, &container->config) ||
        keep_raw(INSTANCES, text, length, &container->instances))
        return 0;
    line = line_parse(text, length);
    if (line == NULL) {
        (void)snprintf(where, sizeof(where), JOURNAL ":%u", number);
        r = oci_json_parse(where, text, length, &line, err);
        if (r < 0)
            return r;
    }
    r = 0;
    if (json_object_is_type(line, json_type_object) &&
        json_object_object_length(container->json) == 0) {
        json_object_put(container->json);
        container->json = json_object_get(line);
    } else if (json_object_is_type(line, json_type_object))
        merge(container->json, line);
    else if ((r = take_fact(container, line)) < 0)
        r = error_fail(err, -r, JOURNAL ":%u: expected an object, or an array of three texts",
                       number);
    json_object_put(line);
    return r;
}

int journal_read(struct container *container, struct barrer_error *err)
{
    unsigned number = 1;
    size_t length;
    char *text;
    int has_nul, r = fd_read_regular(container->folder_fd, JOURNAL, JOURNAL_LIMIT, &text, &length);

    if (r < 0)
        return error_fail(err, -r, "read \"%s/" JOURNAL "\"", container->folder);
    container->journal = text;
    has_nul = strlen(text) != length;
    for (char *line = text, *end; r == 0 && *line != '\0'; line = end + 1, number++) {
        end = strchr(line, '\n');
        container->is_torn = end == NULL;
        if (end == NULL)
            break;
        container->whole = end + 1 - text;
        *end = '\0';
        if (end > line)
            r = take_line(container, line, (size_t)(end - line), number, err);
    }
    if (r == 0 && (number == 1 || has_nul))
        r = error_fail(err, 0,
                       JOURNAL ": expected lines of JSON (it was cut, or something else "
                               "was written there)");
    return r;
}

/* The first line makes the file. */
static int open_journal(struct container *container)
{
    int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW;

    if (container->is_new)
        flags |= O_CREAT | O_EXCL;
    container->journal_fd = openat(container->folder_fd, JOURNAL, flags, 0600);
    return container->journal_fd < 0 ? -errno : 0;
}

/* Write PREFIX, VALUE and SUFFIX as one line, in place of a torn one. */
static int append(struct container *container, const char *prefix, struct json_object *value,
                  const char *suffix, struct barrer_error *err)
{
    barrer_auto_free char *line = NULL;
    int n, r = container->journal_fd < 0 ? open_journal(container) : 0;

    n = asprintf(&line, "%s%s%s\n", prefix,
                 json_object_to_json_string_ext(value, FLAGS), suffix);
    if (n < 0)
        r = -ENOMEM;
    if (r == 0 && container->is_torn && ftruncate(container->journal_fd, container->whole) < 0)
        r = -errno;
    if (r == 0)
        r = barrer_write_fd(container->journal_fd, line);
    if (r < 0) {
        /* What was written of it is a torn line. */
        container->is_torn = 1;
        return error_fail(err, -r, "write \"%s/" JOURNAL "\"", container->folder);
    }
    container->is_torn = container->is_new = 0;
    container->whole += n;
    return 0;
}

int container_keep_config(struct container *container, struct json_object *config,
                          struct barrer_error *err)
{
    return append(container, CONFIG, config, "}", err);
}

int container_describe(struct container *container, struct json_object *instances,
                       struct barrer_error *err)
{
    barrer_auto_free char *line = NULL;

    if (asprintf(&line, "\n" INSTANCES "%s}", json_object_to_json_string_ext(instances, FLAGS)) < 0)
        return error_fail(err, ENOMEM, "describe container `%s`", container->id);
    return append(container, "", container->json, line, err);
}

int container_change(struct container *container, struct json_object *changes,
                     struct barrer_error *err)
{
    int r = append(container, "", changes, "", err);

    if (r == 0)
        merge(container->json, changes);
    json_object_put(changes);
    return r;
}

int container_put_fact(void *arg, const char *instance, const char *name, const char *value,
                       struct barrer_error *err)
{
    struct container *container = arg;
    struct json_object *line = json_object_new_array();
    int r;

    json_object_array_add(line, json_object_new_string(instance));
    json_object_array_add(line, json_object_new_string(name));
    json_object_array_add(line, json_object_new_string(value));
    r = append(container, "", line, "", err);
    json_object_put(line);
    if (r < 0)
        return error_wrap(err, r, "record fact \"%s\"", name);
    return remember_fact(container, instance, name, value) == 0
               ? 0
               : error_fail(err, ENOMEM, "record fact \"%s\"", name);
}

const char *container_get_fact(void *arg, const char *instance, const char *name)
{
    const struct container *container = arg;

    for (const struct container_fact *fact = container->facts; fact != NULL; fact = fact->older)
        if (strcmp(fact->instance, instance) == 0 && strcmp(fact->name, name) == 0)
            return fact->value;
    return NULL;
}

int container_has_facts(void *arg, const char *instance)
{
    const struct container *container = arg;
    const struct container_fact *fact = container->facts;

    while (fact != NULL && strcmp(fact->instance, instance) != 0)
        fact = fact->older;
    return fact != NULL;
}
