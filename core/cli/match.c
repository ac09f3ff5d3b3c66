/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/match.h"

#include <regex.h>
#include <stddef.h>

#include "container/state.h"

static int compile(const char *pattern, regex_t *ret_regex, struct barrer_error *err)
{
    char why[200];
    int code = regcomp(ret_regex, pattern, REG_EXTENDED | REG_NOSUB);

    if (code == 0)
        return 0;
    (void)regerror(code, ret_regex, why, sizeof(why));
    return error_fail(err, 0, "--regex: expected a regular expression, got \"%s\": %s", pattern,
                      why);
}

int match_each(struct cli *cli, const char *pattern,
               int (*act)(struct cli *cli, const char *id, const void *arg,
                          struct barrer_error *err),
               const void *arg, struct barrer_error *err)
{
    int status = 0, n, r;
    struct dirent **entries;
    regex_t regex;

    r = compile(pattern, &regex, err);
    if (r < 0)
        return r;
    n = container_list(cli->global.root, &entries, err);
    for (int i = 0; i < n; i++)
        if (regexec(&regex, entries[i]->d_name, 0, NULL, 0) == 0 &&
            act(cli, entries[i]->d_name, arg, err) < 0)
            status = cli_error(err, 1);
    regfree(&regex);
    if (n < 0)
        return n;
    container_list_free(entries, n);
    return status;
}
