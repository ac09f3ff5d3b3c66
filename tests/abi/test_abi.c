/* SPDX-License-Identifier: Apache-2.0
 *
 * The plugin ABI against frozen copies of its earlier versions: a plugin that was built with those
 * finds every member where it was, of the same size, and every constant with the same value.
 */
#include <stddef.h>

#include <barrer/filesystem.h>
#include <barrer/isolation.h>
#include <barrer/process.h>
#include <barrer/resources.h>
#include <barrer/runtime.h>

#include "abi_0_1.h"
#include "../unit/tap.h"

#define SIZE(type, member) sizeof(((type *)NULL)->member)

static void same_member(const char *type, const char *member, size_t offset, size_t old_offset,
                        size_t size, size_t old_size)
{
    if (offset == old_offset && size == old_size)
        return;
    ok(0, "%s.%s: at %zu, %zu bytes; in ABI 0.1 at %zu, %zu bytes", type, member, offset, size,
       old_offset, old_size);
}

/* Structures that carry their size may grow, the others may not; and while the major version is 0,
 * none does without a new minor version. */
static void same_size(const char *type, size_t size, size_t old_size)
{
    ok(BARRER_ABI_MAJOR > 0 || BARRER_ABI_MINOR > 1 ? size >= old_size : size == old_size,
       "struct barrer_%s: %zu bytes, in ABI 0.1 %zu", type, size, old_size);
}

static void same_value(const char *name, unsigned long long value, unsigned long long old_value)
{
    ok(value == old_value, "%s is %llu, in ABI 0.1 %llu", name, value, old_value);
}

#define SAME_MEMBER(type, member)                                                                  \
    same_member(#type, #member, offsetof(struct barrer_##type, member),                            \
                offsetof(struct abi_0_1_##type, member), SIZE(struct barrer_##type, member),       \
                SIZE(struct abi_0_1_##type, member));
#define SAME_SIZE(type)                                                                            \
    same_size(#type, sizeof(struct barrer_##type), sizeof(struct abi_0_1_##type));
#define SAME_VALUE(name, value) same_value(#name, name, value);

/* Of the same type: an operation with other arguments would be called with the old ones. */
#define SAME_TYPE(type, member)                                                                    \
    _Static_assert(                                                                                \
        __builtin_types_compatible_p(__typeof__(((struct barrer_##type *)NULL)->member),           \
                                     __typeof__(((struct abi_0_1_##type *)NULL)->member)),         \
        "the type of " #type "." #member " has changed");
#define ANY_TYPE(type, member)

ABI_0_1_MEMBERS(SAME_TYPE, ANY_TYPE)

int main(void)
{
    ABI_0_1_STRUCTS(SAME_SIZE)
    ABI_0_1_MEMBERS(SAME_MEMBER, SAME_MEMBER)
    ABI_0_1_VALUES(SAME_VALUE)
    ok(tap_failed == 0, "every member of ABI 0.1 is where it was");
    return tap_done();
}
