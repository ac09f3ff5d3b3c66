/* SPDX-License-Identifier: Apache-2.0
 *
 * barrer.conf: reading with inih, merging, and where each value came from. barrer.conf(5) is the
 * manual of the syntax.
 *
 * Layers, later ones win: the built-in defaults, then <libdir>/barrer, /etc/barrer and /run/barrer
 * (each barrer.conf and then barrer.conf.d/NAME.conf in C order; a file of the same base name in a
 * later folder replaces the earlier, a link to /dev/null masks it), then --set.
 */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include <stddef.h>

#include <barrer/plugin.h>

#include "base/error.h"

struct config;

struct config_value {
    const char *section; /* "flow container" */
    const char *key;
    const char *value; /* "key += value" is merged: the parts separated by one blank */
    const char *file;  /* as opened; "(built in)" or "(--set)" for values of no file */
    unsigned line;     /* 1...; 0: no file */
};

struct config_request {
    const char *file; /* read this one file instead of the three folders (--config), or NULL */
    const char *const *folders; /* the three folders; NULL: the compiled-in ones */
    const char *name; /* of the files in them: "boot" for boot.conf and boot.conf.d; NULL: "barrer" */
    const char *const *sets; /* "SECTION.KEY=VALUE" or "+=" ("plugin overlayfs.index=on"); NULL ends
                                it; or NULL */
};

/* Read everything; all errors of all files (up to 20) are in `err`, one a line, and then nothing
 * is returned. Checks sections, [core] and [flow ...] keys and their values; the options of
 * plugins are checked by config_options. */
int config_load(const struct config_request *request, struct config **ret_config,
                struct barrer_error *err);
/* The same of one text in memory, known to messages as NAME; for tests. */
int config_parse(const char *name, const char *text, size_t length, struct config **ret_config,
                 struct barrer_error *err);
void config_destroy(struct config *config); /* NULL is fine */

/* NULL when not set, or set to nothing. */
const struct config_value *config_get(const struct config *config, const char *section,
                                      const char *key);
/* The same as text, with FALLBACK for "not set". */
const char *config_text(const struct config *config, const char *section, const char *key,
                        const char *fallback);
/* All values, sorted by section and then in the order of the files: the I-th, or NULL. */
const struct config_value *config_at(const struct config *config, size_t i);

/* What "=" and "+=" put together to a value of config_get or config_at, one for each line. */
struct config_part {
    const char *text;
    const char *file;
    unsigned line;
    int is_append;
};
const struct config_part *config_parts(const struct config_value *value, size_t *ret_n);

/* Check [plugin INSTANCE] against the schema of its module, normalise the values, and add the
 * schema's defaults: a fresh array that ends with key == NULL, freed by config_options_free.
 * Keys that the core itself reads there (module, allow-annotations, when, and x-...) are passed
 * over. */
int config_options(const struct config *config, const char *instance,
                   const struct barrer_option *schema, struct barrer_pair **ret_options,
                   struct barrer_error *err);
/* The same array from N pairs that were checked before (state.json keeps them). */
int config_options_copy(const struct barrer_pair *pairs, size_t n, struct barrer_pair **ret_options,
                        struct barrer_error *err);
void config_options_free(struct barrer_pair *options);
/* The annotations that [plugin INSTANCE] allows, NULL ends them, as one fresh block; NULL when it
 * allows none. Each has to be one of DECLARED, the descriptor's (NULL: it declares none). */
int config_annotations(const struct config *config, const char *instance,
                       const char *const *declared, char ***ret_annotations,
                       struct barrer_error *err);
/* The elements of a list-valued text, split at blanks: fresh array and strings in one block. */
int config_split(const char *text, char ***ret_words, struct barrer_error *err);

/* Fail with "FILE:LINE: [SECTION] KEY: " and the formatted text. */
int config_fail(struct barrer_error *err, const struct config_value *value, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The nearest of NAMES (NULL ends it) to NAME by edit distance, or NULL when none is near. */
const char *config_nearest(const char *name, const char *const *names);

#endif
