/* SPDX-License-Identifier: Apache-2.0
 *
 * plugins/seccomp/compact.c: random filters of libseccomp and random instructions answer every call
 * as before. The seed is fixed, so that a failure comes again: BARRER_SEED=N tries others.
 */
#include <linux/seccomp.h>
#include <stdint.h>

#include "fake_host.h"
#include "../../plugins/seccomp/compact.h"
#include "tap.h"

static const uint32_t archs[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64,
                                 SCMP_ARCH_ARM};
#define N_ARCHS (sizeof(archs) / sizeof(archs[0]))

static const uint64_t values[] = {
    0, 1, 2, 8, 40, 41, 0x7e020000, 0xffffffff, 1ULL << 32, (1ULL << 32) + 8, UINT64_MAX};
#define N_VALUES (sizeof(values) / sizeof(values[0]))

static struct fake_host fake;

/* An xorshift generator. */
static uint32_t state;
static uint32_t any(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

/* What the kernel would make of it; a filter that runs off its end answers 0xdead. */
static uint32_t evaluate(const struct seccomp_program *program, const struct seccomp_data *data)
{
    uint32_t a = 0;

    for (size_t at = 0; at < program->length;) {
        const struct sock_filter *next = &program->code[at++];

        switch (next->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&a, (const char *)data + next->k % sizeof(*data), sizeof(a));
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= next->k;
            break;
        case BPF_JMP | BPF_JA:
            at += next->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += a == next->k ? next->jt : next->jf;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            at += a > next->k ? next->jt : next->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            at += a >= next->k ? next->jt : next->jf;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            at += a & next->k ? next->jt : next->jf;
            break;
        case BPF_RET | BPF_K:
            return next->k;
        default:
            return 0xbad;
        }
    }
    return 0xdead;
}

static int is_same_for(const struct seccomp_program *one, const struct seccomp_program *other,
                       uint32_t arch, uint32_t nr)
{
    struct seccomp_data data = {.nr = (int)nr, .arch = arch};

    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 6; i++)
            data.args[i] = values[any(N_VALUES)];
        if (evaluate(one, &data) != evaluate(other, &data)) {
            printf("# arch %#x nr %#x: %#x, was %#x\n", arch, nr, evaluate(other, &data),
                   evaluate(one, &data));
            return 0;
        }
    }
    return 1;
}

/* For what the filter compares with, and beside it. */
static int is_same(const struct seccomp_program *one, const struct seccomp_program *other)
{
    int same = 1;

    for (size_t i = 0; i <= N_ARCHS; i++)
        for (size_t j = 0; j < one->length && same; j++)
            for (uint32_t beside = 0; beside < 3 && same; beside++)
                same = is_same_for(one, other, i < N_ARCHS ? archs[i] : 0x12345,
                                   one->code[j].k + beside - 1);
    return same;
}

static struct seccomp_program copy_of(const struct seccomp_program *program)
{
    struct seccomp_program copy = {malloc((program->length + 1) * sizeof(*copy.code)),
                                   program->length};

    memcpy(copy.code, program->code, program->length * sizeof(*copy.code));
    return copy;
}

static uint32_t any_action(void)
{
    static const uint32_t actions[] = {SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(1), SCMP_ACT_ERRNO(38),
                                       SCMP_ACT_KILL_PROCESS, SCMP_ACT_LOG};

    return actions[any(sizeof(actions) / sizeof(actions[0]))];
}

/* One call by its arguments, or neighbours without a look at them. */
static void add_rule(scmp_filter_ctx context, uint32_t action)
{
    struct scmp_arg_cmp args[3];
    unsigned n = any(3) == 0 ? 1 + any(3) : 0, first = any(460), last = first + (n ? 0 : any(60));

    for (unsigned i = 0; i < n; i++)
        args[i] = (struct scmp_arg_cmp){
            .arg = 2 * i + any(2),
            .op = (enum scmp_compare)(SCMP_CMP_NE + any(7)),
            .datum_a = values[any(N_VALUES)],
            .datum_b = values[any(N_VALUES)],
        };
    for (unsigned nr = first; nr <= last; nr++)
        (void)seccomp_rule_add_array(context, action, (int)nr, n, args);
}

