/* SPDX-License-Identifier: Apache-2.0 */
#include "config/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

#include "config/composition.h"
#include "config/types.h"
#include "config/tree.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEYS_LIMIT 64

static const struct barrer_option core_keys[] = {
    {"log-level", "enum(error|warning|notice|info|debug)", "warning",
     "how much is written to the file that --log names"},
    {"plugin-dir", "path", BARRER_PLUGIN_DIR, "the folder that plugins are loaded from"},
    {"allow-annotations",
     "list(enum(org.criu.config|run.oci.hooks.stderr|run.oci.hooks.stdout|run.oci.pidfd_receiver|"
     "run.oci.seccomp.receiver))",
     NULL, "annotations of a container that count"},
    {NULL, NULL, NULL, NULL},
};

/* Where the plugin was built. */
#ifdef BARRER_SYSTEMD
#define SYSTEMD_PLUGINS "systemd resctrl"
#else
#define SYSTEMD_PLUGINS NULL
#endif

static const struct barrer_option flow_keys[] = {
    {"isolation", KEYS_PLUGINS, "namespace", "which namespaces are created or joined"},
    {"resources", KEYS_PLUGINS, "cgroup | cgroup1 resctrl", "limits, accounting, freezing"},
    {"resources-systemd", KEYS_PLUGINS, SYSTEMD_PLUGINS,
     "the same when the caller asks for systemd's cgroups"},
    {"filesystem", KEYS_PLUGINS, "overlayfs", "the root file system, mounts and devices"},
    {"process", KEYS_PLUGINS, "process seccomp", "credentials, limits and filters of the process"},
    {"runtime", KEYS_PLUGINS, "clrhost native", "what executes the payload; the first that claims it"},
    {NULL, NULL, NULL, NULL},
};

/* The backends are those of [flow container]; a boot has no caller that asks for systemd. */
static const struct barrer_option boot_keys[] = {
    {"isolation", KEYS_PLUGINS, "namespace", "which namespaces are created"},
    {"resources", KEYS_PLUGINS, "cgroup", "limits of services"},
    {"filesystem", KEYS_PLUGINS, "overlayfs", "the root file system of services"},
    {"process", KEYS_PLUGINS, "process seccomp", "credentials, limits and filters of services"},
    {"runtime", KEYS_PLUGINS, "native", "what executes services; the first that claims it"},
    {"init", "string", NULL, "the service that decides: it pushes the plan"},
    {"init-timeout", "duration", "10s", "how long its first plan is waited for"},
    {"init-fallback", "string", NULL, "the service that takes its place when it is given up"},
    {"logger", "string", NULL, "the service that gets the output of all others"},
    {"rescue", "string", "/bin/sh", "the shell of last resort, and its arguments"},
    {"on-failure", "enum(rescue|reboot|poweroff|halt)", "rescue", "when boot cannot go on"},
    {"limits", "list(string)", NULL, "FILE=VALUE of the cgroup of all services"},
    {"hostname", "string", NULL, "the name of the machine"},
    {"sysctl", "list(string)", NULL, "NAME=VALUE, as sysctl(8) takes them"},
    {"modules", "list(string)", NULL, "kernel modules to load, in this order"},
    {"clock-floor", "uint", "0", "seconds since 1970 that the clock is at least set to"},
    {"seed", "path", NULL, "the file of the random seed"},
    {"machine-id", "bool", "no", "make /etc/machine-id when it is missing"},
    {"loopback", "bool", "yes", "bring up the network interface lo"},
    {"mount", "list(string)", NULL, "SOURCE:TARGET:TYPE[:OPTIONS], in this order"},
    {"root", "string", NULL, "the device to switch the root to"},
    {"root-type", "string", "ext4", "its file system"},
    {"root-options", "string", "ro", "its mount options"},
    {"root-timeout", "duration", "10s", "how long the device is waited for"},
    {"root-overlay", "bool", "no", "put a tmpfs over the root"},
    {"fsck", "string", NULL, "run on the root's device before it is mounted"},
    {"read-ahead", "size", "0", "bytes that the root's disk reads at a time; 0: as the kernel does"},
    {"shutdown-timeout", "duration", "60s", "then the machine goes down whatever is alive"},
    {"watchdog", "duration", "0", "time of the hardware watchdog, which PID 1 feeds; 0: none"},
    {"console", "path", "/dev/console", "the terminal of messages and of the rescue shell"},
    {NULL, NULL, NULL, NULL},
};

