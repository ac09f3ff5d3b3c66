/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/barrer_config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <barrer/util.h>

struct command {
    const char *name;
    int (*run)(const struct tool *tool);
    const char *usage;
    const char *summary;
    const char *formats; /* accepted by --format, "" for none */
    int takes_origin, takes_plugin_dir, takes_names, takes_boot;
    int reads_nothing; /* no configuration */
};

static const struct command commands[] = {
    {"check", tool_check, "check [--boot [--root DIR]] [OPTION...]",
     "Read the configuration, load every plugin that it names, and check every option.\n"
     "With --boot: check boot.conf as barrer-init would, and that what it executes is there.\n"
     "All errors are printed, each with its file and line.",
     "", 0, 1, 0, 1, 0},
    {"show", tool_show, "show [--origin] [--format ini|json] [OPTION...]",
     "Print the configuration as merged from all layers.", "ini json", 1, 0, 0, 0, 0},
    {"plugins", tool_plugins, "plugins [--format table|json] [OPTION...] [NAME...]",
     "Print what the plugins that the configuration names, or those NAMEd, are and which\n"
     "options they have.",
     "table json", 0, 1, 1, 0, 0},
    {"keys", tool_keys, "keys [--format table|json]",
     "Print all keys that barrer itself knows, with type, default and meaning.", "table json", 0, 0,
     0, 0, 1},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char config_options_help[] =
    "  --config FILE             read this file instead of the three folders\n"
    "  --set SECTION.KEY=VALUE   set a value last (\"+=\" appends); may be repeated\n";
static const char help_option_help[] = "  -h, --help                print this text\n";

static void print_help(void)
{
    printf("Usage: barrer-config COMMAND [OPTION...]\n"
           "Look at the configuration of barrer without starting anything.\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        printf("barrer-config %s\n", commands[i].usage);
    printf(
        "\nOptions:\n%s%s  --version                 print the version\n\n"
        "The exit status is 0, or 1 when the configuration or a plugin has errors, or 2 after a\n"
        "wrong command line. Colour is used on a terminal, unless NO_COLOR is set.\n"
        "\"barrer-config COMMAND --help\" tells about one command.\n",
        config_options_help, help_option_help);
}

static void print_command_help(const struct command *command)
{
    printf("Usage: barrer-config %s\n%s\n\nOptions:\n", command->usage, command->summary);
    if (!command->reads_nothing)
        fputs(config_options_help, stdout);
    if (command->takes_plugin_dir)
        printf("  --plugin-dir DIR          load plugins from this folder\n");
    if (command->takes_boot)
        printf("  --boot                    check the configuration of barrer-init, boot.conf\n"
               "  --root DIR                with --boot: the system is in this folder\n");
    if (command->takes_origin)
        printf("  --origin                  print the file and line of each value\n");
    if (command->formats[0] != '\0')
        printf("  --format FORMAT           one of: %s\n", command->formats);
    fputs(help_option_help, stdout);
}

__attribute__((format(printf, 1, 2))) static int fail_usage(const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "barrer-config: ");
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, " (\"barrer-config --help\" lists all)\n");
    return TOOL_USAGE;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int fail_command(const char *name)
{
    const char *names[N_COMMANDS + 1] = {NULL};
    const char *nearest;

    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    nearest = config_nearest(name, names);
    if (nearest != NULL)
        return fail_usage("unknown command \"%s\", did you mean \"%s\"?", name, nearest);
    return fail_usage("unknown command \"%s\"", name);
}

/* Whether WORD is one of the words of LIST. */
static int has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*list != '\0') {
        size_t n = strcspn(list, " ");

        if (n == length && memcmp(list, word, n) == 0)
            return 1;
        list += n + strspn(list + n, " ");
    }
    return 0;
}

enum option_id {
    OPTION_CONFIG = 256,
    OPTION_SET,
    OPTION_PLUGIN_DIR,
    OPTION_FORMAT,
    OPTION_ORIGIN,
    OPTION_BOOT,
    OPTION_ROOT,
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"set", required_argument, NULL, OPTION_SET},
    {"plugin-dir", required_argument, NULL, OPTION_PLUGIN_DIR},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"origin", no_argument, NULL, OPTION_ORIGIN},
    {"boot", no_argument, NULL, OPTION_BOOT},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Whether COMMAND has the option that getopt_long(3) returned as C; then it is in TOOL. */
