/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of properties is in order, names every member of the fixture, and tells what a
 * container sets; `features` follows from what plugins declare.
 */
#include <barrer/plugin.h>

#include "base/log.h"
#include "oci/features.h"
#include "oci/properties.h"
#include "test_oci_support.h"

static int has_row(const char *path)
{
    for (const struct oci_property *row = oci_properties(); row->path != NULL; row++)
        if (strcmp(row->path, path) == 0)
            return 1;
    return 0;
}

static void test_table(void)
{
    const struct oci_property *row = oci_properties();
    unsigned disordered = 0, orphans = 0;

    for (; row->path != NULL; row++) {
        const char *dot = strrchr(row->path, '.');
        char up[256];

        if (row[1].path != NULL && strcmp(row[0].path, row[1].path) >= 0) {
            printf("# %s, %s\n", row[0].path, row[1].path);
            disordered++;
        }
        snprintf(up, sizeof(up), "%.*s", dot ? (int)(dot - row->path) : 0, row->path);
        if (dot != NULL && !has_row(up)) {
            printf("# %s\n", row->path);
            orphans++;
        }
    }
    is_number(disordered, 0, "the table is sorted");
    is_number(orphans, 0, "the parts of a property have a row for the whole");
}

/* The members of JSON below PREFIX that have no row, and mark those that have one. */
static unsigned count_unknown(struct json_object *json, const char *prefix, unsigned char *is_met)
{
    const struct oci_property *table = oci_properties();
    unsigned n = 0;

    if (json_object_is_type(json, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(json); i++)
            n += count_unknown(json_object_array_get_idx(json, i), prefix, is_met);
        return n;
    }
    if (!json_object_is_type(json, json_type_object))
        return 0;
    json_object_object_foreach(json, key, value)
    {
        char path[512];
        size_t i;

        snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", key);
        for (i = 0; table[i].path != NULL && strcmp(table[i].path, path) != 0; i++)
            ;
        if (table[i].path == NULL) {
            printf("# no row: %s\n", path);
            n++;
            continue;
        }
        is_met[i] = 1;
        if (table[i].shape == OCI_SHAPE_OBJECT || table[i].shape == OCI_SHAPE_LIST)
            n += count_unknown(value, path, is_met);
    }
    return n;
}

static void test_fixture(void)
{
    const struct oci_property *table = oci_properties();
    struct json_object *fixture = read_fixture();
    unsigned char is_met[1024] = {0};
    unsigned missing = 0;

    is_number(count_unknown(fixture, "", is_met), 0, "the table has all members of the fixture");
    for (size_t i = 0; table[i].path != NULL; i++) {
        if (is_met[i] || table[i].shape == OCI_SHAPE_DECLARED)
            continue;
        printf("# not in the fixture: %s\n", table[i].path);
        missing++;
    }
    is_number(missing, 0, "the fixture has all members of the table");
    json_object_put(fixture);
}

static int sets(const struct oci_spec *spec, const char *path, unsigned kind)
{
    for (const struct oci_property *p = spec->properties; p->path != NULL; p++)
        if (strcmp(p->path, path) == 0 && p->kind == kind)
            return 1;
    return 0;
}

