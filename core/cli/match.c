/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/match.h"

#include <regex.h>
#include <stdlib.h>

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
    int status = 0, r;
    regex_t regex;
    char **ids;

    r = compile(pattern, &regex, err);
    if (r < 0)
        return r;
    r = container_list(cli->global.root, &ids, err);
    for (size_t i = 0; r == 0 && ids[i] != NULL; i++) {
        if (regexec(&regex, ids[i], 0, NULL, 0) == 0 && act(cli, ids[i], arg, err) < 0)
            status = cli_error(err, 1);
        free(ids[i]);
    }
    regfree(&regex);
    if (r == 0)
        free(ids);
    return r < 0 ? r : status;
}
