/* SPDX-License-Identifier: Apache-2.0 */
#include "config/types.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

#include "config/config.h"

#define BLANKS " \t"
#define ENUM_LIMIT 32

static int set_text(char **ret_text, const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL)
        return -ENOMEM;
    *ret_text = copy;
    return 0;
}

static int set_number(char **ret_text, uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    return set_text(ret_text, text);
}

/* Decimal digits alone, as strtoull(3) would also take signs and blanks. REST is what follows. */
static int parse_digits(const char *text, uint64_t *ret_number, const char **ret_rest)
{
    uint64_t number = 0;

    if (*text < '0' || *text > '9')
        return -EINVAL;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
            return -ERANGE;
    *ret_number = number;
    *ret_rest = text;
    return 0;
}

static int normalise_bool(const char *text, char **ret_text)
{
    static const char *const words[][2] = {
        {"yes", "no"}, {"on", "off"}, {"true", "false"}, {"1", "0"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i][0]) == 0)
            return set_text(ret_text, "yes");
        if (strcmp(text, words[i][1]) == 0)
            return set_text(ret_text, "no");
    }
    return -EINVAL;
}

static int normalise_uint(const char *text, char **ret_text)
{
    uint64_t number;
    const char *rest;
    int r = parse_digits(text, &number, &rest);

    if (r < 0 || *rest != '\0')
        return -EINVAL;
    return set_number(ret_text, number);
}

/* A number with one of the units, multiplied; a bare number has the first unit's factor. */
struct unit {
    const char *name;
    uint64_t factor;
};

static int normalise_unit(const char *text, const struct unit *units, size_t n_units,
                          char **ret_text)
{
    uint64_t number;
    const char *rest;

    if (parse_digits(text, &number, &rest) < 0)
        return -EINVAL;
    for (size_t i = 0; i < n_units; i++)
        if (strcmp(rest, units[i].name) == 0)
            return __builtin_mul_overflow(number, units[i].factor, &number)
                       ? -EINVAL
                       : set_number(ret_text, number);
    return -EINVAL;
}

static int normalise_size(const char *text, char **ret_text)
{
    static const struct unit units[] = {
        {"", 1},
        {"B", 1},
        {"K", UINT64_C(1) << 10},
        {"KiB", UINT64_C(1) << 10},
        {"M", UINT64_C(1) << 20},
        {"MiB", UINT64_C(1) << 20},
        {"G", UINT64_C(1) << 30},
        {"GiB", UINT64_C(1) << 30},
        {"T", UINT64_C(1) << 40},
        {"TiB", UINT64_C(1) << 40},
    };

    return normalise_unit(text, units, sizeof(units) / sizeof(units[0]), ret_text);
}

static int normalise_duration(const char *text, char **ret_text)
{
    static const struct unit units[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000},
    };

    return normalise_unit(text, units, sizeof(units) / sizeof(units[0]), ret_text);
}

/* The words of "enum(a|b)": the I-th as (start, length), or 0 behind the last. */
static size_t enum_word(const char *type, size_t i, const char **ret_word)
{
    const char *word = type + strlen("enum(");

    for (; i > 0; i--) {
        word += strcspn(word, "|)");
        if (*word != '|')
            return 0;
        word++;
    }
    *ret_word = word;
    return strcspn(word, "|)");
}

static int normalise_enum(const char *type, const char *text, char **ret_text)
{
    const char *word;
    size_t length;

    for (size_t i = 0; (length = enum_word(type, i, &word)) > 0; i++)
        if (strlen(text) == length && memcmp(text, word, length) == 0)
            return set_text(ret_text, text);
    return -EINVAL;
}

/* The word of the enum that TEXT may have meant, as a hint behind the error. */
static void suggest_word(const char *type, const char *text, struct barrer_error *err)
{
    char copies[ENUM_LIMIT][64];
    const char *names[ENUM_LIMIT + 1] = {NULL};
    const char *word, *nearest;
    size_t length, n = 0;

    for (size_t i = 0; n < ENUM_LIMIT && (length = enum_word(type, i, &word)) > 0; i++) {
        if (length >= sizeof(copies[0]))
            continue;
        memcpy(copies[n], word, length);
        copies[n][length] = '\0';
        names[n] = copies[n];
        n++;
    }
    nearest = config_nearest(text, names);
    if (nearest != NULL)
        (void)error_append(err, 0, " (did you mean \"%s\"?)", nearest);
}

