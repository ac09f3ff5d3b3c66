/* SPDX-License-Identifier: Apache-2.0
 *
 * How lines, files and --set become one configuration, and the origin of each value.
 */
#include "config/composition.h"
#include "test_config_support.h"

static void is_value(const struct config *config, const char *section, const char *key,
                     const char *wanted, const char *file, unsigned line, const char *what)
{
    const struct config_value *value = config != NULL ? config_get(config, section, key) : NULL;
    int same = value != NULL && strcmp(value->value, wanted) == 0 &&
               strcmp(value->file, file) == 0 && value->line == line;

    if (!ok(same, "%s", what))
        printf("# got:    %s (%s:%u)\n# wanted: %s (%s:%u)\n", value ? value->value : "(none)",
               value ? value->file : "-", value ? value->line : 0, wanted, file, line);
}

static void test_built_in(void)
{
    struct config *config = load_text("");

    is_value(config, "core", "log-level", "warning", "(built in)", 0, "log-level");
    is_value(config, "core", "plugin-dir", BARRER_PLUGIN_DIR, "(built in)", 0, "plugin-dir");
    is_value(config, "flow container", "isolation", "namespace", "(built in)", 0, "isolation");
    is_value(config, "flow container", "resources", "cgroup | cgroup1 resctrl", "(built in)", 0,
             "resources");
#ifdef BARRER_SYSTEMD
    is_value(config, "flow container", "resources-systemd", "systemd resctrl", "(built in)", 0,
             "resources-systemd");
#else
    ok(config_get(config, "flow container", "resources-systemd") == NULL, "resources-systemd");
#endif
    is_value(config, "flow container", "filesystem", "overlayfs", "(built in)", 0, "filesystem");
    is_value(config, "flow container", "process", "process seccomp", "(built in)", 0, "process");
    is_value(config, "flow container", "runtime", "clrhost native", "(built in)", 0,
             "runtime");
    is_value(config, "flow boot", "isolation", "namespace", "(built in)", 0, "the boot flow's");
    is_text(config_text(config, "plugin a", "b", "fallback"), "fallback", "a value of no line");
    config_destroy(config);
}

static void test_append_and_reset(void)
{
    struct config *config = load_text("[flow container]\n"
                                      "process += landlock\n"
                                      "process += | nothing\n"
                                      "runtime = wasm\n"
                                      "runtime += native\n"
                                      "isolation =\n"
                                      "filesystem =\n"
                                      "filesystem += layers\n"
                                      "[plugin a]\n"
                                      "b =\n");

    is_value(config, "flow container", "process", "process seccomp landlock | nothing",
             in_top("t.conf"), 3, "\"+=\" appends to the default, and may repeat");
    is_value(config, "flow container", "runtime", "wasm native", in_top("t.conf"), 5,
             "\"+=\" appends to \"=\"");
    is_value(config, "flow container", "isolation", "namespace", "(built in)", 0,
             "\"key =\" is the default again");
    is_value(config, "flow container", "filesystem", "overlayfs layers", in_top("t.conf"), 8,
             "and can be appended to");
    ok(config != NULL && config_get(config, "plugin a", "b") == NULL, "a plugin's key, too");
    config_destroy(config);
    is_text(messages("[plugin a]\nb +=\n"),
            "t.conf:2: [plugin a] b: \"+=\" without anything to append", "an empty \"+=\"");
}

static void test_parts(void)
{
    struct config *config = load_text("[flow container]\nprocess += a\nprocess += b\n");
    const struct config_part *parts;
    size_t n = 0;

    if (!ok(config != NULL, "parts"))
        return;
    parts = config_parts(config_get(config, "flow container", "process"), &n);
    is_number((long long)n, 3, "three of them");
    if (n == 3) {
        is_text(parts[0].text, "process seccomp", "the default");
        is_text(parts[0].file, "(built in)", "its origin");
        is_number(parts[0].is_append, 0, "which is the base");
        is_text(parts[1].text, "a", "the first addition");
        is_number(parts[1].line, 2, "its line");
        is_number(parts[2].is_append, 1, "the last one appends");
    }
    config_destroy(config);
}

