/* SPDX-License-Identifier: Apache-2.0
 *
 * From names in barrer.conf, or in state.json, to open instances.
 */
#include "flow/flow.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/composition.h"
#include "flow/payload.h"

/* The kinds in the order of a flow's members, with the key of [flow container]. */
static const unsigned kinds[] = {BARRER_ISOLATION, BARRER_RESOURCES, BARRER_FILESYSTEM,
                                 BARRER_PROCESS, BARRER_RUNTIME};

static int add_member(struct flow *flow, unsigned kind, struct instance *instance,
                      struct barrer_error *err)
{
    struct flow_member *larger =
        realloc(flow->members, (flow->n_members + 1) * sizeof(*flow->members));

    if (larger == NULL) {
        int r = error_fail(err, ENOMEM, "add plugin \"%s\"", instance->name);

        instance_close(instance);
        return r;
    }
    flow->members = larger;
    larger[flow->n_members++] = (struct flow_member){
        .instance = instance,
        .kind = kind,
        .file = "(built in)",
    };
    return 0;
}

static int has_kind(const struct flow *flow, unsigned kind)
{
    for (size_t i = 0; i < flow->n_members; i++)
        if (flow->members[i].kind == kind)
            return 1;
    return 0;
}

static int open_from_config(struct flow *flow, const struct config *config, unsigned kind,
                            const char *name, struct instance **ret_instance,
                            struct barrer_error *err)
{
    const struct barrer_plugin *plugin;
    struct barrer_pair *options;
    char **allowed = NULL;
    char section[64];
    int r;

    (void)snprintf(section, sizeof(section), "plugin %s", name);
    r = loader_load(flow->loader, config_text(config, section, "module", name), kind, &plugin, err);
    if (r < 0)
        return r;
    /* Without a provider's operations the payload would keep what nobody took from it. */
    if (!has_kind(flow, kind)) {
        r = loader_check_provider(flow->loader, plugin, err);
        if (r < 0)
            return r;
    }
    r = config_options(config, name, plugin->options, &options, err);
    if (r < 0)
        return r;
    r = config_annotations(config, name, plugin->annotations, &allowed, err);
    if (r < 0) {
        config_options_free(options);
        return r;
    }
    return instance_open(plugin, name, options, allowed, &flow->context, ret_instance, err);
}

/* 1 usable, 0 not usable here (why is in ERR), <0 broken. */
static int probe(struct flow *flow, unsigned kind, struct instance *instance,
                 struct barrer_error *err)
{
    const void *ops = instance->plugin->ops;
    int (*op)(void *self, struct barrer_error *err) = NULL;

    switch (kind) {
    case BARRER_ISOLATION:
        op = ((const struct barrer_isolation_ops *)ops)->probe;
        break;
    case BARRER_RESOURCES:
        op = ((const struct barrer_resources_ops *)ops)->probe;
        break;
    case BARRER_FILESYSTEM:
        op = ((const struct barrer_filesystem_ops *)ops)->probe;
        break;
    case BARRER_PROCESS:
        op = ((const struct barrer_process_ops *)ops)->probe;
        break;
    case BARRER_RUNTIME:
        op = ((const struct barrer_runtime_ops *)ops)->probe;
        break;
    }
    if (op == NULL)
        return 1;
    log_write(BARRER_LOG_DEBUG, "stage probe %s %s", loader_kind_name(kind), instance->name);
    flow->context.in_child = 0;
    return op(instance->self, err);
}

static void note_unusable(struct flow *flow, unsigned kind, const char *name,
                          const struct barrer_error *err)
{
    size_t used = strlen(flow->notices);

    (void)snprintf(flow->notices + used, sizeof(flow->notices) - used,
                   "%s %s is not usable here: %s\n", loader_kind_name(kind), name, err->text);
}

static void log_notices(struct flow *flow)
{
    char *next = flow->notices;

    for (char *line; (line = strsep(&next, "\n")) != NULL;)
        if (*line != '\0')
            log_write(BARRER_LOG_NOTICE, "%s", line);
    flow->notices[0] = '\0';
}

