/* SPDX-License-Identifier: Apache-2.0
 *
 * By partial evaluation: between two numbers that the filter compares with, all calls of an
 * architecture take the same way through it. That way is followed once with architecture and number
 * known; what is left are the looks at arguments, or nothing but an answer. Neighbours with the
 * same answer become one range, and a search tree over the ranges the new filter.
 *
 * Jumps of BPF only lead forward, so the new filter is written from its end to its start.
 */
#include "compact.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include <barrer/util.h>

#define LOAD (BPF_LD | BPF_W | BPF_ABS)
#define RETURN (BPF_RET | BPF_K)
#define JUMP (BPF_JMP | BPF_JA)
#define IF_EQUAL (BPF_JMP | BPF_JEQ | BPF_K)
#define IF_GREATER (BPF_JMP | BPF_JGT | BPF_K)
#define IF_NOT_LESS (BPF_JMP | BPF_JGE | BPF_K)
#define IF_SET (BPF_JMP | BPF_JSET | BPF_K)
#define AND (BPF_ALU | BPF_AND | BPF_K)

#define NR offsetof(struct seccomp_data, nr)
#define ARCH offsetof(struct seccomp_data, arch)

#define MAX_ARCHITECTURES 64

/* How far a jump of an instruction at the new start may lead; a little less than it can, as one of
 * its two targets may have to be brought nearer first. */
#define REACH 250

/* What the accumulator holds on the way that is followed. */
enum content { HAS_ARCH, HAS_NR, HAS_ARGUMENT };

/* A place of the old filter that is reached with an argument in the accumulator, and where what
 * comes of it is in the new one. */
struct visit {
    unsigned turn;
    size_t label;
};

/* Numbers from START up to the next range's. */
struct range {
    uint32_t start;
    size_t label;
};

struct compaction {
    const struct sock_filter *from;
    size_t from_length;
    uint32_t arch, nr;        /* of the call whose way is followed */
    struct visit *visits;     /* one for each instruction of FROM */
    unsigned turn;            /* whose visits count */
    struct sock_filter *code; /* from START to SIZE, which is as much as FROM has */
    size_t start, size;
    uint32_t *numbers; /* where ranges can start, sorted */
    size_t n_numbers;
    struct range *ranges; /* of ARCH */
    size_t n_ranges;
    int is_hopeless; /* FROM has what we do not know, or the result would not be shorter */
};

/* Labels are indexes into CODE. */
static size_t emit(struct compaction *c, uint16_t code, uint32_t k, size_t if_true, size_t if_false)
{
    if (c->start == 0) {
        c->is_hopeless = 1;
        return 0;
    }
    c->code[c->start - 1] = (struct sock_filter){.code = code,
                                                 .k = k,
                                                 .jt = (unsigned char)(if_true - c->start),
                                                 .jf = (unsigned char)(if_false - c->start)};
    return --c->start;
}

static int is_answer(const struct compaction *c, size_t label)
{
    return c->code[label].code == RETURN;
}

static size_t answer(struct compaction *c, uint32_t k)
{
    for (size_t at = c->start; at < c->size && at < c->start + REACH; at++)
        if (is_answer(c, at) && c->code[at].k == k)
            return at;
    return emit(c, RETURN, k, c->start, c->start);
}

/* The same as at LABEL, at the start. */
static size_t repeat(struct compaction *c, size_t label)
{
    if (is_answer(c, label))
        return emit(c, RETURN, c->code[label].k, c->start, c->start);
    return emit(c, JUMP, (uint32_t)(label - c->start), c->start, c->start);
}

static size_t bring_near(struct compaction *c, size_t label)
{
    return label - c->start > REACH ? repeat(c, label) : label;
}

/* An instruction, and after it what is at LABEL. */
static size_t emit_before(struct compaction *c, uint16_t code, uint32_t k, size_t label)
{
    if (label != c->start)
        (void)repeat(c, label);
    return emit(c, code, k, c->start, c->start);
}