static void test_set_properties(void)
{
    struct json_object *fixture = read_fixture();
    const struct oci_property *table = oci_properties();
    struct barrer_error err = {0};
    struct oci_spec *spec = NULL;
    unsigned missing = 0;

    if (!ok(oci_spec_from_json("/bundle", fixture, &spec, &err) == 0, "the fixture is read")) {
        printf("# %s\n", err.text);
        return;
    }
    for (; table->path != NULL; table++) {
        if (table->kind == 0 || table->shape == OCI_SHAPE_VALUE ||
            table->shape == OCI_SHAPE_DECLARED || sets(spec, table->path, table->kind))
            continue;
        printf("# %s\n", table->path);
        missing++;
    }
    is_number(missing, 0, "the fixture sets all properties");
    ok(sets(spec, "linux.namespaces.type=time", BARRER_ISOLATION) &&
           sets(spec, "linux.seccomp.actions=SCMP_ACT_ERRNO", BARRER_PROCESS) &&
           sets(spec, "linux.seccomp.actions=SCMP_ACT_NOTIFY", BARRER_PROCESS) &&
           sets(spec, "linux.seccomp.operators=SCMP_CMP_MASKED_EQ", BARRER_PROCESS) &&
           sets(spec, "linux.seccomp.architectures=SCMP_ARCH_X32", BARRER_PROCESS) &&
           sets(spec, "linux.seccomp.flags=SECCOMP_FILTER_FLAG_LOG", BARRER_PROCESS) &&
           sets(spec, "linux.memoryPolicy.mode=MPOL_INTERLEAVE", BARRER_PROCESS),
       "and values one by one");
    ok(!sets(spec, "mounts.options", BARRER_FILESYSTEM) && !sets(spec, "linux.namespaces.type", 1),
       "and not those that are only declared");
    oci_spec_destroy(spec);
    json_object_put(fixture);
}

static const char minimal[] = "{'ociVersion': '1.0.2', 'process': {'args': ['a'], 'cwd': '/'}, "
                              "'root': {'path': 'r'}}";

static void test_empty_members(void)
{
    static const struct {
        const char *path, *text;
    } members[] = {
        {"/process/terminal", "false"},
        {"/process/noNewPrivileges", "false"},
        {"/process/apparmorProfile", "''"},
        {"/process/rlimits", "[]"},
        {"/process/consoleSize", "{'width': 80, 'height': 24}"},
        {"/process/capabilities", "{}"},
        {"/process/scheduler", "null"},
        {"/root", "{'path': 'rootfs', 'readonly': false}"},
        {"/mounts", "[]"},
        {"/linux", "{'sysctl': {}, 'maskedPaths': null, 'cgroupsPath': '', 'resources': {'memory': "
                   "{'disableOOMKiller': false, 'kernel': 0, 'kernelTCP': 0}, 'devices': []}, 'namespaces': []}"},
    };
    static const char *const wanted[] = {"process.args", "process.cwd", "root.path"};
    struct json_object *json = json_from(minimal);
    struct barrer_error err = {0};
    struct oci_spec *spec = NULL;
    size_t n = 0;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        json_set(json, members[i].path, members[i].text);
    if (!ok(oci_spec_from_json("/bundle", json, &spec, &err) == 0, "empty members are taken")) {
        printf("# %s\n", err.text);
        return;
    }
    for (; spec->properties[n].path != NULL; n++)
        if (n >= 3 || strcmp(spec->properties[n].path, wanted[n]) != 0)
            printf("# %s\n", spec->properties[n].path);
    is_number((long long)n, 3, "and set nothing");
    oci_spec_destroy(spec);
    json_object_put(json);
}

static void test_unknown_members(void)
{
    struct json_object *json = json_from(minimal);
    char path[] = "/tmp/barrer-test-log.XXXXXX", log[4096] = "";
    struct barrer_error err = {0};
    struct oci_spec *spec = NULL;
    int fd = mkstemp(path);

    json_set(json, "/process/foo", "1");
    json_set(json, "/linux", "{'seccomp': {'defaultAction': 'A', 'actions': ['B']}}");
    json_set(json, "/x", "{}");
    ok(fd >= 0 && log_open(path, LOG_FORMAT_TEXT, BARRER_LOG_WARNING, &err) == 0, "a log");
    ok(oci_spec_from_json("/bundle", json, &spec, &err) == 0, "unknown members are ignored");
    log_close();
    ok(read(fd, log, sizeof(log) - 1) > 0 && strstr(log, "process.foo: unknown") != NULL &&
           strstr(log, " x: unknown") != NULL &&
           strstr(log, "linux.seccomp.actions: unknown") != NULL,
       "and named in the log");
    close(fd);
    unlink(path);
    oci_spec_destroy(spec);
    json_object_put(json);
}

