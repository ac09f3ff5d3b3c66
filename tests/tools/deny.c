/* SPDX-License-Identifier: Apache-2.0
 *
 * deny CALL[,CALL...] COMMAND [ARG...]: run a command for which the named system calls fail with
 * ENOSYS, as on a kernel that is too old to have them. Makes fallbacks testable.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>

static int deny(scmp_filter_ctx filter, char *names)
{
    char *name, *rest = names;

    while ((name = strsep(&rest, ",")) != NULL) {
        int call = seccomp_syscall_resolve_name(name);
        int r;

        if (call == __NR_SCMP_ERROR) {
            fprintf(stderr, "deny: unknown system call \"%s\"\n", name);
            return -EINVAL;
        }
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
        if (r < 0)
            return r;
    }
    return 0;
}

int main(int argc, char **argv)
{
    scmp_filter_ctx filter;
    int r;

    if (argc < 3) {
        fprintf(stderr, "usage: deny CALL[,CALL...] COMMAND [ARG...]\n");
        return 2;
    }
    filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL)
        return 2;
    /* Root keeps its privileges over execve; others can only filter with no_new_privs. */
    if (geteuid() == 0)
        (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    r = deny(filter, argv[1]);
    if (r == 0)
        r = seccomp_load(filter);
    if (r < 0) {
        fprintf(stderr, "deny: cannot filter: %s\n", strerror(-r));
        return 2;
    }
    execvp(argv[2], argv + 2);
    fprintf(stderr, "deny: cannot execute \"%s\": %s\n", argv[2], strerror(errno));
    return 127;
}
