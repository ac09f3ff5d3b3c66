/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

#include "config/keys.h"
#include "config/types.h"
#include "config/tree.h"

/* gcc 12's analyzer loses what is stored behind a pointer that came out of a loop. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

static size_t count_options(const struct barrer_option *schema)
{
    size_t n = 0;

    while (schema != NULL && schema[n].key != NULL)
        n++;
    return n;
}

static int is_core_key(const char *section, const char *key)
{
    if (keys_is_comment(key))
        return 1;
    for (const struct barrer_option *known = keys_of_section(section); known->key != NULL; known++)
        if (strcmp(known->key, key) == 0)
            return 1;
    return 0;
}

static int has_option(const struct barrer_option *schema, const char *key)
{
    for (; schema != NULL && schema->key != NULL; schema++)
        if (strcmp(schema->key, key) == 0)
            return 1;
    return 0;
}

static void add_unknown(const struct config_value *value, const struct barrer_option *schema,
                        struct problems *problems)
{
    const struct barrer_option *core_keys = keys_of_section(value->section);
    size_t n = 0, room = count_options(schema) + 1;
    barrer_auto_free const char **names = NULL;
    const char *nearest = NULL;

    for (const struct barrer_option *key = core_keys; key->key != NULL; key++)
        room++;
    names = calloc(room, sizeof(*names));
    if (names != NULL) {
        for (; schema != NULL && schema->key != NULL; schema++)
            names[n++] = schema->key;
        for (const struct barrer_option *key = core_keys; key->key != NULL; key++)
            names[n++] = key->key;
        nearest = config_nearest(value->key, names);
    }
    if (nearest != NULL)
        problems_add_at(problems, value->file, value->line,
                        "[%s] %s: unknown option (did you mean \"%s\"?)", value->section,
                        value->key, nearest);
    else
        problems_add_at(problems, value->file, value->line, "[%s] %s: unknown option",
                        value->section, value->key);
}

/* The default of the schema in its normal form; a wrong one is the plugin's mistake. */
static int default_of(const struct barrer_option *option, const char *section, char **ret_text,
                      struct problems *problems)
{
    struct barrer_error why = {.errnum = 0};
    int r;

    if (option->fallback == NULL)
        return 0;
    r = type_normalise(option->type, option->fallback, ret_text, &why);
    if (r == -EINVAL)
        problems_add(problems, "[%s] %s: the plugin's own default is wrong: %s", section,
                     option->key, why.text);
    return r;
}

/* Check each part by itself, so that a message names its line. */
static int check_parts(const struct entry *entry, const char *type, struct problems *problems)
{
    for (size_t i = 0; i < entry->n_parts; i++) {
        const struct config_part *part = &entry->parts[i];
        barrer_auto_free char *normal = NULL;
        struct barrer_error why = {.errnum = 0};
        int r = type_normalise(type, part->text, &normal, &why);

        if (r == -EINVAL)
            problems_add_at(problems, part->file, part->line, "[%s] %s: %s", entry->value.section,
                            entry->value.key, why.text);
        if (r < 0)
            return r;
    }
    return 0;
}

/* "+=" adds to a list, which its default is the beginning of, or to a string. */
static int appended_value(const struct entry *entry, const struct barrer_option *option,
                          char **ret_text, struct problems *problems)
{
    const struct config_value *value = &entry->value;
    barrer_auto_free char *base = NULL;
    char *normal = NULL;
    int r, is_list = type_is_list(option->type);

    if (!is_list && strcmp(option->type, "string") != 0) {
        problems_add_at(problems, value->file, value->line,
                        "[%s] %s: takes one value, which \"+=\" cannot add to", value->section,
                        value->key);
        return -EINVAL;
    }
    if (!entry->has_base) {
        r = default_of(option, value->section, &base, problems);
        if (r < 0)
            return r;
    }
    r = type_normalise(option->type, value->value, &normal, NULL);
    if (r < 0 || base == NULL || base[0] == '\0') {
        if (r == 0)
            *ret_text = normal;
        return r;
    }
    r = asprintf(ret_text, "%s %s", base, normal) < 0 ? -ENOMEM : 0;
    free(normal);
    return r;
}

/* The normal form of one option, or NULL in *RET_TEXT when it is set nowhere. */
static int option_value(const struct config *config, const char *section,
                        const struct barrer_option *option, char **ret_text,
                        struct problems *problems)
{
    const struct entry *entry = tree_find(config, section, option->key);
    int r;

    if (entry == NULL || entry->value.value == NULL)
        return default_of(option, section, ret_text, problems);
    r = check_parts(entry, option->type, problems);
    if (r < 0)
        return r;
    if (entry->n_parts > 1 || !entry->has_base)
        return appended_value(entry, option, ret_text, problems);
    return type_normalise(option->type, entry->value.value, ret_text, NULL);
}

