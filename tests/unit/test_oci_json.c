/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that are no JSON, or more of it than anybody needs, are refused with line and column.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "test_oci_support.h"

#define MIB ((size_t)1 << 20)

/* A file of these bytes, as a path. */
static const char *file_of(const void *bytes, size_t length, int *ret_fd)
{
    static char path[64];

    *ret_fd = memfd_create("test", MFD_CLOEXEC);
    if (*ret_fd < 0 || write(*ret_fd, bytes, length) != (ssize_t)length) {
        printf("Bail out! memfd_create: %m\n");
        exit(99);
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", *ret_fd);
    return path;
}

static int read_bytes(const void *bytes, size_t length, struct json_object **ret_json,
                      struct barrer_error *err)
{
    int fd, r;
    const char *path = file_of(bytes, length, &fd);

    *err = (struct barrer_error){0};
    r = oci_json_read(AT_FDCWD, path, 16 * MIB, ret_json, err);
    close(fd);
    return r;
}

static void test_good(void)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        " {\"a\": [1, -2, 3.5, 1e3, true, false, null, \"\\u00fc\\\\u0000\"]}\r\n\t ",
        "0",
        "-0",
        "\"x\"",
        "18446744073709551615",
        "-9223372036854775808",
        "true",
        "{\"'\": \"'N'I\"}",
        "{\"a\": 1, \"a\": 2}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct barrer_error err;
        struct json_object *json = NULL;
        int r = read_bytes(texts[i], strlen(texts[i]), &json, &err);

        if (!ok(r == 0 && json != NULL, "%zu: reads good text", i))
            printf("# %s: %s\n", texts[i], err.text);
        json_object_put(json);
    }
}

static void test_bad(void)
{
    static const struct {
        const char *text;
        const char *where, *why;
    } cases[] = {
        {"", "", "the file is empty"},
        {" \n ", ":2:2: ", "the file ends in the middle of a value"},
        {"{\"a\": 1", ":1:8: ", "the file ends in the middle of a value"},
        {"{\"a\": \"b", ":1:9: ", "the file ends in the middle of a value"},
        {"{\n  \"a\": 1,\n}", ":3:1: ", ""},
        {"{\n  \"a\" 1\n}", ":2:7: ", ""},
        {"{} x", ":1:4: ", ""},
        {"{}{", ":1:3: ", ""},
        {"[1,]", ":1:4: ", ""},
        {"// c\n{}", ":1:1: ", ""},
        {"{'a': 1}", ":1:2: ", "unexpected character"},
        {"[NaN]", ":1:2: ", "unexpected character"},
        {"[Infinity]", ":1:2: ", "unexpected character"},
        {"[-Infinity]", ":1:3: ", "unexpected character"},
        {"[nan]", "", ""},
        {"[tru]", "", ""},
        {"[01]", "", ""},
        {"[1 2]", ":1:4: ", ""},
        {"{\"a\": \"x\\u0000y\"}", ":1:9: ", "a NUL character in a string"},
        {"{\"x\\u0000y\": 1}", "", "a NUL character in a string"},
        {"{\"a\": \"x\ny\"}", "", "a control character in a string"},
        {"[\"\xff\"]", ":1:3: ", "utf-8"},
        {"[\"\\x\"]", "", ""},
        {"\xef\xbb\xbf{}", "", ""},
        {"[18446744073709551616]", ":1:2: ", "does not fit into 64 bits"},
        {"[-9223372036854775809]", ":1:2: ", "does not fit into 64 bits"},
        {"[99999999999999999999999999999999999999999999999999999999999999]",
         ":1:2: ", "does not fit into 64 bits"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct barrer_error err;
        struct json_object *json = NULL;
        int r = read_bytes(cases[i].text, strlen(cases[i].text), &json, &err);

        if (!ok(r < 0 && json == NULL && strstr(err.text, cases[i].where) != NULL &&
                    strstr(err.text, cases[i].why) != NULL && is_sentence(err.text),
                "%zu: refuses bad text", i))
            printf("# %s: %d %s\n", cases[i].text, r, err.text);
        json_object_put(json);
    }
}

static void test_nul(void)
{
    static const char texts[][20] = {"{\"a\": 1}\0{\"a\": 2}", "1\0, 2, 3, 4, 5, 6, ",
                                     "[1\0]              ", "[\"a\0b\"]          ",
                                     "[\"a\\\0b\"]         "};
    struct barrer_error err;
    struct json_object *json = NULL;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!ok(read_bytes(texts[i], 17, &json, &err) < 0 && is_sentence(err.text),
                "%zu: refuses a file with a NUL character in it", i))
            printf("# %s\n", err.text);
    ok(read_bytes(texts[0], 17, &json, &err) < 0 && strstr(err.text, ":1:9: ") != NULL,
       "and says where");
}

