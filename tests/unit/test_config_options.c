/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of plugins against their schema: types, normal forms, defaults, messages.
 */
#include "config/types.h"
#include "test_config_support.h"

static const struct barrer_option schema[] = {
    {"flag", "bool", "off", "h"},
    {"count", "uint", NULL, "h"},
    {"space", "size", "1M", "h"},
    {"wait", "duration", "10", "h"},
    {"root", "path", NULL, "h"},
    {"name", "string", NULL, "h"},
    {"mode", "enum(auto|always|never)", "auto", "h"},
    {"sizes", "list(size)", "1K 2K", "h"},
    {"modes", "list(enum(a|b))", NULL, "h"},
    {NULL, NULL, NULL, NULL},
};

/* The option KEY of [plugin a] as the lines TEXT give it, or the messages. */
static const char *option(const char *key, const char *text)
{
    static char value[4096];
    char file[2048];
    struct config *config;
    struct barrer_pair *options = NULL;

    (void)snprintf(file, sizeof(file), "[plugin a]\n%s", text);
    config = load_text(file);
    if (config == NULL)
        return error.text;
    if (config_options(config, "a", schema, &options, &error) < 0) {
        char *found;

        while ((found = strstr(error.text, top)) != NULL)
            memmove(found, found + strlen(top) + 1, strlen(found + strlen(top) + 1) + 1);
        config_destroy(config);
        return error.text;
    }
    (void)snprintf(value, sizeof(value), "(none)");
    for (size_t i = 0; options[i].key != NULL; i++)
        if (strcmp(options[i].key, key) == 0)
            (void)snprintf(value, sizeof(value), "%s", options[i].value);
    config_options_free(options);
    config_destroy(config);
    return value;
}

static void test_defaults(void)
{
    is_text(option("flag", ""), "no", "a bool's default in its normal form");
    is_text(option("space", ""), "1048576", "a size's");
    is_text(option("wait", ""), "10000", "a duration's");
    is_text(option("sizes", ""), "1024 2048", "a list's");
    is_text(option("count", ""), "(none)", "no default");
    is_text(option("flag", "flag =\n"), "no", "set to nothing");
}

static void test_normal_forms(void)
{
    const char *const yes[] = {"flag = yes\n", "flag = on\n", "flag = true\n", "flag = 1\n"};
    const char *const no[] = {"flag = no\n", "flag = off\n", "flag = false\n", "flag = 0\n"};

    for (size_t i = 0; i < 4; i++) {
        is_text(option("flag", yes[i]), "yes", "a bool that is yes");
        is_text(option("flag", no[i]), "no", "a bool that is no");
    }
    is_text(option("count", "count = 007\n"), "7", "a uint");
    is_text(option("count", "count = 18446744073709551615\n"), "18446744073709551615",
            "the largest");
    is_text(option("space", "space = 64K\n"), "65536", "KiB");
    is_text(option("space", "space = 3GiB\n"), "3221225472", "GiB");
    is_text(option("space", "space = 16777215T\n"), "18446742974197923840", "nearly too many TiB");
    is_text(option("wait", "wait = 1500ms\n"), "1500", "ms");
    is_text(option("wait", "wait = 2min\n"), "120000", "min");
    is_text(option("wait", "wait = 1d\n"), "86400000", "d");
    is_text(option("root", "root = /a b\n"), "/a b", "a path with a blank");
    is_text(option("mode", "mode = never\n"), "never", "an enum");
    is_text(option("modes", "modes = a\t b\n"), "a b", "a list, one blank between its elements");
}

static void test_appended(void)
{
    is_text(option("sizes", "sizes += 3K\n"), "1024 2048 3072",
            "\"+=\" appends to a list's default");
    is_text(option("sizes", "sizes = 4K\nsizes += 3K\nsizes += 1\n"), "4096 3072 1",
            "and to what \"=\" set");
    is_text(option("modes", "modes += a\n"), "a", "and to no default");
    is_text(option("name", "name = a\nname += b\n"), "a b", "and to a string");
    is_text(option("flag", "flag = yes\nflag += no\n"),
            "t.conf:3: [plugin a] flag: takes one value, which \"+=\" cannot add to",
            "not to a bool");
    is_text(option("sizes", "sizes = 4K\nsizes += 3K x\nsizes += 1\n"),
            "t.conf:3: [plugin a] sizes: expected size, got \"x\" (a number of bytes, or with K, "
            "M, G or T behind it)",
            "the message has the line of the wrong part");
}

