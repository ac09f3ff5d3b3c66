/* SPDX-License-Identifier: Apache-2.0
 *
 * What the launcher of .NET reads before the runtime does: headers of assemblies, versions and
 * which of them serves, runtimeconfig.json.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "image.h"
#include "launcher.h"
#include "tap.h"
#include "versions.h"

#define SIZE 1024

static uint8_t file[SIZE];

static void put(size_t at, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        file[at + i] = (uint8_t)(value >> (8 * i));
}

/* One section of 512 bytes, and the CLI header at its start. */
static void make_assembly(uint16_t machine, uint32_t flags, uint32_t entry_point)
{
    memset(file, 0, sizeof(file));
    memcpy(file, "MZ", 2);
    put(60, 128, 4);
    memcpy(file + 128, "PE\0\0", 4);
    put(132, machine, 2);
    put(134, 1, 2);
    put(148, 240, 2);
    put(152, 0x20b, 2);
    put(152 + 108, 16, 4);
    put(152 + 112 + 14 * 8, 0x2000, 4);
    put(392 + 12, 0x2000, 4);
    put(392 + 16, 512, 4);
    put(392 + 20, 512, 4);
    put(512, 72, 4);
    put(512 + 16, flags, 4);
    put(512 + 20, entry_point, 4);
}

static int read_file(void *arg, uint64_t offset, void *data, size_t size)
{
    (void)arg;
    memcpy(data, file + offset, size);
    return 0;
}

static struct image image_of(uint64_t size)
{
    struct image image;

    image_read(read_file, NULL, size, &image);
    return image;
}

static void test_images(void)
{
    struct image image;

    make_assembly(0x014c, 1, 0x06000001);
    image = image_of(SIZE);
    ok(image.kind == IMAGE_ASSEMBLY && image.is_for_machine && image.entry_point == 0x06000001,
       "an assembly for any machine");
    make_assembly(0x014c, 3, 0x06000001);
    ok(!image_of(SIZE).is_for_machine, "one that requires 32 bits");
    make_assembly(0x014c, 0x20003, 0x06000001);
    ok(image_of(SIZE).is_for_machine, "one that prefers 32 bits");
#if defined(__x86_64__)
    make_assembly(0x8664, 1, 1);
    ok(image_of(SIZE).is_for_machine, "one for this machine");
    make_assembly(0x8664 ^ 0x7b79, 0, 1);
    ok(image_of(SIZE).is_for_machine, "one with native code for this machine and Linux");
    make_assembly(0xaa64, 1, 1);
    image = image_of(SIZE);
    ok(!image.is_for_machine, "one for another machine");
    is_text(image_machine_name(image.machine), "arm64", "whose name is known");
#endif
    make_assembly(0x014c, 1, 0);
    ok(image_of(SIZE).entry_point == 0, "a library has no entry point");
    ok(image_of(0).kind == IMAGE_EMPTY, "an empty file");
    ok(image_of(1).kind == IMAGE_OTHER, "one byte");
    ok(image_of(100).kind == IMAGE_TRUNCATED, "cut off in the headers");
    ok(image_of(600).kind == IMAGE_TRUNCATED, "cut off in the section");
    put(152 + 112 + 14 * 8, 0, 4);
    ok(image_of(SIZE).kind == IMAGE_NATIVE, "without a CLI header");
    make_assembly(0x014c, 1, 1);
    put(60, 0xfffffff0u, 4);
    ok(image_of(SIZE).kind == IMAGE_TRUNCATED, "an offset that is far behind the end");
    make_assembly(0x014c, 1, 1);
    put(392 + 16, 0xffffffffu, 4);
    ok(image_of(SIZE).kind == IMAGE_TRUNCATED, "a section that is larger than the file");
    memcpy(file, "\177ELF", 4);
    ok(image_of(SIZE).kind == IMAGE_ELF, "a program of the kernel's");
    memcpy(file, "#!/b", 4);
    ok(image_of(SIZE).kind == IMAGE_OTHER, "a script");
}

static int compare(const char *a, const char *b)
{
    struct version first, second;

    if (version_parse(a, &first) < 0 || version_parse(b, &second) < 0)
        return 99;
    return version_compare(&first, &second);
}