static void test_truncated(void)
{
    struct json_object *fixture = read_fixture(), *json = NULL;
    const char *text = json_object_to_json_string_ext(fixture, JSON_C_TO_STRING_PLAIN);
    size_t length = strlen(text), refused = 0;
    struct barrer_error err;

    for (size_t i = 0; i < length; i++)
        refused += read_bytes(text, i, &json, &err) < 0 && json == NULL && is_sentence(err.text);
    is_number((long long)refused, (long long)length, "refuses the fixture cut at any byte");
    ok(read_bytes(text, length, &json, &err) == 0, "and reads it as a whole");
    json_object_put(json);
    json_object_put(fixture);
}

static void test_deep(void)
{
    static char text[200000];
    struct barrer_error err;
    struct json_object *json = NULL;

    memset(text, '[', 100000);
    memset(text + 100000, ']', 100000);
    ok(read_bytes(text, sizeof(text), &json, &err) < 0 &&
           strstr(err.text, "nested more than 64 deep") != NULL,
       "refuses a depth of 100000");
    ok(read_bytes(text + 100000 - 60, 120, &json, &err) == 0, "takes a depth of 60");
    json_object_put(json);
}

static void test_many(void)
{
    const size_t size = 15 * MIB;
    char *text = malloc(size);
    struct barrer_error err;
    struct json_object *json = NULL;

    if (text == NULL)
        exit(99);
    for (size_t i = 0; i < size; i++)
        text[i] = "{},"[i % 3];
    text[0] = '[';
    text[1] = ' ';
    text[2] = ' ';
    text[size - 1] = ']';
    ok(read_bytes(text, size, &json, &err) < 0 && strstr(err.text, "too many objects") != NULL,
       "refuses 5 million objects, which would take gigabytes");
    free(text);
}

static void test_huge(void)
{
    struct barrer_error err = {0};
    struct json_object *json = NULL;
    char path[64];
    int fd = memfd_create("huge", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, (off_t)(64 * MIB)) < 0) {
        skip("refuses a file of 64 MiB", "no room for it");
        return;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ok(oci_json_read(AT_FDCWD, path, 16 * MIB, &json, &err) < 0 &&
           strstr(err.text, "larger than 16777216 bytes") != NULL,
       "refuses a file of 64 MiB");
    close(fd);
}

static void test_streams(void)
{
    struct barrer_error err = {0};
    struct json_object *json = NULL;
    char path[64];
    int fds[2];

    if (pipe(fds) < 0 || write(fds[1], "[1]", 3) != 3)
        exit(99);
    close(fds[1]);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
    ok(oci_json_read(AT_FDCWD, path, MIB, &json, &err) < 0 &&
           strstr(err.text, "not a regular file") != NULL,
       "refuses a pipe where a file is meant");
    ok(oci_json_read_stream(AT_FDCWD, path, MIB, &json, &err) == 0, "reads a pipe as a stream");
    json_object_put(json);
    close(fds[0]);
    ok(oci_json_read(AT_FDCWD, "/dev/zero", MIB, &json, &err) < 0 &&
           oci_json_read_stream(AT_FDCWD, "/dev/zero", MIB, &json, &err) < 0 &&
           strstr(err.text, "larger than") != NULL,
       "does not read an endless device");
}

static void test_unreadable(void)
{
    struct barrer_error err = {0};
    struct json_object *json = NULL;

    ok(oci_json_read(AT_FDCWD, "/nonexistent/config.json", MIB, &json, &err) == -ENOENT &&
           strstr(err.text, "/nonexistent/config.json") != NULL,
       "names a missing file");
    ok(oci_json_read(AT_FDCWD, "/", MIB, &json, &err) == -EISDIR, "refuses a folder");
}

int main(void)
{
    test_good();
    test_bad();
    test_nul();
    test_truncated();
    test_deep();
    test_many();
    test_huge();
    test_streams();
    test_unreadable();
    return tap_done();
}
