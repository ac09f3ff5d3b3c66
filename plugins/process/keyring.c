/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "labels.h"

/* A keyring without a name is always a new one. By name the kernel would join an existing one that
 * may be searched, which another container of the same user could have made to read our keys. */
static int join_new(const struct barrer_host *host, struct barrer_error *err)
{
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
        return 0;
    switch (errno) {
    case ENOSYS: /* a kernel without keys */
        barrer_log(host, BARRER_LOG_DEBUG, "this kernel has no keyrings");
        return 0;
    case EDQUOT:
        barrer_log(host, BARRER_LOG_WARNING,
                   "the process keeps the session keyring of its caller: quota exceeded (raise "
                   "/proc/sys/kernel/keys/maxkeys)");
        return 0;
    default:
        return barrer_fail(host, err, errno, "make a session keyring");
    }
}

int process_keyring_renew(const struct barrer_host *host,
                          const struct barrer_process_request *request, struct barrer_error *err)
{
    int r, cleared;

    if (request->selinux_label == NULL)
        return join_new(host, err);
    r = process_labels_set_keycreate(host, request->selinux_label, err);
    if (r < 0)
        return r;
    r = join_new(host, err);
    if (r < 0)
        return r;
    /* Keys that the payload makes get its own label again. */
    cleared = process_labels_set_keycreate(host, "", err);
    return cleared < 0 ? cleared : r;
}
