/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include <barrer/util.h>

#include "config/composition.h"
#include "config/keys.h"
#include "config/layers.h"
#include "config/reader.h"
#include "config/tree.h"

#define SET "(--set)"
#define BLANKS " \t"

/* What the reader's callbacks need while one file is read. */
struct loading {
    struct config *config;
    const char *file;
    unsigned layer; /* 1...: the number of the file */
    struct problems *problems;
};

static int begin_section(void *arg, const char *section, unsigned line)
{
    struct loading *loading = arg;

    return keys_check_section(loading->file, line, section, loading->problems);
}

static void add_key(void *arg, const char *section, const char *key, const char *value,
                    int is_append, unsigned line)
{
    struct loading *loading = arg;
    struct assignment assignment = {.section = section,
                                    .key = key,
                                    .value = value,
                                    .is_append = is_append,
                                    .file = loading->file,
                                    .line = line,
                                    .layer = loading->layer};

    if (keys_check_key(loading->file, line, section, key, loading->problems))
        tree_assign(loading->config, &assignment, loading->problems);
}

static void read_file(void *arg, const char *file, const char *text, size_t length)
{
    struct loading *loading = arg;
    const struct reader_handler handler = {
        .arg = loading, .section = begin_section, .key = add_key};

    loading->file = tree_keep(loading->config, file);
    loading->layer++;
    if (loading->file == NULL)
        problems_add_at(loading->problems, file, 0, "out of memory");
    else
        reader_parse(loading->file, text, length, &handler, loading->problems);
}

/* Cut blanks off both ends, in place. */
static char *trim(char *text)
{
    size_t length;

    text += strspn(text, BLANKS);
    length = strlen(text);
    while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL)
        length--;
    text[length] = '\0';
    return text;
}

/* "SECTION.KEY=VALUE" or "SECTION.KEY+=VALUE". The section may hold blanks, the key has no dot. */
static int apply_set(struct loading *loading, char *set)
{
    char *equals = strchr(set, '='), *dot;
    struct assignment assignment = {.file = SET};

    if (equals == NULL)
        return -EINVAL;
    *equals = '\0';
    assignment.is_append = equals > set && equals[-1] == '+';
    equals[-assignment.is_append] = '\0';
    dot = strrchr(set, '.');
    if (dot == NULL)
        return -EINVAL;
    *dot = '\0';
    assignment.section = trim(set);
    assignment.key = trim(dot + 1);
    assignment.value = trim(equals + 1);
    if (keys_check_section(SET, 0, assignment.section, loading->problems) &&
        keys_check_key(SET, 0, assignment.section, assignment.key, loading->problems))
        tree_assign(loading->config, &assignment, loading->problems);
    return 0;
}

static void apply_sets(struct loading *loading, const char *const *sets)
{
    for (; sets != NULL && *sets != NULL; sets++) {
        barrer_auto_free char *copy = strdup(*sets);

        if (copy == NULL)
            problems_add(loading->problems, SET ": out of memory");
        else if (!reader_is_text(copy, strlen(copy)))
            problems_add(loading->problems, SET ": control characters, or not valid UTF-8");
        else if (apply_set(loading, copy) < 0)
            problems_add(loading->problems,
                         "--set \"%s\": expected \"SECTION.KEY=VALUE\" (for instance \"flow "
                         "container.process=process\")",
                         *sets);
    }
}

/* A module's name has no "-"; an instance's may have. */
static void check_module_of(const struct config *config, const struct config_value *value,
                            const char *instance, struct problems *problems)
{
    char section[64] = "plugin ";

    strncat(section, instance, sizeof(section) - sizeof("plugin "));
    if (composition_is_module_name(instance) || config_get(config, section, "module") != NULL)
        return;
    problems_add_at(problems, value->file, value->line,
                    "[%s] %s: \"%s\" needs a section [plugin %s] with \"module = NAME\"",
                    value->section, value->key, instance, instance);
}

static void check_modules(const struct config *config, struct problems *problems)
{
    const struct config_value *value;

    for (size_t i = 0; (value = config_at(config, i)) != NULL; i++) {
        struct composition *composition = NULL;

        if (strncmp(value->section, "flow ", 5) != 0 ||
            composition_parse(value, &composition, NULL) < 0)
            continue;
        for (size_t j = 0; j < composition->n_positions; j++)
            for (char **name = composition->positions[j].alternatives; *name != NULL; name++)
                check_module_of(config, value, *name, problems);
        composition_destroy(composition);
    }
}

static void read_layers(struct loading *loading, const struct config_request *request)
{
    static const char *const compiled_in[] = {BARRER_LIB_DIR, BARRER_CONF_DIR, BARRER_RUN_DIR};

    if (request->file != NULL)
        layers_read_file(request->file, read_file, loading, loading->problems);
    else
        layers_read_folders(request->folders != NULL ? request->folders : compiled_in,
                            request->name != NULL ? request->name : "barrer", read_file, loading,
                            loading->problems);
    apply_sets(loading, request->sets);
}

static int begin(struct loading *loading, struct barrer_error *err)
{
    problems_init(loading->problems);
    loading->config = calloc(1, sizeof(*loading->config));
    if (loading->config == NULL || keys_add_built_in(loading->config) < 0) {
        config_destroy(loading->config);
        return error_fail(err, ENOMEM, "read the configuration");
    }
    return 0;
}

static int end(struct loading *loading, struct config **ret_config, struct barrer_error *err)
{
    int r;

    keys_check_values(loading->config, loading->problems);
    check_modules(loading->config, loading->problems);
    r = problems_finish(loading->problems, err);
    if (r < 0)
        config_destroy(loading->config);
    else
        *ret_config = loading->config;
    return r;
}

/* A set-uid program takes no configuration from its caller. */
static int check_secure(const struct config_request *request, struct barrer_error *err)
{
    int has_own = request->file != NULL || (request->sets != NULL && request->sets[0] != NULL);

    if (!has_own || getauxval(AT_SECURE) == 0)
        return 0;
    (void)error_fail(err, 0, "%s: not for a program that is set-uid or has file capabilities",
                     request->file != NULL ? "--config" : "--set");
    return -EPERM;
}

int config_load(const struct config_request *request, struct config **ret_config,
                struct barrer_error *err)
{
    struct problems problems;
    struct loading loading = {.problems = &problems};
    int r = check_secure(request, err);

    if (r == 0)
        r = begin(&loading, err);
    if (r < 0)
        return r;
    read_layers(&loading, request);
    return end(&loading, ret_config, err);
}

int config_parse(const char *name, const char *text, size_t length, struct config **ret_config,
                 struct barrer_error *err)
{
    struct problems problems;
    struct loading loading = {.problems = &problems};
    int r = begin(&loading, err);

    if (r < 0)
        return r;
    read_file(&loading, name, text, length);
    return end(&loading, ret_config, err);
}
