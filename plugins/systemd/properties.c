/* SPDX-License-Identifier: Apache-2.0 */
#include "properties.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

#include "../cgroup/backend.h"

/* 0 is what engines send for what they do not set. */
static int is_asked(const struct barrer_number *number)
{
    return number->is_set && number->value != 0;
}

static int add_number(sd_bus_message *call, const char *name, int64_t value)
{
    return sd_bus_message_append(call, "(sv)", name, "t",
                                 value < 0 ? UINT64_MAX : (uint64_t)value);
}

static int add_asked(sd_bus_message *call, const char *name, const struct barrer_number *number)
{
    return is_asked(number) ? add_number(call, name, number->value) : 0;
}

/* A share of processor time for each second; systemd takes hundredths of it only. */
static int add_quota(sd_bus_message *call, const struct barrer_cpu *cpu)
{
    uint64_t period = is_asked(&cpu->period) ? (uint64_t)cpu->period.value : 100000;
    uint64_t quota = UINT64_MAX;
    int r = 0;

    if (is_asked(&cpu->period))
        r = add_number(call, "CPUQuotaPeriodUSec", cpu->period.value);
    if (r < 0 || !is_asked(&cpu->quota))
        return r;
    if (cpu->quota.value > 0) {
        quota = (uint64_t)((double)cpu->quota.value * 1000000 / (double)period);
        quota = (quota + 9999) / 10000 * 10000;
    }
    return sd_bus_message_append(call, "(sv)", "CPUQuotaPerSecUSec", "t", quota);
}

/* "0-3,5" as a bit mask, the first in the lowest bit of the first byte. */
static int parse_list(const char *list, unsigned char *mask, size_t size)
{
    size_t used = 0;

    while (*list != '\0') {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;

        if (end == list)
            return -EINVAL;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (last >= size * 8 || last < first || (*end != ',' && *end != '\0' && *end != '\n'))
            return -EINVAL;
        for (; first <= last; first++)
            mask[first / 8] |= (unsigned char)(1u << (first % 8));
        used = last / 8 + 1 > used ? last / 8 + 1 : used;
        list = *end == '\0' ? end : end + 1;
    }
    return (int)used;
}

static int add_list(sd_bus_message *call, const char *name, const char *list)
{
    unsigned char mask[1024] = {0};
    int n = list == NULL ? 0 : parse_list(list, mask, sizeof(mask)), r;

    if (n <= 0)
        return 0; /* the kernel refuses it, with its reason */
    r = sd_bus_message_open_container(call, 'r', "sv");
    if (r >= 0)
        r = sd_bus_message_append(call, "s", name);
    if (r >= 0)
        r = sd_bus_message_open_container(call, 'v', "ay");
    if (r >= 0)
        r = sd_bus_message_append_array(call, 'y', mask, (size_t)n);
    if (r >= 0)
        r = sd_bus_message_close_container(call);
    return r < 0 ? r : sd_bus_message_close_container(call);
}

/* systemd counts swap alone, as cgroup v2 does. */
static int add_swap(sd_bus_message *call, const struct barrer_memory *memory)
{
    int64_t swap = memory->swap.value, limit = memory->limit.value;

    if (!is_asked(&memory->swap))
        return is_asked(&memory->limit) && limit < 0 ? add_number(call, "MemorySwapMax", -1) : 0;
    if (swap > 0 && (!is_asked(&memory->limit) || limit > swap))
        return 0;
    return add_number(call, "MemorySwapMax", swap < 0 || limit < 0 ? swap : swap - limit);
}

static int add_limits_v2(sd_bus_message *call, const struct barrer_resources_request *request)
{
    const struct barrer_cpu *cpu = &request->cpu;
    int r = add_asked(call, "MemoryMax", &request->memory.limit);

    if (r >= 0)
        r = add_asked(call, "MemoryLow", &request->memory.reservation);
    if (r >= 0)
        r = add_swap(call, &request->memory);
    if (r >= 0 && is_asked(&cpu->shares) && !(cpu->idle.is_set && cpu->idle.value != 0))
        r = add_number(call, "CPUWeight",
                       (int64_t)cgroup_shares_to_weight((uint64_t)cpu->shares.value));
    if (r >= 0 && is_asked(&request->block_io.weight))
        r = add_number(call, "IOWeight", cgroup_io_weight(request->block_io.weight.value));
    if (r >= 0)
        r = add_list(call, "AllowedCPUs", cpu->cpus);
    return r < 0 ? r : add_list(call, "AllowedMemoryNodes", cpu->mems);
}

static int add_limits_v1(sd_bus_message *call, const struct barrer_resources_request *request)
{
    int r = add_asked(call, "MemoryLimit", &request->memory.limit);

    if (r >= 0)
        r = add_asked(call, "CPUShares", &request->cpu.shares);
    return r < 0 ? r : add_asked(call, "BlockIOWeight", &request->block_io.weight);
}

int properties_add_limits(sd_bus_message *call, const struct barrer_resources_request *request,
                          int is_v2)
{
    int r = is_v2 ? add_limits_v2(call, request) : add_limits_v1(call, request);

    if (r >= 0)
        r = add_quota(call, &request->cpu);
    if (r >= 0 && request->pids_limit.is_set)
        r = add_number(call, "TasksMax", request->pids_limit.value);
    return r < 0 ? r : 0;
}

/* Of all the properties of a scope those that make sense to a container's author, with their types.
 * Who may be started, or whose limits lifted, is not among them. */
