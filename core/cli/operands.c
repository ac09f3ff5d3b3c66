/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/operands.h"

#include <errno.h>
#include <signal.h>

#include "cli/cli.h"
#include "container/lifecycle.h"

int kill_operands_parse(int argc, char **argv, struct kill_operands *operands,
                        struct barrer_error *err)
{
    static const struct option table[] = {
        {"all", no_argument, NULL, 'a'}, {"regex", no_argument, NULL, 'r'}, {0}};
    int c;

    *operands = (struct kill_operands){.signal = SIGTERM};
    while ((c = cli_option(argc, argv, "ar", table, err)) != -1) {
        if (c == '?')
            return -EINVAL;
        if (c == 'a')
            operands->all = 1;
        else
            operands->is_regex = 1;
    }
    if (optind >= argc)
        return error_fail(err, 0, "kill: expected the id of a container");
    operands->id = argv[optind++];
    if (optind < argc) {
        operands->signal = light_signal(argv[optind]);
        if (operands->signal < 0)
            return error_fail(err, 0, "kill: expected a signal, got \"%s\" (kill -l lists them)",
                              argv[optind]);
        optind++;
    }
    if (optind < argc)
        return error_fail(err, 0, "kill: expected an id and a signal, got also \"%s\"",
                          argv[optind]);
    return 0;
}
