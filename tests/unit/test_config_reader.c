/* SPDX-License-Identifier: Apache-2.0
 *
 * What inih alone would misread: each such line is refused by its physical number.
 */
#include "test_config_support.h"

/* A line of LENGTH bytes that sets [plugin a] b. */
static const char *long_line(size_t length, const char *head, const char *tail)
{
    static char text[2048];
    size_t used;

    (void)snprintf(text, sizeof(text), "%sb = ", head);
    used = strlen(text);
    memset(text + used, 'v', length - 4);
    (void)snprintf(text + used + length - 4, sizeof(text) - used - length + 4, "\n%s", tail);
    return text;
}

static void test_long_lines(void)
{
    struct config *config = load_text(long_line(190, "[plugin a]\n", ""));

    ok(config != NULL, "a line of 190 bytes is read");
    if (config != NULL)
        is_number((long long)strlen(config_text(config, "plugin a", "b", "")), 186, "all of it");
    config_destroy(config);
    is_text(messages(long_line(191, "[plugin a]\n", "")),
            "t.conf:2: the line is longer than 190 bytes (\"key += value\" appends)",
            "a line of 191 bytes is refused, not cut");
    /* inih 55 would take what is behind byte 199 for a line of its own. */
    is_text(messages(long_line(240, "[plugin a]\n", "x = 1\n[core]\nfoo = 1\n")),
            "t.conf:2: the line is longer than 190 bytes (\"key += value\" appends)\n"
            "t.conf:5: [core] foo: unknown key",
            "and the lines behind it keep their numbers");
    is_text(messages(long_line(1500, "# ", "")),
            "t.conf:1: the line is longer than 190 bytes (\"key += value\" appends)",
            "a comment, too");
}

static void test_names(void)
{
    is_text(messages("[plugin abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz]\nb = 1\n"),
            "t.conf:1: [plugin abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz]: the name of "
            "the section is longer than 48 bytes",
            "a section that inih would cut");
    is_text(messages("[plugin abcdefghijklmnopqrstuvwxyzabcdefg]\n"),
            "t.conf:1: [plugin abcdefghijklmnopqrstuvwxyzabcdefg]: "
            "\"abcdefghijklmnopqrstuvwxyzabcdefg\" cannot be the name of a plugin (a-z, then a-z, "
            "0-9, \"_\" and \"-\", at most 32 characters)",
            "an instance's name of 33 characters");
    is_text(messages("[plugin a]\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz = 1\n"),
            "t.conf:2: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz = 1: the name of the "
            "key is too long",
            "a key that inih would cut");
}

static void test_continuation(void)
{
    is_text(messages("[plugin a]\nb = 1\n  c = 2\n"),
            "t.conf:3:   c = 2: a blank at the start (a line cannot be continued: \"key += "
            "value\" appends)",
            "an indented key, for inih one more value of the key above");
    is_text(messages("[plugin a]\nb = 1\n\tmore\n"),
            "t.conf:3: \tmore: a blank at the start (a line cannot be continued: \"key += "
            "value\" appends)",
            "an indented value");
    is_text(
        messages("  [core]\n"),
        "t.conf:1:   [core]: a blank at the start (a line cannot be continued: \"key += value\" "
        "appends)",
        "an indented section");
    is_text(messages("\n   # comment\n\t; another\n \t \n"), "",
            "indented comments and blank lines are fine");
}

static void test_separators(void)
{
    is_text(
        messages("[core]\nlog-level: info\n"),
        "t.conf:2: log-level: info: expected \"key = value\", \"key += value\" or \"[section]\"",
        "\":\" instead of \"=\"");
    is_text(messages("[plugin a]\nb : c = 1\n"),
            "t.conf:2: b : c = 1: expected \"=\" or \"+=\" behind the key", "\":\" before \"=\"");
    is_text(messages("[plugin a]\nb c = 1\n"),
            "t.conf:2: b c = 1: expected \"=\" or \"+=\" behind the key", "two words before \"=\"");
    is_text(messages("[plugin a]\n= 1\n"), "t.conf:2: = 1: expected a key before the \"=\"",
            "no key");
    is_text(messages("[plugin a]\n+= 1\n"), "t.conf:2: += 1: expected a key before the \"=\"",
            "no key before \"+=\"");
    is_text(messages("b = 1\n"), "t.conf:1: b = 1: a key before the first [section]",
            "a key before the first section");
    is_text(messages("[plugin a]\nb\n"),
            "t.conf:2: b: expected \"key = value\", \"key += value\" or \"[section]\"",
            "a key without a value");
}

static void test_inline_comments(void)
{
    is_text(messages("[plugin a]\nb = 1 ; c\n"),
            "t.conf:2: b = 1 ; c: a comment behind the value (it needs a line of its own)",
            "\" ;\", where inih cuts the value");
    is_text(messages("[plugin a]\nb = 1\t# c\n"),
            "t.conf:2: b = 1\t# c: a comment behind the value (it needs a line of its own)",
            "\" #\", which inih would keep in the value");
    is_text(messages("[plugin a]\nb = ;c\n"),
            "t.conf:2: b = ;c: a comment behind the value (it needs a line of its own)",
            "\" ;\" as the whole value");
    is_text(messages("[core] # c\n"), "t.conf:1: [core] # c: expected nothing behind the \"]\"",
            "a comment behind a section");
}