/* The first alternative that is usable here becomes a member. */
static int choose(struct flow *flow, const struct config *config, unsigned kind,
                  const struct composition_position *position, struct barrer_error *err)
{
    struct barrer_error refused = {0};

    for (size_t i = 0; i < position->n_alternatives; i++) {
        const char *name = position->alternatives[i];
        struct instance *instance;
        int r = open_from_config(flow, config, kind, name, &instance, err);

        if (r < 0)
            return r;
        r = probe(flow, kind, instance, err);
        if (r > 0)
            return add_member(flow, kind, instance, err);
        instance_close(instance);
        if (r < 0)
            return error_wrap(err, r, "%s %s", loader_kind_name(kind), name);
        note_unusable(flow, kind, name, err);
        (void)error_wrap(err, r, "%s", name);
        if (refused.errnum == 0)
            refused = *err;
        else
            (void)error_append(&refused, 0, "; %s", err->text);
    }
    *err = refused;
    return error_wrap(err, refused.errnum > 0 ? -refused.errnum : -ENOTSUP,
                      "no %s plugin of the configuration is usable here", loader_kind_name(kind));
}

static int is_config_error(const struct barrer_error *err, const struct config_value *value)
{
    return strncmp(err->text, value->file, strlen(value->file)) == 0 ||
           strstr(err->text, ": [plugin ") != NULL;
}

/* `when` names a property, or a folder of properties. */
static int check_when(const struct config *config, const char *section, const char *when,
                      struct barrer_error *err)
{
    size_t length = strlen(when);

    for (const struct oci_property *p = oci_properties(); p->path != NULL; p++)
        if (strncmp(p->path, when, length) == 0 &&
            (p->path[length] == '\0' || p->path[length] == '.' || p->path[length] == '='))
            return 0;
    return config_fail(err, config_get(config, section, "when"),
                       "expected a property of config.json, got \"%s\"", when);
}

/* The value of `when` of a plugin, or what is built in for its module; NULL: always. */
static const char *when_of(const struct config *config, const char *section, const char *name)
{
    return config_text(config, section, "when",
                       composition_default_when(config_text(config, section, "module", name)));
}

/* [plugin NAME] when = PROPERTY: an addition that is loaded only for containers that set the
 * property or one below it. */
static int is_wanted(const struct flow *flow, const struct config *config, const char *name,
                     struct barrer_error *err)
{
    const char *when;
    char section[64];
    size_t length;

    (void)snprintf(section, sizeof(section), "plugin %s", name);
    when = when_of(config, section, name);
    if (when == NULL || flow->spec == NULL || strcmp(when, COMPOSITION_MANAGED) == 0)
        return 1;
    if (config_get(config, section, "when") != NULL && check_when(config, section, when, err) < 0)
        return -EINVAL;
    length = strlen(when);
    for (const struct oci_property *p = flow->spec->properties; p != NULL && p->path != NULL; p++)
        if (strncmp(p->path, when, length) == 0 &&
            (p->path[length] == '\0' || p->path[length] == '.' || p->path[length] == '='))
            return 1;
    return 0;
}

/* Whether a host that is put off can be loaded when it is wanted, after the clone. Where nobody is
 * going to want it, nobody has to look. */
static int can_defer(const struct flow *flow, const char *module)
{
    const char *const *args = flow->spec != NULL ? flow->spec->runtime.args : NULL;

    if (flow->n_deferred == sizeof(flow->deferred) / sizeof(*flow->deferred))
        return 0;
    return (args != NULL && flow_named_runtime(flow) == NULL && !payload_may_be_managed(args)) ||
           loader_is_at_hand(flow->loader, module);
}

/* Put a runtime host off until a payload asks for it. A list of one is nothing to choose from. */
static int defer(struct flow *flow, const struct config *config, unsigned kind,
                 const struct composition *composition, size_t i, const struct config_value *value)
{
    const struct composition_position *position = &composition->positions[i];
    const char *when;
    char section[64];

    (void)snprintf(section, sizeof(section), "plugin %s", position->alternatives[0]);
    when = kind == BARRER_RUNTIME ? when_of(config, section, position->alternatives[0]) : NULL;
    if (when == NULL || strcmp(when, COMPOSITION_MANAGED) != 0 || composition->n_positions < 2 ||
        position->n_alternatives > 1 ||
        !can_defer(flow, config_text(config, section, "module", position->alternatives[0])))
        return 0;
    flow->deferred[flow->n_deferred++] = (struct flow_deferred){
        .name = strdup(position->alternatives[0]), .file = value->file, .line = value->line};
    return 1;
}

