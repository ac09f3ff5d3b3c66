/* SPDX-License-Identifier: Apache-2.0
 *
 * Compiled filters in files. libseccomp takes some 10 ms for a profile as engines write it, and
 * engines give the same one to nearly every container. A file holds the profile itself beside the
 * filters, so that it is never taken for another one; there are at most 256 files.
 */
#ifndef PLUGINS_SECCOMP_CACHE_H
#define PLUGINS_SECCOMP_CACHE_H

#include <barrer/process.h>

#include "profile.h"

struct seccomp_cache {
    char *path; /* NULL: there is no cache */
    char *folder;
    char *key; /* what the filters are made from */
    size_t key_length;
};

/* FOLDER NULL: the default one of the caller, if there is one. Never fails: without memory there is
 * no cache. */
void seccomp_cache_init(struct seccomp_cache *cache, const char *folder,
                        const struct barrer_seccomp *profile, int refuse_unknown);
void seccomp_cache_fini(struct seccomp_cache *cache);

/* 1 when the filters are there, else 0. */
int seccomp_cache_load(const struct seccomp_cache *cache, struct seccomp_filters *ret_filters);
/* Put them there, if possible. */
void seccomp_cache_store(const struct barrer_host *host, const struct seccomp_cache *cache,
                         const struct seccomp_filters *filters);

#endif
