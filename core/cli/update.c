/* SPDX-License-Identifier: Apache-2.0
 *
 * update: options are the members of linux.resources that --resources reads from a file.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stddef.h>
#include <string.h>

#include "cli/cli.h"
#include "container/lifecycle.h"
#include "flow/stages.h"

/* One option and the member that it sets. */
static const struct {
    const char *option, *object, *key;
    int is_text;
} members[] = {
    {"blkio-weight", "blockIO", "weight", 0},
    {"cpu-period", "cpu", "period", 0},
    {"cpu-quota", "cpu", "quota", 0},
    {"cpu-burst", "cpu", "burst", 0},
    {"cpu-share", "cpu", "shares", 0},
    {"cpu-rt-period", "cpu", "realtimePeriod", 0},
    {"cpu-rt-runtime", "cpu", "realtimeRuntime", 0},
    {"cpu-idle", "cpu", "idle", 0},
    {"cpuset-cpus", "cpu", "cpus", 1},
    {"cpuset-mems", "cpu", "mems", 1},
    {"memory", "memory", "limit", 0},
    {"memory-reservation", "memory", "reservation", 0},
    {"memory-swap", "memory", "swap", 0},
    {"kernel-memory", "memory", "kernel", 0},
    {"kernel-memory-tcp", "memory", "kernelTCP", 0},
    {"pids-limit", "pids", "limit", 0},
};

enum { OPTION_L3_CACHE_SCHEMA = 1024, OPTION_MEM_BW_SCHEMA };

/* What the command line asks. */
struct wish {
    const char *file;              /* --resources */
    struct json_object *resources; /* the single limits */
    struct barrer_intel_rdt rdt;   /* no part of linux.resources */
};

#define N_MEMBERS (sizeof(members) / sizeof(*members))

/* A number with the suffixes that the peers take for sizes. */
static int parse_number(const char *option, const char *text, long long *ret_number,
                        struct barrer_error *err)
{
    static const char suffixes[] = "kmgt";
    const char *suffix;
    char digits[32];
    size_t length = strlen(text);
    int shift = 0, r;

    if (length > 1 && length < sizeof(digits) &&
        (suffix = strchr(suffixes, text[length - 1] | 0x20)) != NULL && *suffix != '\0') {
        shift = (int)(suffix - suffixes + 1) * 10;
        length--;
    }
    if (length >= sizeof(digits))
        return error_fail(err, 0, "--%s: expected a number, got \"%s\"", option, text);
    memcpy(digits, text, length);
    digits[length] = '\0';
    r = cli_number(option, digits, -1, ret_number, err);
    if (r < 0)
        return error_fail(err, 0, "--%s: expected a number, got \"%s\"", option, text);
    if (shift > 0 && (*ret_number < 0 || *ret_number > (long long)(INT64_MAX >> shift)))
        return error_fail(err, 0, "--%s: expected a smaller number, got \"%s\"", option, text);
    *ret_number <<= shift;
    return 0;
}

static int set_member(struct json_object *resources, size_t i, const char *text,
                      struct barrer_error *err)
{
    struct json_object *object;
    long long number = 0;
    int r = members[i].is_text ? 0 : parse_number(members[i].option, text, &number, err);

    if (r < 0)
        return r;
    if (!json_object_object_get_ex(resources, members[i].object, &object)) {
        object = json_object_new_object();
        json_object_object_add(resources, members[i].object, object);
    }
    json_object_object_add(object, members[i].key,
                           members[i].is_text ? json_object_new_string(text)
                                              : json_object_new_int64(number));
    return 0;
}

static int set_option(struct wish *wish, int c, struct barrer_error *err)
{
    switch (c) {
    case 'r':
        wish->file = optarg;
        return 0;
    case OPTION_L3_CACHE_SCHEMA:
        wish->rdt.l3_cache_schema = optarg;
        return 0;
    case OPTION_MEM_BW_SCHEMA:
        wish->rdt.mem_bw_schema = optarg;
        return 0;
    default:
        return c >= 256 ? set_member(wish->resources, (size_t)c - 256, optarg, err) : -EINVAL;
    }
}

static int parse(int argc, char **argv, struct wish *wish, struct barrer_error *err)
{
    struct option table[N_MEMBERS + 4] = {0};
    int c, r = 0;

    for (size_t i = 0; i < N_MEMBERS; i++)
        table[i] = (struct option){members[i].option, required_argument, NULL, 256 + (int)i};
    table[N_MEMBERS] = (struct option){"resources", required_argument, NULL, 'r'};
    table[N_MEMBERS + 1] =
        (struct option){"l3-cache-schema", required_argument, NULL, OPTION_L3_CACHE_SCHEMA};
    table[N_MEMBERS + 2] =
        (struct option){"mem-bw-schema", required_argument, NULL, OPTION_MEM_BW_SCHEMA};
    while (r == 0 && (c = cli_option(argc, argv, "r:", table, err)) != -1)
        r = set_option(wish, c, err);
    return r;
}

