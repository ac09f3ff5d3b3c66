/* SPDX-License-Identifier: Apache-2.0 */
#include "enosys.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>

/* How x32 calls are told from those of x86-64, whose architecture they share. */
#define X32_BIT 0x40000000u

#define LOAD(member)                                                                               \
    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define JUMP(op, k, if_true, if_false)                                                             \
    (struct sock_filter) BPF_JUMP(BPF_JMP | (op) | BPF_K, (k), (if_true), (if_false))
#define ANSWER (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)
/* To the filter proper; the distance is filled in when the end is known. */
#define LEAVE (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, 0)

/* The highest number that the profile names for an architecture, or -1. Numbers below zero are
 * libseccomp's own, for calls that the architecture has not. */
static int highest(const struct barrer_seccomp *profile, uint32_t token)
{
    int max = -1;

    for (size_t i = 0; i < profile->n_rules; i++)
        for (const char *const *name = profile->rules[i].names; *name != NULL; name++) {
            int nr = seccomp_syscall_resolve_name_arch(token, *name);

            if (nr > max)
                max = nr;
        }
    return max;
}

static int has_token(const uint32_t *tokens, size_t n, uint32_t token)
{
    for (size_t i = 0; i < n; i++)
        if (tokens[i] == token)
            return 1;
    return 0;
}

/* if (nr > max) return ENOSYS; leave. */
static size_t emit_limit(struct sock_filter *code, int max)
{
    size_t used = 0;

    if (max >= 0) {
        code[used++] = JUMP(BPF_JGT, (uint32_t)max, 0, 1);
        code[used++] = ANSWER;
    }
    code[used++] = LEAVE;
    return used;
}

/* One architecture; the accumulator holds the architecture before and after. */
static size_t emit_architecture(const struct barrer_seccomp *profile, uint32_t token, int has_x32,
                                struct sock_filter *code)
{
    int max = highest(profile, token);
    size_t used = 2, part;

    if (max < 0)
        return 0;
    code[1] = LOAD(nr);
    if (token == SCMP_ARCH_X86_64) {
        part = emit_limit(code + 3, max);
        code[2] = JUMP(BPF_JGE, X32_BIT, (unsigned char)part, 0);
        used = 3 + part;
        max = has_x32 ? highest(profile, SCMP_ARCH_X32) : -1;
    }
    used += emit_limit(code + used, max);
    code[0] = JUMP(BPF_JEQ, token, 0, (unsigned char)(used - 1));
    return used;
}

size_t seccomp_enosys_prefix(const struct barrer_seccomp *profile, const uint32_t *tokens, size_t n,
                             struct sock_filter code[SECCOMP_ENOSYS_MAX])
{
    int has_x32 = has_token(tokens, n, SCMP_ARCH_X32);
    size_t used = 1;

    code[0] = LOAD(arch);
    /* The longest block has 9 instructions. */
    for (size_t i = 0; i < n && used + 9 <= SECCOMP_ENOSYS_MAX; i++)
        if (tokens[i] != SCMP_ARCH_X32)
            used += emit_architecture(profile, tokens[i], has_x32, code + used);
    if (used == 1)
        return 0;
    for (size_t i = 0; i < used; i++)
        if (code[i].code == (BPF_JMP | BPF_JA))
            code[i].k = (uint32_t)(used - i - 1);
    return used;
}
