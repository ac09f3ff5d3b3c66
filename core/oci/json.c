/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "base/fd.h"
#include "base/program.h"
#include "oci/spec.h"

#define MAX_DEPTH 64
/* json-c takes 800 bytes for "{}": 16 MiB of these would take 4 GiB. The kernel has at most 100,000
 * mounts in a namespace, each of which is an object with an array. */
#define MAX_COLLECTIONS 250000

static void find_line(const char *text, size_t at, unsigned *ret_line, unsigned *ret_column)
{
    const char *line = text, *end = text + at;

    *ret_line = 1;
    for (const char *p = text; p < end; p++) {
        if (*p != '\n')
            continue;
        ++*ret_line;
        line = p + 1;
    }
    *ret_column = (unsigned)(end - line) + 1;
}

static int fail_at(const char *file, const char *text, size_t at, const char *why,
                   struct barrer_error *err)
{
    unsigned line, column;

    find_line(text, at, &line, &column);
    return error_fail(err, 0, "%s:%u:%u: %s", file, line, column, why);
}

/* Move *P from the opening quote behind the closing one; the reason why this is no good string,
 * or NULL. */
static const char *skip_string(const char **p, const char *end)
{
    const char *c = *p + 1;

    for (; c < end && *c != '"'; c++) {
        *p = c;
        if ((unsigned char)*c < ' ')
            return "a control character in a string (write it as \\u00XX)";
        if (*c != '\\' || ++c == end)
            continue;
        if (end - c > 4 && memcmp(c, "u0000", 5) == 0)
            return "a NUL character in a string";
    }
    *p = c < end ? c + 1 : end;
    return NULL;
}

static const char *skip_number(const char **p, const char *end)
{
    const char *start = *p, *c = start + (*start == '-');
    int is_integer = 1, is_too_big;

    for (; c < end && *c != '\0' && strchr("0123456789+-.eE", *c) != NULL; c++)
        is_integer &= *c >= '0' && *c <= '9';
    *p = c;
    if (!is_integer || c - start < 19)
        return NULL;
    errno = 0;
    if (*start == '-')
        (void)strtoll(start, NULL, 10);
    else
        (void)strtoull(start, NULL, 10);
    is_too_big = errno == ERANGE;
    *p = is_too_big ? start : c;
    return is_too_big ? "an integer that does not fit into 64 bits" : NULL;
}

/* json-c 0.16 is lenient where a difference between two readers of one file could hurt: it ends
 * strings and files at NUL, clamps integers, and takes NaN and single quotes also in strict mode.
 * Refuse these in one pass over TEXT, which ends with a NUL of its own. */
static int check_text(const char *file, const char *text, size_t length, struct barrer_error *err)
{
    const char *p = text, *end = text + length, *why = NULL;
    unsigned collections = 0;

    while (p < end) {
        switch (*p) {
        case '\0':
            return fail_at(file, text, (size_t)(p - text), "a NUL character", err);
        case '"':
            why = skip_string(&p, end);
            break;
        case '-':
        case '0' ... '9':
            why = skip_number(&p, end);
            break;
        case '\'':
        case 'N':
        case 'I':
            why = "unexpected character";
            break;
        case '{':
        case '[':
            if (collections++ >= MAX_COLLECTIONS) {
                why = "too many objects and arrays";
                break;
            }
            p++;
            break;
        default:
            p++;
        }
        if (why != NULL)
            return fail_at(file, text, (size_t)(p - text), why, err);
    }
    return 0;
}

static const char *describe(enum json_tokener_error error)
{
    switch (error) {
    case json_tokener_continue:
    case json_tokener_error_parse_eof:
        return "the file ends in the middle of a value";
    case json_tokener_error_depth:
        return "nested more than 64 deep";
    default:
        return json_tokener_error_desc(error);
    }
}

static int parse(const char *file, const char *text, size_t length, struct json_object **ret_json,
                 struct barrer_error *err)
{
    struct json_tokener *tokener;
    struct json_object *json;
    enum json_tokener_error error;
    size_t end;