static int has_rdt(const struct wish *wish)
{
    return wish->rdt.l3_cache_schema != NULL || wish->rdt.mem_bw_schema != NULL;
}

/* Ask for a class of service, which one of the container's backends has to have made. */
static int add_rdt(const struct flow *flow, const struct wish *wish, struct oci_spec *spec,
                   struct barrer_error *err)
{
    if (!has_rdt(wish))
        return 0;
    for (size_t i = 0; i < flow->n_members; i++) {
        if (!instance_honours(flow->members[i].instance, "linux.intelRdt"))
            continue;
        spec->resources.intel_rdt = &wish->rdt;
        return 0;
    }
    return error_fail(err, ENOTSUP,
                      "change the class of service of a container that has none (linux.intelRdt)");
}

static int update(struct cli *cli, const char *id, const struct wish *wish, struct oci_spec *spec,
                  struct barrer_error *err)
{
    struct container *container;
    struct flow flow = {0};
    int r = lifecycle_open_resources(&cli->global, id, CONTAINER_LOCKED, &container, &flow, err);

    if (r < 0)
        return r;
    flow.spec = spec;
    if (container_status(container) == CONTAINER_STOPPED)
        r = error_fail(err, 0, "update container `%s`: container not running", id);
    if (r == 0 && !stage_any(&flow, STAGE_UPDATE))
        r = error_fail(err, ENOTSUP, "update container `%s` (it has no cgroup)", id);
    if (r == 0)
        r = add_rdt(&flow, wish, spec, err);
    if (r == 0)
        r = flow_check_honoured(&flow, spec, 1u << BARRER_RESOURCES, err);
    if (r == 0)
        r = stage_run(&flow, STAGE_UPDATE, err);
    flow_fini(&flow);
    loader_destroy(flow.loader);
    container_close(container);
    return r;
}

static int run(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    static const char *const no_lines[] = {NULL};
    struct wish wish = {.resources = json_object_new_object(), .rdt.schemata = no_lines};
    struct oci_spec *spec = NULL;
    const char *id;
    int r = parse(argc, argv, &wish, err);

    if (r == 0)
        r = cli_id(argc, argv, &id, err);
    if (r == 0 && wish.file != NULL && json_object_object_length(wish.resources) > 0)
        r = error_fail(err, 0, "update: expected --resources or single limits, got both");
    if (r == 0)
        r = wish.file != NULL ? oci_resources_load(wish.file, &spec, err)
                              : oci_resources_from_json(wish.resources, &spec, err);
    if (r == 0)
        r = update(cli, id, &wish, spec, err);
    oci_spec_destroy(spec);
    json_object_put(wish.resources);
    return r;
}

const struct cli_verb verb_update = {
    "update", "[OPTIONS] ID", "Change the limits of a container",
    "Options:\n"
    "  -r, --resources FILE       linux.resources as JSON; - is standard input\n"
    "      --blkio-weight N       weight for block devices\n"
    "      --cpu-period USEC      length of a period for --cpu-quota\n"
    "      --cpu-quota USEC       CPU time in a period; -1: no limit\n"
    "      --cpu-burst USEC       CPU time that may be saved up\n"
    "      --cpu-share N          relative weight\n"
    "      --cpu-rt-period USEC   the same for realtime scheduling\n"
    "      --cpu-rt-runtime USEC\n"
    "      --cpu-idle N           1: run only when nobody else does\n"
    "      --cpuset-cpus LIST     CPUs, as 0-3,7\n"
    "      --cpuset-mems LIST     memory nodes\n"
    "      --memory BYTES         memory; suffixes k, m, g, t; -1: no limit\n"
    "      --memory-reservation BYTES\n"
    "      --memory-swap BYTES    memory and swap together\n"
    "      --kernel-memory BYTES  kernel memory (cgroup v1)\n"
    "      --kernel-memory-tcp BYTES\n"
    "      --pids-limit N         processes; -1: no limit\n"
    "      --l3-cache-schema LINE\n"
    "                             share of the cache, as \"L3:0=7f0\"\n"
    "      --mem-bw-schema LINE   share of memory bandwidth, as \"MB:0=20\"\n",
    run};