static size_t emit_branch(struct compaction *c, uint16_t code, uint32_t k, size_t if_true,
                          size_t if_false)
{
    if (if_true == if_false)
        return if_true;
    if_true = bring_near(c, if_true);
    if_false = bring_near(c, if_false);
    return emit(c, code, k, if_true, if_false);
}

static size_t give_up(struct compaction *c)
{
    c->is_hopeless = 1;
    return c->start;
}

/* Of a call number only order is known: the numbers of its range share it. */
static int is_comparison(uint16_t code)
{
    return code == IF_EQUAL || code == IF_GREATER || code == IF_NOT_LESS;
}

static int holds(const struct sock_filter *branch, uint32_t value)
{
    switch (branch->code) {
    case IF_EQUAL:
        return value == branch->k;
    case IF_GREATER:
        return value > branch->k;
    default:
        return value >= branch->k;
    }
}

static size_t follow(struct compaction *c, size_t at, enum content content);

/* What begins with an instruction about an argument. */
static size_t keep(struct compaction *c, const struct sock_filter *next, size_t at)
{
    size_t if_true, if_false;

    if (next->code == LOAD || next->code == AND)
        return emit_before(c, next->code, next->k, follow(c, at, HAS_ARGUMENT));
    if (!is_comparison(next->code) && next->code != IF_SET)
        return give_up(c);
    if_true = follow(c, at + next->jt, HAS_ARGUMENT);
    if_false = follow(c, at + next->jf, HAS_ARGUMENT);
    return emit_branch(c, next->code, next->k, if_true, if_false);
}

/* Several ways lead to one place, each of which would double what comes after it. */
static size_t keep_once(struct compaction *c, const struct sock_filter *next, size_t at)
{
    struct visit *visit = &c->visits[at - 1];

    if (visit->turn != c->turn)
        *visit = (struct visit){.label = keep(c, next, at), .turn = c->turn};
    return visit->label;
}

/* Go on at AT until it is about arguments, or answers. Returns the label of the rest. */
static size_t follow(struct compaction *c, size_t at, enum content content)
{
    while (!c->is_hopeless && at < c->from_length) {
        const struct sock_filter *next = &c->from[at++];
        uint32_t value = content == HAS_NR ? c->nr : c->arch;

        if (next->code == RETURN)
            return answer(c, next->k);
        if (next->code == JUMP)
            at += next->k;
        else if (next->code == LOAD && next->k == NR)
            content = HAS_NR;
        else if (next->code == LOAD && next->k == ARCH)
            content = HAS_ARCH;
        else if (content == HAS_ARGUMENT || next->code == LOAD)
            return keep_once(c, next, at);
        else if (content == HAS_NR ? is_comparison(next->code) : next->code == IF_EQUAL)
            at += holds(next, value) ? next->jt : next->jf;
        else
            break;
    }
    return give_up(c);
}

/* --- the ranges of an architecture --- */

static int is_same(const struct compaction *c, size_t one, size_t other)
{
    return one == other ||
           (is_answer(c, one) && is_answer(c, other) && c->code[one].k == c->code[other].k);
}

static void find_ranges(struct compaction *c)
{
    c->n_ranges = 0;
    for (size_t i = 0; i < c->n_numbers && !c->is_hopeless; i++) {
        size_t label;

        c->nr = c->numbers[i];
        c->turn++;
        label = follow(c, 0, HAS_NR);
        if (!c->is_hopeless &&
            (c->n_ranges == 0 || !is_same(c, c->ranges[c->n_ranges - 1].label, label)))
            c->ranges[c->n_ranges++] = (struct range){.start = c->nr, .label = label};
    }
}

