/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/needs.h"

#include <stdio.h>
#include <string.h>

#include "boot/table.h"
#include "config/composition.h"

enum { ISOLATION, RESOURCES, FILESYSTEM, PROCESS, RUNTIME, KINDS };

static const char *const kind_keys[KINDS] = {"isolation", "resources", "filesystem", "process",
                                             "runtime"};

/* Modules as bits of their places in the settings. */
struct chains {
    uint32_t kinds[KINDS];
    uint32_t filters, hosts; /* of services with a filter; of payloads that may be managed */
};

/* The first alternative is usable nearly everywhere, or it would not be the first. */
static void take_module(const struct config *config, const char *name, int kind, size_t place,
                        struct boot_settings *settings, struct chains *chains)
{
    const char *module, *when;
    char section[64];

    (void)snprintf(section, sizeof(section), "plugin %s", name);
    module = config_text(config, section, "module", name);
    when = config_text(config, section, "when", composition_default_when(module));
    (void)snprintf(settings->modules[place], MACHINE_NAME, "%s", module);
    if (when == NULL)
        chains->kinds[kind] |= 1u << place;
    else if (strcmp(when, "linux.seccomp") == 0)
        chains->filters |= 1u << place;
    else if (strcmp(when, COMPOSITION_MANAGED) == 0)
        chains->hosts |= 1u << place;
}

static void take_chains(const struct config *config, struct boot_settings *settings,
                        struct chains *chains)
{
    size_t n = 0;

    for (int kind = 0; kind < KINDS; kind++) {
        struct composition *composition = NULL;

        if (composition_parse(config_get(config, "flow boot", kind_keys[kind]), &composition,
                              NULL) < 0)
            continue;
        for (size_t i = 0; i < composition->n_positions && n < MACHINE_MODULES; i++)
            take_module(config, composition->positions[i].alternatives[0], kind, n++, settings,
                        chains);
        composition_destroy(composition);
    }
}

static int has_text(const struct config *config, const char *section, const char *key)
{
    return config_text(config, section, key, NULL) != NULL;
}

static uint32_t of_service(const struct config *config, const char *section,
                           const struct chains *chains)
{
    static const char *const in_mounts[] = {"isolation", "read-only-root", "writable",
                                            "private-tmp"};
    const char *exec = config_text(config, section, "exec", "");
    uint32_t modules = chains->kinds[PROCESS] | chains->kinds[RUNTIME];

    if (has_text(config, section, "limits"))
        modules |= chains->kinds[RESOURCES];
    for (size_t i = 0; i < sizeof(in_mounts) / sizeof(*in_mounts); i++)
        if (has_text(config, section, in_mounts[i]))
            modules |= chains->kinds[ISOLATION] | chains->kinds[FILESYSTEM];
    if (has_text(config, section, "root"))
        modules |= chains->kinds[FILESYSTEM];
    if (has_text(config, section, "private-network"))
        modules |= chains->kinds[ISOLATION];
    if (has_text(config, section, "seccomp-allow") || has_text(config, section, "seccomp-deny"))
        modules |= chains->filters;
    if (strstr(exec, "dotnet") != NULL || strstr(exec, ".dll") != NULL)
        modules |= chains->hosts;
    return modules;
}

void needs_take(const struct config *config, struct boot_plan *plan)
{
    struct chains chains = {.filters = 0};

    take_chains(config, &plan->settings, &chains);
    for (int i = 0; i < plan->n_rows; i++) {
        char section[64];

        if (plan->rows[i].name[0] == '\0')
            continue;
        (void)snprintf(section, sizeof(section), "service %s", plan->rows[i].name);
        plan->rows[i].modules = of_service(config, section, &chains);
    }
}