static const char *flow_section(const struct flow *flow)
{
    return flow->section != NULL ? flow->section : "flow container";
}

/* One kind's list. EVERY: all alternatives, without probing, for `features`. */
static int compose_kind(struct flow *flow, const struct config *config, unsigned kind,
                        const char *key, int every, struct barrer_error *err)
{
    const char *section = flow_section(flow);
    const struct config_value *value = config_get(config, section, key);
    struct composition *composition = NULL;
    int r = composition_parse(value, &composition, err);

    for (size_t i = 0; r == 0 && i < composition->n_positions; i++) {
        const struct composition_position *position = &composition->positions[i];
        size_t before = flow->n_members;

        if (every) {
            for (size_t j = 0; r == 0 && j < position->n_alternatives; j++) {
                struct instance *instance;

                r = open_from_config(flow, config, kind, position->alternatives[j], &instance, err);
                if (r == 0)
                    r = add_member(flow, kind, instance, err);
            }
        } else if (!defer(flow, config, kind, composition, i, value)) {
            r = is_wanted(flow, config, position->alternatives[0], err);
            if (r > 0)
                r = choose(flow, config, kind, position, err);
        }
        for (size_t j = before; j < flow->n_members; j++) {
            flow->members[j].file = value->file;
            flow->members[j].line = value->line;
        }
        /* Errors in [plugin NAME] say their own line. */
        if (r < 0 && value->line > 0 && !is_config_error(err, value))
            r = error_wrap(err, r, "%s:%u: [%s] %s", value->file, value->line, section, key);
    }
    if (r == 0 && composition->n_positions == 0 && kind != BARRER_ISOLATION &&
        kind != BARRER_RESOURCES)
        r = error_fail(err, 0, "[%s] %s: expected at least one plugin, got none", section, key);
    composition_destroy(composition);
    return r;
}

static int compose_all_kinds(struct flow *flow, const struct config *config,
                             enum cgroup_manager manager, int every, struct barrer_error *err)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        const char *key = loader_kind_name(kinds[i]);
        int r;

        if (kinds[i] == BARRER_RESOURCES && manager == CGROUPS_DISABLED)
            continue;
        if (flow->kinds != 0 && !(flow->kinds & (1u << kinds[i])))
            continue;
        if (kinds[i] == BARRER_RESOURCES && manager == CGROUPS_SYSTEMD) {
            key = "resources-systemd";
            if (config_get(config, "flow container", key) == NULL)
                return error_fail(err, ENOTSUP,
                                  "use systemd for cgroups (set [flow container] "
                                  "resources-systemd to a plugin that does)");
        }
        r = compose_kind(flow, config, kinds[i], key, every, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int flow_compose(struct flow *flow, const struct config *config, enum cgroup_manager manager,
                 struct barrer_error *err)
{
    /* An operator who disables cgroups gives up what config.json asks of them. */
    unsigned checked = manager == CGROUPS_DISABLED ? ~(1u << BARRER_RESOURCES) : ~0u;
    int r;

    flow->config = config;
    r = compose_all_kinds(flow, config, manager, 0, err);
    log_notices(flow);
    if (r < 0)
        return r;
    if (flow->kinds != 0)
        checked &= flow->kinds;
    r = flow_check_honoured(flow, flow->spec, checked, err);
    return r < 0 ? r : flow_match_runtime(flow, err);
}

int flow_compose_all(struct flow *flow, const struct config *config, struct barrer_error *err)
{
    int r = compose_all_kinds(flow, config, CGROUPS_DEFAULT, 1, err);

    log_notices(flow);
    if (r < 0 || config_text(config, "flow container", "resources-systemd", NULL) == NULL)
        return r;
    /* A distribution may have it in a package of its own. */
    if (compose_kind(flow, config, BARRER_RESOURCES, "resources-systemd", 1, err) < 0)
        log_write(BARRER_LOG_INFO, "%s", err->text);
    return 0;
}

/* The names of the chosen backends of one kind, for a message. */
static void list_backends(const struct flow *flow, unsigned kind, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < flow->n_members && used < size; i++)
        if (flow->members[i].kind == kind)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
                                     flow->members[i].instance->name);
    if (used == 0)
        (void)snprintf(text, size, "none");
}