/* A search for the number in the accumulator among N ranges. */
static size_t emit_search(struct compaction *c, const struct range *ranges, size_t n)
{
    size_t half = n / 2, low, high;

    if (n == 1)
        return ranges[0].label;
    if (n == 3 && ranges[2].start == ranges[1].start + 1 &&
        is_same(c, ranges[0].label, ranges[2].label))
        return emit_branch(c, IF_EQUAL, ranges[1].start, ranges[1].label, ranges[0].label);
    high = emit_search(c, ranges + half, n - half);
    low = emit_search(c, ranges, half);
    return emit_branch(c, IF_NOT_LESS, ranges[half].start, high, low);
}

static size_t emit_architecture(struct compaction *c, uint32_t arch)
{
    c->arch = arch;
    find_ranges(c);
    if (c->is_hopeless)
        return 0;
    if (c->n_ranges == 1)
        return c->ranges[0].label;
    return emit_before(c, LOAD, NR, emit_search(c, c->ranges, c->n_ranges));
}

/* --- the whole --- */

static int compare_numbers(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

    return (one > other) - (one < other);
}

static void find_numbers(struct compaction *c)
{
    size_t n = 0, used = 1;

    c->numbers[n++] = 0;
    for (size_t i = 0; i < c->from_length; i++)
        if (is_comparison(c->from[i].code)) {
            c->numbers[n++] = c->from[i].k;
            c->numbers[n++] = c->from[i].k + 1;
        }
    qsort(c->numbers, n, sizeof(*c->numbers), compare_numbers);
    for (size_t i = 1; i < n; i++)
        if (c->numbers[i] != c->numbers[used - 1])
            c->numbers[used++] = c->numbers[i];
    c->n_numbers = used;
}

/* The way of a call of an architecture that FROM does not know, past those that it does: put these
 * into ARCHS, and return their number. There must be an answer at the end. */
static size_t find_architectures(struct compaction *c, uint32_t archs[MAX_ARCHITECTURES],
                                 uint32_t *ret_answer)
{
    size_t n = 0, at = 0;
    int has_arch = 0;

    while (at < c->from_length && n < MAX_ARCHITECTURES) {
        const struct sock_filter *next = &c->from[at++];

        if (next->code == RETURN) {
            *ret_answer = next->k;
            return n;
        }
        if (next->code == JUMP) {
            at += next->k;
        } else if (next->code == LOAD && next->k == ARCH) {
            has_arch = 1;
        } else if (next->code == IF_EQUAL && has_arch) {
            archs[n++] = next->k;
            at += next->jf;
        } else {
            break;
        }
    }
    c->is_hopeless = 1;
    return 0;
}

static int is_new(const uint32_t *archs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (archs[i] == archs[n])
            return 0;
    return 1;
}

static void emit_all(struct compaction *c)
{
    uint32_t archs[MAX_ARCHITECTURES], other = 0;
    size_t n = find_architectures(c, archs, &other), label;

    find_numbers(c);
    label = answer(c, other);
    while (n-- > 0 && !c->is_hopeless)
        if (is_new(archs, n))
            label = emit_branch(c, IF_EQUAL, archs[n], emit_architecture(c, archs[n]), label);
    if (!c->is_hopeless)
        (void)emit_before(c, LOAD, ARCH, label);
}

void seccomp_program_compact(struct seccomp_program *program)
{
    const size_t length = program->length, n_numbers = 2 * length + 1;
    struct compaction c = {
        .from = program->code, .from_length = length, .start = length, .size = length};

    c.visits = calloc(length, sizeof(*c.visits));
    c.code = calloc(length, sizeof(*c.code));
    c.numbers = calloc(n_numbers, sizeof(*c.numbers));
    c.ranges = calloc(n_numbers, sizeof(*c.ranges));
    if (c.visits != NULL && c.code != NULL && c.numbers != NULL && c.ranges != NULL) {
        emit_all(&c);
        if (!c.is_hopeless) {
            program->length = c.size - c.start;
            memcpy(program->code, c.code + c.start, program->length * sizeof(*c.code));
        }
    }
    free(c.visits);
    free(c.code);
    free(c.numbers);
    free(c.ranges);
}
