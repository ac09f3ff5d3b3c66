/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of barrer-run: global options, and one file for each verb.
 */
#ifndef CORE_CLI_CLI_H
#define CORE_CLI_CLI_H

#include <getopt.h>

#include "base/error.h"
#include "container/options.h"

struct json_object;

struct cli {
    struct global_options global;
    const char *root;     /* --root, as given */
    const char *log_path; /* --log */
    int is_log_json;
    int log_level;
    int wants_help, wants_version;
    int argc; /* from the verb on */
    char **argv;
};

struct cli_verb {
    const char *name;
    const char *usage;   /* behind "barrer-run NAME " */
    const char *summary; /* one line */
    const char *help;    /* the options, indented */
    /* ARGV[0] is the verb. An exit status, or -errno with ERR filled. */
    int (*run)(struct cli *cli, int argc, char **argv, struct barrer_error *err);
};

/* Read the global options, up to the verb; nothing happens. */
int cli_parse(struct cli *cli, int argc, char **argv, struct barrer_error *err);
/* Open the log and resolve the state root. */
int cli_apply(struct cli *cli, struct barrer_error *err);
/* Run VERB with --help and errors, and free what CLI has: the exit status of the program. */
int cli_run(struct cli *cli, const struct cli_verb *verb);
void cli_fini(struct cli *cli);
/* Say an error on standard error and in the log; returns STATUS. */
int cli_error(const struct barrer_error *err, int status);
/* The one of that name among VERBS, which NULL ends; NULL. */
const struct cli_verb *cli_find(const struct cli_verb *const *verbs, const char *name);

/* getopt_long(3) with errors as one sentence: the option's character, -1 at the end, '?' after
 * filling ERR. Options may follow operands, as with runc and crun; where SHORT_OPTIONS begin with
 * "+" the first operand ends them. */
int cli_option(int argc, char **argv, const char *short_options, const struct option *options,
               struct barrer_error *err);
/* What is behind the options: exactly one container id. */
int cli_id(int argc, char **argv, const char **ret_id, struct barrer_error *err);
/* A number of at least MINIMUM behind --NAME. */
int cli_number(const char *name, const char *text, long long minimum, long long *ret_number,
               struct barrer_error *err);
/* Append to a list that ends with NULL. */
int cli_append(const char ***list, const char *text, struct barrer_error *err);
/* Print JSON for people (PRETTY) or on one line, with a newline; a full disk is an error. */
int cli_print_json(struct json_object *json, int is_pretty, struct barrer_error *err);
/* Flush standard output; what could not be written is an error. */
int cli_flush(struct barrer_error *err);

/* The verbs. Those of the first stage load no plugin; in the table of the program proper all are
 * there. */
extern const struct cli_verb verb_checkpoint, verb_create, verb_delete, verb_dotnet, verb_events, verb_exec, verb_features,
    verb_kill, verb_list, verb_mounts, verb_pause, verb_plan, verb_ps, verb_restore, verb_resume, verb_run, verb_spec,
    verb_start, verb_state, verb_update;

#endif