static int take_option(const struct command *command, int c, struct tool *tool, const char ***sets)
{
    if (c == OPTION_CONFIG && !command->reads_nothing)
        tool->request.file = optarg;
    else if (c == OPTION_SET && !command->reads_nothing)
        *(*sets)++ = optarg;
    else if (c == OPTION_PLUGIN_DIR && command->takes_plugin_dir)
        tool->plugin_dir = optarg;
    else if (c == OPTION_FORMAT && command->formats[0] != '\0')
        tool->format = optarg;
    else if (c == OPTION_ORIGIN && command->takes_origin)
        tool->has_origin = 1;
    else if (c == OPTION_BOOT && command->takes_boot)
        tool->is_boot = 1;
    else if (c == OPTION_ROOT && command->takes_boot)
        tool->root = optarg;
    else
        return 0;
    return 1;
}

/* Fill TOOL from the arguments behind the command; SETS has room for all of them. -1: go on. */
static int parse_options(const struct command *command, int argc, char **argv, struct tool *tool,
                         const char **sets)
{
    int c, index = 0;

    tool->request.sets = sets;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":h", long_options, &index)) != -1) {
        if (c == 'h') {
            print_command_help(command);
            return TOOL_OK;
        }
        if (c == ':')
            return fail_usage("%s: \"%s\" needs a value", command->name, argv[optind - 1]);
        if (c == '?')
            return fail_usage("%s: unknown option \"%s\"", command->name, argv[optind - 1]);
        if (!take_option(command, c, tool, &sets))
            return fail_usage("%s: has no option \"--%s\"", command->name,
                              long_options[index].name);
    }
    if (tool->root != NULL && !tool->is_boot)
        return fail_usage("%s: \"--root\" goes with \"--boot\"", command->name);
    if (tool->plugin_dir != NULL && tool->is_boot)
        return fail_usage("%s: \"--boot\" loads no plugins: \"--plugin-dir\" is not for it",
                          command->name);
    tool->names = argv + optind;
    if (!command->takes_names && optind < argc)
        return fail_usage("%s: unexpected argument \"%s\"", command->name, argv[optind]);
    if (tool->format != NULL && !has_word(command->formats, tool->format))
        return fail_usage("%s: unknown format \"%s\", expected one of: %s", command->name,
                          tool->format, command->formats);
    return -1;
}

/* https://no-color.org: any value but an empty one turns colour off. */
static int is_coloured(void)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return (no_color == NULL || no_color[0] == '\0') && isatty(STDOUT_FILENO) &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

struct config *tool_load(const struct tool *tool)
{
    struct config *config = NULL;
    struct barrer_error err;

    if (config_load(&tool->request, &config, &err) < 0)
        tool_complain(tool, err.text);
    return config;
}

struct loader *tool_create_loader(const struct tool *tool, const struct config *config)
{
    const char *folder = tool->plugin_dir;
    struct loader *loader = NULL;
    struct barrer_error err;

    if (folder == NULL)
        folder = config_text(config, "core", "plugin-dir", NULL);
    if (loader_create(folder, &loader, &err) < 0)
        tool_complain(tool, err.text);
    return loader;
}

void tool_complain(const struct tool *tool, const char *text)
{
    (void)tool;
    fprintf(stderr, "%s\n", text);
}

/* What was printed counts only when it arrived. */
static int end_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "barrer-config: write the output: %s\n", strerror(errno));
    return TOOL_ERRORS;
}

int main(int argc, char **argv)
{
    struct tool tool = {.is_coloured = is_coloured()};
    const struct command *command;
    barrer_auto_free const char **sets = NULL;
    int r;

    if (argc < 2)
        return fail_usage("a command is missing");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return end_output(TOOL_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("barrer-config %s\n", PACKAGE_VERSION);
        return end_output(TOOL_OK);
    }
    command = find_command(argv[1]);
    if (command == NULL)
        return fail_command(argv[1]);
    sets = calloc((size_t)argc, sizeof(*sets));
    if (sets == NULL) {
        fprintf(stderr, "barrer-config: read the arguments: %s\n", strerror(errno));
        return TOOL_ERRORS;
    }
    r = parse_options(command, argc - 1, argv + 1, &tool, sets);
    return end_output(r >= 0 ? r : command->run(&tool));
}
