/* SPDX-License-Identifier: Apache-2.0
 *
 * state.json, one JSON value a line: first the container as create describes it, then what was
 * learned later, in the order of its writing: objects with changed members, and arrays [instance,
 * name, value] with the facts of plugins. The line that begins with CONFIG holds config.json, and
 * is parsed only by the verbs that need it. A line is one write(2), so that a kill leaves whole
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
#include "oci/spec.h"

#define JOURNAL "state.json"
#define JOURNAL_LIMIT (64u << 20)
#define CONFIG "{\"config\":"

static void remember_fact(struct json_object *facts, const char *instance, const char *name,
                          const char *value)
{
    struct json_object *of_instance;

    if (!json_object_object_get_ex(facts, instance, &of_instance)) {
        of_instance = json_object_new_object();
        json_object_object_add(facts, instance, of_instance);
    }
    json_object_object_add(of_instance, name, json_object_new_string(value));
}

static void merge(struct json_object *into, struct json_object *changes)
{
    json_object_object_foreach(changes, key, value)
    {
        json_object_object_add(into, key, json_object_get(value));
    }
}

static int is_fact(struct json_object *line)
{
    if (!json_object_is_type(line, json_type_array) || json_object_array_length(line) != 3)
        return 0;
    for (size_t i = 0; i < 3; i++)
        if (!json_object_is_type(json_object_array_get_idx(line, i), json_type_string))
            return 0;
    return 1;
}

static const char *text_at(struct json_object *line, size_t i)
{
    return json_object_get_string(json_object_array_get_idx(line, i));
}

static int take_line(struct container *container, const char *text, size_t length, unsigned number,
                     struct barrer_error *err)
{
    char where[32];
    struct json_object *line;
    int r;

    if (strncmp(text, CONFIG, strlen(CONFIG)) == 0 && text[length - 1] == '}') {
        free(container->config);
        container->config = strndup(text + strlen(CONFIG), length - strlen(CONFIG) - 1);
        return container->config != NULL ? 0 : error_fail(err, ENOMEM, "read config.json");
    }
    (void)snprintf(where, sizeof(where), JOURNAL ":%u", number);
    r = oci_json_parse(where, text, length, &line, err);
    if (r < 0)
        return r;
    if (json_object_is_type(line, json_type_object))
        merge(container->json, line);
    else if (is_fact(line))
        remember_fact(container->facts, text_at(line, 0), text_at(line, 1), text_at(line, 2));
    else
        r = error_fail(err, 0, "%s: expected an object, or an array of three texts", where);
    json_object_put(line);
    return r;
}

int journal_read(struct container *container, struct barrer_error *err)
{
    barrer_auto_free char *text = NULL;
    unsigned number = 1;
    size_t length;
    int has_nul, r = fd_read_file(container->folder_fd, JOURNAL, JOURNAL_LIMIT, &text, &length);

    if (r < 0)
        return error_fail(err, -r, "read \"%s/" JOURNAL "\"", container->folder);
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
                 json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN), suffix);
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

int container_describe(struct container *container, struct barrer_error *err)
{
    return append(container, "", container->json, "", err);
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
    remember_fact(container->facts, instance, name, value);
    return 0;
}

const char *container_get_fact(void *arg, const char *instance, const char *name)
{
    struct container *container = arg;
    struct json_object *of_instance, *value;

    if (!json_object_object_get_ex(container->facts, instance, &of_instance) ||
        !json_object_object_get_ex(of_instance, name, &value))
        return NULL;
    return json_object_get_string(value);
}

int container_has_facts(void *arg, const char *instance)
{
    struct container *container = arg;

    return json_object_object_get_ex(container->facts, instance, NULL);
}
