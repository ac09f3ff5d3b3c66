/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that is handed out piece by piece and freed in one go, behind the many small arrays of a
 * spec.
 */
#ifndef CORE_OCI_ARENA_H
#define CORE_OCI_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_create(void);        /* NULL: out of memory */
void arena_destroy(struct arena *arena); /* NULL is fine */
/* COUNT times SIZE zeroed bytes, aligned for every type; NULL: out of memory. */
void *arena_alloc(struct arena *arena, size_t count, size_t size)
    __attribute__((alloc_size(2, 3), malloc));
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
