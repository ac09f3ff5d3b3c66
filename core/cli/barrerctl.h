/* SPDX-License-Identifier: Apache-2.0
 *
 * barrerctl: the parts of it. barrerctl.c has the verbs, barrerctl_chart.c the boot chart,
 * barrerctl_enable.c what is done without a running system.
 */
#ifndef CORE_CLI_BARRERCTL_H
#define CORE_CLI_BARRERCTL_H

#include <stdio.h>

#include "boot/message.h"

struct ctl {
    const char *socket; /* --socket */
    const char *root;   /* --root: of enable and disable */
    int is_json, is_svg, is_following, is_not_waiting;
    int fd;
};

/* One bar of the chart. Times in microseconds of CLOCK_MONOTONIC; 0: not. */
struct bar {
    char name[64], state[16];
    unsigned long long start, exec, ready, end;
    int is_phase;
};

struct chart {
    struct bar *bars;
    size_t n_bars;
};

void chart_print(const struct chart *chart, FILE *to);
void chart_print_svg(const struct chart *chart, FILE *to);

/* enable or disable NAME in ROOT/etc/barrer/boot.conf.d: the exit status. */
int enable_service(const char *root, const char *name, int is_enabled);

#endif
