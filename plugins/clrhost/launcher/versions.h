/* SPDX-License-Identifier: Apache-2.0
 *
 * Versions of frameworks, and which of those that are installed serves an application: the rules
 * of .NET's own host (docs/design/features/framework-version-resolution.md of dotnet/runtime).
 */
#ifndef VERSIONS_H
#define VERSIONS_H

#include <stddef.h>

struct version {
    unsigned major, minor, patch;
    char prerelease[64]; /* without "-" and build metadata; "": a release */
};

/* 0, or -1 when TEXT is no MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD]. */
int version_parse(const char *text, struct version *version);
/* As strcmp, by the rules of semantic versioning 2.0. */
int version_compare(const struct version *a, const struct version *b);

enum roll_forward {
    ROLL_DISABLE,
    ROLL_LATEST_PATCH,
    ROLL_MINOR, /* the default */
    ROLL_LATEST_MINOR,
    ROLL_MAJOR,
    ROLL_LATEST_MAJOR,
};

/* 0, or -1 when NAME is none; case does not matter. */
int roll_forward_parse(const char *name, enum roll_forward *ret_policy);
/* The index of the one among INSTALLED that serves WANTED; -1: none. */
int version_choose(const struct version *wanted, enum roll_forward policy,
                   const struct version *installed, size_t n_installed);

/* The versions that FOLDER has as folders: at most LIMIT; their number. */
size_t versions_list(const char *folder, struct version *versions, size_t limit);
/* "10.0.12", "11.0.0-preview.1". */
void version_format(const struct version *version, char *text, size_t size);

#endif
