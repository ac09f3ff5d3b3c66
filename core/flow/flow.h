/* SPDX-License-Identifier: Apache-2.0
 *
 * A composition of plugin instances for one container, with what they were asked and what they
 * answered. Made from barrer.conf (create, run, plan) or from what create recorded (all others).
 */
#ifndef CORE_FLOW_FLOW_H
#define CORE_FLOW_FLOW_H

#include <sys/types.h>

#include "config/config.h"
#include "container/options.h"
#include "oci/spec.h"
#include "plugin/instance.h"
#include "plugin/loader.h"

struct json_object;

struct flow_member {
    struct instance *instance;
    unsigned kind;
    const char *file; /* where barrer.conf names it; "(built in)" */
    unsigned line;
    char *origin; /* owns `file` where it was recorded */
};

/* A runtime host that is loaded only for payloads that are not the kernel's own. */
struct flow_deferred {
    char *name;
    const char *file; /* as in a member */
    unsigned line;
    struct json_object *recorded; /* of "instances" of state.json, a reference; NULL: of config */
};

/* The flows that a row of the stage table belongs to; several may. */
#define FLOW_CREATE (1u << 0)
#define FLOW_EXEC (1u << 1)
#define FLOW_LATER (1u << 2) /* update, pause, resume, delete */

struct flow {
    unsigned which; /* FLOW_CREATE ... that are going on: release belongs to create, too */
    const char *section; /* of the configuration; NULL: "flow container" */
    unsigned kinds;      /* mask of 1 << BARRER_...: only these kinds take part; 0: all */
    struct loader *loader;
    struct host_context context;
    int (*has_facts)(void *fact_arg, const char *instance);
    struct flow_member *members; /* by kind, then as listed */
    size_t n_members;
    struct instance *runtime; /* the runtime host whose match claimed the payload; NULL: plan has
                                 to find one */
    struct instance *planner; /* whose plan has found one */
    struct flow_deferred deferred[4];
    size_t n_deferred;
    const struct config *config; /* of flow_compose; borrowed */
    char notices[1024]; /* alternatives that are not usable here, one a line: for the log once it is
                           this program that goes on with the composition */

    struct oci_spec *spec; /* what is asked; borrowed */
    struct barrer_target target;

    /* Answers, united over the instances. */
    struct barrer_isolation_plan isolation;
    struct barrer_join joins[16];
    struct barrer_time_offset time_offsets[8];
    struct barrer_resources_plan resources;
    struct barrer_cgroup_view views[32];
    struct barrer_payload payload;
    const char *exec_cgroup; /* `exec --cgroup`, or NULL */
};

/* Compose from the configuration for SPEC: load, check and open the plugins that `flow container`
 * names, choose among alternatives by probe, and check that every property that the spec sets is
 * honoured. FLOW is zeroed memory with `loader`, `spec` and the context's fact functions set. */
int flow_compose(struct flow *flow, const struct config *config, enum cgroup_manager manager,
                 struct barrer_error *err);
/* For `features`, without a container: every plugin that could be used is loaded and opened. */
int flow_compose_all(struct flow *flow, const struct config *config, struct barrer_error *err);
/* Compose from the "instances" of state.json: of KINDS (a mask of 1 << BARRER_...), and, when
 * ONLY_FACTS, only those that recorded facts. */
int flow_recompose(struct flow *flow, struct json_object *instances, unsigned kinds, int only_facts,
                   struct barrer_error *err);
/* What flow_recompose needs, as a new JSON array. */
struct json_object *flow_record(const struct flow *flow);
/* Every property of SPEC of the kinds in KINDS is honoured by a member, or an error that names
 * the property and the backends. */
int flow_check_honoured(const struct flow *flow, const struct oci_spec *spec, unsigned kinds,
                        struct barrer_error *err);
/* Choose the runtime host for spec->runtime: the first whose match claims it. */
int flow_match_runtime(struct flow *flow, struct barrer_error *err);
/* Whether some host wants to see the payload of the spec's command, and whether no other is left
 * to execute it. */
int flow_has_planners(const struct flow *flow);
/* Ask them for the payload, with the container's root in spec->runtime: 1 and flow->payload filled,
 * or 0. Loads those that are deferred. */
int flow_plan_runtime(struct flow *flow, struct barrer_error *err);
/* The runtime host that recorded facts at create, which one with a layer does; or NULL. */
const char *flow_host_with_facts(const struct flow *flow);
/* The host that an annotation of the container names, or NULL. */
const char *flow_named_runtime(const struct flow *flow);
/* Take what barrer.conf says of it out of the flow; closes all instances. */
void flow_fini(struct flow *flow);

#endif