static void test_twice(void)
{
    is_text(messages("[core]\nlog-level = info\nlog-level = debug\n"),
            "t.conf:3: [core] log-level: already set in line 2 (\"log-level += ...\" appends)",
            "a key that is set twice in a file");
    is_text(messages("[plugin a]\nb = 1\n[plugin c]\nb = 1\n[plugin a]\nb = 2\n"),
            "t.conf:6: [plugin a] b: already set in line 2 (\"b += ...\" appends)",
            "also in a section that is opened twice");
    is_text(messages("[plugin a]\nb += 1\nb = 2\n"),
            "t.conf:3: [plugin a] b: already appended to in line 2, which this would undo",
            "\"=\" behind \"+=\"");
}

static struct config *load_sets(const char *const *sets)
{
    return load_bytes("[core]\nlog-level = info\n", 23, sets);
}

static const char *set_message(const char *set)
{
    const char *const sets[] = {set, NULL};

    config_destroy(load_sets(sets));
    return error.text;
}

static void test_sets(void)
{
    const char *const sets[] = {"core.log-level=debug",
                                "plugin overlayfs.index=on",
                                "flow container.process += a",
                                "plugin a.b=1",
                                "plugin a.b = x=y ",
                                "plugin a.x-1=",
                                NULL};
    struct config *config = load_sets(sets);

    is_value(config, "core", "log-level", "debug", "(--set)", 0, "--set wins over files");
    is_value(config, "plugin overlayfs", "index", "on", "(--set)", 0, "a section with a blank");
    is_value(config, "flow container", "process", "process seccomp a", "(--set)", 0, "\"+=\"");
    is_value(config, "plugin a", "b", "x=y", "(--set)", 0, "the last of several wins");
    config_destroy(config);
    is_text(set_message("core.log-levle=info"),
            "(--set): [core] log-levle: unknown key (did you mean \"log-level\"?)",
            "an unknown key");
    is_text(set_message("coar.log-level=info"),
            "(--set): [coar]: unknown section (did you mean \"[core]\"?)", "an unknown section");
    is_text(set_message("core.log-level=loud"),
            "(--set): [core] log-level: expected enum(error|warning|notice|info|debug), got "
            "\"loud\"",
            "a wrong value");
    is_text(set_message("log-level=info"),
            "--set \"log-level=info\": expected \"SECTION.KEY=VALUE\" (for instance \"flow "
            "container.process=process\")",
            "no section");
    is_text(set_message("core.log-level"),
            "--set \"core.log-level\": expected \"SECTION.KEY=VALUE\" (for instance \"flow "
            "container.process=process\")",
            "no value");
    is_text(set_message("plugin a.b=\x01"), "(--set): control characters, or not valid UTF-8",
            "a control character");
    ok(set_message("=")[0] != '\0' && set_message(".=")[0] != '\0' &&
           set_message("+=")[0] != '\0' && set_message("")[0] != '\0',
       "nothing but separators");
}

static void test_keys(void)
{
    is_text(messages("[core]\nlog_level = info\n"),
            "t.conf:2: [core] log_level: unknown key (did you mean \"log-level\"?)",
            "\"_\" for \"-\"");
    is_text(messages("[core]\nLOGLEVEL = info\n"),
            "t.conf:2: [core] LOGLEVEL: not a key (a-z, then a-z, 0-9 and \"-\")", "capitals");
    is_text(messages("[flow container]\nprocces = a\n"),
            "t.conf:2: [flow container] procces: unknown key (did you mean \"process\"?)",
            "a key of a flow");
    is_text(messages("[core]\nx-note = anything at all\n"), "", "x-... is nobody's");
    is_text(messages("[core]\nplugin-dir = plugins\n"),
            "t.conf:2: [core] plugin-dir: expected path, got \"plugins\" (absolute: it begins "
            "with \"/\")",
            "a relative path");
    is_text(messages("[core]\nlog-level += debug\n"),
            "t.conf:2: [core] log-level: takes one value, which \"+=\" cannot add to",
            "\"+=\" for a key of one value");
    is_text(messages("[plugin a]\nmodule = ../a.so\n"),
            "t.conf:2: [plugin a] module: \"../a.so\" cannot be the name of a module (a-z, then "
            "a-z, 0-9 and \"_\", at most 32 characters; no path and no \".so\")",
            "a module with a path");
}

