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
#include <dirent.h>
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
static unsigned count;

#define VARIANTS 300
#define SIZE_LIMIT (256 * 1024)

static uint32_t random_below(uint32_t limit)
{
    static uint32_t state = 1;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

/* One change: a word of the syntax put in, a byte replaced, or a piece cut out or doubled. */
static size_t mutate(uint8_t *data, size_t size)
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
                                        "\nflag=on\n"};
    size_t at = random_below((uint32_t)size + 1), length = random_below(40);
    const char *word = words[random_below(sizeof(words) / sizeof(words[0]))];

    if (length > size - at)
        length = size - at;
    switch (random_below(4)) {
    case 0:
        length = strlen(word);
        memmove(data + at + length, data + at, size - at);
        memcpy(data + at, word, length);
        return size + length;
    case 1:
        if (at < size)
            data[at] = (uint8_t)random_below(256);
        return size;
    case 2:
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    default:
        memmove(data + at + length, data + at, size - at);
        return size + length;
    }
}

/* In a block of exactly its size, so that a sanitizer sees a byte too many. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay_file(const char *path)
{
    static uint8_t data[SIZE_LIMIT], variant[SIZE_LIMIT + 4096];
    FILE *file = fopen(path, "re");
    size_t size;

    if (file == NULL) {
        printf("not ok %u - %s: cannot be opened\n", ++count, path);
        exit(1);
    }
    size = fread(data, 1, sizeof(data), file);
    (void)fclose(file);
    run(data, size);
    for (unsigned i = 0; i < VARIANTS; i++) {
        size_t length = size;

        memcpy(variant, data, size);
        for (uint32_t j = random_below(8) + 1; j > 0; j--)
            length = mutate(variant, length);
        run(variant, length);
    }
    printf("ok %u - %s\n", ++count, path);
}

static void replay(const char *path)
{
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, NULL, alphasort);

    if (n < 0)
        replay_file(path);
    for (int i = 0; i < n; i++) {
        char *name;

        if (entries[i]->d_name[0] != '.' &&
            asprintf(&name, "%s/%s", path, entries[i]->d_name) > 0) {
            replay_file(name);
            free(name);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    const char *srcdir = getenv("abs_top_srcdir");
    char *corpus = NULL;

    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (argc == 1 && asprintf(&corpus, "%s/tests/fuzz/corpus/config", srcdir ? srcdir : ".") > 0) {
        replay(corpus);
        free(corpus);
    }
    printf("1..%u\n", count);
    return 0;
}
#endif