static const struct barrer_option service_keys[] = {
    {"exec", "string", NULL, "the program and its arguments"},
    {"type", "enum(simple|oneshot|scripted)", "simple", "when it has started, and what ends it"},
    {"stop-exec", "string", NULL, "a program that stops it"},
    {"reload-exec", "string", NULL, "a program that has it read its configuration again"},
    {"enabled", "bool", "yes", "start it at boot"},
    {"after", "list(string)", NULL, "services that are waited for when they are to be started"},
    {"requires", "list(string)", NULL, "services without which it does not run"},
    {"wants", "list(string)", NULL, "services that are started with it"},
    {"restart", "enum(no|on-failure|always)", "on-failure", "when it is started again"},
    {"restart-delay", "duration", "200ms", "before the first restart; doubled for each further"},
    {"restart-max-delay", "duration", "10s", "the longest delay"},
    {"restart-limit", "uint", "5", "how many restarts within restart-interval are no reason to give it up"},
    {"restart-interval", "duration", "60s", "the time that restart-limit is about"},
    {"give-up-codes", "list(uint)", NULL, "exit statuses after which it is not restarted"},
    {"readiness", "enum(none|notify|s6)", "none", "how it says that it is ready"},
    {"start-timeout", "duration", "30s", "the longest time until it is ready"},
    {"stop-signal", "string", "SIGTERM", "the signal that stops it"},
    {"reload-signal", "string", "SIGHUP", "the signal that has it read its configuration again"},
    {"stop-timeout", "duration", "5s", "then its whole group is killed"},
    {"watchdog", "duration", "0", "the longest time between two WATCHDOG=1; 0: none"},
    {"condition", "list(string)", NULL, "[!]path:FILE and [!]cmdline:WORD that have to hold"},
    {"every", "duration", "0", "start a oneshot again each so long"},
    {"after-boot", "duration", "0", "start it so long after boot"},
    {"environment", "list(string)", NULL, "KEY=VALUE"},
    {"directory", "path", "/", "its working directory"},
    {"user", "string", "0", "name or number"},
    {"group", "string", NULL, "name or number; else the user's"},
    {"groups", "list(string)", NULL, "further groups"},
    {"umask", "string", "0022", "octal"},
    {"rlimits", "list(string)", NULL, "NAME=SOFT[:HARD]"},
    {"oom-score-adj", "string", NULL, "-1000 to 1000"},
    {"limits", "list(string)", NULL, "FILE=VALUE of its cgroup"},
    {"isolation", "list(enum(mount|network|ipc|uts|pid|cgroup))", NULL, "namespaces of its own"},
    {"root", "path", NULL, "another folder as its root"},
    {"read-only-root", "bool", "no", "its root is read-only"},
    {"writable", "list(path)", NULL, "folders that stay writable below a read-only root"},
    {"private-tmp", "bool", "no", "a /tmp of its own"},
    {"private-network", "bool", "no", "no network but a loopback of its own"},
    {"capabilities", "list(string)", NULL, "CAP_...; or \"none\""},
    {"no-new-privileges", "bool", "no", "no set-user-id programs"},
    {"seccomp-allow", "list(string)", NULL,
     "the only system calls that it may make, beside those that lead to its program; implies "
     "no-new-privileges"},
    {"seccomp-deny", "list(string)", NULL, "system calls that fail"},
    {"input", "enum(null|console)", "null", "its standard input; console: and its terminal"},
    {"output", "enum(log|console|null)", "log", "its standard output and error"},
    {NULL, NULL, NULL, NULL},
};

