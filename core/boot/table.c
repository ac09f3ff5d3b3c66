/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/table.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

#include "boot/needs.h"
#include "boot/words.h"
#include "config/composition.h"
#include "config/keys.h"
#include "config/problems.h"
#include "config/types.h"

#define WORDS 128

struct compile {
    const struct config *config;
    const struct unit *units;
    int n_units;
    struct boot_plan *plan;
    struct problems problems;
};

const char *table_text(const struct config *config, const char *section, const char *key)
{
    const char *text = config_text(config, section, key, NULL);

    return text != NULL ? text : keys_default(section, key);
}

int table_signal(const char *name)
{
    char *end;
    long number = strtol(name, &end, 10);

    if (*name != '\0' && *end == '\0')
        return number > 0 && number <= SIGRTMAX ? (int)number : 0;
    if (strncmp(name, "SIG", 3) == 0)
        name += 3;
    for (int i = 1; i < 32; i++)
        if (sigabbrev_np(i) != NULL && strcmp(sigabbrev_np(i), name) == 0)
            return i;
    if (strncmp(name, "RTMIN+", 6) == 0) {
        number = strtol(name + 6, &end, 10);
        if (name[6] != '\0' && *end == '\0' && number >= 0 && number <= SIGRTMAX - SIGRTMIN)
            return SIGRTMIN + (int)number;
    }
    return 0;
}

__attribute__((format(printf, 4, 5))) static void
add_problem(struct compile *c, const char *section, const char *key, const char *fmt, ...)
{
    const struct config_value *value = config_get(c->config, section, key);
    struct barrer_error err;
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (value == NULL) {
        problems_add(&c->problems, "[%s] %s: %s", section, key, text);
        return;
    }
    (void)config_fail(&err, value, "%s", text);
    problems_add(&c->problems, "%s", err.text);
}

/* A text key into a buffer. */
static void take_text(struct compile *c, const char *section, const char *key, char *buffer,
                      size_t size)
{
    const char *text = table_text(c->config, section, key);

    if (text != NULL && strlen(text) >= size)
        add_problem(c, section, key, "\"%.60s...\" is too long", text);
    (void)snprintf(buffer, size, "%s", text != NULL ? text : "");
}

/* Keys whose types config_load has checked. */
static uint64_t take_number(struct compile *c, const char *section, const char *key,
                            const char *type)
{
    const char *text = table_text(c->config, section, key);
    barrer_auto_free char *normal = NULL;

    if (text == NULL || type_normalise(type, text, &normal, NULL) < 0)
        return 0;
    return strtoull(normal, NULL, 10);
}

/* A size that the kernel counts in KiB. */
static uint32_t take_kib(struct compile *c, const char *section, const char *key)
{
    uint64_t size = take_number(c, section, key, "size");

    if (size % 1024 != 0 || size / 1024 > INT32_MAX)
        add_problem(c, section, key, "expected a multiple of 1K below 2T, got \"%.60s\"",
                    table_text(c->config, section, key));
    return (uint32_t)(size / 1024);
}

static int take_bool(struct compile *c, const char *section, const char *key)
{
    const char *text = table_text(c->config, section, key);
    barrer_auto_free char *normal = NULL;

    return text != NULL && type_normalise("bool", text, &normal, NULL) == 0 &&
           strcmp(normal, "yes") == 0;
}

/* The position of a value among WORDS. */
static uint8_t take_word(struct compile *c, const char *section, const char *key,
                         const char *const *words)
{
    const char *text = table_text(c->config, section, key);

    for (uint8_t i = 0; words[i] != NULL; i++)
        if (text != NULL && strcmp(words[i], text) == 0)
            return i;
    return 0;
}

static int take_signal(struct compile *c, const char *section, const char *key)
{
    const char *text = table_text(c->config, section, key);
    int signal = text != NULL ? table_signal(text) : 0;

    if (signal == 0)
        add_problem(c, section, key, "\"%s\" is no signal", text);
    return signal;
}

static int find_row(const struct boot_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->rows[i].name[0] != '\0' && strcmp(plan->rows[i].name, name) == 0)
            return i;
    return MACHINE_NONE;
}

static const char *nearest_row(const struct boot_plan *plan, const char *name)
{
    const char *names[MACHINE_SERVICES + 1];
    size_t n = 0;

    for (int i = 0; i < plan->n_rows; i++)
        if (plan->rows[i].name[0] != '\0')
            names[n++] = plan->rows[i].name;
    names[n] = NULL;
    return config_nearest(name, names);
}

