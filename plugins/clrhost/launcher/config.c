/* SPDX-License-Identifier: Apache-2.0
 *
 * App.runtimeconfig.json, read with json-c.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

#include "launcher.h"

#define SIZE_LIMIT (1 << 20)
#define DEPTH_LIMIT 32

static struct json_object *parse(const char *text, size_t length, const char **ret_why)
{
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH_LIMIT);
    struct json_object *json;

    if (tokener == NULL) {
        *ret_why = "out of memory";
        return NULL;
    }
    /* Editors of Windows put a mark in front. */
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    json = json_tokener_parse_ex(tokener, text, (int)length + 1);
    if (json == NULL)
        *ret_why = json_tokener_error_desc(json_tokener_get_error(tokener));
    json_tokener_free(tokener);
    if (json != NULL && !json_object_is_type(json, json_type_object)) {
        *ret_why = "not an object";
        json_object_put(json);
        return NULL;
    }
    return json;
}

static struct json_object *member(struct json_object *object, const char *key, enum json_type type)
{
    struct json_object *value = NULL;

    if (object == NULL || !json_object_object_get_ex(object, key, &value) ||
        !json_object_is_type(value, type))
        return NULL;
    return value;
}

static const char *text(struct json_object *object, const char *key)
{
    struct json_object *value = member(object, key, json_type_string);

    return value != NULL ? json_object_get_string(value) : NULL;
}

static void add_framework(struct config *config, struct json_object *json)
{
    struct framework *framework = &config->frameworks[config->n_frameworks];

    if (json == NULL || !json_object_is_type(json, json_type_object) ||
        config->n_frameworks == sizeof(config->frameworks) / sizeof(*config->frameworks))
        return;
    framework->name = text(json, "name");
    framework->version = text(json, "version");
    framework->roll_forward = text(json, "rollForward");
    if (framework->name != NULL && framework->version != NULL)
        config->n_frameworks++;
}

static void read_options(struct config *config, struct json_object *options)
{
    struct json_object *list = member(options, "frameworks", json_type_array);
    struct json_object *properties = member(options, "configProperties", json_type_object);

    config->roll_forward = text(options, "rollForward");
    add_framework(config, member(options, "framework", json_type_object));
    for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++)
        add_framework(config, json_object_array_get_idx(list, i));
    config->is_self_contained = member(options, "includedFrameworks", json_type_array) != NULL;
    if (properties == NULL)
        return;
    json_object_object_foreach(properties, key, value)
    {
        properties_add(&config->properties, key, json_object_get_string(value));
    }
}

static ssize_t read_text(const char *file, char **ret_text)
{
    char *content = malloc(SIZE_LIMIT);
    ssize_t n = content == NULL ? -ENOMEM : barrer_read_at(AT_FDCWD, file, content, SIZE_LIMIT);

    if (n < 0)
        free(content);
    else
        *ret_text = content;
    return n;
}

int config_parse(const char *content, size_t length, struct config *config, const char **ret_why)
{
    struct json_object *json = parse(content, length, ret_why);

    *config = (struct config){.json = json};
    if (json == NULL)
        return -1;
    read_options(config, member(json, "runtimeOptions", json_type_object));
    return 0;
}

void config_fini(struct config *config)
{
    free(config->properties.all);
    json_object_put(config->json);
    *config = (struct config){0};
}

int config_read(const char *file, struct config *config, const char **ret_why)
{
    char *content = NULL;
    ssize_t n = read_text(file, &content);
    int r;

    *config = (struct config){0};
    *ret_why = "";
    if (n == -ENOENT)
        return -1;
    if (n < 0) {
        *ret_why = n == -EFBIG ? "longer than 1 MiB" : strerror((int)-n);
        return -1;
    }
    r = config_parse(content, (size_t)n, config, ret_why);
    free(content);
    return r;
}
