/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/plugin.h>

#include "base/log.h"
#include "container/state.h"

enum {
    OPTION_ROOT = 256,
    OPTION_LOG,
    OPTION_LOG_FORMAT,
    OPTION_LOG_LEVEL,
    OPTION_DEBUG,
    OPTION_SYSTEMD_CGROUP,
    OPTION_CGROUP_MANAGER,
    OPTION_ROOTLESS,
    OPTION_CONFIG,
    OPTION_SET,
    OPTION_PLUGIN_DIR,
    OPTION_CRIU,
};

static const struct option global_options[] = {
    {"root", required_argument, NULL, OPTION_ROOT},
    {"log", required_argument, NULL, OPTION_LOG},
    {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"debug", no_argument, NULL, OPTION_DEBUG},
    {"systemd-cgroup", no_argument, NULL, OPTION_SYSTEMD_CGROUP},
    {"cgroup-manager", required_argument, NULL, OPTION_CGROUP_MANAGER},
    {"rootless", required_argument, NULL, OPTION_ROOTLESS},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"set", required_argument, NULL, OPTION_SET},
    {"plugin-dir", required_argument, NULL, OPTION_PLUGIN_DIR},
    {"criu", required_argument, NULL, OPTION_CRIU},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {0},
};

int cli_option(int argc, char **argv, const char *short_options, const struct option *options,
               struct barrer_error *err)
{
    char with_colon[64];
    int c;

    opterr = 0;
    /* ":": tell a missing argument from an unknown option. */
    (void)snprintf(with_colon, sizeof(with_colon), "%s:%s", *short_options == '+' ? "+" : "",
                   short_options + (*short_options == '+'));
    c = getopt_long(argc, argv, with_colon, options, NULL);
    if (c == ':')
        return error_fail(err, 0, "%s: expected an argument", argv[optind - 1]), '?';
    if (c == '?' && optopt > 0 && optopt < 256)
        return error_fail(err, 0, "-%c: unknown option (see --help)", optopt), '?';
    if (c == '?')
        return error_fail(err, 0, "%s: unknown option (see --help)", argv[optind - 1]), '?';
    return c;
}

static int set_manager(struct cli *cli, const char *text, struct barrer_error *err)
{
    static const char *const names[] = {"cgroupfs", "systemd", "disabled"};

    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            cli->global.cgroup_manager = (enum cgroup_manager)i;
            return 0;
        }
    }
    return error_fail(err, 0,
                      "--cgroup-manager: expected cgroupfs, systemd or disabled, got \"%s\"", text);
}

static int set_log(struct cli *cli, int option, const char *text, struct barrer_error *err)
{
    if (option == OPTION_LOG_FORMAT) {
        cli->is_log_json = strcmp(text, "json") == 0;
        if (!cli->is_log_json && strcmp(text, "text") != 0)
            return error_fail(err, 0, "--log-format: expected text or json, got \"%s\"", text);
        return 0;
    }
    cli->log_level = log_level_from_name(text);
    if (cli->log_level < 0)
        return error_fail(err, 0,
                          "--log-level: expected error, warning, notice, info or debug, got \"%s\"",
                          text);
    return 0;
}

static int set_rootless(struct cli *cli, const char *text, struct barrer_error *err)
{
    static const char *const names[] = {"auto", "true", "false"};

    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            cli->global.rootless = (enum rootless_mode)i;
            return 0;
        }
    }
    return error_fail(err, 0, "--rootless: expected auto, true or false, got \"%s\"", text);
}

static int set_global(struct cli *cli, int option, struct barrer_error *err)
{
    switch (option) {
    case OPTION_ROOT:
        cli->root = optarg;
        break;
    case OPTION_LOG:
        cli->log_path = optarg;
        break;
    case OPTION_LOG_FORMAT:
    case OPTION_LOG_LEVEL:
        return set_log(cli, option, optarg, err);
    case OPTION_DEBUG:
        cli->log_level = BARRER_LOG_DEBUG;
        break;
    case OPTION_SYSTEMD_CGROUP:
        cli->global.cgroup_manager = CGROUPS_SYSTEMD;
        break;
    case OPTION_CGROUP_MANAGER:
        return set_manager(cli, optarg, err);
    case OPTION_ROOTLESS:
        return set_rootless(cli, optarg, err);
    case OPTION_CONFIG:
        cli->global.config_file = optarg;
        break;
    case OPTION_SET:
        return cli_append(&cli->global.sets, optarg, err);
    case OPTION_PLUGIN_DIR:
        cli->global.plugin_dir = optarg;
        break;
    case OPTION_CRIU:
        cli->global.criu = optarg;
        break;
    case 'h':
        cli->wants_help = 1;
        break;
    case 'v':
        cli->wants_version = 1;
        break;
    default:
        return -EINVAL;
    }
    return 0;
}

