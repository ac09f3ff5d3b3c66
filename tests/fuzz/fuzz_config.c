/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of the INI reader, the merge and the check of options. With libFuzzer:
 *
 *   clang -g -fsanitize=fuzzer,address,undefined -DBARRER_LIBFUZZER ... tests/fuzz/fuzz_config.c
 *
 * Without BARRER_LIBFUZZER it is a TAP test that replays the files and folders it is given, each
 * also in some hundreds of random variants, the same ones every time. What is accepted has to come
 * out the same after it was written and read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct barrer_option schema[] = {
    {"flag", "bool", "yes", ""},
    {"count", "uint", NULL, ""},
    {"space", "size", "1M", ""},
    {"wait", "duration", NULL, ""},
    {"root", "path", NULL, ""},
    {"name", "string", NULL, ""},
    {"mode", "enum(auto|never)", "auto", ""},
    {"sizes", "list(size)", "1K", ""},
    {NULL, NULL, NULL, NULL},
};

static void write_values(FILE *out, const struct config *config)
{
    const struct config_value *value;

    for (size_t i = 0; (value = config_at(config, i)) != NULL; i++) {
        size_t n_parts;
        const struct config_part *parts = config_parts(value, &n_parts);

        fprintf(out, "[%s]\n", value->section);
        for (size_t j = 0; j < n_parts; j++)
            fprintf(out, "%s%s%s\n", value->key, parts[j].is_append ? "+=" : "=", parts[j].text);
    }
}

static void compare(const struct config *config, const struct config *again)
{
    const struct config_value *a, *b;
    size_t i = 0;

    do {
        a = config_at(config, i);
        b = config_at(again, i);
        if ((a == NULL) != (b == NULL))
            abort();
        if (a != NULL && (strcmp(a->section, b->section) != 0 || strcmp(a->key, b->key) != 0 ||
                          strcmp(a->value, b->value) != 0))
            abort();
        i++;
    } while (a != NULL);
}

static void check_again(const struct config *config)
{
    struct config *again = NULL;
    struct barrer_error err;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL)
        return;
    write_values(out, config);
    if (fclose(out) != 0)
        abort();
    if (config_parse("again", text, length, &again, &err) < 0) {
        fprintf(stderr, "%s\n%s", err.text, text);
        abort();
    }
    compare(config, again);
    config_destroy(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = NULL;
    struct barrer_pair *options = NULL;
    struct barrer_error err = {.errnum = 0};

    if (config_parse("fuzz", (const char *)data, size, &config, &err) < 0) {
        /* A refusal comes with a reason. */
        if (err.errnum == 0 || err.text[0] == '\0')
            abort();
        return 0;
    }
    check_again(config);
    if (config_options(config, "a", schema, &options, &err) == 0)
        config_options_free(options);
    config_destroy(config);
    return 0;
}

#ifndef BARRER_LIBFUZZER
#include "replay.h"

int main(int argc, char **argv)
{
    static const char *const words[] = {"[",
                                        "]",
                                        " += ",
                                        "=",
                                        "\n",
                                        "|",
                                        " ;",
                                        "#",
                                        "\n[core]",
                                        "x-",
                                        "\t",
                                        "\xc2",
                                        "\xff",
                                        "\r",
                                        "a ",
                                        "plugin ",
                                        "\n[plugin a]\n",
                                        "\nflag=on\n",
                                        NULL};
    static const char *const standard[] = {"fuzz/corpus/config", NULL};

    return replay_all(words, 0, standard, argc, argv);
}
#endif
