/* SPDX-License-Identifier: Apache-2.0
 *
 * A resources plugin that is right in everything, except for what the file that includes this has
 * defined otherwise. Each bad-*.c is refused for its one fault, with a message of its own.
 */
#ifndef TESTS_PLUGINS_BAD_H
#define TESTS_PLUGINS_BAD_H

#include <barrer/resources.h>

#ifndef BAD_MAGIC
#define BAD_MAGIC BARRER_MAGIC
#endif
#ifndef BAD_SIZE
#define BAD_SIZE sizeof(struct barrer_plugin)
#endif
#ifndef BAD_MAJOR
#define BAD_MAJOR BARRER_ABI_MAJOR
#endif
#ifndef BAD_MINOR
#define BAD_MINOR BARRER_ABI_MINOR
#endif
#ifndef BAD_NEED
#define BAD_NEED BARRER_ABI_MINOR
#endif
#ifndef BAD_KIND
#define BAD_KIND BARRER_RESOURCES
#endif
#ifndef BAD_FLAGS
#define BAD_FLAGS 0
#endif
#ifndef BAD_RESERVED
#define BAD_RESERVED 0
#endif
#define BAD_STRING_OF(name) #name
#define BAD_STRING(name) BAD_STRING_OF(name)
#ifndef BAD_CALLED
#define BAD_CALLED BAD_STRING(BAD_NAME)
#endif
#ifndef BAD_SYMBOL
#define BAD_SYMBOL BAD_NAME
#endif
#ifndef BAD_SUMMARY
#define BAD_SUMMARY "a plugin that is refused"
#endif
#ifndef BAD_OPTION
#define BAD_OPTION                                                                                 \
    {                                                                                              \
        "size", "size", "1M", "a fine option"                                                      \
    }
#endif
#ifndef BAD_HONOURED
#define BAD_HONOURED "linux.resources.pids.limit"
#endif
#ifndef BAD_TABLE_SIZE
#define BAD_TABLE_SIZE sizeof(struct barrer_resources_ops)
#endif
#ifndef BAD_JOIN
#define BAD_JOIN join
#endif
#ifndef BAD_OPEN
#define BAD_OPEN open_plugin
#endif
#ifndef BAD_OPS
#define BAD_OPS &ops
#endif

/* A module that declares a fault in open defines its own. */
static inline int open_plugin(const struct barrer_host *host, void **ret_self,
                              struct barrer_error *err)
{
    (void)host;
    (void)err;
    *ret_self = 0;
    return 0;
}

static inline int prepare(void *self, const struct barrer_resources_request *request,
                          struct barrer_resources_plan *plan, struct barrer_error *err)
{
    (void)self;
    (void)request;
    (void)plan;
    (void)err;
    return 0;
}

static inline int join(void *self, const char *path, struct barrer_resources_plan *plan,
                       struct barrer_error *err)
{
    (void)self;
    (void)path;
    (void)plan;
    (void)err;
    return 0;
}

static const struct barrer_option bad_options[] = {BAD_OPTION, {0, 0, 0, 0}};
static const char *const bad_honours[] = {BAD_HONOURED, 0};

__attribute__((unused)) static const struct barrer_resources_ops ops = {
    .size = BAD_TABLE_SIZE,
    .prepare = prepare,
    .join = BAD_JOIN,
};

#define BAD_PLUGIN(symbol) BARRER_PLUGIN(symbol)
BAD_PLUGIN(BAD_SYMBOL) = {
    .magic = BAD_MAGIC,
    .size = BAD_SIZE,
    .abi_major = BAD_MAJOR,
    .abi_minor = BAD_MINOR,
    .need_minor = BAD_NEED,
    .kind = BAD_KIND,
    .flags = BAD_FLAGS,
    .reserved = BAD_RESERVED,
    .name = BAD_CALLED,
    .version = "1",
    .summary = BAD_SUMMARY,
    .options = bad_options,
    .honours = bad_honours,
    .open = BAD_OPEN,
    .ops = BAD_OPS,
};

#endif
