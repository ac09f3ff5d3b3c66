/* SPDX-License-Identifier: Apache-2.0 */
#include "config/composition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"

static int add_position(struct composition *composition)
{
    size_t n = composition->n_positions;
    struct composition_position *positions =
        reallocarray(composition->positions, n + 1, sizeof(*positions));

    if (positions == NULL)
        return -ENOMEM;
    positions[n] = (struct composition_position){.alternatives = NULL};
    composition->positions = positions;
    composition->n_positions = n + 1;
    return 0;
}

static int add_alternative(struct composition_position *position, const char *name)
{
    struct words words = {.words = position->alternatives, .n = position->n_alternatives};
    int r = words_add(&words, name);

    position->alternatives = words.words;
    position->n_alternatives = words.n;
    return r;
}

static int has_name(const struct composition *composition, const char *name)
{
    for (size_t i = 0; i < composition->n_positions; i++) {
        const struct composition_position *position = &composition->positions[i];

        for (size_t j = 0; j < position->n_alternatives; j++)
            if (strcmp(position->alternatives[j], name) == 0)
                return 1;
    }
    return 0;
}

static int check_name(const struct composition *composition, const struct config_value *value,
                      const char *name, struct barrer_error *err)
{
    if (!composition_is_instance_name(name))
        return config_fail(err, value,
                           "\"%s\" cannot be the name of a plugin (a-z, then a-z, 0-9, \"_\" and "
                           "\"-\", at most %d characters)",
                           name, COMPOSITION_NAME_LIMIT);
    if (has_name(composition, name))
        return config_fail(err, value, "\"%s\" is named twice", name);
    return 0;
}

/* Copy the next word of *TEXT, "|" or a name, into WORD: 1, or 0 at the end. A name too long for
 * WORD is cut, and stays too long to be a name. */
static int next_word(const char **text, char *word, size_t size)
{
    const char *start = *text + strspn(*text, " \t");
    size_t length = *start == '|' ? 1 : strcspn(start, " \t|");

    *text = start + length;
    if (length >= size)
        length = size - 1;
    memcpy(word, start, length);
    word[length] = '\0';
    return length > 0;
}

static int add_name(struct composition *composition, const struct config_value *value,
                    const char *name, int is_alternative, struct barrer_error *err)
{
    int r = check_name(composition, value, name, err);

    if (r < 0)
        return r;
    if (!is_alternative)
        r = add_position(composition);
    if (r == 0)
        r = add_alternative(&composition->positions[composition->n_positions - 1], name);
    return r < 0 ? error_fail(err, -r, "read the list \"%s\"", value->value) : 0;
}

static int parse(struct composition *composition, const struct config_value *value,
                 struct barrer_error *err)
{
    const char *text = value->value;
    char word[2 * COMPOSITION_NAME_LIMIT];
    int is_after_name = 0, is_after_bar = 0;

    while (next_word(&text, word, sizeof(word))) {
        if (word[0] == '|') {
            if (!is_after_name)
                return config_fail(err, value, "expected the name of a plugin before \"|\"");
            is_after_name = 0;
            is_after_bar = 1;
        } else {
            int r = add_name(composition, value, word, is_after_bar, err);

            if (r < 0)
                return r;
            is_after_name = 1;
            is_after_bar = 0;
        }
    }
    if (is_after_bar)
        return config_fail(err, value, "expected the name of a plugin behind \"|\"");
    return 0;
}

int composition_parse(const struct config_value *value, struct composition **ret_composition,
                      struct barrer_error *err)
{
    struct composition *composition = calloc(1, sizeof(*composition));
    int r = 0;

    if (composition == NULL)
        return error_fail(err, ENOMEM, "read a list of plugins");
    if (value != NULL && value->value != NULL)
        r = parse(composition, value, err);
    if (r < 0) {
        composition_destroy(composition);
        return r;
    }
    *ret_composition = composition;
    return 0;
}

void composition_destroy(struct composition *composition)
{
    if (composition == NULL)
        return;
    for (size_t i = 0; i < composition->n_positions; i++) {
        struct words words = {.words = composition->positions[i].alternatives,
                              .n = composition->positions[i].n_alternatives};

        words_fini(&words);
    }
    free(composition->positions);
    free(composition);
}

const char *composition_default_when(const char *module)
{
    static const struct barrer_pair modules[] = {{"seccomp", "linux.seccomp"},
                                                 {"resctrl", "linux.intelRdt"},
                                                 {"clrhost", COMPOSITION_MANAGED}};

    for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++)
        if (strcmp(module, modules[i].key) == 0)
            return modules[i].value;
    return NULL;
}
