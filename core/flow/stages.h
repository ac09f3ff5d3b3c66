/* SPDX-License-Identifier: Apache-2.0
 *
 * THE stage table: which operation of which kind runs where and when. The flows iterate over it,
 * `barrer-run plan` prints it; there is no other place that orders operations of plugins.
 */
#ifndef CORE_FLOW_STAGES_H
#define CORE_FLOW_STAGES_H

#include "flow/flow.h"

enum stage {
    STAGE_PROBE,
    STAGE_PREPARE,
    STAGE_JOIN,
    STAGE_CLONE, /* the core's */
    STAGE_ATTACH,
    STAGE_ENTER,
    STAGE_PLAN,  /* the core asks */
    STAGE_HOOKS, /* the core's */
    STAGE_PIVOT,
    STAGE_CONFINE,
    STAGE_DROP,
    STAGE_RESOLVE,
    STAGE_EXECUTE, /* the core's */
    STAGE_UPDATE,
    STAGE_PAUSE,
    STAGE_RESUME,
    STAGE_OPEN_MOUNTS,
    STAGE_ADD_MOUNTS,
    STAGE_REMOVE_MOUNTS,
    STAGE_RELEASE,
};

enum stage_side { SIDE_HOST, SIDE_CHILD };

struct stage_row {
    enum stage stage;
    const char *name;
    unsigned kind; /* BARRER_ISOLATION ...; 0: the core itself */
    enum stage_side side;
    unsigned flows;
    const char *what; /* one line for `plan` */
    /* Whether the plugin has the operation; NULL for the core's rows. */
    int (*has)(const struct barrer_plugin *plugin);
    int (*call)(struct flow *flow, struct instance *instance, struct barrer_error *err);
};

/* All rows, in order; name == NULL ends it. */
const struct stage_row *stage_rows(void);

/* Run STAGE of the flow on every member that has it, in the table's order; `release` in the reverse
 * order, on the members that recorded facts, going on after errors (which are logged; the first one
 * is returned). The error names kind and instance. */
int stage_run(struct flow *flow, enum stage stage, struct barrer_error *err);
/* Whether any member has an operation for STAGE. */
int stage_any(const struct flow *flow, enum stage stage);

#endif
