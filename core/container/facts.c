/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal of facts. A line is one write(2), so that a kill leaves whole lines and at most one
 * torn one at the end, whose effect has not happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/state.h"

#define FACTS_LIMIT (16u << 20)

static void remember(struct json_object *facts, const char *instance, const char *name,
                     const char *value)
{
    struct json_object *of_instance;

    if (!json_object_object_get_ex(facts, instance, &of_instance)) {
        of_instance = json_object_new_object();
        json_object_object_add(facts, instance, of_instance);
    }
    json_object_object_add(of_instance, name, json_object_new_string(value));
}

static void read_line(struct json_object *facts, const char *line)
{
    struct json_object *array = json_tokener_parse(line);

    if (json_object_is_type(array, json_type_array) && json_object_array_length(array) == 3)
        remember(facts, json_object_get_string(json_object_array_get_idx(array, 0)),
                 json_object_get_string(json_object_array_get_idx(array, 1)),
                 json_object_get_string(json_object_array_get_idx(array, 2)));
    json_object_put(array);
}

/* At the first question of a later process. */
static void read_journal(struct container *container)
{
    barrer_auto_free char *text = NULL;
    size_t length;
    char *next;

    if (container->facts != NULL)
        return;
    container->facts = json_object_new_object();
    if (fd_read_file(container->folder_fd, "facts", FACTS_LIMIT, &text, &length) < 0)
        return;
    container->has_torn_fact = length > 0 && text[length - 1] != '\n';
    next = text;
    for (char *line; (line = strsep(&next, "\n")) != NULL;)
        read_line(container->facts, line);
}

int container_put_fact(void *arg, const char *instance, const char *name, const char *value,
                       struct barrer_error *err)
{
    struct container *container = arg;
    struct json_object *array = json_object_new_array();
    barrer_auto_free char *line = NULL;
    int r = -ENOMEM;

    read_journal(container);
    json_object_array_add(array, json_object_new_string(instance));
    json_object_array_add(array, json_object_new_string(name));
    json_object_array_add(array, json_object_new_string(value));
    if (asprintf(&line, "%s%s\n", container->has_torn_fact ? "\n" : "",
                 json_object_to_json_string_ext(array, JSON_C_TO_STRING_PLAIN)) >= 0)
        r = 0;
    json_object_put(array);
    if (r == 0 && container->facts_fd < 0) {
        container->facts_fd = openat(container->folder_fd, "facts",
                                     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        r = container->facts_fd < 0 ? -errno : 0;
    }
    if (r == 0)
        r = barrer_write_fd(container->facts_fd, line);
    if (r < 0)
        return error_fail(err, -r, "record fact \"%s\" in \"%s/facts\"", name, container->folder);
    container->has_torn_fact = 0;
    remember(container->facts, instance, name, value);
    return 0;
}

const char *container_get_fact(void *arg, const char *instance, const char *name)
{
    struct container *container = arg;
    struct json_object *of_instance, *value;

    read_journal(container);
    if (!json_object_object_get_ex(container->facts, instance, &of_instance) ||
        !json_object_object_get_ex(of_instance, name, &value))
        return NULL;
    return json_object_get_string(value);
}

int container_has_facts(void *arg, const char *instance)
{
    struct container *container = arg;

    read_journal(container);
    return json_object_object_get_ex(container->facts, instance, NULL);
}
