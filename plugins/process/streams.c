/* SPDX-License-Identifier: Apache-2.0 */
#include "streams.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What lives as long as the conversation. Not files: with its owner a file that is open for
 * reading, as standard input, would become one that the payload can open for writing. Not devices
 * other than terminals (/dev/null above all), which belong to everybody. Majors 136 to 143 are
 * Unix98 terminals. */
static int is_giveable(const struct stat *st)
{
    return S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode) ||
           (S_ISCHR(st->st_mode) && major(st->st_rdev) >= 136 && major(st->st_rdev) <= 143);
}

void process_streams_give(const struct barrer_process_request *request)
{
    for (int fd = 0; fd <= 2; fd++) {
        struct stat st;

        if (fstat(fd, &st) < 0 || st.st_uid == request->uid || !is_giveable(&st))
            continue;
        /* Refused for a file whose owner this user namespace does not map, or on a read-only
         * mount: it then keeps its owner, and the descriptors work all the same. A terminal keeps
         * its group, tty. */
        if (fchown(fd, request->uid, S_ISCHR(st.st_mode) ? (gid_t)-1 : request->gid) < 0)
            continue;
    }
}
