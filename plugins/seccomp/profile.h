/* SPDX-License-Identifier: Apache-2.0
 *
 * linux.seccomp as filters, by libseccomp.
 *
 * A profile that notifies becomes two: one that only notifies, and one with all other rules. The
 * first is installed and its listener sent away before the second can forbid sendmsg(2). The
 * kernel asks both for every call and obeys the stricter, so that together they are the profile.
 */
#ifndef PLUGINS_SECCOMP_PROFILE_H
#define PLUGINS_SECCOMP_PROFILE_H

#include <barrer/process.h>

#include "program.h"

struct seccomp_filters {
    struct seccomp_program main;
    struct seccomp_program notify;     /* code NULL: nothing notifies */
    unsigned main_flags, notify_flags; /* of seccomp(2) */
};

/* REFUSE_UNKNOWN: names of system calls that libseccomp does not know are an error. */
int seccomp_profile_compile(const struct barrer_host *host, const struct barrer_seccomp *profile,
                            int refuse_unknown, struct seccomp_filters *ret_filters,
                            struct barrer_error *err);
void seccomp_profile_fini(struct seccomp_filters *filters);

#endif
