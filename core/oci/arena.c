/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The default config.json needs about 3 KiB. */
#define CHUNK_SIZE ((size_t)8192)

struct chunk {
    struct chunk *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct chunk *chunks; /* the newest first */
};

static struct chunk *grow(struct arena *arena, size_t wanted)
{
    size_t size = wanted > CHUNK_SIZE ? wanted : CHUNK_SIZE;
    struct chunk *chunk = calloc(1, sizeof(*chunk) + size);

    if (chunk == NULL)
        return NULL;
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

struct arena *arena_create(void)
{
    return calloc(1, sizeof(struct arena));
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL)
        return;
    while (arena->chunks != NULL) {
        struct chunk *next = arena->chunks->next;

        free(arena->chunks);
        arena->chunks = next;
    }
    free(arena);
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    struct chunk *chunk = arena->chunks;
    size_t wanted, mask = alignof(max_align_t) - 1;
    void *piece;

    if (__builtin_mul_overflow(count, size, &wanted) || wanted > SIZE_MAX / 2)
        return NULL;
    wanted = (wanted + mask) & ~mask;
    if (chunk == NULL || chunk->size - chunk->used < wanted)
        chunk = grow(arena, wanted);
    if (chunk == NULL)
        return NULL;
    piece = chunk->bytes + chunk->used;
    chunk->used += wanted;
    return piece;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list ap;
    char *text;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    text = n < 0 ? NULL : arena_alloc(arena, (size_t)n + 1, 1);
    if (text == NULL)
        return NULL;
    va_start(ap, fmt);
    (void)vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return text;
}
