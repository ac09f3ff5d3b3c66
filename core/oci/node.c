/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "oci/arena.h"

struct node node_member(const struct node *object, const char *name)
{
    struct node member = {.parse = object->parse, .up = object, .name = name};

    if (object->json != NULL)
        (void)json_object_object_get_ex(object->json, name, &member.json);
    return member;
}

struct node node_item(const struct node *array, size_t index)
{
    return (struct node){.parse = array->parse,
                         .up = array,
                         .index = index,
                         .json = json_object_array_get_idx(array->json, index)};
}

/* Append the node's path to TEXT; returns the new length. */
static size_t write_path(const struct node *node, char *text, size_t used, size_t size)
{
    int n;

    if (node->up == NULL)
        return used;
    used = write_path(node->up, text, used, size);
    if (node->name == NULL)
        n = snprintf(text + used, size - used, "[%zu]", node->index);
    else
        n = snprintf(text + used, size - used, "%s%.256s", used > 0 ? "." : "", node->name);
    if (n > 0)
        used += (size_t)n;
    return used < size ? used : size - 1;
}

/* Keys and values may hold anything; the message stays on one line. */
static void clean(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == '\x7f')
            *text = '?';
}

int node_fail(const struct node *node, const char *fmt, ...)
{
    char path[1024] = "", text[2048];
    va_list ap;

    (void)write_path(node, path, 0, sizeof(path));
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    clean(path);
    clean(text);
    return error_fail(node->parse->err, 0, "%s: %s%s%s", node->parse->file, path,
                      path[0] != '\0' ? ": " : "", text);
}

int node_fail_memory(const struct node *node)
{
    return error_fail(node->parse->err, ENOMEM, "read \"%s\"", node->parse->file);
}

static const char *describe(struct json_object *json)
{
    switch (json_object_get_type(json)) {
    case json_type_null:
        return "null";
    case json_type_boolean:
        return "a boolean";
    case json_type_double:
        return "a number with a fraction or an exponent";
    case json_type_int:
        return "a number";
    case json_type_object:
        return "an object";
    case json_type_array:
        return "an array";
    case json_type_string:
        return "a string";
    }
    return "something else";
}

static int fail_type(const struct node *node, const char *expected)
{
    return node_fail(node, "expected %s, got %s", expected, describe(node->json));
}

/* An item of an array is always there, if only as null. */
static int has_value(const struct node *node)
{
    return node->json != NULL || (node->up != NULL && node->name == NULL);
}

int node_require(const struct node *node)
{
    return has_value(node) ? 0 : node_fail(node, "missing, and the specification requires it");
}

int node_object(const struct node *node)
{
    if (has_value(node) && !json_object_is_type(node->json, json_type_object))
        return fail_type(node, "an object");
    return 0;
}

int node_bool(const struct node *node, int *ret_value)
{
    if (!has_value(node))
        return 0;
    if (!json_object_is_type(node->json, json_type_boolean))
        return fail_type(node, "a boolean");
    *ret_value = json_object_get_boolean(node->json) != 0;
    return 0;
}

int node_int(const struct node *node, int64_t min, int64_t max, int64_t *ret_value)
{
    int64_t value;

    if (!has_value(node))
        return 0;
    if (!json_object_is_type(node->json, json_type_int))
        return fail_type(node, "an integer");
    value = json_object_get_int64(node->json);
    /* json-c keeps numbers beyond INT64_MAX apart, and clamps them here. */
    if (value < min || value > max ||
        (value == INT64_MAX && json_object_get_uint64(node->json) > INT64_MAX))
        return node_fail(node, "expected a number from %lld to %lld, got %s", (long long)min,
                         (long long)max, json_object_to_json_string(node->json));
    *ret_value = value;
    return 0;
}

int node_uint(const struct node *node, uint64_t max, uint64_t *ret_value)
{
    uint64_t value;

    if (!has_value(node))
        return 0;
    if (!json_object_is_type(node->json, json_type_int))
        return fail_type(node, "an integer");
    value = json_object_get_uint64(node->json);
    if (json_object_get_int64(node->json) < 0 || value > max)
        return node_fail(node, "expected a number from 0 to %llu, got %s", (unsigned long long)max,
                         json_object_to_json_string(node->json));
    *ret_value = value;
    return 0;
}

int node_text(const struct node *node, const char **ret_text)
{
    const char *text;

    if (!has_value(node))
        return 0;
    if (!json_object_is_type(node->json, json_type_string))
        return fail_type(node, "a string");
    text = json_object_get_string(node->json);
    if (strlen(text) != (size_t)json_object_get_string_len(node->json))
        return node_fail(node, "the string has a NUL character in it");
    *ret_text = text;
    return 0;
}

int node_path(const struct node *node, const char **ret_path)
{
    const char *path = NULL;
    int r = node_text(node, &path);

    if (r < 0 || path == NULL)
        return r;
    if (path[0] != '/')
        return node_fail(node, "expected an absolute path, got \"%.256s\"", path);
    *ret_path = path;
    return 0;
}