static void test_when(void)
{
    is_text(messages("[plugin a]\nwhen = linux.namespaces.type=time\n"), "", "a property");
    is_text(messages("[plugin a]\nwhen = linux.seccomp process.user\n"),
            "t.conf:2: [plugin a] when: expected one property of config.json, such as "
            "\"linux.seccomp\", got \"linux.seccomp process.user\"",
            "two properties");
    is_text(messages("[plugin a]\nwhen = .\n"),
            "t.conf:2: [plugin a] when: expected one property of config.json, such as "
            "\"linux.seccomp\", got \".\"",
            "no property");
}

static void test_bad_compositions(void)
{
    is_text(messages("[flow container]\nprocess = | a\n"),
            "t.conf:2: [flow container] process: expected the name of a plugin before \"|\"",
            "a \"|\" at the start");
    is_text(messages("[flow container]\nprocess = a |\n"),
            "t.conf:2: [flow container] process: expected the name of a plugin behind \"|\"",
            "a \"|\" at the end");
    is_text(messages("[flow container]\nprocess = a || b\n"),
            "t.conf:2: [flow container] process: expected the name of a plugin before \"|\"",
            "two \"|\"");
    is_text(messages("[flow container]\nprocess = a b a\n"),
            "t.conf:2: [flow container] process: \"a\" is named twice", "a plugin twice");
    is_text(messages("[flow container]\nprocess = ../a\n"),
            "t.conf:2: [flow container] process: \"../a\" cannot be the name of a plugin (a-z, "
            "then a-z, 0-9, \"_\" and \"-\", at most 32 characters)",
            "a path");
    is_text(messages("[flow container]\nprocess = my-process\n"),
            "t.conf:2: [flow container] process: \"my-process\" needs a section [plugin "
            "my-process] with \"module = NAME\"",
            "a name that no module can have");
    is_text(messages("[flow container]\nprocess = my-process\n[plugin my-process]\n"
                     "module = process\n"),
            "", "which a section gives a module");
}

/* "a b|c" as "a/b|c". */
static const char *composed(const char *text)
{
    static char shown[512];
    const struct config_value value = {
        .section = "s", .key = "k", .value = text, .file = "f", .line = 1};
    struct composition *composition = NULL;

    shown[0] = '\0';
    if (composition_parse(&value, &composition, &error) < 0)
        return error.text;
    for (size_t i = 0; i < composition->n_positions; i++) {
        for (size_t j = 0; j < composition->positions[i].n_alternatives; j++) {
            strcat(shown, j > 0 ? "|" : i > 0 ? "/" : "");
            strcat(shown, composition->positions[i].alternatives[j]);
        }
        if (composition->positions[i].alternatives[composition->positions[i].n_alternatives])
            strcat(shown, "(no end)");
    }
    composition_destroy(composition);
    return shown;
}

static void test_compositions(void)
{
    struct composition *composition = NULL;

    is_text(composed("a"), "a", "one");
    is_text(composed("a b\tc"), "a/b/c", "a chain");
    is_text(composed("a|b | c"), "a|b|c", "alternatives");
    is_text(composed("a b | c d|e"), "a/b|c/d|e", "\"|\" binds tighter than the blank");
    ok(composition_parse(NULL, &composition, &error) == 0 && composition->n_positions == 0,
       "nothing is a chain of no position");
    composition_destroy(composition);
}

int main(void)
{
    test_built_in();
    test_append_and_reset();
    test_parts();
    test_twice();
    test_sets();
    test_keys();
    test_when();
    test_bad_compositions();
    test_compositions();
    remove_top();
    return tap_done();
}