#define ANNOTATION "org.systemd.property."
static const struct {
    const char *name, *type;
} table[] = {
    {"After", "as"},
    {"Before", "as"},
    {"CollectMode", "s"},
    {"DefaultDependencies", "b"},
    {"Description", "s"},
    {"Documentation", "as"},
    {"FinalKillSignal", "i"},
    {"KillMode", "s"},
    {"KillSignal", "i"},
    {"ManagedOOMMemoryPressure", "s"},
    {"ManagedOOMPreference", "s"},
    {"ManagedOOMSwap", "s"},
    {"MemoryHigh", "t"},
    {"OOMPolicy", "s"},
    {"RuntimeMaxUSec", "t"},
    {"SendSIGHUP", "b"},
    {"SendSIGKILL", "b"},
    {"TimeoutStopUSec", "t"},
};

/* Those of the table, in its order, and one that systemd.c reads. */
const char *const properties_annotations[] = {
    ANNOTATION "After",
    ANNOTATION "Before",
    ANNOTATION "CollectMode",
    ANNOTATION "DefaultDependencies",
    ANNOTATION "Description",
    ANNOTATION "Documentation",
    ANNOTATION "FinalKillSignal",
    ANNOTATION "KillMode",
    ANNOTATION "KillSignal",
    ANNOTATION "ManagedOOMMemoryPressure",
    ANNOTATION "ManagedOOMPreference",
    ANNOTATION "ManagedOOMSwap",
    ANNOTATION "MemoryHigh",
    ANNOTATION "OOMPolicy",
    ANNOTATION "RuntimeMaxUSec",
    ANNOTATION "SendSIGHUP",
    ANNOTATION "SendSIGKILL",
    ANNOTATION "TimeoutStopUSec",
    SYSTEMD_SUBGROUP,
    NULL,
};

/* A quoted string of GVariant's text format, 'a' or "a", without escapes; where it ends, or NULL. */
static const char *parse_text(const char *text, char *value, size_t size)
{
    const char *end = *text == '\'' || *text == '"' ? strchr(text + 1, *text) : NULL;

    if (end == NULL || (size_t)(end - text) > size || memchr(text, '\\', (size_t)(end - text)))
        return NULL;
    (void)snprintf(value, size, "%.*s", (int)(end - text - 1), text + 1);
    return end + 1;
}

static int parse_number(const char *text, uint64_t max, uint64_t *ret_value)
{
    static const char *const types[] = {"uint64 ", "int64 ", "uint32 ", "int32 "};
    char *end;

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (strncmp(text, types[i], strlen(types[i])) == 0) {
            text += strlen(types[i]);
            break;
        }
    if (*text < '0' || *text > '9')
        return -EINVAL;
    errno = 0;
    *ret_value = strtoull(text, &end, 10);
    return errno != 0 || *end != '\0' || *ret_value > max ? -EINVAL : 0;
}

/* ['a', 'b'] */
static int append_texts(sd_bus_message *call, const char *text)
{
    char value[256];
    int r = sd_bus_message_open_container(call, 'a', "s");

    if (r < 0 || *text++ != '[')
        return r < 0 ? r : -EINVAL;
    while (*text != ']') {
        text = parse_text(text, value, sizeof(value));
        if (text == NULL)
            return -EINVAL;
        r = sd_bus_message_append(call, "s", value);
        if (r < 0)
            return r;
        if (*text == ',')
            text++;
        text += strspn(text, " ");
    }
    return text[1] == '\0' ? sd_bus_message_close_container(call) : -EINVAL;
}

static int append_value(sd_bus_message *call, const char *type, const char *text)
{
    char value[256];
    const char *end;
    uint64_t number;

    switch (*type) {
    case 's':
        end = parse_text(text, value, sizeof(value));
        return end == NULL || *end != '\0' ? -EINVAL : sd_bus_message_append(call, "s", value);
    case 'b':
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return -EINVAL;
        return sd_bus_message_append(call, "b", *text == 't');
    case 'i':
        return parse_number(text, INT32_MAX, &number) < 0
                   ? -EINVAL
                   : sd_bus_message_append(call, "i", (int)number);
    case 't':
        return parse_number(text, UINT64_MAX, &number) < 0
                   ? -EINVAL
                   : sd_bus_message_append(call, "t", number);
    default:
        return append_texts(call, text);
    }
}

static int add_annotation(sd_bus_message *call, size_t i, const char *text)
{
    int r = sd_bus_message_open_container(call, 'r', "sv");

    if (r >= 0)
        r = sd_bus_message_append(call, "s", table[i].name);
    if (r >= 0)
        r = sd_bus_message_open_container(call, 'v', table[i].type);
    if (r >= 0)
        r = append_value(call, table[i].type, text);
    if (r >= 0)
        r = sd_bus_message_close_container(call);
    return r < 0 ? r : sd_bus_message_close_container(call);
}

int properties_add_annotations(sd_bus_message *call, const struct barrer_host *host,
                               struct barrer_error *err)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *text = host->annotation(host, properties_annotations[i]);
        int r = text == NULL ? 0 : add_annotation(call, i, text);

        if (r < 0)
            return barrer_fail(host, err, r == -EINVAL ? 0 : -r,
                               "annotation \"%s\": expected a value of the type \"%s\", as "
                               "GVariant writes it ('text', true, uint64 1, ['a', 'b']), got "
                               "\"%.80s\"",
                               properties_annotations[i], table[i].type, text);
    }
    return 0;
}
