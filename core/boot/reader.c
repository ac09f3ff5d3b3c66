/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/table.h"
#include "config/config.h"

#define LAST_GOOD BOOT_CONF_DIR "/last-good"

/* Whether the line begins [service NAME] of NAME. */
static int is_service(const char *line, const char *name)
{
    size_t length = strlen(name);

    return strncmp(line, "[service ", 9) == 0 && strncmp(line + 9, name, length) == 0 &&
           line[9 + length] == ']';
}

/* Append those sections of FROM that WANTED takes. */
static void copy_sections(char *to, size_t size, const char *from,
                          int (*wanted)(const struct machine *machine, const char *line),
                          const struct machine *machine)
{
    size_t used = strlen(to);
    int is_wanted = wanted(machine, "");

    while (*from != '\0') {
        size_t length = strcspn(from, "\n");

        if (from[0] == '[')
            is_wanted = wanted(machine, from);
        /* Lines that are left out leave their number to those behind them. */
        if (used + length + 2 < size) {
            memcpy(to + used, from, is_wanted ? length : 0);
            used += is_wanted ? length : 0;
            to[used++] = '\n';
            to[used] = '\0';
        }
        from += length + (from[length] == '\n');
    }
}

static const char *role_name(const struct machine *machine, int16_t role)
{
    const struct boot_plan *plan = &machine->plans[machine->current];

    return role != MACHINE_NONE ? plan->rows[role].name : "]";
}

static int is_of_init(const struct machine *machine, const char *line)
{
    const struct boot_settings *settings = &machine->plans[machine->current].settings;

    return is_service(line, role_name(machine, settings->init)) ||
           is_service(line, role_name(machine, settings->init_fallback));
}

static int is_of_plan(const struct machine *machine, const char *line)
{
    return !is_of_init(machine, line);
}

static int is_of_base(const struct machine *machine, const char *line)
{
    return line[0] == '[' && (strncmp(line, "[service ", 9) != 0 || is_of_init(machine, line));
}

/* The plan that was pushed, and behind it what a plan cannot change. */
static int parse_pushed(const struct machine *machine, struct config **ret_config,
                        struct barrer_error *err)
{
    static char text[sizeof(machine->push) + MACHINE_PLAN_TEXT + 4096];
    const char *other = strstr(machine->push, "\n[");

    for (const char *at = machine->push[0] == '[' ? machine->push
                          : other != NULL         ? other + 1
                                                  : NULL;
         at != NULL; at = strstr(at, "\n[") != NULL ? strstr(at, "\n[") + 1 : NULL)
        if (strncmp(at, "[service ", 9) != 0)
            return error_fail(err, 0, "plan: \"%.*s\": a plan has sections [service NAME] alone",
                              (int)strcspn(at, "\n"), at);
    copy_sections(text, sizeof(text), machine->push, is_of_plan, machine);
    copy_sections(text, sizeof(text), machine->plans[machine->current].text, is_of_base, machine);
    return config_parse("plan", text, strlen(text), ret_config, err);
}

static int load(const struct machine *machine, enum reader_source source,
                struct config **ret_config, struct barrer_error *err)
{
    static const char *const defaults[] = {BOOT_LIB_DIR, NULL};
    static const char *const layers[] = {BOOT_LIB_DIR, BOOT_CONF_DIR, BARRER_RUN_DIR};
    struct config_request request = {.name = "boot", .folders = layers};

    if (source == READER_PUSHED)
        return parse_pushed(machine, ret_config, err);
    if (source == READER_LAST_GOOD)
        request.file = LAST_GOOD;
    else if (source == READER_DEFAULTS)
        request.folders = defaults;
    else if (machine->config_file[0] != '\0')
        request.file = machine->config_file;
    return config_load(&request, ret_config, err);
}

void reader_read(struct machine *machine, enum reader_source source, struct config **ret_config)
{
    static const char *const names[] = {"static", "last-good", "defaults", "pushed"};
    struct boot_plan *plan = machine_other_plan(machine);
    struct config *config = NULL;
    struct barrer_error err;
    int r;

    plan->result = -1;
    (void)snprintf(plan->source, sizeof(plan->source), "%s", names[source]);
    r = load(machine, source, &config, &err);
    if (r == 0)
        r = table_compile(config, machine->units, machine->n_units, plan, &err);
    (void)snprintf(plan->problem, sizeof(plan->problem), "%.*s", (int)sizeof(plan->problem) - 1,
                   r < 0 ? err.text : "");
    plan->result = r;
    if (r == 0 && ret_config != NULL)
        *ret_config = config;
    else
        config_destroy(config);
}
