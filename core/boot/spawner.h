/* SPDX-License-Identifier: Apache-2.0
 *
 * The process that PID 1 clones into a service's group, and which takes the service through the
 * container's stages. The service's process is PID 1's child (CLONE_PARENT), whose pid the kernel
 * writes into the machine before it runs; the spawner tells how it went, and ends. What a plugin does wrong, it does here.
 */
#ifndef CORE_BOOT_SPAWNER_H
#define CORE_BOOT_SPAWNER_H

#include "boot/machine.h"
#include "config/config.h"
#include "plugin/loader.h"

enum report_kind { REPORT_EXECUTED, REPORT_SKIPPED, REPORT_FAILED };

/* One write(2) on the pipe to PID 1. */
struct report {
    int32_t kind;
    int32_t number; /* errno */
    char text[192];
};

struct spawner {
    struct machine *machine;
    struct loader *loader;
    const struct boot_plan *plan; /* that names the service */
    const struct config *config;  /* what the plan was read from, or NULL */
    int index;
    const char *key; /* exec, stop-exec, reload-exec */
    int report_fd;
    int fds[3];       /* standard input, output, error */
    int extra_fds[2]; /* 3 and 4, or -1 */
    const char *const *environment;
};

/* The child's way; never returns. */
__attribute__((noreturn)) void spawner_main(const struct spawner *spawner);

#endif