static void test_sections(void)
{
    is_text(messages("[core\nlog-level = info\n"), "t.conf:1: [core: expected a \"]\"",
            "a section without its end; its keys are not blamed");
    is_text(messages("[core] log-level = info\n"),
            "t.conf:1: [core] log-level = info: expected nothing behind the \"]\"",
            "a key on the section's line");
    is_text(messages("[]\n"),
            "t.conf:1: []: unknown section (known are \"[core]\", \"[flow container]\", \"[flow "
            "boot]\", \"[plugin NAME]\" and \"[service NAME]\")",
            "an empty name");
    is_text(messages("[croe]\n"), "t.conf:1: [croe]: unknown section (did you mean \"[core]\"?)",
            "a section without a key, of which inih does not speak");
    is_text(messages("[service We]\nexec = /bin/true\n"),
            "t.conf:1: [service We]: \"We\" cannot be the name of a service (a-z, then a-z, 0-9, "
            "\"_\" and \"-\", at most 32 characters)",
            "a service that cannot be named so");
    is_text(messages("[service web]\nexce = /bin/true\n"),
            "t.conf:2: [service web] exce: unknown key (did you mean \"exec\"?)",
            "a key of a service");
}

static void is_refused(const char *bytes, size_t length, const char *wanted, const char *what)
{
    config_destroy(load_bytes(bytes, length, NULL));
    is_text(error.text, wanted, what);
}

static void test_bytes(void)
{
#define REFUSED(bytes, wanted, what) is_refused(bytes, sizeof(bytes) - 1, wanted, what)
    REFUSED("[plugin a]\nb = 1\0 2\n", "t.conf:2: a NUL byte", "a NUL byte");
    REFUSED("[plugin a]\nb = \x1b[1m\n", "t.conf:2: a control character", "an escape");
    REFUSED("[plugin a]\nb = \x7f\n", "t.conf:2: a control character", "DEL");
    REFUSED("[plugin a]\nb = \xc2\x85\n", "t.conf:2: a control character", "U+0085");
    REFUSED("[plugin a]\r\nb = 1\r\n",
            "t.conf:1: a carriage return (lines end with a line feed alone)\n"
            "t.conf:2: a carriage return (lines end with a line feed alone)",
            "lines of DOS");
    REFUSED("\xef\xbb\xbf[core]\n", "t.conf:1: a byte order mark (save the file as plain UTF-8)",
            "a byte order mark");
    REFUSED("[plugin a]\nb = \xff\n", "t.conf:2: not valid UTF-8", "a byte that is no UTF-8");
    REFUSED("[plugin a]\nb = \xc0\xaf\n", "t.conf:2: not valid UTF-8", "an overlong form");
    REFUSED("[plugin a]\nb = \xed\xa0\x80\n", "t.conf:2: not valid UTF-8", "a surrogate");
    REFUSED("[plugin a]\nb = \xf4\x90\x80\x80\n", "t.conf:2: not valid UTF-8", "above U+10FFFF");
    REFUSED("[plugin a]\nb = \xe2\x82", "t.conf:2: not valid UTF-8", "a sequence cut by the end");
    REFUSED("[plugin a]\nb = \xe2\x82\xac \xf0\x9f\x8c\x8d\n", "", "UTF-8 is fine");
}

static void test_values(void)
{
    struct config *config = load_text("[plugin a]\n"
                                      "b=1\n"
                                      "c   =   two  words\t \n"
                                      "d = \"quoted\"\n"
                                      "e = a=b:c#d;e\n"
                                      "f+=x\n"
                                      "f\t+=  y\n"
                                      "x-anything = z\n"
                                      "g = last line");

    ok(config != NULL, "values are read");
    if (config == NULL)
        return;
    is_text(config_text(config, "plugin a", "b", NULL), "1", "without blanks");
    is_text(config_text(config, "plugin a", "c", NULL), "two  words", "trimmed at both ends");
    is_text(config_text(config, "plugin a", "d", NULL), "\"quoted\"", "quotes are kept");
    is_text(config_text(config, "plugin a", "e", NULL), "a=b:c#d;e", "with separators in it");
    is_text(config_text(config, "plugin a", "f", NULL), "x y", "appended");
    is_text(config_text(config, "plugin a", "g", NULL), "last line", "no line feed at the end");
    is_number(config_get(config, "plugin a", "g")->line, 9, "its line");
    config_destroy(config);
}

static void test_sizes(void)
{
    static char bytes[64 * 1024 + 1];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = i % 80 == 79 ? '\n' : '#';
    is_refused(bytes, sizeof(bytes) - 1, "", "a file of 64 KiB is read");
    is_refused(bytes, sizeof(bytes), "t.conf: larger than 64 KiB", "a larger one is refused");
    is_refused("", 0, "", "an empty file is fine");
}

static void test_many(void)
{
    char text[4096] = "[core]\n";
    const char *last;
    int lines = 1;

    for (int i = 0; i < 100; i++)
        strcat(text, "zzzzz = 1\n");
    (void)messages(text);
    for (const char *p = error.text; *p != '\0'; p++)
        lines += *p == '\n';
    is_number(lines, 21, "of 100 errors, 20 are shown");
    last = strrchr(error.text, '\n');
    is_text(last != NULL ? last + 1 : NULL, "and 80 more errors", "and the rest counted");
}

int main(void)
{
    test_long_lines();
    test_names();
    test_continuation();
    test_separators();
    test_inline_comments();
    test_sections();
    test_bytes();
    test_values();
    test_sizes();
    test_many();
    remove_top();
    return tap_done();
}
