/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <barrer/util.h>

/* The most that the kernel takes, 32 KiB. */
#define MAX_LENGTH BPF_MAXINSNS

/* Put the filter's bytes at CODE and their number into *BYTES, at most what *BYTES is before. */
#if SCMP_VER_MAJOR > 2 || (SCMP_VER_MAJOR == 2 && SCMP_VER_MINOR >= 6)
static int export_bytes(scmp_filter_ctx context, struct sock_filter *code, size_t *bytes)
{
    return seccomp_export_bpf_mem(context, code, bytes);
}
#else
static int export_bytes(scmp_filter_ctx context, struct sock_filter *code, size_t *bytes)
{
    barrer_auto_fd int fd = memfd_create("barrer-seccomp", MFD_CLOEXEC);
    ssize_t n;
    int r;

    if (fd < 0)
        return -errno;
    r = seccomp_export_bpf(context, fd);
    if (r < 0)
        return r;
    n = pread(fd, code, *bytes, 0);
    if (n < 0)
        return -errno;
    /* Full to the brim means that there may be more. */
    if ((size_t)n == *bytes)
        return -E2BIG;
    *bytes = (size_t)n;
    return 0;
}
#endif

int seccomp_program_export(const struct barrer_host *host, scmp_filter_ctx context,
                           const struct sock_filter *prefix, size_t prefix_length,
                           struct seccomp_program *ret_program, struct barrer_error *err)
{
    size_t bytes = (MAX_LENGTH + 1 - prefix_length) * sizeof(struct sock_filter);
    struct sock_filter *code = malloc((MAX_LENGTH + 1) * sizeof(*code));
    int r;

    if (code == NULL)
        return barrer_fail(host, err, ENOMEM, "translate linux.seccomp");
    r = export_bytes(context, code + prefix_length, &bytes);
    if (r < 0) {
        free(code);
        return barrer_fail(host, err, -r, "translate linux.seccomp%s",
                           r == -E2BIG ? " (at most 4096 instructions)" : "");
    }
    if (prefix_length > 0)
        memcpy(code, prefix, prefix_length * sizeof(*code));
    ret_program->code = code;
    ret_program->length = prefix_length + bytes / sizeof(*code);
    return 0;
}

void seccomp_program_fini(struct seccomp_program *program)
{
    free(program->code);
    program->code = NULL;
}

static const char *hint_for(int errnum, unsigned flags)
{
    if (errnum == EACCES)
        return " (needs CAP_SYS_ADMIN or process.noNewPrivileges)";
    if (errnum == EBUSY)
        return " (there is a listener on the process already)";
    if (errnum == EINVAL && (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
        return " (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs Linux 5.19)";
    return "";
}

int seccomp_program_install(const struct barrer_host *host, const struct seccomp_program *program,
                            unsigned flags, struct barrer_error *err)
{
    const struct sock_fprog filter = {.len = (unsigned short)program->length,
                                      .filter = program->code};
    long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);

    if (r < 0)
        return barrer_fail(host, err, errno, "install the seccomp filter%s",
                           hint_for(errno, flags));
    return (int)r;
}