int flow_check_honoured(const struct flow *flow, const struct oci_spec *spec, unsigned kind_mask,
                        struct barrer_error *err)
{
    for (const struct oci_property *p = spec->properties; p != NULL && p->path != NULL; p++) {
        int is_honoured = !(kind_mask & (1u << p->kind));
        char backends[512];

        for (size_t i = 0; i < flow->n_members && !is_honoured; i++)
            is_honoured = flow->members[i].kind == p->kind &&
                          instance_honours(flow->members[i].instance, p->path);
        if (is_honoured)
            continue;
        list_backends(flow, p->kind, backends, sizeof(backends));
        return error_fail(err, 0,
                          "invalid configuration: config.json: %s: no chosen %s backend (%s) "
                          "honours it (remove it, or name a plugin that does in [flow container] "
                          "%s)",
                          p->path, loader_kind_name(p->kind), backends, loader_kind_name(p->kind));
    }
    return 0;
}

static const struct barrer_runtime_ops *runtime_ops(const struct instance *instance)
{
    return instance->plugin->ops;
}

int flow_has_planners(const struct flow *flow)
{
    for (size_t i = 0; i < flow->n_members; i++)
        if (flow->members[i].kind == BARRER_RUNTIME &&
            BARRER_HAS(runtime_ops(flow->members[i].instance), plan))
            return 1;
    return flow->n_deferred > 0;
}

const char *flow_host_with_facts(const struct flow *flow)
{
    const char *host = NULL;

    for (size_t i = 0; i < flow->n_members; i++)
        if (flow->members[i].kind == BARRER_RUNTIME &&
            flow->has_facts(flow->context.fact_arg, flow->members[i].instance->name))
            host = flow->members[i].instance->name;
    for (size_t i = 0; i < flow->n_deferred; i++)
        if (flow->has_facts(flow->context.fact_arg, flow->deferred[i].name))
            host = flow->deferred[i].name;
    return host;
}

const char *flow_named_runtime(const struct flow *flow)
{
    const struct barrer_pair *pair = flow->context.annotations;

    for (; pair != NULL && pair->key != NULL; pair++)
        if (strcmp(pair->key, "org.barrer.runtime") == 0)
            return pair->value;
    return NULL;
}

/* The operator's list is what an annotation may choose from. */
static int check_named(const struct flow *flow, struct barrer_error *err)
{
    const char *named = flow_named_runtime(flow);

    if (named == NULL)
        return 0;
    for (size_t i = 0; i < flow->n_members; i++)
        if (flow->members[i].kind == BARRER_RUNTIME &&
            strcmp(flow->members[i].instance->name, named) == 0)
            return 0;
    for (size_t i = 0; i < flow->n_deferred; i++)
        if (strcmp(flow->deferred[i].name, named) == 0)
            return 0;
    return error_fail(err, EPERM,
                      "use the runtime host \"%s\" of the annotation org.barrer.runtime (it is not "
                      "in the list [flow container] runtime)",
                      named);
}

static int is_named(const struct flow *flow, const struct instance *instance)
{
    const char *named = flow_named_runtime(flow);

    return named == NULL || strcmp(named, instance->name) == 0;
}

int flow_match_runtime(struct flow *flow, struct barrer_error *err)
{
    int r = check_named(flow, err);

    for (size_t i = 0; r == 0 && i < flow->n_members; i++) {
        struct instance *instance = flow->members[i].instance;

        if (flow->members[i].kind != BARRER_RUNTIME || BARRER_HAS(runtime_ops(instance), plan) ||
            !is_named(flow, instance))
            continue;
        log_write(BARRER_LOG_DEBUG, "stage match runtime %s", instance->name);
        flow->context.in_child = 0;
        r = runtime_ops(instance)->match(instance->self, &flow->spec->runtime, err);
        if (r < 0)
            return error_wrap(err, r, "runtime %s", instance->name);
        if (r > 0) {
            flow->runtime = instance;
            return 0;
        }
    }
    if (r < 0 || flow_has_planners(flow))
        return r;
    return error_fail(err, ENOEXEC, "find a runtime host for \"%s\"", flow->spec->runtime.args[0]);
}

