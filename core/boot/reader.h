/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a configuration or a plan. The result is in the plan that is not the current one. At boot
 * PID 1 reads the configuration itself, since nothing runs yet that a fault could harm; later a
 * child does it, so that a parser that fails, hangs or takes memory does not do it in PID 1.
 */
#ifndef CORE_BOOT_READER_H
#define CORE_BOOT_READER_H

#include "boot/machine.h"
#include "config/config.h"

enum reader_source {
    READER_STATIC,    /* the layers, or the one file that was asked for */
    READER_LAST_GOOD, /* what was kept of the last boot that became ready */
    READER_DEFAULTS,  /* boot.conf of <libdir>/barrer alone */
    READER_PUSHED,    /* machine->push, with the current plan's other sections */
};

/* Fill machine_other_plan; its `result` and `problem` say how it went. RET_CONFIG: what it was read
 * from, fresh, when that is well; or NULL. */
void reader_read(struct machine *machine, enum reader_source source, struct config **ret_config);

#endif