static struct seccomp_program any_filter(void)
{
    uint32_t usual = any_action();
    scmp_filter_ctx context = seccomp_init(usual);
    struct seccomp_program program = {0};
    unsigned n = 1 + any(40), more = any(N_ARCHS);

    for (unsigned i = 0; i < more; i++)
        (void)seccomp_arch_add(context, archs[any(N_ARCHS)]);
    (void)seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 1 + any(2));
    (void)seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, any_action());
    for (unsigned i = 0; i < n; i++)
        add_rule(context, any(4) == 0 ? any_action() : SCMP_ACT_ALLOW);
    if (seccomp_program_export(&fake.host, context, NULL, 0, &program, &fake.error) < 0)
        program.code = NULL;
    seccomp_release(context);
    return program;
}

static void test_filters_of_the_library(void)
{
    unsigned n = 0, n_same = 0, n_shorter = 0;
    size_t before = 0, after = 0;

    for (unsigned round = 0; round < 120; round++) {
        struct seccomp_program program = any_filter(), compact;

        if (program.code == NULL)
            continue;
        compact = copy_of(&program);
        seccomp_program_compact(&compact);
        n++;
        n_same += (unsigned)is_same(&program, &compact);
        n_shorter += compact.length < program.length;
        before += program.length;
        after += compact.length;
        seccomp_program_fini(&program);
        seccomp_program_fini(&compact);
    }
    ok(n > 80, "there are %u filters to try", n);
    is_number(n_same, n, "all of them answer as before");
    ok(n_shorter > n * 3 / 4, "%u of them are shorter", n_shorter);
    printf("# %zu instructions became %zu\n", before, after);
}

static struct seccomp_program any_instructions(void)
{
    static const uint16_t codes[] = {BPF_LD | BPF_W | BPF_ABS,   BPF_ALU | BPF_AND | BPF_K,
                                     BPF_JMP | BPF_JA,           BPF_JMP | BPF_JEQ | BPF_K,
                                     BPF_JMP | BPF_JGT | BPF_K,  BPF_JMP | BPF_JGE | BPF_K,
                                     BPF_JMP | BPF_JSET | BPF_K, BPF_RET | BPF_K,
                                     BPF_JMP | BPF_JEQ | BPF_K,  BPF_ST,
                                     BPF_LD | BPF_W | BPF_ABS};
    size_t length = 2 + any(any(8) == 0 ? 900 : 30);
    struct seccomp_program program = {calloc(length, sizeof(*program.code)), length};

    for (size_t i = 0; i < length; i++) {
        struct sock_filter *next = &program.code[i];
        uint32_t left = (uint32_t)(length - i - 1), reach = left == 0 ? 1 : left < 255 ? left : 255;

        /* Few are about anything else than architecture and number. */
        next->code = codes[any(any(9) == 0 ? 11 : 9)];
        if (i + 1 == length)
            next->code = BPF_RET | BPF_K;
        else if (i == 0)
            next->code = BPF_LD | BPF_W | BPF_ABS;
        next->jt = (unsigned char)any(any(3) + 1 < reach ? 4 : reach);
        next->jf = (unsigned char)any(reach);
        if (next->jt >= left)
            next->jt = 0;
        if (next->code == (BPF_LD | BPF_W | BPF_ABS))
            next->k = 4 * any(any(2) ? 2 : 16);
        else if (next->code == (BPF_JMP | BPF_JA))
            next->k = any(left);
        else
            next->k = any(3) ? any(600) : archs[any(N_ARCHS)];
    }
    return program;
}

static void test_any_instructions(void)
{
    unsigned n_same = 0, n_changed = 0;

    for (unsigned round = 0; round < 600; round++) {
        struct seccomp_program program = any_instructions(), compact = copy_of(&program);

        seccomp_program_compact(&compact);
        n_same += (unsigned)is_same(&program, &compact);
        n_changed += compact.length != program.length;
        seccomp_program_fini(&program);
        seccomp_program_fini(&compact);
    }
    is_number(n_same, 600, "any instructions answer as before");
    ok(n_changed > 20, "%u of them became others", n_changed);
}

int main(void)
{
    const char *seed = getenv("BARRER_SEED");

    state = seed != NULL ? (uint32_t)strtoul(seed, NULL, 0) : 20261127;
    fake_host_init(&fake);
    test_filters_of_the_library();
    test_any_instructions();
    fake_host_fini(&fake);
    return tap_done();
}
