/* SPDX-License-Identifier: Apache-2.0
 *
 * Access to devices: cgroup v2 has no files for it, but runs a program of the type
 * BPF_PROG_TYPE_CGROUP_DEVICE (Linux 4.15) for each mknod, and each open of a device. The program
 * is made here, instruction by instruction, from the rules.
 *
 * It walks the rules from the last to the first with the requested kinds of access that no rule
 * has decided on yet. A rule that denies one of them ends the walk; a rule that allows takes its
 * kinds out; nothing left means yes, the end of the rules means no.
 *
 * The kernel's check of a program takes far longer than loading it, and grows with the square of
 * the number of branches: neighbours share the tests of type and major number, and all verdicts
 * are jumps to one place.
 */
#include "cgroup.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PROGRAM_NAME "barrer_devices"
/* Instructions of one rule at most, and of the frame around all rules. */
#define RULE_MAX 6
#define FRAME_MAX 10
/* Jumps go forward by at most 32767 instructions. */
#define PROGRAM_MAX 32000

static struct bpf_insn insn(int code, unsigned dst, unsigned src, int16_t off, int32_t imm)
{
    return (struct bpf_insn){
        .code = (uint8_t)code, .dst_reg = dst & 15, .src_reg = src & 15, .off = off, .imm = imm};
}

#define MOVE(dst, imm) insn(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define COPY(dst, src) insn(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define LOAD(dst, member)                                                                          \
    insn(BPF_LDX | BPF_MEM | BPF_W, dst, 1, offsetof(struct bpf_cgroup_dev_ctx, member), 0)
#define AND(dst, imm) insn(BPF_ALU | BPF_AND | BPF_K, dst, 0, 0, imm)
#define SHIFT_RIGHT(dst, imm) insn(BPF_ALU | BPF_RSH | BPF_K, dst, 0, 0, imm)
#define JUMP(to) insn(BPF_JMP | BPF_JA, 0, 0, to, 0)
#define JUMP_IF(dst, imm, to) insn(BPF_JMP | BPF_JEQ | BPF_K, dst, 0, to, imm)
#define JUMP_UNLESS(dst, imm, to) insn(BPF_JMP | BPF_JNE | BPF_K, dst, 0, to, imm)
#define EXIT insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

enum { RESULT = 0, SCRATCH = 1, TYPE = 2, ACCESS = 3, MAJOR = 4, MINOR = 5 };

/* Where a jump goes, until the place is known. */
enum { TO_DENY = -2, TO_ALLOW = -1 };

struct program {
    struct bpf_insn *insns;
    size_t n;
    char type;          /* what the instructions before have made sure of; 'a': nothing */
    int64_t major;      /* the same; -1: nothing */
    size_t type_guard;  /* the jump that skips the rules of this type ... */
    size_t major_guard; /* ... and of this major number */
};

static int access_mask(const char *access)
{
    int mask = 0;

    for (; access != NULL && *access != '\0'; access++)
        mask |= *access == 'r'   ? BPF_DEVCG_ACC_READ
                : *access == 'w' ? BPF_DEVCG_ACC_WRITE
                : *access == 'm' ? BPF_DEVCG_ACC_MKNOD
                                 : 0;
    return mask;
}

#define ALL_ACCESS (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

static int is_everything(const struct barrer_device_rule *rule)
{
    return rule->type != 'b' && rule->type != 'c' && rule->major < 0 && rule->minor < 0 &&
           access_mask(rule->access) == (int)ALL_ACCESS;
}

static void emit(struct program *p, struct bpf_insn instruction)
{
    p->insns[p->n++] = instruction;
}

/* Let a guard skip to here. */
static void close_guard(struct program *p, size_t guard)
{
    p->insns[guard].off = (int16_t)(p->n - guard - 1);
}

static void close_major(struct program *p)
{
    if (p->major >= 0)
        close_guard(p, p->major_guard);
    p->major = -1;
}

static void close_type(struct program *p)
{
    close_major(p);
    if (p->type != 'a')
        close_guard(p, p->type_guard);
    p->type = 'a';
}