static int open_recorded(struct flow *flow, struct json_object *object, unsigned kind,
                         struct barrer_error *err);

static int open_deferred(struct flow *flow, const struct flow_deferred *deferred,
                         struct barrer_error *err)
{
    char *names[] = {deferred->name};
    const struct composition_position position = {.alternatives = names, .n_alternatives = 1};
    int r;

    if (deferred->recorded != NULL)
        return open_recorded(flow, deferred->recorded, BARRER_RUNTIME, err);
    r = choose(flow, flow->config, BARRER_RUNTIME, &position, err);
    if (r == 0) {
        flow->members[flow->n_members - 1].file = deferred->file;
        flow->members[flow->n_members - 1].line = deferred->line;
    }
    return r;
}

static void forget_deferred(struct flow_deferred *deferred)
{
    free(deferred->name);
    json_object_put(deferred->recorded);
}

/* Load those that were put off: 0, or an error of the first that cannot be. */
static int open_all_deferred(struct flow *flow, struct barrer_error *err)
{
    int r = 0;

    for (size_t i = 0; i < flow->n_deferred; i++) {
        if (r == 0)
            r = open_deferred(flow, &flow->deferred[i], err);
        forget_deferred(&flow->deferred[i]);
    }
    flow->n_deferred = 0;
    return r;
}

int flow_plan_runtime(struct flow *flow, struct barrer_error *err)
{
    int r = open_all_deferred(flow, err);

    if (flow_named_runtime(flow) != NULL)
        flow->spec->runtime.flags |= BARRER_RUNTIME_NAMED;

    for (size_t i = 0; r == 0 && i < flow->n_members; i++) {
        struct instance *instance = flow->members[i].instance;

        if (flow->members[i].kind != BARRER_RUNTIME || !BARRER_HAS(runtime_ops(instance), plan) ||
            !is_named(flow, instance))
            continue;
        log_write(BARRER_LOG_DEBUG, "stage plan runtime %s", instance->name);
        flow->context.in_child = 0;
        flow->payload = (struct barrer_payload){.size = sizeof(flow->payload), .fd = -1};
        r = runtime_ops(instance)->plan(instance->self, &flow->spec->runtime, &flow->payload, err);
        if (r < 0)
            return error_wrap(err, r, "runtime %s", instance->name);
        if (r > 0)
            flow->planner = instance;
    }
    if (r == 0 && flow->runtime == NULL)
        return error_fail(err, ENOEXEC, "find a runtime host for \"%s\"",
                          flow->spec->runtime.args[0]);
    return r;
}

/* state.json's "instances". */

static struct json_object *record_member(const struct flow_member *member)
{
    const struct instance *instance = member->instance;
    struct json_object *object = json_object_new_object();
    struct json_object *options = json_object_new_object();

    json_object_object_add(object, "kind", json_object_new_string(loader_kind_name(member->kind)));
    json_object_object_add(object, "name", json_object_new_string(instance->name));
    json_object_object_add(object, "module", json_object_new_string(instance->module));
    for (const struct barrer_pair *p = instance->options; p != NULL && p->key != NULL; p++)
        json_object_object_add(options, p->key, json_object_new_string(p->value));
    json_object_object_add(object, "options", options);
    if (instance->allowed_annotations != NULL) {
        struct json_object *allowed = json_object_new_array();

        for (size_t i = 0; instance->allowed_annotations[i] != NULL; i++)
            json_object_array_add(allowed,
                                  json_object_new_string(instance->allowed_annotations[i]));
        json_object_object_add(object, "allowAnnotations", allowed);
    }
    if (member->kind == BARRER_RUNTIME && BARRER_HAS(runtime_ops(instance), plan))
        json_object_object_add(object, "isPlanner", json_object_new_boolean(1));
    json_object_object_add(object, "file", json_object_new_string(member->file));
    json_object_object_add(object, "line", json_object_new_int64(member->line));
    return object;
}

