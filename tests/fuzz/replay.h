/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fuzz target does in "make check", without libFuzzer: each file of its corpus, and variants
 * of it that are the same each time, go through LLVMFuzzerTestOneInput. One line of TAP a file.
 */
#ifndef TESTS_FUZZ_REPLAY_H
#define TESTS_FUZZ_REPLAY_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLAY_VARIANTS 300
#define REPLAY_CHANGES 8 /* in a variant, at most */
#define REPLAY_SIZE_LIMIT ((size_t)256 * 1024)
#define REPLAY_GROWTH ((size_t)4096) /* by all of them */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct replay {
    const char *const *words; /* of the syntax; NULL ends them */
    size_t n_fixed;           /* bytes at the start that are not changed */
    unsigned count;           /* files so far */
};

static uint32_t replay_random(uint32_t limit)
{
    static uint32_t state = 1;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

static const char *replay_word(const struct replay *replay)
{
    uint32_t n = 0;

    while (replay->words[n] != NULL)
        n++;
    return replay->words[replay_random(n)];
}

/* One change: a word put in, or over what is there, a byte replaced, a piece cut out or doubled. */
static size_t replay_change(const struct replay *replay, uint8_t *data, size_t size)
{
    const char *word = replay_word(replay);
    size_t first = size < replay->n_fixed ? size : replay->n_fixed;
    size_t at = first + replay_random((uint32_t)(size - first) + 1);
    size_t word_length = strlen(word), length = replay_random(40);

    if (length > size - at)
        length = size - at;
    switch (replay_random(5)) {
    case 0:
        memmove(data + at + word_length, data + at, size - at);
        memcpy(data + at, word, word_length);
        return size + word_length;
    case 1:
        memcpy(data + at, word, word_length);
        return at + word_length > size ? at + word_length : size;
    case 2:
        if (at < size)
            data[at] = (uint8_t)replay_random(256);
        return size;
    case 3:
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    default:
        memmove(data + at + length, data + at, size - at);
        return size + length;
    }
}

/* In a block of exactly its size, so that a sanitizer sees a byte too many. */
static void replay_run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay_file(struct replay *replay, const char *path)
{
    static uint8_t data[REPLAY_SIZE_LIMIT], variant[REPLAY_SIZE_LIMIT + REPLAY_GROWTH];
    FILE *file = fopen(path, "re");
    size_t size;

    if (file == NULL) {
        printf("not ok %u - %s: cannot be opened\n", ++replay->count, path);
        exit(1);
    }
    size = fread(data, 1, sizeof(data), file);
    (void)fclose(file);
    replay_run(data, size);
    for (unsigned i = 0; i < REPLAY_VARIANTS; i++) {
        size_t length = size;

        memcpy(variant, data, size);
        for (uint32_t j = replay_random(REPLAY_CHANGES) + 1; j > 0; j--)
            length = replay_change(replay, variant, length);
        replay_run(variant, length);
    }
    printf("ok %u - %s\n", ++replay->count, path);
}

/* A file, or those of a folder. */
static void replay_path(struct replay *replay, const char *path)
{
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, NULL, alphasort);

    if (n < 0)
        replay_file(replay, path);
    for (int i = 0; i < n; i++) {
        char name[4096];

        (void)snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            replay_file(replay, name);
        free(entries[i]);
    }
    free(entries);
}

/* The arguments, or without any the STANDARD ones, below tests/; NULL ends them. For main. */
static int replay_all(const char *const *words, size_t n_fixed, const char *const *standard,
                      int argc, char **argv)
{
    struct replay replay = {.words = words, .n_fixed = n_fixed};
    const char *top = getenv("abs_top_srcdir");
    char path[4096];

    for (int i = 1; i < argc; i++)
        replay_path(&replay, argv[i]);
    for (; argc == 1 && *standard != NULL; standard++) {
        (void)snprintf(path, sizeof(path), "%s/tests/%s", top != NULL ? top : ".", *standard);
        replay_path(&replay, path);
    }
    printf("1..%u\n", replay.count);
    return replay.count == 0;
}

#endif
