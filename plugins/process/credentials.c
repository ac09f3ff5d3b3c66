/* SPDX-License-Identifier: Apache-2.0 */
#include "credentials.h"

#include <errno.h>
#include <grp.h>
#include <unistd.h>

static int apply_groups(const struct barrer_host *host,
                        const struct barrer_process_request *request, struct barrer_error *err)
{
    size_t n = request->n_additional_gids;
    int is_limited = request->flags & (BARRER_PROCESS_ROOTLESS | BARRER_PROCESS_USERNS);

    if (setgroups(n, request->additional_gids) == 0)
        return 0;
    /* user_namespaces(7): an unprivileged user's namespace comes with "deny" in
     * /proc/PID/setgroups. That is no failure when no groups are asked for. */
    if (errno == EPERM && n == 0 && is_limited)
        return 0;
    return barrer_fail(host, err, errno, "set %zu additional groups%s", n,
                       errno == EPERM && is_limited
                           ? " (this user namespace denies setgroups: map groups by newgidmap)"
                           : "");
}

int process_credentials_apply(const struct barrer_host *host,
                              const struct barrer_process_request *request, int keep_groups,
                              struct barrer_error *err)
{
    uid_t uid = request->uid;
    gid_t gid = request->gid;
    int r = keep_groups ? 0 : apply_groups(host, request, err);

    if (r < 0)
        return r;
    if (setresgid(gid, gid, gid) < 0)
        return barrer_fail(host, err, errno, "change to group %u%s", request->gid,
                           errno == EINVAL ? " (is it mapped in the user namespace?)" : "");
    if (setresuid(uid, uid, uid) < 0)
        return barrer_fail(host, err, errno, "change to user %u%s", request->uid,
                           errno == EINVAL ? " (is it mapped in the user namespace?)" : "");
    return 0;
}