static void open_guards(struct program *p, char type, int64_t major)
{
    if (p->type != type) {
        close_type(p);
        p->type = type;
        p->type_guard = p->n;
        if (type != 'a')
            emit(p, JUMP_UNLESS(TYPE, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, 0));
    }
    if (p->major != major) {
        close_major(p);
        p->major = major;
        p->major_guard = p->n;
        if (major >= 0)
            emit(p, JUMP_UNLESS(MAJOR, (int32_t)major, 0));
    }
}

/* A rule about some kinds of access. */
static void add_partial(struct program *p, const struct barrer_device_rule *rule)
{
    unsigned mask = (unsigned)access_mask(rule->access);
    size_t guard = p->n;

    if (rule->minor >= 0)
        emit(p, JUMP_UNLESS(MINOR, (int32_t)rule->minor, 0));
    if (rule->allow) {
        emit(p, AND(ACCESS, (int32_t)(ALL_ACCESS & ~mask)));
        emit(p, JUMP_IF(ACCESS, 0, TO_ALLOW));
    } else {
        emit(p, COPY(SCRATCH, ACCESS));
        emit(p, AND(SCRATCH, (int32_t)mask));
        emit(p, JUMP_UNLESS(SCRATCH, 0, TO_DENY));
    }
    if (rule->minor >= 0)
        close_guard(p, guard);
}

static void add_rule(struct program *p, const struct barrer_device_rule *rule)
{
    int is_full = access_mask(rule->access) == (int)ALL_ACCESS;
    int16_t verdict = rule->allow ? TO_ALLOW : TO_DENY;
    char type = rule->type == 'b' || rule->type == 'c' ? rule->type : 'a';

    if (is_full && rule->major >= 0 && rule->minor < 0) {
        open_guards(p, type, -1);
        emit(p, JUMP_IF(MAJOR, (int32_t)rule->major, verdict));
        return;
    }
    open_guards(p, type, rule->major);
    if (!is_full)
        add_partial(p, rule);
    else if (rule->minor >= 0)
        emit(p, JUMP_IF(MINOR, (int32_t)rule->minor, verdict));
    else
        emit(p, JUMP(verdict));
}

/* One verdict, for the jumps that want it; the last rule's is reached without a jump. */
static void add_verdict(struct program *p, int16_t verdict, int is_reached)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->insns[i].off != verdict)
            continue;
        close_guard(p, i);
        is_reached = 1;
    }
    if (!is_reached) /* the kernel refuses instructions that cannot be reached */
        return;
    emit(p, MOVE(RESULT, verdict == TO_ALLOW));
    emit(p, EXIT);
}

static size_t make_program(struct bpf_insn *insns, const struct barrer_device_rule *rules,
                           size_t first, size_t n_rules)
{
    struct program p = {.insns = insns, .type = 'a', .major = -1};
    int is_open = is_everything(&rules[first]) && rules[first].allow;

    emit(&p, LOAD(TYPE, access_type));
    emit(&p, COPY(ACCESS, TYPE));
    emit(&p, AND(TYPE, 0xffff));
    emit(&p, SHIFT_RIGHT(ACCESS, 16));
    emit(&p, LOAD(MAJOR, major));
    emit(&p, LOAD(MINOR, minor));
    for (size_t i = n_rules; i-- > first;)
        if (i > first || !is_everything(&rules[i]))
            add_rule(&p, &rules[i]);
    close_type(&p);
    add_verdict(&p, is_open ? TO_ALLOW : TO_DENY, 1);
    add_verdict(&p, is_open ? TO_DENY : TO_ALLOW, 0);
    return p.n;
}

static int bpf(int command, union bpf_attr *attr)
{
    long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

    return r < 0 ? -errno : (int)r;
}

static int load_once(const struct bpf_insn *program, size_t n)
{
    union bpf_attr attr = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insns = (uintptr_t)program,
        .insn_cnt = (uint32_t)n,
        .license = (uintptr_t) "Apache-2.0",
        .prog_name = PROGRAM_NAME,
    };

    return bpf(BPF_PROG_LOAD, &attr);
}