int type_is_list(const char *type)
{
    return strncmp(type, "list(", 5) == 0;
}

/* Copy the TYPE of "list(TYPE)" into ELEMENT: 0, or -EINVAL when it is not of that form. */
static int element_type(const char *type, char *element, size_t size)
{
    size_t length = strlen(type);

    if (!type_is_list(type) || length < 7 || type[length - 1] != ')' || length - 6 >= size)
        return -EINVAL;
    memcpy(element, type + 5, length - 6);
    element[length - 6] = '\0';
    return 0;
}

static int normalise_words(const char *element, char *words, FILE *list, struct barrer_error *err)
{
    char *rest = NULL;
    const char *separator = "";

    for (char *word = strtok_r(words, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
        barrer_auto_free char *normal = NULL;
        int r = type_normalise(element, word, &normal, err);

        if (r < 0)
            return r;
        if (fprintf(list, "%s%s", separator, normal) < 0)
            return -ENOMEM;
        separator = " ";
    }
    return 0;
}

static int normalise_list(const char *type, const char *text, char **ret_text,
                          struct barrer_error *err)
{
    char element[512];
    barrer_auto_free char *words = strdup(text);
    char *normal = NULL;
    size_t length;
    FILE *list;
    int r;

    if (element_type(type, element, sizeof(element)) < 0)
        return error_fail(err, 0, "the type \"%s\" does not exist", type);
    list = open_memstream(&normal, &length);
    if (words == NULL || list == NULL) {
        if (list != NULL)
            (void)fclose(list);
        free(normal);
        return -ENOMEM;
    }
    r = normalise_words(element, words, list, err);
    if (fclose(list) != 0 && r == 0)
        r = -ENOMEM;
    if (r < 0)
        free(normal);
    else
        *ret_text = normal;
    return r;
}

struct type {
    const char *name;
    int (*normalise)(const char *text, char **ret_text);
    const char *hint;
};

static int normalise_path(const char *text, char **ret_text)
{
    return text[0] == '/' ? set_text(ret_text, text) : -EINVAL;
}

static int normalise_string(const char *text, char **ret_text)
{
    return set_text(ret_text, text);
}

static const struct type *find_type(const char *name)
{
    static const struct type types[] = {
        {"bool", normalise_bool, "yes or no"},
        {"uint", normalise_uint, "a number, not negative"},
        {"size", normalise_size, "a number of bytes, or with K, M, G or T behind it"},
        {"duration", normalise_duration,
         "a number of seconds, or with ms, s, min, h or d behind it"},
        {"path", normalise_path, "absolute: it begins with \"/\""},
        {"string", normalise_string, ""},
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

static int is_enum(const char *type)
{
    size_t length = strlen(type);
    const char *word;

    return strncmp(type, "enum(", 5) == 0 && type[length - 1] == ')' &&
           strchr(type, ')') == type + length - 1 && enum_word(type, 0, &word) > 0;
}

int type_is_known(const char *type)
{
    char element[512];

    if (type_is_list(type))
        return element_type(type, element, sizeof(element)) == 0 && !type_is_list(element) &&
               type_is_known(element);
    return is_enum(type) || find_type(type) != NULL;
}

int type_normalise(const char *type, const char *text, char **ret_text, struct barrer_error *err)
{
    const struct type *known = find_type(type);
    int r;

    if (type_is_list(type))
        return normalise_list(type, text, ret_text, err);
    if (is_enum(type)) {
        r = normalise_enum(type, text, ret_text);
        if (r == -EINVAL) {
            (void)error_fail(err, 0, "expected %s, got \"%s\"", type, text);
            suggest_word(type, text, err);
        }
        return r;
    }
    if (known == NULL)
        return error_fail(err, 0, "the type \"%s\" does not exist", type);
    r = known->normalise(text, ret_text);
    if (r == -EINVAL)
        (void)error_fail(err, 0, "expected %s, got \"%s\" (%s)", type, text, known->hint);
    return r;
}
