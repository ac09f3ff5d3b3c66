/* SPDX-License-Identifier: Apache-2.0 */
#include "container/line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#define MAX_DEPTH 4
/* More digits might not fit into 64 bits. */
#define MAX_DIGITS 18
#define MAX_KEY 256

/* The text between the quotes at *P, without a copy; only plain ASCII stands for itself. */
static const char *scan_text(const char **p, size_t *ret_length)
{
    const char *start = *p + 1, *c = start;

    if (**p != '"')
        return NULL;
    while (*c != '"' && *c != '\\' && (unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f)
        c++;
    if (*c != '"')
        return NULL;
    *ret_length = (size_t)(c - start);
    *p = c + 1;
    return start;
}

static struct json_object *scan_number(const char **p)
{
    const char *start = *p, *digits = start + (*start == '-');
    size_t n = strspn(digits, "0123456789");

    if (n == 0 || n > MAX_DIGITS || (digits[0] == '0' && n > 1))
        return NULL;
    *p = digits + n;
    return json_object_new_int64(strtoll(start, NULL, 10));
}

static int skip_word(const char **p, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(*p, word, n) != 0)
        return 0;
    *p += n;
    return 1;
}

static struct json_object *scan_value(const char **p, int depth);

static int scan_member(const char **p, struct json_object *object, int depth)
{
    struct json_object *value;
    char name[MAX_KEY];
    size_t length;
    const char *key = scan_text(p, &length);

    if (key == NULL || length >= sizeof(name) || !skip_word(p, ":"))
        return 0;
    memcpy(name, key, length);
    name[length] = '\0';
    value = scan_value(p, depth);
    if (value == NULL)
        return 0;
    json_object_object_add(object, name, value);
    return 1;
}

static int scan_element(const char **p, struct json_object *array)
{
    size_t length;
    const char *text = scan_text(p, &length);

    return text != NULL &&
           json_object_array_add(array, json_object_new_string_len(text, (int)length)) == 0;
}

static struct json_object *scan_collection(const char **p, int depth)
{
    int is_object = **p == '{';
    const char *end = is_object ? "}" : "]";
    struct json_object *all = is_object ? json_object_new_object() : json_object_new_array();
    int is_good = 1;

    ++*p;
    if (skip_word(p, end))
        return all;
    do
        is_good = is_object ? scan_member(p, all, depth - 1) : scan_element(p, all);
    while (is_good && skip_word(p, ","));
    if (is_good && skip_word(p, end))
        return all;
    json_object_put(all);
    return NULL;
}

static struct json_object *scan_value(const char **p, int depth)
{
    const char *text;
    size_t length;

    switch (**p) {
    case '"':
        text = scan_text(p, &length);
        return text != NULL ? json_object_new_string_len(text, (int)length) : NULL;
    case '{':
    case '[':
        return depth > 0 ? scan_collection(p, depth) : NULL;
    case 't':
        return skip_word(p, "true") ? json_object_new_boolean(1) : NULL;
    case 'f':
        return skip_word(p, "false") ? json_object_new_boolean(0) : NULL;
    default:
        return scan_number(p);
    }
}

struct json_object *line_parse(const char *text, size_t length)
{
    const char *p = text;
    struct json_object *value = length <= INT32_MAX ? scan_value(&p, MAX_DEPTH) : NULL;

    if (value == NULL || p == text + length)
        return value;
    json_object_put(value);
    return NULL;
}

int line_texts(char *text, size_t length, size_t n, char **texts)
{
    const char *p = text;
    size_t lengths[4];

    if (*p != '[' || n > sizeof(lengths) / sizeof(*lengths))
        return 0;
    for (size_t i = 0; i < n; i++) {
        const char *start;

        p++;
        start = scan_text(&p, &lengths[i]);
        if (start == NULL || *p != (i + 1 < n ? ',' : ']'))
            return 0;
        texts[i] = text + (start - text);
    }
    if (p + 1 != text + length)
        return 0;
    for (size_t i = 0; i < n; i++)
        texts[i][lengths[i]] = '\0';
    return 1;
}

/* Behind the collection at *P, whatever is in it. */
static int skip_collection(char **p)
{
    int depth = 0, is_text = 0;
    char *c = *p;

    do {
        if (*c == '\0' || (is_text && *c == '\\' && *++c == '\0'))
            return 0;
        if (*c == '"')
            is_text = !is_text;
        else if (!is_text)
            depth += (*c == '{' || *c == '[') - (*c == '}' || *c == ']');
        c++;
    } while (depth > 0);
    *p = c;
    return 1;
}

/* The scalar at *P from *RET_START to *RET_END, or NULL for a collection. */
static int pick_value(char **p, char **ret_start, char **ret_end)
{
    const char *at = *p;
    size_t length;

    *ret_start = *ret_end = NULL;
    if (*at == '{' || *at == '[')
        return skip_collection(p);
    if (*at == '"') {
        const char *start = scan_text(&at, &length);

        if (start == NULL)
            return 0;
        *ret_start = *p + 1;
        *ret_end = *ret_start + length;
        *p = *ret_end + 1;
        return 1;
    }
    *ret_start = *p;
    *p = *ret_end = *p + strspn(*p, "-0123456789truefals");
    return *ret_end > *ret_start;
}

int line_pick(char *text, size_t n, const char *const *keys, const char **values)
{
    char *p = text, *start, *end, delimiter;

    if (*p != '{')
        return 0;
    do {
        const char *at = ++p, *key;
        size_t length;

        key = scan_text(&at, &length);
        if (key == NULL || *at != ':')
            return 0;
        p += at + 1 - p;
        if (!pick_value(&p, &start, &end))
            return 0;
        delimiter = *p;
        for (size_t i = 0; i < n; i++)
            if (strlen(keys[i]) == length && memcmp(keys[i], key, length) == 0) {
                if (start == NULL)
                    return 0;
                values[i] = start;
                *end = '\0';
            }
    } while (delimiter == ',');
    return delimiter == '}' && p[1] == '\0';
}