int node_count(const struct node *node, size_t *ret_n)
{
    *ret_n = 0;
    if (!has_value(node))
        return 0;
    if (!json_object_is_type(node->json, json_type_array))
        return fail_type(node, "an array");
    *ret_n = json_object_array_length(node->json);
    return 0;
}

int node_texts(const struct node *node, const char *const **ret_texts)
{
    const char **texts;
    size_t i, n;
    int r;

    if (!has_value(node))
        return 0;
    if (!json_object_is_type(node->json, json_type_array))
        return fail_type(node, "an array of strings");
    n = json_object_array_length(node->json);
    texts = arena_alloc(node->parse->arena, n + 1, sizeof(*texts));
    if (texts == NULL)
        return node_fail_memory(node);
    for (i = 0; i < n; i++) {
        struct node item = node_item(node, i);

        r = node_text(&item, &texts[i]);
        if (r < 0)
            return r;
    }
    *ret_texts = texts;
    return 0;
}

int node_pairs(const struct node *node, const struct barrer_pair **ret_pairs, size_t *ret_n)
{
    struct barrer_pair *pairs;
    size_t n = 0;
    int r = node_object(node);

    if (r < 0 || !has_value(node))
        return r;
    pairs = arena_alloc(node->parse->arena, (size_t)json_object_object_length(node->json) + 1,
                        sizeof(*pairs));
    if (pairs == NULL)
        return node_fail_memory(node);
    json_object_object_foreach(node->json, key, value)
    {
        struct node member = {.parse = node->parse, .up = node, .name = key, .json = value};

        if (key[0] == '\0')
            return node_fail(node, "a key is the empty string");
        if (value == NULL)
            return fail_type(&member, "a string");
        pairs[n].key = key;
        r = node_text(&member, &pairs[n++].value);
        if (r < 0)
            return r;
    }
    *ret_pairs = pairs;
    if (ret_n != NULL)
        *ret_n = n;
    return 0;
}

int node_list(const struct node *node, size_t size,
              int (*read)(const struct node *item, void *element), void *ret_array, size_t *ret_n)
{
    unsigned char *array;
    size_t i, n;
    int r = node_count(node, &n);

    if (r < 0 || n == 0)
        return r;
    array = arena_alloc(node->parse->arena, n, size);
    if (array == NULL)
        return node_fail_memory(node);
    for (i = 0; i < n; i++) {
        struct node item = node_item(node, i);

        r = node_object(&item);
        if (r == 0)
            r = read(&item, array + i * size);
        if (r < 0)
            return r;
    }
    /* The caller's pointer is to a type that is not known here, perhaps const. */
    memcpy(ret_array, &(void *){array}, sizeof(void *));
    *ret_n = n;
    return 0;
}

static int read_number(const struct node *node, const struct field *field,
                       struct barrer_number *number)
{
    int r = node_int(node, field->min, field->max, &number->value);

    if (r == 0)
        number->is_set = has_value(node);
    return r;
}

static int read_flag(const struct node *node, struct barrer_number *number)
{
    int value = 0, r = node_bool(node, &value);

    if (r < 0 || !has_value(node))
        return r;
    *number = (struct barrer_number){.is_set = 1, .value = value};
    return 0;
}

static int read_i32(const struct node *node, const struct field *field, int32_t *ret_value)
{
    int64_t value = *ret_value;
    int r = node_int(node, field->min, field->max, &value);

    if (r == 0)
        *ret_value = (int32_t)value;
    return r;
}

static int read_u32(const struct node *node, const struct field *field, uint32_t *ret_value)
{
    uint64_t value = *ret_value;
    int r = node_uint(node, field->max > 0 ? (uint64_t)field->max : UINT32_MAX, &value);

    if (r == 0)
        *ret_value = (uint32_t)value;
    return r;
}

static int read_text_or_null(const struct node *node, const char **ret_text)
{
    const char *text = NULL;
    int r = node_text(node, &text);

    if (r == 0 && text != NULL && text[0] != '\0')
        *ret_text = text;
    return r;
}

static int read_field(const struct node *node, const struct field *field, void *target)
{
    switch (field->type) {
    case FIELD_NUMBER:
        return read_number(node, field, target);
    case FIELD_FLAG:
        return read_flag(node, target);
    case FIELD_I64:
        return node_int(node, field->min, field->max, target);
    case FIELD_I32:
        return read_i32(node, field, target);
    case FIELD_U32:
        return read_u32(node, field, target);
    case FIELD_U64:
        return node_uint(node, UINT64_MAX, target);
    case FIELD_TEXT:
        return node_text(node, target);
    case FIELD_TEXT_OR_NULL:
        return read_text_or_null(node, target);
    case FIELD_PATH:
        return node_path(node, target);
    case FIELD_TEXTS:
        return node_texts(node, target);
    }
    return -EINVAL;
}

int node_fields(const struct node *node, const struct field *fields, void *base)
{
    int r = node_object(node);

    for (; r == 0 && fields->name != NULL; fields++) {
        struct node member = node_member(node, fields->name);

        if (fields->is_required)
            r = node_require(&member);
        if (r == 0)
            r = read_field(&member, fields, (unsigned char *)base + fields->offset);
    }
    return r;
}