static int take_service(struct compile *c, const char *section, const char *key, const char *name)
{
    int index = find_row(c->plan, name);
    const char *nearest;

    if (index != MACHINE_NONE)
        return index;
    nearest = nearest_row(c->plan, name);
    if (nearest != NULL)
        add_problem(c, section, key, "no service \"%s\" (did you mean \"%s\"?)", name, nearest);
    else
        add_problem(c, section, key, "no service \"%s\"", name);
    return MACHINE_NONE;
}

static void take_set(struct compile *c, const char *section, const char *key, int self,
                     struct service_set *set)
{
    const char *text = table_text(c->config, section, key);
    barrer_auto_free char **words = NULL;

    if (text == NULL || config_split(text, &words, NULL) < 0)
        return;
    for (size_t i = 0; words[i] != NULL; i++) {
        int index = take_service(c, section, key, words[i]);

        if (index == self)
            add_problem(c, section, key, "\"%s\" is the service itself", words[i]);
        else if (index != MACHINE_NONE)
            set_add(set, index);
    }
}

/* A command has to split into words, the first of which is not empty. */
static int check_command(struct compile *c, const char *section, const char *key)
{
    const char *text = table_text(c->config, section, key);
    barrer_auto_free char *copy = text != NULL ? strdup(text) : NULL;
    char *words[WORDS];

    if (copy == NULL)
        return 0;
    if (words_split(copy, words, WORDS) <= 0 || words[0][0] == '\0')
        add_problem(c, section, key, "expected a program and its arguments, got \"%s\"", text);
    return 1;
}

static void check_pairs(struct compile *c, const char *section, const char *key)
{
    const char *text = table_text(c->config, section, key);
    barrer_auto_free char **words = NULL;

    if (text == NULL || config_split(text, &words, NULL) < 0)
        return;
    for (size_t i = 0; words[i] != NULL; i++)
        if (strchr(words[i], '=') == NULL || words[i][0] == '=')
            add_problem(c, section, key, "expected NAME=VALUE, got \"%s\"", words[i]);
}

/* Files of cgroup v2 have the controller's name before the dot; nothing else is a limit. */
static void check_limits(struct compile *c, const char *section)
{
    const char *text = table_text(c->config, section, "limits");
    barrer_auto_free char **words = NULL;

    check_pairs(c, section, "limits");
    if (text == NULL || config_split(text, &words, NULL) < 0)
        return;
    for (size_t i = 0; words[i] != NULL; i++)
        if (strchr(words[i], '/') != NULL || strncmp(words[i], "cgroup.", 7) == 0)
            add_problem(c, section, "limits", "\"%s\" is no limit", words[i]);
}

static void check_conditions(struct compile *c, const char *section)
{
    const char *text = table_text(c->config, section, "condition");
    barrer_auto_free char **words = NULL;

    if (text == NULL || config_split(text, &words, NULL) < 0)
        return;
    for (size_t i = 0; words[i] != NULL; i++) {
        const char *word = words[i] + (words[i][0] == '!');

        if (strncmp(word, "path:/", 6) != 0 && strncmp(word, "cmdline:", 8) != 0)
            add_problem(c, section, "condition",
                        "expected path:/FILE or cmdline:WORD, with \"!\" before it or not, got "
                        "\"%s\"",
                        words[i]);
    }
}

static void check_octal(struct compile *c, const char *section)
{
    const char *text = table_text(c->config, section, "umask");
    char *end;

    if (text != NULL && (strtoul(text, &end, 8) > 0777 || *end != '\0' || *text == '\0'))
        add_problem(c, section, "umask", "expected an octal number up to 0777, got \"%s\"", text);
}

static void take_give_up(struct compile *c, const char *section, struct service_row *row)
{
    const char *text = table_text(c->config, section, "give-up-codes");
    barrer_auto_free char **words = NULL;

    if (text == NULL || config_split(text, &words, NULL) < 0)
        return;
    for (size_t i = 0; words[i] != NULL; i++) {
        unsigned long code = strtoul(words[i], NULL, 10);

        if (code > 255 || row->n_give_up == sizeof(row->give_up))
            add_problem(c, section, "give-up-codes", "expected up to 16 exit statuses, got \"%s\"",
                        words[i]);
        else
            row->give_up[row->n_give_up++] = (uint8_t)code;
    }
}