static void test_versions(void)
{
    static const char *const bad[] = {
        "",      "1",          "1.0",      "1.0.0.0", "01.0.0",         "1.0.0-",
        "1.0.x", "1.0.0-a..b", "1.0.0-01", "1.0.0+",  "99999999999.0.0"};
    static const char *const ordered[] = {"1.0.0-alpha", "1.0.0-alpha.1",   "1.0.0-alpha.beta",
                                          "1.0.0-beta",  "1.0.0-beta.2",    "1.0.0-beta.11",
                                          "1.0.0-rc.1",  "1.0.0",           "1.0.1",
                                          "1.1.0",       "2.0.0-preview.7", "10.0.12"};
    struct version version;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ok(version_parse(bad[i], &version) < 0, "\"%s\" is no version", bad[i]);
    for (size_t i = 0; i + 1 < sizeof(ordered) / sizeof(*ordered); i++)
        ok(compare(ordered[i], ordered[i + 1]) < 0 && compare(ordered[i + 1], ordered[i]) > 0,
           "%s is before %s", ordered[i], ordered[i + 1]);
    ok(compare("1.0.0+a", "1.0.0+b") == 0, "build metadata does not count");
}

/* "framework-version-resolution.md" of dotnet/runtime, by example. */
static void test_choice(void)
{
    static const char *const installed[] = {"8.0.1", "8.0.4",       "9.1.0",  "9.1.2",
                                            "9.2.0", "10.0.0-rc.1", "10.0.2", "11.0.0-preview.1"};
    static const struct {
        const char *wanted, *policy, *chosen;
    } rows[] = {
        {"8.0.0", "Minor", "8.0.4"},
        {"8.0.2", "Minor", "8.0.4"},
        {"8.0.5", "Minor", NULL},
        {"9.0.0", "Minor", "9.1.2"},
        {"9.0.0", "LatestMinor", "9.2.0"},
        {"9.0.0", "LatestPatch", NULL},
        {"9.1.1", "LatestPatch", "9.1.2"},
        {"9.1.0", "Disable", "9.1.0"},
        {"9.1.1", "Disable", NULL},
        {"7.0.0", "Minor", NULL},
        {"7.0.0", "Major", "8.0.4"},
        {"7.0.0", "LatestMajor", "10.0.2"},
        {"9.3.0", "Major", "10.0.2"},
        {"11.0.0", "Minor", NULL},
        {"11.0.0-preview.1", "Minor", "11.0.0-preview.1"},
        {"10.0.0-rc.1", "Minor", "10.0.2"},
        {"10.0.0", "minor", "10.0.2"},
    };
    struct version versions[sizeof(installed) / sizeof(*installed)];

    for (size_t i = 0; i < sizeof(installed) / sizeof(*installed); i++)
        (void)version_parse(installed[i], &versions[i]);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        enum roll_forward policy;
        struct version wanted;
        char text[128] = "";
        int chosen = -1;

        if (version_parse(rows[i].wanted, &wanted) == 0 &&
            roll_forward_parse(rows[i].policy, &policy) == 0)
            chosen =
                version_choose(&wanted, policy, versions, sizeof(versions) / sizeof(*versions));
        if (chosen >= 0)
            version_format(&versions[chosen], text, sizeof(text));
        ok(rows[i].chosen == NULL ? chosen < 0 : strcmp(text, rows[i].chosen) == 0,
           "%s with %s: %s", rows[i].wanted, rows[i].policy,
           rows[i].chosen != NULL ? rows[i].chosen : "none");
    }
}

static void test_config(void)
{
    static const char text[] =
        "\xef\xbb\xbf{ // a comment\n\"runtimeOptions\": {\"rollForward\": \"Major\", "
        "\"frameworks\": "
        "[{\"name\": \"A\", \"version\": \"1.2.3\"}, {\"name\": \"B\", \"version\": \"4.5.6\", "
        "\"rollForward\": \"Disable\"}, {\"name\": \"C\"}, 7], \"configProperties\": {\"x\": true, "
        "\"y\": 12, \"z\": \"w\"}}}";
    static const char *const bad[] = {"", "{", "[]", "7", "{\"a\":}"};
    struct config config;
    const char *why = NULL;

    ok(config_parse(text, strlen(text), &config, &why) == 0, "a configuration");
    ok(config.n_frameworks == 2, "has the frameworks that are whole");
    is_text(config.frameworks[1].name, "B", "by name");
    is_text(config.frameworks[1].roll_forward, "Disable", "with their own policy");
    is_text(config.roll_forward, "Major", "the policy of all");
    is_text(properties_get(&config.properties, "x"), "true", "a property that is a bool");
    is_text(properties_get(&config.properties, "y"), "12", "a number");
    is_text(properties_get(&config.properties, "z"), "w", "a text");
    config_fini(&config);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        ok(config_parse(bad[i], strlen(bad[i]), &config, &why) < 0 && why != NULL && why[0] != '\0',
           "'%s' is none, with a reason", bad[i]);
        config_fini(&config);
    }
}

int main(void)
{
    test_images();
    test_versions();
    test_choice();
    test_config();
    return tap_done();
}
