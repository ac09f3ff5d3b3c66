/* SPDX-License-Identifier: Apache-2.0
 *
 * Access to devices: cgroup v2 has no files for it, but runs a program of the type
 * BPF_PROG_TYPE_CGROUP_DEVICE (Linux 4.15) for each mknod, and each open of a device. The program
 * is made here, instruction by instruction, from the rules.
 *
 * It walks the rules from the last to the first with the requested kinds of access that no rule
 * has decided on yet. A rule that denies one of them ends the walk; a rule that allows takes its
 * kinds out; nothing left means yes, the end of the rules means no.
 */
#include "cgroup.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PROGRAM_NAME "barrer_devices"
/* Instructions of one rule at most, and of the frame around all rules. */
#define RULE_MAX 7
#define FRAME_MAX 9

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
#define SKIP_UNLESS(dst, imm, n) insn(BPF_JMP | BPF_JNE | BPF_K, dst, 0, (int16_t)(n), imm)
#define SKIP_IF(dst, imm, n) insn(BPF_JMP | BPF_JEQ | BPF_K, dst, 0, (int16_t)(n), imm)
#define EXIT insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

enum { RESULT = 0, SCRATCH = 1, TYPE = 2, ACCESS = 3, MAJOR = 4, MINOR = 5 };

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

static size_t add_rule(struct bpf_insn *p, const struct barrer_device_rule *rule)
{
    int mask = access_mask(rule->access),
        tests = (rule->type == 'b' || rule->type == 'c') + (rule->major >= 0) + (rule->minor >= 0);
    /* Each test that fails skips the tests after it and the four instructions of the verdict. */
    int skip = tests + 3;
    size_t n = 0;

    if (rule->type == 'b' || rule->type == 'c')
        p[n++] =
            SKIP_UNLESS(TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, skip--);
    if (rule->major >= 0)
        p[n++] = SKIP_UNLESS(MAJOR, (int32_t)rule->major, skip--);
    if (rule->minor >= 0)
        p[n++] = SKIP_UNLESS(MINOR, (int32_t)rule->minor, skip--);
    if (rule->allow) {
        p[n++] = AND(ACCESS, (int32_t)(ALL_ACCESS & ~(unsigned)mask));
        p[n++] = SKIP_UNLESS(ACCESS, 0, 2);
        p[n++] = MOVE(RESULT, 1);
        p[n++] = EXIT;
    } else {
        p[n++] = COPY(SCRATCH, ACCESS);
        p[n++] = AND(SCRATCH, mask);
        p[n++] = SKIP_IF(SCRATCH, 0, 1);
        p[n++] = EXIT; /* the result is 0 */
    }
    return n;
}

static size_t make_program(struct bpf_insn *p, const struct barrer_device_rule *rules, size_t first,
                           size_t n_rules)
{
    size_t n = 0;

    p[n++] = LOAD(TYPE, access_type);
    p[n++] = COPY(ACCESS, TYPE);
    p[n++] = AND(TYPE, 0xffff);
    p[n++] = SHIFT_RIGHT(ACCESS, 16);
    p[n++] = LOAD(MAJOR, major);
    p[n++] = LOAD(MINOR, minor);
    p[n++] = MOVE(RESULT, 0);
    for (size_t i = n_rules; i-- > first;)
        n += add_rule(p + n, &rules[i]);
    p[n++] = EXIT;
    return n;
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
    barrer_auto_fd int fd = openat(group->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    barrer_auto_fd int old_fd = -1;
    union bpf_attr attr = {
        .target_fd = (uint32_t)fd,
        .attach_bpf_fd = (uint32_t)program_fd,
        .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI, /* ours and those of groups above all have to agree */
    };

    if (fd < 0)
        return -errno;
    old_fd = is_new ? -1 : find_attached(fd);
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
    barrer_auto_fd int fd = -1;
    int r;

    /* What comes before the last rule about everything has no effect. */
    while (first > 0 && !is_everything(&request->devices[first - 1]))
        first--;
    if (first > 0)
        first--;
    if (n == 0 || (is_new && first == n - 1 && is_everything(&request->devices[first]) &&
                   request->devices[first].allow))
        return 0;
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
    r = attach(group, fd, is_new);
    return r < 0 ? explain(group, "attach", r, err) : 0;
}