static void test_known(void)
{
    static const char *const good[] = {"linux.namespaces.type=time",
                                       "mounts.options=rro",
                                       "process.capabilities=CAP_CHOWN",
                                       "linux.resources.hierarchy=v2",
                                       "linux.seccomp.actions=SCMP_ACT_KILL",
                                       "linux.seccomp",
                                       "hostname",
                                       "linux.resources.cpu.shares",
                                       "process.args"};
    static const char *const bad[] = {"linux.namespaces.type",
                                      "linux.namespaces",
                                      "hostnam",
                                      "hostname=a",
                                      "mounts.options",
                                      "mounts.options=",
                                      "",
                                      "=",
                                      "linux.seccomp.defaultAction=SCMP_ACT_KILL",
                                      "annotations"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ok(oci_property_is_known(good[i]), "a plugin may honour \"%s\"", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ok(!oci_property_is_known(bad[i]), "a plugin may not honour \"%s\"", bad[i]);
}

static int has_text(struct json_object *json, const char *path, const char *text)
{
    struct json_object *array = NULL;

    if (json_pointer_get(json, path, &array) < 0)
        return 0;
    for (size_t i = 0; i < json_object_array_length(array); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(array, i)), text) == 0)
            return 1;
    return 0;
}

static int is_true(struct json_object *json, const char *path)
{
    struct json_object *value = NULL;

    return json_pointer_get(json, path, &value) == 0 && json_object_get_boolean(value);
}

static void test_features(void)
{
    static const char *const honours_a[] = {"linux.namespaces.type=time", "mounts.options=rro",
                                            "mounts.uidMappings", NULL};
    static const char *const honours_b[] = {"linux.resources.hierarchy=v2", "linux.seccomp",
                                            "linux.seccomp.actions=SCMP_ACT_KILL",
                                            "mounts.options=rro", NULL};
    static const char *const annotations[] = {"org.example.", NULL};
    static const struct barrer_plugin a = {BARRER_PLUGIN_HEAD, .name = "a", .version = "1",
                                           .honours = honours_a};
    static const struct barrer_plugin b = {BARRER_PLUGIN_HEAD, .name = "b", .version = "2",
                                           .honours = honours_b, .annotations = annotations};
    static const struct barrer_plugin c = {BARRER_PLUGIN_HEAD, .name = "c"};
    const struct barrer_plugin *const plugins[] = {&a, &b, &c};
    struct barrer_error err = {0};
    struct json_object *json = NULL, *options = NULL;

    ok(features_build(plugins, 3, &json, &err) == 0, "features");
    ok(has_text(json, "/linux/namespaces", "time") && !has_text(json, "/linux/namespaces", "pid"),
       "the declared namespaces");
    ok(has_text(json, "/mountOptions", "rro") &&
           json_pointer_get(json, "/mountOptions", &options) == 0 &&
           json_object_array_length(options) == 1,
       "a mount option that two plugins declare is there once");
    ok(is_true(json, "/linux/cgroup/v2") && !is_true(json, "/linux/cgroup/v1"), "cgroup v2 only");
    ok(is_true(json, "/linux/seccomp/enabled") &&
           has_text(json, "/linux/seccomp/actions", "SCMP_ACT_KILL"),
       "the actions of seccomp");
    ok(is_true(json, "/linux/mountExtensions/idmap/enabled") &&
           !is_true(json, "/linux/apparmor/enabled"),
       "what is declared is enabled, and nothing else");
    ok(has_text(json, "/hooks", "prestart") && has_text(json, "/hooks", "poststop"), "hooks");
    ok(has_text(json, "/potentiallyUnsafeConfigAnnotations", "org.example."),
       "annotations that plugins read");
    json_object_put(json);
}

int main(void)
{
    test_table();
    test_fixture();
    test_set_properties();
    test_empty_members();
    test_unknown_members();
    test_known();
    test_features();
    return tap_done();
}
