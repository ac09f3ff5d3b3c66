/* SPDX-License-Identifier: Apache-2.0 */
#include "config/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

/* gcc 12's analyzer loses what is stored behind a pointer that came out of a loop. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#define BUILT_IN "(built in)"

/* Hundreds of lookups pass by keys that differ in their first letter. */
struct entry *tree_find(const struct config *config, const char *section, const char *key)
{
    struct entry *entry = config->entries;

    while (entry != NULL && (entry->value.key[0] != key[0] || strcmp(entry->value.key, key) != 0 ||
                             strcmp(entry->value.section, section) != 0))
        entry = entry->next;
    return entry;
}

const char *tree_keep(struct config *config, const char *text)
{
    return words_add(&config->texts, text) == 0 ? config->texts.words[config->texts.n - 1] : NULL;
}

static void entry_destroy(struct entry *entry)
{
    if (entry == NULL)
        return;
    free(entry->joined);
    free(entry->parts);
    free(entry);
}

static struct entry *entry_create(struct config *config, const char *section, const char *key)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (entry == NULL)
        return NULL;
    entry->value.section = tree_keep(config, section);
    entry->value.key = tree_keep(config, key);
    if (entry->value.section == NULL || entry->value.key == NULL) {
        entry_destroy(entry);
        return NULL;
    }
    return entry;
}

/* Behind the last entry of the same or an earlier section. */
static void insert(struct config *config, struct entry *entry)
{
    struct entry **at = &config->entries;

    while (*at != NULL && strcmp((*at)->value.section, entry->value.section) <= 0)
        at = &(*at)->next;
    entry->next = *at;
    *at = entry;
}

static struct entry *find_or_insert(struct config *config, const char *section, const char *key)
{
    struct entry *entry = tree_find(config, section, key);

    if (entry != NULL)
        return entry;
    entry = entry_create(config, section, key);
    if (entry != NULL)
        insert(config, entry);
    return entry;
}

static void clear_parts(struct entry *entry)
{
    entry->n_parts = 0;
    entry->has_base = 0;
}

/* TEXT lives as long as the tree. */
static int add_part(struct entry *entry, const char *text, const char *file, unsigned line,
                    int is_append)
{
    const struct config_part part = {
        .text = text, .file = file, .line = line, .is_append = is_append};
    struct config_part *parts;

    if (text == NULL)
        return -ENOMEM;
    parts = reallocarray(entry->parts, entry->n_parts + 1, sizeof(*parts));
    if (parts == NULL)
        return -ENOMEM;
    parts[entry->n_parts] = part;
    entry->parts = parts;
    entry->n_parts++;
    return 0;
}

/* The parts, separated by one blank: a fresh string. */
static char *join_texts(const struct entry *entry)
{
    size_t length = 0;
    char *text, *end;

    for (size_t i = 0; i < entry->n_parts; i++)
        length += strlen(entry->parts[i].text) + 1;
    text = end = malloc(length);
    for (size_t i = 0; text != NULL && i < entry->n_parts; i++) {
        if (i > 0)
            *end++ = ' ';
        end = stpcpy(end, entry->parts[i].text);
    }
    return text;
}

/* Make the public value of the parts. */
static int join_parts(struct entry *entry)
{
    const struct config_part *last;

    free(entry->joined);
    entry->joined = NULL;
    entry->value.value = NULL;
    if (entry->n_parts == 0)
        return 0;
    if (entry->n_parts > 1) {
        entry->joined = join_texts(entry);
        if (entry->joined == NULL)
            return -ENOMEM;
    }
    last = &entry->parts[entry->n_parts - 1];
    entry->value.value = entry->joined != NULL ? entry->joined : last->text;
    entry->value.file = last->file;
    entry->value.line = last->line;
    return 0;
}

/* Within one file, a key is set once, and set before it is appended to: otherwise one of the lines
 * would be without effect. 0 when the line may not be. */
static int check_order(struct entry *entry, const struct assignment *a, struct problems *problems)
{
    if (a->layer == 0)
        return 1;
    if (entry->layer != a->layer) {
        entry->layer = a->layer;
        entry->set_line = entry->append_line = 0;
    }
    if (a->is_append) {
        entry->append_line = a->line;
        return 1;
    }
    if (entry->set_line > 0)
        problems_add_at(problems, a->file, a->line,
                        "[%s] %s: already set in line %u (\"%s += ...\" appends)", a->section,
                        a->key, entry->set_line, a->key);
    else if (entry->append_line > 0)
        problems_add_at(problems, a->file, a->line,
                        "[%s] %s: already appended to in line %u, which this would undo",
                        a->section, a->key, entry->append_line);
    else {
        entry->set_line = a->line;
        return 1;
    }
    return 0;
}

static int apply(struct config *config, struct entry *entry, const struct assignment *a)
{
    int r = 0;

    if (!a->is_append)
        clear_parts(entry);
    if (a->value[0] != '\0')
        r = add_part(entry, tree_keep(config, a->value), a->file, a->line, a->is_append);
    else if (entry->built_in != NULL)
        r = add_part(entry, entry->built_in, BUILT_IN, 0, 0);
    if (!a->is_append)
        entry->has_base = entry->n_parts > 0;
    return r < 0 ? r : join_parts(entry);
}

void tree_assign(struct config *config, const struct assignment *a, struct problems *problems)
{
    struct entry *entry;

    if (a->is_append && a->value[0] == '\0') {
        problems_add_at(problems, a->file, a->line, "[%s] %s: \"+=\" without anything to append",
                        a->section, a->key);
        return;
    }
    entry = find_or_insert(config, a->section, a->key);
    if (entry != NULL && !check_order(entry, a, problems))
        return;
    if (entry == NULL || apply(config, entry, a) < 0)
        problems_add_at(problems, a->file, a->line, "[%s] %s: out of memory", a->section, a->key);
}

int tree_add_built_in(struct config *config, const char *section, const char *key, const char *text)
{
    struct entry *entry = find_or_insert(config, section, key);
    struct assignment assignment = {.value = ""};

    if (entry == NULL)
        return -ENOMEM;
    entry->built_in = text;
    return apply(config, entry, &assignment);
}

void config_destroy(struct config *config)
{
    if (config == NULL)
        return;
    while (config->entries != NULL) {
        struct entry *entry = config->entries;

        config->entries = entry->next;
        entry_destroy(entry);
    }
    words_fini(&config->texts);
    free(config);
}

const struct config_value *config_get(const struct config *config, const char *section,
                                      const char *key)
{
    const struct entry *entry = tree_find(config, section, key);

    return entry != NULL && entry->value.value != NULL ? &entry->value : NULL;
}

const char *config_text(const struct config *config, const char *section, const char *key,
                        const char *fallback)
{
    const struct config_value *value = config_get(config, section, key);

    return value != NULL ? value->value : fallback;
}

const struct config_value *config_at(const struct config *config, size_t i)
{
    for (const struct entry *entry = config->entries; entry != NULL; entry = entry->next)
        if (entry->value.value != NULL && i-- == 0)
            return &entry->value;
    return NULL;
}

const struct config_part *config_parts(const struct config_value *value, size_t *ret_n)
{
    const struct entry *entry = (const struct entry *)(const void *)value;

    *ret_n = entry->n_parts;
    return entry->parts;
}

int config_fail(struct barrer_error *err, const struct config_value *value, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (value->line > 0)
        return error_fail(err, 0, "%s:%u: [%s] %s: %s", value->file, value->line, value->section,
                          value->key, text);
    return error_fail(err, 0, "%s: [%s] %s: %s", value->file, value->section, value->key, text);
}