int cli_parse(struct cli *cli, int argc, char **argv, struct barrer_error *err)
{
    int c, r;

    *cli = (struct cli){.log_level = BARRER_LOG_WARNING};
    optind = 0;
    while ((c = cli_option(argc, argv, "+hvV", global_options, err)) != -1) {
        r = set_global(cli, c == 'V' ? 'v' : c, err);
        if (r < 0)
            return r;
    }
    cli->argc = argc - optind;
    cli->argv = argv + optind;
    return 0;
}

int cli_apply(struct cli *cli, struct barrer_error *err)
{
    enum log_format format = cli->is_log_json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
    int r = 0;

    if (cli->log_path != NULL)
        r = log_open(cli->log_path, format, cli->log_level, err);
    else
        log_to_stderr("barrer-run", format, cli->log_level);
    return r < 0 ? r : state_root(cli->root, &cli->global.root, err);
}

void cli_fini(struct cli *cli)
{
    free(cli->global.root);
    free(cli->global.sets);
    log_close();
}

int cli_error(const struct barrer_error *err, int status)
{
    if (!log_is_stderr())
        log_write(BARRER_LOG_ERROR, "%s", err->text);
    (void)fprintf(stderr, "barrer-run: %s\n", err->text);
    return status;
}

const struct cli_verb *cli_find(const struct cli_verb *const *verbs, const char *name)
{
    for (; *verbs != NULL; verbs++)
        if (strcmp((*verbs)->name, name) == 0)
            return *verbs;
    return NULL;
}

static int print_help(const struct cli_verb *verb)
{
    (void)printf("Usage: barrer-run [GLOBAL OPTIONS] %s %s\n\n%s.\n\n%s"
                 "  -h, --help                 print this\n",
                 verb->name, verb->usage, verb->summary, verb->help);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* --help anywhere before the operands; a payload's own --help is behind the id. */
static int wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    return 0;
}

int cli_run(struct cli *cli, const struct cli_verb *verb)
{
    struct barrer_error err = {0};
    int r;

    if (wants_help(cli->argc, cli->argv))
        return print_help(verb);
    r = cli_apply(cli, &err);
    if (r == 0) {
        optind = 0;
        r = verb->run(cli, cli->argc, cli->argv, &err);
    }
    /* runc's: engines tell a failure of exec from an exit status of the payload by it. */
    if (r < 0)
        r = cli_error(&err, strcmp(verb->name, "exec") == 0 ? 255 : 1);
    cli_fini(cli);
    return r;
}

int cli_id(int argc, char **argv, const char **ret_id, struct barrer_error *err)
{
    if (optind >= argc)
        return error_fail(err, 0, "%s: expected the id of a container", argv[0]);
    if (optind + 1 < argc)
        return error_fail(err, 0, "%s: expected one id, got also \"%s\"", argv[0],
                          argv[optind + 1]);
    *ret_id = argv[optind];
    return 0;
}

int cli_number(const char *name, const char *text, long long minimum, long long *ret_number,
               struct barrer_error *err)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    /* strtoll(3) would skip blanks. */
    if (errno != 0 || end == text || *end != '\0' || number < minimum || *text == ' ' ||
        (*text >= '\t' && *text <= '\r'))
        return error_fail(err, 0, "--%s: expected a number of at least %lld, got \"%s\"", name,
                          minimum, text);
    *ret_number = number;
    return 0;
}

int cli_append(const char ***list, const char *text, struct barrer_error *err)
{
    const char **larger;
    size_t n = 0;

    while (*list != NULL && (*list)[n] != NULL)
        n++;
    larger = realloc(*list, (n + 2) * sizeof(*larger));
    if (larger == NULL)
        return error_fail(err, ENOMEM, "read the command line");
    larger[n] = text;
    larger[n + 1] = NULL;
    *list = larger;
    return 0;
}

int cli_flush(struct barrer_error *err)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return error_fail(err, errno, "write to standard output");
    return 0;
}

int cli_print_json(struct json_object *json, int is_pretty, struct barrer_error *err)
{
    int flags =
        JSON_C_TO_STRING_NOSLASHESCAPE |
        (is_pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : JSON_C_TO_STRING_PLAIN);

    (void)printf("%s\n", json_object_to_json_string_ext(json, flags));
    return cli_flush(err);
}