/* Before Linux 5.11 a program counts as locked memory of its user. */
static int load(const struct bpf_insn *program, size_t n)
{
    struct rlimit old, none = {RLIM_INFINITY, RLIM_INFINITY};
    int fd = load_once(program, n);

    if (fd != -EPERM || getrlimit(RLIMIT_MEMLOCK, &old) < 0 || setrlimit(RLIMIT_MEMLOCK, &none) < 0)
        return fd;
    fd = load_once(program, n);
    (void)setrlimit(RLIMIT_MEMLOCK, &old);
    return fd;
}

/* The program that an earlier call attached to this group; -1: none. */
static int find_attached(int cgroup_fd)
{
    uint32_t ids[64];
    union bpf_attr query = {.query = {
                                .target_fd = (uint32_t)cgroup_fd,
                                .attach_type = BPF_CGROUP_DEVICE,
                                .prog_ids = (uintptr_t)ids,
                                .prog_cnt = sizeof(ids) / sizeof(*ids),
                            }};

    if (bpf(BPF_PROG_QUERY, &query) < 0)
        return -1;
    for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
        struct bpf_prog_info info = {0};
        union bpf_attr get = {.prog_id = ids[i]}, ask = {0};
        int fd = bpf(BPF_PROG_GET_FD_BY_ID, &get);

        if (fd < 0)
            continue;
        ask.info.bpf_fd = (uint32_t)fd;
        ask.info.info_len = sizeof(info);
        ask.info.info = (uintptr_t)&info;
        if (bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) == 0 && strcmp(info.name, PROGRAM_NAME) == 0)
            return fd;
        (void)close(fd);
    }
    return -1;
}

/* bpf(2) wants a descriptor of the folder that was opened for reading. */
static int attach(const struct cgroup_group *group, int program_fd, int is_new)
{
    barrer_auto_fd int old_fd = -1;
    union bpf_attr attr = {
        .target_fd = (uint32_t)group->fd,
        .attach_bpf_fd = (uint32_t)program_fd,
        .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI, /* ours and those of groups above all have to agree */
    };

    old_fd = is_new ? -1 : find_attached(group->fd);
    if (old_fd >= 0) {
        attr.attach_flags |= BPF_F_REPLACE; /* Linux 5.6 */
        attr.replace_bpf_fd = (uint32_t)old_fd;
    }
    return bpf(BPF_PROG_ATTACH, &attr);
}

static int explain(const struct cgroup_group *group, const char *what, int r,
                   struct barrer_error *err)
{
    return barrer_fail(group->host, err, -r, "%s the device filter of the cgroup \"%s\"%s", what,
                       group->full,
                       r == -EPERM ? " (needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN)"
                       : r == -EINVAL || r == -ENOSYS ? " (needs a kernel with CONFIG_CGROUP_BPF)"
                                                      : "");
}

int cgroup_set_devices(struct cgroup_group *group, const struct barrer_resources_request *request,
                       int is_new, struct barrer_error *err)
{
    size_t n = request->n_devices, first = n;
    barrer_auto_free struct bpf_insn *program = NULL;
    int fd, r;

    /* What comes before the last rule about everything has no effect. */
    while (first > 0 && !is_everything(&request->devices[first - 1]))
        first--;
    if (first > 0)
        first--;
    if (n == 0 || (is_new && first == n - 1 && is_everything(&request->devices[first]) &&
                   request->devices[first].allow))
        return 0;
    if ((n - first) * RULE_MAX + FRAME_MAX > PROGRAM_MAX)
        return barrer_fail(group->host, err, E2BIG, "make a device filter of %zu rules", n);
    program = calloc((n - first) * RULE_MAX + FRAME_MAX, sizeof(*program));
    if (program == NULL)
        return barrer_fail(group->host, err, ENOMEM, "make the device filter");
    fd = load(program, make_program(program, request->devices, first, n));
    if (fd == -EPERM && (request->flags & BARRER_RESOURCES_ROOTLESS)) {
        barrer_log(group->host, BARRER_LOG_NOTICE,
                   "no device filter: the kernel does not let this user load one");
        return 0;
    }
    if (fd < 0)
        return explain(group, "load", fd, err);
    barrer_close_fd(&group->filter_fd);
    group->filter_fd = fd;
    r = attach(group, fd, is_new);
    return r < 0 ? explain(group, "attach", r, err) : 0;
}