/* Fill the first free pair; takes TEXT over. */
static int add_option(struct barrer_pair *option, const char *key, char *text)
{
    char *copy = strdup(key);

    if (copy == NULL) {
        free(text);
        return -ENOMEM;
    }
    option->key = copy;
    option->value = text;
    return 0;
}

static int collect(const struct config *config, const char *section,
                   const struct barrer_option *schema, struct barrer_pair *options,
                   struct problems *problems)
{
    for (const struct entry *entry = config->entries; entry != NULL; entry = entry->next) {
        const struct config_value *value = &entry->value;

        if (value->value != NULL && strcmp(value->section, section) == 0 &&
            !is_core_key(section, value->key) && !has_option(schema, value->key))
            add_unknown(value, schema, problems);
    }
    for (; schema != NULL && schema->key != NULL; schema++) {
        char *text = NULL;
        int r = option_value(config, section, schema, &text, problems);

        if (r == 0 && text != NULL)
            r = add_option(options++, schema->key, text);
        if (r == -ENOMEM)
            return r;
    }
    return 0;
}

int config_options(const struct config *config, const char *instance,
                   const struct barrer_option *schema, struct barrer_pair **ret_options,
                   struct barrer_error *err)
{
    struct barrer_pair *options = calloc(count_options(schema) + 1, sizeof(*options));
    struct problems problems;
    char section[64];
    int r = options != NULL ? 0 : -ENOMEM;

    (void)snprintf(section, sizeof(section), "plugin %s", instance);
    problems_init(&problems);
    if (r == 0)
        r = collect(config, section, schema, options, &problems);
    if (r < 0)
        r = error_fail(err, -r, "check [%s]", section);
    else
        r = problems_finish(&problems, err);
    if (r < 0)
        config_options_free(options);
    else
        *ret_options = options;
    return r;
}

int config_options_copy(const struct barrer_pair *pairs, size_t n, struct barrer_pair **ret_options,
                        struct barrer_error *err)
{
    struct barrer_pair *options = calloc(n + 1, sizeof(*options));

    for (size_t i = 0; options != NULL && i < n; i++) {
        char *text = strdup(pairs[i].value);

        if (text == NULL || add_option(&options[i], pairs[i].key, text) < 0) {
            config_options_free(options);
            options = NULL;
        }
    }
    if (options == NULL)
        return error_fail(err, ENOMEM, "copy the options of a plugin");
    *ret_options = options;
    return 0;
}

void config_options_free(struct barrer_pair *options)
{
    if (options == NULL)
        return;
    for (size_t i = 0; options[i].key != NULL; i++) {
        free((char *)(uintptr_t)options[i].key);
        free((char *)(uintptr_t)options[i].value);
    }
    free(options);
}

static int has_text(const char *const *texts, const char *text)
{
    for (; texts != NULL && *texts != NULL; texts++)
        if (strcmp(*texts, text) == 0)
            return 1;
    return 0;
}

static int fail_annotation(const struct config_value *value, const char *word,
                           const char *const *declared, struct barrer_error *err)
{
    const char *nearest = declared != NULL ? config_nearest(word, declared) : NULL;

    if (nearest != NULL)
        return config_fail(err, value,
                           "the plugin reads no annotation \"%s\" (did you mean \"%s\"?)", word,
                           nearest);
    return config_fail(err, value, "the plugin reads no annotation \"%s\"", word);
}

int config_annotations(const struct config *config, const char *instance,
                       const char *const *declared, char ***ret_annotations,
                       struct barrer_error *err)
{
    const struct config_value *value;
    char section[64], **words = NULL;
    int r;

    (void)snprintf(section, sizeof(section), "plugin %s", instance);
    value = config_get(config, section, "allow-annotations");
    r = value != NULL ? config_split(value->value, &words, err) : 0;
    for (char **word = words; r == 0 && word != NULL && *word != NULL; word++)
        if (!has_text(declared, *word))
            r = fail_annotation(value, *word, declared, err);
    if (r < 0)
        free(words);
    else
        *ret_annotations = words;
    return r;
}

int config_split(const char *text, char ***ret_words, struct barrer_error *err)
{
    size_t length = strlen(text), n = 0;
    char *rest = NULL, *copy;
    char **words;

    /* At most every second character begins a word. */
    words = malloc((length / 2 + 2) * sizeof(*words) + length + 1);
    if (words == NULL)
        return error_fail(err, ENOMEM, "split a list");
    copy = (char *)(words + length / 2 + 2);
    memcpy(copy, text, length + 1);
    for (char *word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
        words[n++] = word;
    words[n] = NULL;
    *ret_words = words;
    return 0;
}