struct json_object *flow_record(const struct flow *flow)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < flow->n_members; i++)
        json_object_array_add(array, record_member(&flow->members[i]));
    return array;
}

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static int options_of(struct json_object *object, struct barrer_pair **ret_options,
                      struct barrer_error *err)
{
    struct json_object *options = json_object_object_get(object, "options");
    struct barrer_pair pairs[128];
    size_t n = 0;

    if (json_object_is_type(options, json_type_object)) {
        json_object_object_foreach(options, key, value)
        {
            if (n < sizeof(pairs) / sizeof(*pairs))
                pairs[n++] = (struct barrer_pair){key, json_object_get_string(value)};
        }
    }
    return config_options_copy(pairs, n, ret_options, err);
}

static int allowed_of(struct json_object *object, char ***ret_allowed, struct barrer_error *err)
{
    struct json_object *allowed = json_object_object_get(object, "allowAnnotations");
    char text[4096] = "";
    size_t used = 0;

    *ret_allowed = NULL;
    if (!json_object_is_type(allowed, json_type_array))
        return 0;
    for (size_t i = 0; i < json_object_array_length(allowed) && used < sizeof(text); i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ",
                                 json_object_get_string(json_object_array_get_idx(allowed, i)));
    return config_split(text, ret_allowed, err);
}

static unsigned kind_of(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(loader_kind_name(kinds[i]), name) == 0)
            return kinds[i];
    return 0;
}

static int open_recorded(struct flow *flow, struct json_object *object, unsigned kind,
                         struct barrer_error *err)
{
    const char *name = text_of(object, "name"), *module = text_of(object, "module");
    const struct barrer_plugin *plugin;
    struct barrer_pair *options;
    struct instance *instance;
    char **allowed;
    int r;

    if (module == NULL)
        return error_fail(err, 0, "state.json: instances: expected a module, got none");
    r = loader_load(flow->loader, module, kind, &plugin, err);
    if (r == 0)
        r = options_of(object, &options, err);
    if (r < 0)
        return r;
    r = allowed_of(object, &allowed, err);
    if (r < 0) {
        config_options_free(options);
        return r;
    }
    r = instance_open(plugin, name, options, allowed, &flow->context, &instance, err);
    if (r == 0)
        r = add_member(flow, kind, instance, err);
    if (r == 0) {
        struct flow_member *member = &flow->members[flow->n_members - 1];

        member->origin = strdup(text_of(object, "file") != NULL ? text_of(object, "file") : "");
        member->file = member->origin != NULL ? member->origin : "";
        member->line = (unsigned)json_object_get_int64(json_object_object_get(object, "line"));
    }
    return r;
}

int flow_recompose(struct flow *flow, struct json_object *instances, unsigned kind_mask,
                   int only_facts, struct barrer_error *err)
{
    for (size_t i = 0; i < json_object_array_length(instances); i++) {
        struct json_object *object = json_object_array_get_idx(instances, i);
        const char *name = text_of(object, "name");
        unsigned kind = kind_of(text_of(object, "kind"));
        int r;

        if (kind == 0 || name == NULL)
            return error_fail(err, 0, "state.json: instances: expected a kind and a name");
        if (!(kind_mask & (1u << kind)))
            continue;
        if (only_facts && !flow->has_facts(flow->context.fact_arg, name))
            continue;
        /* For `exec`, as for `create`: loaded for payloads that ask for it. */
        if (!only_facts && json_object_object_get(object, "isPlanner") != NULL &&
            text_of(object, "module") != NULL && can_defer(flow, text_of(object, "module"))) {
            flow->deferred[flow->n_deferred++] =
                (struct flow_deferred){.name = strdup(name), .recorded = json_object_get(object)};
            continue;
        }
        r = open_recorded(flow, object, kind, err);
        if (r < 0)
            return r;
    }
    return 0;
}

void flow_fini(struct flow *flow)
{
    for (size_t i = flow->n_members; i-- > 0;) {
        instance_close(flow->members[i].instance);
        free(flow->members[i].origin);
    }
    while (flow->n_deferred > 0)
        forget_deferred(&flow->deferred[--flow->n_deferred]);
    free(flow->members);
    flow->members = NULL;
    flow->n_members = 0;
    host_context_fini(&flow->context);
}
