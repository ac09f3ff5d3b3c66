/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a configuration or a plan: always in a child of PID 1, since a parser that fails, hangs
 * or takes memory must not do it there. The result is in the plan that is not the current one.
 */
#ifndef CORE_BOOT_READER_H
#define CORE_BOOT_READER_H

#include "boot/machine.h"

enum reader_source {
    READER_STATIC,    /* the layers, or the one file that was asked for */
    READER_LAST_GOOD, /* what was kept of the last boot that became ready */
    READER_DEFAULTS,  /* boot.conf of <libdir>/barrer alone */
    READER_PUSHED,    /* machine->push, with the current plan's other sections */
};

/* In the child: fill machine_other_plan; its `result` and `problem` say how it went. */
void reader_read(struct machine *machine, enum reader_source source);

#endif