static void compile_service(struct compile *c, int index)
{
    static const char *const types[] = {"simple", "oneshot", "scripted", NULL};
    static const char *const restarts[] = {"no", "on-failure", "always", NULL};
    static const char *const readiness[] = {"none", "notify", "s6", NULL};
    static const char *const inputs[] = {"null", "console", NULL};
    static const char *const outputs[] = {"log", "console", "null", NULL};
    struct service_row *row = &c->plan->rows[index];
    char section[64];

    (void)snprintf(section, sizeof(section), "service %s", row->name);
    if (!check_command(c, section, "exec"))
        add_problem(c, section, "exec", "expected a program");
    row->has_stop_exec = (uint8_t)check_command(c, section, "stop-exec");
    row->has_reload_exec = (uint8_t)check_command(c, section, "reload-exec");
    row->type = take_word(c, section, "type", types);
    row->restart = take_word(c, section, "restart", restarts);
    row->readiness = take_word(c, section, "readiness", readiness);
    row->input = take_word(c, section, "input", inputs);
    row->output = take_word(c, section, "output", outputs);
    row->is_enabled = (uint8_t)take_bool(c, section, "enabled");
    row->stop_signal = take_signal(c, section, "stop-signal");
    row->reload_signal = take_signal(c, section, "reload-signal");
    row->restart_delay = take_number(c, section, "restart-delay", "duration");
    row->restart_max_delay = take_number(c, section, "restart-max-delay", "duration");
    row->restart_interval = take_number(c, section, "restart-interval", "duration");
    row->restart_limit = take_number(c, section, "restart-limit", "uint");
    row->start_timeout = take_number(c, section, "start-timeout", "duration");
    row->stop_timeout = take_number(c, section, "stop-timeout", "duration");
    row->watchdog = take_number(c, section, "watchdog", "duration");
    row->every = take_number(c, section, "every", "duration");
    row->after_boot = take_number(c, section, "after-boot", "duration");
    if ((row->every > 0 || row->after_boot > 0) && row->type != SERVICE_ONESHOT)
        add_problem(c, section, row->every > 0 ? "every" : "after-boot",
                    "timers are for services of type oneshot");
    take_set(c, section, "after", index, &row->after);
    take_set(c, section, "requires", index, &row->requires);
    take_set(c, section, "wants", index, &row->wants);
    take_give_up(c, section, row);
    check_pairs(c, section, "environment");
    check_pairs(c, section, "rlimits");
    check_limits(c, section);
    check_conditions(c, section);
    check_octal(c, section);
}

/* Depth first; PATH is the way to INDEX. Every service is entered once, so this ends. */
static int find_cycle(const struct boot_plan *plan, int index, uint8_t *seen, int *path, int depth)
{
    const struct service_row *row = &plan->rows[index];

    path[depth] = index;
    seen[index] = 1;
    for (int i = 0; i < plan->n_rows; i++) {
        int length;

        if (!set_has(&row->after, i) && !set_has(&row->requires, i) && !set_has(&row->wants, i))
            continue;
        if (seen[i] == 1) {
            path[depth + 1] = i;
            return depth + 2;
        }
        length = seen[i] == 0 ? find_cycle(plan, i, seen, path, depth + 1) : 0;
        if (length > 0)
            return length;
    }
    seen[index] = 2;
    return 0;
}

static void check_cycles(struct compile *c)
{
    uint8_t seen[MACHINE_SERVICES] = {0};
    int path[MACHINE_SERVICES + 1];

    for (int i = 0; i < c->plan->n_rows; i++) {
        char text[512], section[64];
        size_t used = 0;
        int length, first = 0;

        if (c->plan->rows[i].name[0] == '\0' || seen[i] != 0)
            continue;
        length = find_cycle(c->plan, i, seen, path, 0);
        if (length == 0)
            continue;
        while (path[first] != path[length - 1])
            first++;
        for (int j = first; j < length && used < sizeof(text); j++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
                                     j > first ? " -> " : "", c->plan->rows[path[j]].name);
        (void)snprintf(section, sizeof(section), "service %s", c->plan->rows[path[first]].name);
        add_problem(c, section,
                    set_has(&c->plan->rows[path[first]].after, path[first + 1])      ? "after"
                    : set_has(&c->plan->rows[path[first]].requires, path[first + 1]) ? "requires"
                                                                                     : "wants",
                    "a cycle: %s", text);
        return;
    }
}

static int16_t take_role(struct compile *c, const char *key)
{
    const char *name = table_text(c->config, "flow boot", key);

    return (int16_t)(name != NULL ? take_service(c, "flow boot", key, name) : MACHINE_NONE);
}

