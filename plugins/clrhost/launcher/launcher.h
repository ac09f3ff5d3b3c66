/* SPDX-License-Identifier: Apache-2.0
 *
 * The launcher: a program named "dotnet" that runs one .NET application in its own process. It
 * works unprivileged, inside of the container, and everything that it reads there is hostile to
 * nobody but itself.
 *
 * Messages are one sentence on standard error; exit statuses are 125 (the runtime cannot be
 * started), 126 (the payload cannot be run), 127 (the payload or the runtime is not there), or the
 * application's own.
 */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#include <stddef.h>
#include <stdint.h>

#define LAUNCHER_LAYER "/run/barrer/"
/* What interpreter.c puts in place of the L of variables that are not the dynamic loader's. */
#define LAUNCHER_HIDDEN '\1'

enum launch_status { LAUNCH_CANNOT_START = 125, LAUNCH_NOT_RUNNABLE = 126, LAUNCH_NOT_FOUND = 127 };

enum launch_mode { MODE_AUTO, MODE_HOSTFXR, MODE_DIRECT, MODE_AOT };

struct property {
    const char *key;
    const char *value;
};

struct properties {
    struct property *all;
    size_t n;
};

/* One run. */
struct launch {
    char *self; /* the launcher's own path, which the runtime has to know */
    enum launch_mode mode;
    /* The command: "exec" or nothing, host options of dotnet's, APP, arguments. */
    int argc;
    char **argv;
    int app_index; /* of APP in argv; argc: none */
    const char *app;
    char *folder; /* of APP, absolute, without a final "/" */
    char *path;   /* of APP, absolute */

    const char *entry;         /* TYPE:METHOD, or a symbol */
    const char *frameworks[8]; /* --framework */
    size_t n_frameworks;
    struct properties properties; /* --property; then of the configuration; then defaults */
    const char *roll_forward;     /* --roll-forward, or NULL */

    /* Settings. */
    char *dotnet_root;      /* or NULL: none was found */
    const char *no_runtime; /* why there is none on the host; or NULL */
    const char *gen0_budget;
    int has_diagnostics;
    uint64_t memory_limit;
};

/* say.c: "barrer: ..." on standard error, and the end. */
__attribute__((noreturn, format(printf, 2, 3))) void launch_fail(enum launch_status status,
                                                                 const char *fmt, ...);
/* The same from a signal handler. */
__attribute__((noreturn, format(printf, 2, 3))) void launch_fail_now(enum launch_status status,
                                                                     const char *fmt, ...);
/* What the runtime writes is kept, and quoted where it fails. */
void launch_quote(const char *line);
const char *launch_quoted(void);
/* What keeps a runtime from starting here, as far as it can be seen; or NULL. */
const char *launch_obstacle(void);

/* settings.c */
void launch_read_settings(struct launch *launch);
/* Fill from one line of KEY=VALUE; 0, or -1 for one that is unknown. */
int launch_set(struct launch *launch, const char *key, const char *value);

/* app.c: find the application and judge its file; ends the program when it cannot be run. */
void launch_check_app(struct launch *launch);
/* The file beside the application with this suffix in place of ".dll": a fresh string. */
char *launch_beside(const struct launch *launch, const char *suffix);
int launch_exists(const char *path);
/* Ends the program when a file of the runtime in FOLDER is missing or cut off. */
void launch_check_runtime(const char *folder);

/* dump.c: where the program is called as createdump, that is executed. */
void launch_dump(int argc, char **argv);

/* guard.c: from now on, until the application is loaded, a crash is a failure to start. */
void launch_guard(const struct launch *launch);

/* properties.c */
const char *properties_get(const struct properties *properties, const char *key);
/* Add what is not there yet; strings are borrowed. */
void properties_add(struct properties *properties, const char *key, const char *value);
/* What the launcher sets for every application that does not say otherwise; IS_SET tells what it
 * has said. */
void launch_add_defaults(const struct launch *launch, struct properties *defaults,
                         const char *(*get)(void *arg, const char *key), void *arg);
/* Whether .NET would find ICU. */
int launch_has_icu(void);

/* config.c: App.runtimeconfig.json. */
struct json_object;

struct framework {
    const char *name;
    const char *version;
    const char *roll_forward; /* or NULL: the configuration's */
};

struct config {
    struct framework frameworks[8];
    size_t n_frameworks;
    int is_self_contained;
    const char *roll_forward; /* or NULL */
    struct properties properties;
    struct json_object *json; /* what the strings are in */
};

/* Of LENGTH bytes with a NUL behind them. */
int config_parse(const char *content, size_t length, struct config *config, const char **ret_why);
void config_fini(struct config *config);
/* 0; -1 with a reason of static storage in RET_WHY, or "" when there is no such file. */
int config_read(const char *file, struct config *config, const char **ret_why);

/* hostfxr.c, direct.c, aot.c: run it; the exit status. */
int launch_hostfxr(struct launch *launch);
/* An inquiry such as --list-runtimes. */
int launch_inquiry(struct launch *launch);
int launch_direct(struct launch *launch);
int launch_aot(struct launch *launch);

#endif