    tokener = json_tokener_new_ex(MAX_DEPTH);
    if (tokener == NULL)
        return error_fail(err, ENOMEM, "read \"%s\"", file);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    /* With the NUL behind it, a number or literal that is the whole file ends as well. */
    json = json_tokener_parse_ex(tokener, text, (int)length + 1);
    error = json_tokener_get_error(tokener);
    end = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    if (error == json_tokener_success) {
        *ret_json = json;
        return 0;
    }
    json_object_put(json);
    return fail_at(file, text, end < length ? end : length, describe(error), err);
}

int oci_json_parse(const char *file, const char *text, size_t length, struct json_object **ret_json,
                   struct barrer_error *err)
{
    int r;

    if (length == 0)
        return error_fail(err, 0, "%s: the file is empty", file);
    if (length >= INT_MAX)
        return error_fail(err, 0, "%s: larger than %d bytes", file, INT_MAX - 1);
    r = check_text(file, text, length, err);
    return r < 0 ? r : parse(file, text, length, ret_json, err);
}

/* A regular file shows its end by a short read, so that one read(2) will do; and what is none could
 * block or never end. */
static int read_regular(int dir_fd, const char *file, size_t limit, char **ret_text,
                        size_t *ret_length, struct barrer_error *err)
{
    barrer_auto_fd int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    barrer_auto_free char *text = NULL;
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0)
        return error_fail(err, errno, "read \"%s\"", file);
    if (!S_ISREG(st.st_mode))
        return error_fail(err, S_ISDIR(st.st_mode) ? EISDIR : 0, "\"%s\" is not a regular file",
                          file);
    if ((uint64_t)st.st_size > limit)
        return error_fail(err, 0, "\"%s\" is larger than %zu bytes", file, limit);
    text = malloc((size_t)st.st_size + 2);
    if (text == NULL)
        return error_fail(err, ENOMEM, "read \"%s\"", file);
    n = read(fd, text, (size_t)st.st_size + 1);
    if (n < 0)
        return error_fail(err, errno, "read \"%s\"", file);
    if (n > st.st_size)
        return error_fail(err, 0, "\"%s\" grew while it was read", file);
    text[n] = '\0';
    *ret_text = text;
    *ret_length = (size_t)n;
    text = NULL;
    return 0;
}

/* What can be read only once is left to the program that will not hand over. */
static void leave_stream(int dir_fd, const char *file)
{
    struct stat st;

    if (strcmp(file, "-") == 0 || fstatat(dir_fd, file, &st, 0) < 0 || !S_ISREG(st.st_mode))
        (void)program_succeed();
}

static int read_stream(int dir_fd, const char *file, size_t limit, char **ret_text,
                       size_t *ret_length, struct barrer_error *err)
{
    int r;

    leave_stream(dir_fd, file);
    r = strcmp(file, "-") == 0 ? fd_read_all(STDIN_FILENO, limit, ret_text, ret_length)
                               : fd_read_file(dir_fd, file, limit, ret_text, ret_length);

    if (r == -EFBIG)
        return error_fail(err, 0, "\"%s\" is larger than %zu bytes", file, limit);
    return r < 0 ? error_fail(err, -r, "read \"%s\"", file) : 0;
}

int oci_json_read(int dir_fd, const char *file, size_t limit, struct json_object **ret_json,
                  struct barrer_error *err)
{
    barrer_auto_free char *text = NULL;
    size_t length = 0;
    int r = read_regular(dir_fd, file, limit, &text, &length, err);

    return r < 0 ? r : oci_json_parse(file, text, length, ret_json, err);
}

int oci_json_read_stream(int dir_fd, const char *file, size_t limit, struct json_object **ret_json,
                         struct barrer_error *err)
{
    barrer_auto_free char *text = NULL;
    size_t length = 0;
    int r = read_stream(dir_fd, file, limit, &text, &length, err);

    if (strcmp(file, "-") == 0)
        file = "standard input";
    return r < 0 ? r : oci_json_parse(file, text, length, ret_json, err);
}