static void compile_settings(struct compile *c)
{
    static const char section[] = "flow boot";
    static const char *const failures[] = {"rescue", "poweroff", "reboot", "halt", NULL};
    struct boot_settings *settings = &c->plan->settings;

    settings->init = take_role(c, "init");
    settings->init_fallback = take_role(c, "init-fallback");
    settings->logger = take_role(c, "logger");
    settings->on_failure = take_word(c, section, "on-failure", failures);
    settings->init_timeout = take_number(c, section, "init-timeout", "duration");
    settings->shutdown_timeout = take_number(c, section, "shutdown-timeout", "duration");
    settings->root_timeout = take_number(c, section, "root-timeout", "duration");
    settings->watchdog = take_number(c, section, "watchdog", "duration");
    settings->read_ahead = take_kib(c, section, "read-ahead");
    settings->root_overlay = (uint8_t)take_bool(c, section, "root-overlay");
    take_text(c, section, "rescue", settings->rescue, sizeof(settings->rescue));
    take_text(c, section, "console", settings->console, sizeof(settings->console));
    take_text(c, section, "root", settings->root, sizeof(settings->root));
    take_text(c, section, "root-type", settings->root_type, sizeof(settings->root_type));
    take_text(c, section, "root-options", settings->root_options, sizeof(settings->root_options));
    take_text(c, section, "fsck", settings->fsck, sizeof(settings->fsck));
    take_text(c, section, "limits", settings->limits, sizeof(settings->limits));
    take_text(c, "core", "plugin-dir", settings->plugin_dir, sizeof(settings->plugin_dir));
    settings->has_root = settings->root[0] != '\0';
    (void)check_command(c, section, "rescue");
    (void)check_command(c, section, "fsck");
    check_pairs(c, section, "sysctl");
    check_limits(c, section);
    needs_take(c->config, c->plan);
}

/* The unit of NAME, else one that is free there and in the plan, else MACHINE_SERVICES. */
static int index_for(const struct compile *c, const char *name)
{
    int index;

    for (index = 0; index < c->n_units; index++)
        if (strcmp(c->units[index].name, name) == 0)
            return index;
    for (index = 0; index < MACHINE_SERVICES; index++)
        if ((index >= c->n_units || c->units[index].name[0] == '\0') &&
            (index >= c->plan->n_rows || c->plan->rows[index].name[0] == '\0'))
            break;
    return index;
}

/* Give every [service NAME] its index. */
static void take_names(struct compile *c)
{
    const struct config_value *value;

    for (size_t i = 0; (value = config_at(c->config, i)) != NULL; i++) {
        const char *name = keys_service(value->section);
        int index;

        if (name == NULL || find_row(c->plan, name) != MACHINE_NONE)
            continue;
        index = index_for(c, name);
        if (index == MACHINE_SERVICES) {
            problems_add_at(&c->problems, value->file, value->line, "[%s]: more than %d services",
                            value->section, MACHINE_SERVICES);
            return;
        }
        if (index >= c->plan->n_rows)
            c->plan->n_rows = index + 1;
        (void)snprintf(c->plan->rows[index].name, MACHINE_NAME, "%s", name);
    }
}

/* All of the configuration as one INI text. */
static void write_text(struct compile *c)
{
    struct boot_plan *plan = c->plan;
    const struct config_value *value;
    const char *section = "";
    size_t used = 0;

    for (size_t i = 0; (value = config_at(c->config, i)) != NULL; i++) {
        size_t n_parts, room;
        const struct config_part *parts = config_parts(value, &n_parts);

        if (value->value == NULL || strcmp(value->file, "(built in)") == 0)
            continue; /* a default */
        room = sizeof(plan->text) - used;
        if (strcmp(section, value->section) != 0)
            used += (size_t)snprintf(plan->text + used, room, "%s[%s]\n", used > 0 ? "\n" : "",
                                     value->section);
        section = value->section;
        for (size_t j = 0; j < n_parts && used < sizeof(plan->text); j++)
            used += (size_t)snprintf(plan->text + used, sizeof(plan->text) - used, "%s %s %s\n",
                                     value->key, parts[j].is_append ? "+=" : "=", parts[j].text);
        if (used >= sizeof(plan->text)) {
            problems_add(&c->problems, "the configuration is larger than %d KiB",
                         MACHINE_PLAN_TEXT / 1024);
            used = 0;
            break;
        }
    }
    plan->length = (uint32_t)used;
}

int table_compile(const struct config *config, const struct unit *units, int n_units,
                  struct boot_plan *plan, struct barrer_error *err)
{
    struct compile c = {.config = config, .units = units, .n_units = n_units, .plan = plan};

    problems_init(&c.problems);
    memset(&plan->settings, 0, sizeof(plan->settings));
    memset(plan->rows, 0, (size_t)plan->n_rows * sizeof(*plan->rows));
    plan->n_rows = 0;
    take_names(&c);
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->rows[i].name[0] != '\0')
            compile_service(&c, i);
    compile_settings(&c);
    check_cycles(&c);
    write_text(&c);
    return problems_finish(&c.problems, err);
}
