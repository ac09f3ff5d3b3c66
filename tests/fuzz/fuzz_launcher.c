/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of what the launcher of .NET reads of an image: PE headers, runtimeconfig.json, names of
 * versions. The first byte says which. With libFuzzer as fuzz_config.c; without BARRER_LIBFUZZER
 * it is a TAP test of inputs of its own in some thousands of variants, the same ones every time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "launcher.h"
#include "versions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
    const uint8_t *data;
    size_t size;
};

/* The parser checks offsets against the size that it was told: what gets here is inside. */
static int read_memory(void *arg, uint64_t offset, void *data, size_t size)
{
    const struct memory *memory = arg;

    if (offset > memory->size || size > memory->size - offset)
        abort();
    memcpy(data, memory->data + offset, size);
    return 0;
}

static void try_image(const uint8_t *data, size_t size)
{
    struct memory memory = {data, size};
    struct image image;

    image_read(read_memory, &memory, size, &image);
    if (image.kind == IMAGE_ASSEMBLY && size < 64)
        abort();
}

static void try_config(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct config config;
    const char *why = NULL;

    if (text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    if (config_parse(text, size, &config, &why) == 0) {
        if (config.n_frameworks > sizeof(config.frameworks) / sizeof(*config.frameworks))
            abort();
        for (size_t i = 0; i < config.n_frameworks; i++)
            if (config.frameworks[i].name == NULL || config.frameworks[i].version == NULL)
                abort();
    } else if (why == NULL) {
        abort();
    }
    config_fini(&config);
    free(text);
}

/* What is read as a version comes out the same when it is written and read again. */
static void try_version(const uint8_t *data, size_t size)
{
    char text[256], again[256];
    struct version a, b;

    if (size >= sizeof(text))
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    if (version_parse(text, &a) < 0)
        return;
    version_format(&a, again, sizeof(again));
    if (version_parse(again, &b) < 0 || version_compare(&a, &b) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'P')
        try_image(data + 1, size - 1);
    else if (data[0] == 'V')
        try_version(data + 1, size - 1);
    else
        try_config(data + 1, size - 1);
    return 0;
}

#ifndef BARRER_LIBFUZZER
#define VARIANTS 4000
#define SIZE_LIMIT 4096

static uint32_t state = 1;

static uint32_t random_below(uint32_t n)
{
    state = state * 1664525u + 1013904223u;
    return n > 0 ? (state >> 8) % n : 0;
}

static void put(uint8_t *p, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)(value >> (8 * i));
}

/* A small assembly: one section, and the CLI header at its start. */
static size_t make_image(uint8_t *data)
{
    memset(data, 0, 1025);
    data[0] = 'P';
    memcpy(data + 1, "MZ", 2);
    put(data + 1 + 60, 128, 4);
    memcpy(data + 1 + 128, "PE\0\0", 4);
    put(data + 1 + 132, 0x8664, 2);
    put(data + 1 + 134, 1, 2);
    put(data + 1 + 148, 240, 2);
    put(data + 1 + 152, 0x20b, 2);
    put(data + 1 + 152 + 108, 16, 4);
    put(data + 1 + 152 + 112 + 14 * 8, 0x2000, 4);
    put(data + 1 + 392 + 12, 0x2000, 4);
    put(data + 1 + 392 + 16, 512, 4);
    put(data + 1 + 392 + 20, 512, 4);
    put(data + 1 + 512, 72, 4);
    put(data + 1 + 512 + 20, 0x06000001, 4);
    return 1025;
}

static size_t mutate(uint8_t *data, size_t size)
{
    static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff, '"', '{', '}', '[', ',', '.', '-'};
    size_t at = 1 + random_below((uint32_t)size - 1);

    switch (random_below(4)) {
    case 0:
        data[at] = (uint8_t)random_below(256);
        return size;
    case 1:
        data[at] = edges[random_below(sizeof(edges))];
        return size;
    case 2:
        for (size_t i = at; i < size && i < at + 4; i++)
            data[i] = 0xff;
        return size;
    default:
        return at + 1; /* cut off */
    }
}

static void try_variants(const uint8_t *data, size_t size, const char *what)
{
    static unsigned count;

    for (unsigned i = 0; i <= VARIANTS; i++) {
        /* A block of exactly its size, so that a sanitizer sees a byte too many. */
        uint8_t variant[SIZE_LIMIT], *copy;
        size_t length = size;

        memcpy(variant, data, size);
        for (uint32_t j = i == 0 ? 0 : random_below(6) + 1; j > 0 && length > 1; j--)
            length = mutate(variant, length);
        copy = malloc(length);
        if (copy == NULL)
            abort();
        memcpy(copy, variant, length);
        (void)LLVMFuzzerTestOneInput(copy, length);
        free(copy);
    }
    printf("ok %u - %s\n", ++count, what);
}

int main(void)
{
    static const char config[] =
        "C\xef\xbb\xbf{\"runtimeOptions\":{\"framework\":{\"name\":\"Microsoft.NETCore.App\","
        "\"version\":\"10.0.0\"},\"frameworks\":[{\"name\":\"A\",\"version\":\"1.0.0\","
        "\"rollForward\":\"Major\"}],\"configProperties\":{\"a\":true,\"b\":1,\"c\":\"d\",\"e\":"
        "null}}}";
    static const char version[] = "V10.0.12-preview.1.25+build";
    uint8_t image[SIZE_LIMIT];
    size_t size = make_image(image);

    try_variants(image, size, "PE headers");
    try_variants((const uint8_t *)config, strlen(config), "runtimeconfig.json");
    try_variants((const uint8_t *)version, strlen(version), "versions");
    printf("1..3\n");
    return 0;
}
#endif