static void test_wrong_values(void)
{
    is_text(option("flag", "flag = maybe\n"),
            "t.conf:2: [plugin a] flag: expected bool, got \"maybe\" (yes or no)", "a bool");
    is_text(option("count", "count = -1\n"),
            "t.conf:2: [plugin a] count: expected uint, got \"-1\" (a number, not negative)",
            "a negative uint");
    ok(strstr(option("count", "count = 18446744073709551616\n"), "expected uint") != NULL,
       "a uint of 65 bits");
    ok(strstr(option("count", "count = 0x10\n"), "expected uint") != NULL, "a hexadecimal uint");
    ok(strstr(option("space", "space = 16777216T\n"), "expected size") != NULL,
       "a size of 65 bits");
    ok(strstr(option("space", "space = 1 K\n"), "expected size") != NULL, "a blank in a size");
    ok(strstr(option("space", "space = K\n"), "expected size") != NULL, "a unit alone");
    is_text(option("wait", "wait = 5m\n"),
            "t.conf:2: [plugin a] wait: expected duration, got \"5m\" (a number of seconds, or "
            "with ms, s, min, h or d behind it)",
            "a duration");
    is_text(option("root", "root = a/b\n"),
            "t.conf:2: [plugin a] root: expected path, got \"a/b\" (absolute: it begins with "
            "\"/\")",
            "a path");
    is_text(option("mode", "mode = alway\n"),
            "t.conf:2: [plugin a] mode: expected enum(auto|always|never), got \"alway\" (did you "
            "mean \"always\"?)",
            "an enum");
    ok(strstr(option("mode", "mode = auto|always\n"), "expected enum") != NULL,
       "two words of an enum");
    ok(strstr(option("mode", "mode = a\n"), "expected enum") != NULL, "the start of a word");
    is_text(option("flag", "flg = yes\n"),
            "t.conf:2: [plugin a] flg: unknown option (did you mean \"flag\"?)", "unknown");
    is_text(option("flag", "modul = a\n"),
            "t.conf:2: [plugin a] modul: unknown option (did you mean \"module\"?)",
            "a key of the core");
    is_text(option("flag", "qqqqqqqq = a\n"), "t.conf:2: [plugin a] qqqqqqqq: unknown option",
            "nothing near");
    is_text(option("flag", "x-flag = maybe\nmodule = b\nallow-annotations = c d\n"), "no",
            "what is not the plugin's is passed over");
    is_text(option("flag", "flag = x\ncount = x\n"),
            "t.conf:2: [plugin a] flag: expected bool, got \"x\" (yes or no)\n"
            "t.conf:3: [plugin a] count: expected uint, got \"x\" (a number, not negative)",
            "all errors at once");
}

static void test_no_schema(void)
{
    struct config *config = load_text("[plugin a]\nb = 1\n[plugin c]\nmodule = d\n");
    struct barrer_pair *options = NULL;

    ok(config_options(config, "a", NULL, &options, &error) < 0, "an option of a plugin with none");
    ok(config_options(config, "c", NULL, &options, &error) == 0 && options[0].key == NULL,
       "a plugin without options");
    config_options_free(options);
    options = NULL;
    ok(config_options(config, "z", schema, &options, &error) == 0 && options[0].key != NULL,
       "an instance without a section has the defaults");
    config_options_free(options);
    config_destroy(config);
}

static void test_types(void)
{
    const char *const good[] = {"bool",       "uint",           "size",    "duration",
                                "path",       "string",         "enum(a)", "enum(a|b-c)",
                                "list(bool)", "list(enum(a|b))"};
    const char *const bad[] = {"",         "int",       "enum()",         "enum(a",
                               "enum(a)b", "list()",    "list(int)",      "list(list(bool))",
                               "list",     "list(bool", "enum(a)|enum(b)"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ok(type_is_known(good[i]), "type \"%s\"", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ok(!type_is_known(bad[i]), "no type \"%s\"", bad[i]);
}

static void test_annotations(void)
{
    static const char *const declared[] = {"org.example.size", "org.example.name", NULL};
    struct config *config = load_text("[plugin a]\n"
                                      "allow-annotations = org.example.name\n"
                                      "[plugin b]\n"
                                      "allow-annotations = org.example.sice\n");
    char **words = NULL;

    ok(config_annotations(config, "a", declared, &words, &error) == 0 && words != NULL &&
           strcmp(words[0], "org.example.name") == 0 && words[1] == NULL,
       "an annotation that the plugin declares");
    free(words);
    words = NULL;
    ok(config_annotations(config, "c", declared, &words, &error) == 0 && words == NULL,
       "none is allowed by default");
    ok(config_annotations(config, "b", declared, &words, &error) < 0 &&
           strstr(error.text, "t.conf:4: [plugin b] allow-annotations: the plugin reads no "
                              "annotation \"org.example.sice\" (did you mean "
                              "\"org.example.size\"?)") != NULL,
       "one that it does not declare");
    config_destroy(config);
}

static void test_nearest(void)
{
    static const char *const names[] = {"isolation", "resources", "process", "a", NULL};

    is_text(config_nearest("isolatoin", names), "isolation", "two letters swapped");
    is_text(config_nearest("resorces", names), "resources", "a letter missing");
    is_text(config_nearest("processs", names), "process", "a letter too many");
    ok(config_nearest("filesystem", names) == NULL, "nothing near");
    ok(config_nearest("", names) == NULL, "nothing for nothing");
    ok(config_nearest("b", names) == NULL, "not a name of which every letter differs");
}

int main(void)
{
    test_defaults();
    test_normal_forms();
    test_appended();
    test_wrong_values();
    test_no_schema();
    test_types();
    test_annotations();
    test_nearest();
    remove_top();
    return tap_done();
}