static const struct barrer_option plugin_keys[] = {
    {"module", "string", "NAME", "the module that the plugin is an instance of"},
    {"allow-annotations", "list(string)", NULL, "annotations of a container that it may read"},
    {"when", "string", NULL, "the property of config.json without which the plugin is left out"},
    {NULL, NULL, NULL, NULL},
};

static const struct {
    const char *section;
    const struct barrer_option *keys;
} sections[] = {
    {"core", core_keys},
    {"flow container", flow_keys},
    {"flow boot", boot_keys},
};

const char *keys_section(size_t i)
{
    static const char *const named[] = {"plugin NAME", "service NAME", NULL};

    return i < COUNT(sections) ? sections[i].section : named[i - COUNT(sections)];
}

const char *keys_instance(const char *section)
{
    return strncmp(section, "plugin ", 7) == 0 ? section + 7 : NULL;
}

const char *keys_service(const char *section)
{
    return strncmp(section, "service ", 8) == 0 ? section + 8 : NULL;
}

int keys_is_comment(const char *key)
{
    return strncmp(key, "x-", 2) == 0;
}

const struct barrer_option *keys_of_section(const char *section)
{
    for (size_t i = 0; i < COUNT(sections); i++)
        if (strcmp(section, sections[i].section) == 0)
            return sections[i].keys;
    if (keys_service(section) != NULL)
        return service_keys;
    return keys_instance(section) != NULL ? plugin_keys : NULL;
}

/* The row of KEY, or NULL. Most rows differ in their first letter. */
static const struct barrer_option *find_option(const struct barrer_option *keys, const char *key)
{
    for (; keys != NULL && keys->key != NULL; keys++)
        if (keys->key[0] == key[0] && strcmp(keys->key, key) == 0)
            return keys;
    return NULL;
}

const char *keys_default(const char *section, const char *key)
{
    const struct barrer_option *known = find_option(keys_of_section(section), key);

    return known != NULL ? known->fallback : NULL;
}

int keys_check_section(const char *file, unsigned line, const char *section,
                       struct problems *problems)
{
    const char *names[COUNT(sections) + 1] = {NULL};
    const char *instance = keys_instance(section), *service = keys_service(section), *nearest;

    if (instance != NULL || service != NULL) {
        const char *name = instance != NULL ? instance : service;

        if (composition_is_instance_name(name))
            return 1;
        problems_add_at(problems, file, line,
                        "[%s]: \"%s\" cannot be the name of a %s (a-z, then a-z, 0-9, \"_\" "
                        "and \"-\", at most 32 characters)",
                        section, name, instance != NULL ? "plugin" : "service");
        return 0;
    }
    if (keys_of_section(section) != NULL)
        return 1;
    for (size_t i = 0; i < COUNT(sections); i++)
        names[i] = sections[i].section;
    nearest = config_nearest(section, names);
    if (nearest != NULL)
        problems_add_at(problems, file, line, "[%s]: unknown section (did you mean \"[%s]\"?)",
                        section, nearest);
    else
        problems_add_at(problems, file, line,
                        "[%s]: unknown section (known are \"[core]\", \"[flow container]\", "
                        "\"[flow boot]\", \"[plugin NAME]\" and \"[service NAME]\")",
                        section);
    return 0;
}

