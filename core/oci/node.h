/* SPDX-License-Identifier: Apache-2.0
 *
 * Typed readers for JSON values. A node knows the way by which it was reached, so that an error
 * can say "config.json: process.args[2]: expected a string, got a number".
 *
 * A member that is missing or null is a node without a value: the readers return 0 for it and
 * leave their out-parameter alone.
 */
#ifndef CORE_OCI_NODE_H
#define CORE_OCI_NODE_H

#include <stddef.h>
#include <stdint.h>

#include <barrer/plugin.h>

#include "base/error.h"

struct arena;
struct json_object;

struct parse {
    const char *file; /* for messages */
    struct arena *arena;
    struct barrer_error *err;
};

struct node {
    struct parse *parse;
    const struct node *up; /* NULL: the whole file */
    const char *name;      /* NULL: an item of an array, at `index` */
    size_t index;
    struct json_object *json; /* NULL: no value */
};

struct node node_member(const struct node *object, const char *name);
struct node node_item(const struct node *array, size_t index);
/* Fill the error with the node's path and the text; returns -EINVAL. */
int node_fail(const struct node *node, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int node_fail_memory(const struct node *node); /* -ENOMEM */
int node_require(const struct node *node);     /* refuse a node without a value */

int node_object(const struct node *node); /* check that it is one, or without a value */
int node_bool(const struct node *node, int *ret_value);
int node_int(const struct node *node, int64_t min, int64_t max, int64_t *ret_value);
int node_uint(const struct node *node, uint64_t max, uint64_t *ret_value);
/* Texts are those of the JSON object, not copies. */
int node_text(const struct node *node, const char **ret_text);
int node_path(const struct node *node, const char **ret_path);          /* absolute */
int node_texts(const struct node *node, const char *const **ret_texts); /* NULL ends it */
/* An object whose values are all texts; behind the last pair comes one with key == NULL. */
int node_pairs(const struct node *node, const struct barrer_pair **ret_pairs, size_t *ret_n);
/* The number of items of an array; 0 for a node without a value. */
int node_count(const struct node *node, size_t *ret_n);
/* An array of objects, each read by READ into an element of SIZE bytes; RET_ARRAY is the address
 * of a pointer to such elements. */
int node_list(const struct node *node, size_t size,
              int (*read)(const struct node *item, void *element), void *ret_array, size_t *ret_n);

/* Members of an object by table. */
enum field_type {
    FIELD_NUMBER, /* struct barrer_number, MIN <= value <= MAX */
    FIELD_FLAG,   /* struct barrer_number, from a boolean */
    FIELD_I64,    /* int64_t, within MIN and MAX */
    FIELD_I32,    /* the same into an int32_t */
    FIELD_U32,    /* uint32_t, up to MAX; MAX 0: 4294967295 */
    FIELD_U64,    /* uint64_t */
    FIELD_TEXT,
    FIELD_TEXT_OR_NULL, /* "" counts as not there */
    FIELD_PATH,
    FIELD_TEXTS,
};

struct field {
    const char *name; /* NULL ends the table */
    enum field_type type;
    size_t offset;
    int64_t min, max;
    int is_required;
};

int node_fields(const struct node *node, const struct field *fields, void *base);

#endif
