/* SPDX-License-Identifier: Apache-2.0 */
#include "versions.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One number without a leading zero, and what ends it. */
static int take_number(const char **p, char end, unsigned *ret_number)
{
    const char *start = *p;
    unsigned number = 0;

    for (; isdigit((unsigned char)**p); ++*p) {
        if (number > 100000000u)
            return -1;
        number = number * 10 + (unsigned)(**p - '0');
    }
    if (*p == start || (*start == '0' && *p - start > 1))
        return -1;
    if (end != '\0') {
        if (**p != end)
            return -1;
        ++*p;
    }
    *ret_number = number;
    return 0;
}

/* The identifiers of a pre-release: not empty, of letters, digits and "-"; numbers without a
 * leading zero. */
static int are_identifiers(const char *text, size_t length)
{
    size_t start = 0;

    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != '.') {
            if (!isalnum((unsigned char)text[i]) && text[i] != '-')
                return 0;
            continue;
        }
        if (i == start)
            return 0;
        if (text[start] == '0' && i - start > 1 && strspn(text + start, "0123456789") >= i - start)
            return 0;
        start = i + 1;
    }
    return 1;
}

int version_parse(const char *text, struct version *version)
{
    const char *p = text;
    size_t n;

    *version = (struct version){0};
    if (take_number(&p, '.', &version->major) < 0 || take_number(&p, '.', &version->minor) < 0 ||
        take_number(&p, '\0', &version->patch) < 0)
        return -1;
    if (*p == '-') {
        n = strcspn(++p, "+");
        if (n >= sizeof(version->prerelease) || !are_identifiers(p, n))
            return -1;
        memcpy(version->prerelease, p, n);
        version->prerelease[n] = '\0';
        p += n;
    }
    return *p == '\0' || (*p == '+' && p[1] != '\0') ? 0 : -1;
}

static int compare_numbers(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static int compare_identifier(const char *a, size_t n_a, const char *b, size_t n_b)
{
    int a_is_number = strspn(a, "0123456789") >= n_a, b_is_number = strspn(b, "0123456789") >= n_b;
    int r;

    if (a_is_number != b_is_number)
        return a_is_number ? -1 : 1;
    if (a_is_number && n_a != n_b)
        return n_a < n_b ? -1 : 1;
    r = strncmp(a, b, n_a < n_b ? n_a : n_b);
    if (r != 0)
        return r < 0 ? -1 : 1;
    return (n_a > n_b) - (n_a < n_b);
}

static int compare_prerelease(const char *a, const char *b)
{
    /* A release comes after all of its pre-releases. */
    if (*a == '\0' || *b == '\0')
        return (*a == '\0') - (*b == '\0');
    for (;;) {
        size_t n_a = strcspn(a, "."), n_b = strcspn(b, ".");
        int r = compare_identifier(a, n_a, b, n_b);

        if (r != 0)
            return r;
        if (a[n_a] == '\0' || b[n_b] == '\0')
            return (a[n_a] != '\0') - (b[n_b] != '\0');
        a += n_a + 1;
        b += n_b + 1;
    }
}

int version_compare(const struct version *a, const struct version *b)
{
    int r = compare_numbers(a->major, b->major);

    if (r == 0)
        r = compare_numbers(a->minor, b->minor);
    if (r == 0)
        r = compare_numbers(a->patch, b->patch);
    return r != 0 ? r : compare_prerelease(a->prerelease, b->prerelease);
}

int roll_forward_parse(const char *name, enum roll_forward *ret_policy)
{
    static const char *const names[] = {
        [ROLL_DISABLE] = "Disable", [ROLL_LATEST_PATCH] = "LatestPatch",
        [ROLL_MINOR] = "Minor",     [ROLL_LATEST_MINOR] = "LatestMinor",
        [ROLL_MAJOR] = "Major",     [ROLL_LATEST_MAJOR] = "LatestMajor"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcasecmp(name, names[i]) == 0) {
            *ret_policy = (enum roll_forward)i;
            return 0;
        }
    return -1;
}

static int same_minor(const struct version *a, const struct version *b)
{
    return a->major == b->major && a->minor == b->minor;
}

static int is_allowed(const struct version *wanted, enum roll_forward policy,
                      const struct version *candidate)
{
    if (version_compare(candidate, wanted) < 0)
        return 0;
    switch (policy) {
    case ROLL_DISABLE:
        return version_compare(candidate, wanted) == 0;
    case ROLL_LATEST_PATCH:
        return same_minor(candidate, wanted);
    case ROLL_MINOR:
    case ROLL_LATEST_MINOR:
        return candidate->major == wanted->major;
    default:
        return 1;
    }
}

/* The lowest or the highest that is allowed, with or without pre-releases. */
static int choose_among(const struct version *wanted, enum roll_forward policy,
                        const struct version *installed, size_t n, int with_prereleases)
{
    int is_highest = policy == ROLL_LATEST_MINOR || policy == ROLL_LATEST_MAJOR;
    int best = -1;

    for (size_t i = 0; i < n; i++) {
        int r;

        if (!is_allowed(wanted, policy, &installed[i]) ||
            (!with_prereleases && installed[i].prerelease[0] != '\0'))
            continue;
        r = best < 0 ? 0 : version_compare(&installed[i], &installed[best]);
        if (best < 0 || (is_highest ? r > 0 : r < 0))
            best = (int)i;
    }
    if (best < 0 || policy == ROLL_DISABLE)
        return best;
    /* Of that minor version the latest patch. */
    for (size_t i = 0; i < n; i++)
        if (same_minor(&installed[i], &installed[best]) &&
            (with_prereleases || installed[i].prerelease[0] == '\0') &&
            version_compare(&installed[i], &installed[best]) > 0)
            best = (int)i;
    return best;
}

int version_choose(const struct version *wanted, enum roll_forward policy,
                   const struct version *installed, size_t n_installed)
{
    int chosen = -1;

    /* Who asks for a release gets pre-releases only where there is no release. */
    if (wanted->prerelease[0] == '\0')
        chosen = choose_among(wanted, policy, installed, n_installed, 0);
    return chosen >= 0 ? chosen : choose_among(wanted, policy, installed, n_installed, 1);
}

size_t versions_list(const char *folder, struct version *versions, size_t limit)
{
    DIR *directory = opendir(folder);
    size_t n = 0;

    if (directory == NULL)
        return 0;
    for (struct dirent *entry; n < limit && (entry = readdir(directory)) != NULL;)
        n += version_parse(entry->d_name, &versions[n]) == 0;
    (void)closedir(directory);
    return n;
}

void version_format(const struct version *version, char *text, size_t size)
{
    (void)snprintf(text, size, "%u.%u.%u%s%s", version->major, version->minor, version->patch,
                   version->prerelease[0] != '\0' ? "-" : "", version->prerelease);
}