static int is_key(const char *key)
{
    if (*key < 'a' || *key > 'z')
        return 0;
    return key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

int keys_check_key(const char *file, unsigned line, const char *section, const char *key,
                   struct problems *problems)
{
    const struct barrer_option *keys = keys_of_section(section);
    const char *names[KEYS_LIMIT] = {NULL}, *nearest;

    if (keys == NULL)
        return 0;
    if (is_key(key) && (keys_instance(section) != NULL || keys_is_comment(key)))
        return 1;
    if (find_option(keys, key) != NULL)
        return 1;
    for (size_t i = 0; keys[i].key != NULL; i++)
        names[i] = keys[i].key;
    nearest = config_nearest(key, names);
    if (nearest != NULL)
        problems_add_at(problems, file, line, "[%s] %s: unknown key (did you mean \"%s\"?)",
                        section, key, nearest);
    else if (!is_key(key))
        problems_add_at(problems, file, line, "[%s] %s: not a key (a-z, then a-z, 0-9 and \"-\")",
                        section, key);
    else
        problems_add_at(problems, file, line, "[%s] %s: unknown key", section, key);
    return 0;
}

int keys_add_built_in(struct config *config)
{
    for (size_t i = 0; i < COUNT(sections); i++) {
        for (const struct barrer_option *key = sections[i].keys; key->key != NULL; key++) {
            /* Of boot's others keys_default tells: a container's start need not pay for them. */
            int is_left = key->fallback == NULL || (sections[i].keys == boot_keys &&
                                                    strcmp(key->type, KEYS_PLUGINS) != 0);
            int r = is_left
                        ? 0
                        : tree_add_built_in(config, sections[i].section, key->key, key->fallback);

            if (r < 0)
                return r;
        }
    }
    return 0;
}

static const struct barrer_option *find_key(const struct config_value *value)
{
    return find_option(keys_of_section(value->section), value->key);
}

static int check_plugins(const struct config_value *value, struct barrer_error *err)
{
    struct composition *composition = NULL;
    int r = composition_parse(value, &composition, err);

    composition_destroy(composition);
    return r;
}

static int check_typed(const struct config_value *value, const char *type, struct barrer_error *err)
{
    barrer_auto_free char *normal = NULL;
    struct barrer_error why;
    size_t n_parts;
    int r;

    (void)config_parts(value, &n_parts);
    if (n_parts > 1 && !type_is_list(type))
        return config_fail(err, value, "takes one value, which \"+=\" cannot add to");
    r = type_normalise(type, value->value, &normal, &why);
    return r == 0         ? 0
           : r == -ENOMEM ? error_fail(err, ENOMEM, "check [%s] %s", value->section, value->key)
                          : config_fail(err, value, "%s", why.text);
}

static int check_module(const struct config_value *value, struct barrer_error *err)
{
    if (composition_is_module_name(value->value))
        return 0;
    return config_fail(err, value,
                       "\"%s\" cannot be the name of a module (a-z, then a-z, 0-9 and \"_\", at "
                       "most 32 characters; no path and no \".so\")",
                       value->value);
}

/* "linux.seccomp", "linux.namespaces.type=time" */
static int check_property(const struct config_value *value, struct barrer_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *text = value->value;

    for (const char *p = text; *p != '\0'; p++)
        if (strchr(letters, *p) == NULL && (p == text || strchr("0123456789._=-", *p) == NULL))
            return config_fail(err, value,
                               "expected one property of config.json, such as "
                               "\"linux.seccomp\", got \"%s\"",
                               text);
    return 0;
}

static int check_value(const struct config_value *value, const struct barrer_option *key,
                       struct barrer_error *err)
{
    if (strcmp(key->type, KEYS_PLUGINS) == 0)
        return check_plugins(value, err);
    if (strcmp(key->key, "module") == 0)
        return check_module(value, err);
    if (strcmp(key->key, "when") == 0)
        return check_property(value, err);
    return check_typed(value, key->type, err);
}

void keys_check_values(const struct config *config, struct problems *problems)
{
    for (const struct entry *entry = config->entries; entry != NULL; entry = entry->next) {
        const struct config_value *value = &entry->value;
        const struct barrer_option *key = value->value != NULL ? find_key(value) : NULL;
        struct barrer_error err;

        if (key != NULL && check_value(value, key, &err) < 0)
            problems_add(problems, "%s", err.text);
    }
}
