/* SPDX-License-Identifier: Apache-2.0
 *
 * One use of a module: its name in the INI file, options, and the host table that lends it the
 * core's services.
 */
#ifndef CORE_PLUGIN_INSTANCE_H
#define CORE_PLUGIN_INSTANCE_H

#include <stddef.h>

#include <barrer/plugin.h>

#include "base/error.h"

/* What all instances of one container share. Filled by core/flow; zeroed members are "none". */
struct host_context {
    int in_child; /* 1 in the container's processes: no facts, no put_fd, no forks */
    int proc_fd;  /* path_open_procfs, or -1: opened at the first use on the host side */
    /* Where facts go; INSTANCE is the instance's name. get returns NULL for "none". */
    int (*put_fact)(void *arg, const char *instance, const char *name, const char *value,
                    struct barrer_error *err);
    const char *(*get_fact)(void *arg, const char *instance, const char *name);
    void *fact_arg;
    const struct barrer_pair *annotations; /* of config.json; key == NULL ends it; or NULL */
    /* Descriptors handed between plugins. */
    struct host_fd {
        char *name;
        int fd;
    } *fds;
    size_t n_fds;
};

void host_context_init(struct host_context *context);
void host_context_fini(struct host_context *context); /* closes the descriptors */

struct instance {
    char *name;   /* of [plugin NAME] */
    char *module; /* of the file */
    const struct barrer_plugin *plugin;
    struct barrer_pair *options;  /* normalised; key == NULL ends it; owned */
    char **allowed_annotations;   /* NULL ends it, or NULL; owned, one block (config_split) */
    struct host_context *context; /* shared; outlives the instance */
    struct barrer_host host;
    void *self;
};

/* Open an instance; takes OPTIONS and ALLOWED_ANNOTATIONS over, also on failure. */
int instance_open(const struct barrer_plugin *plugin, const char *name,
                  struct barrer_pair *options, char **allowed_annotations,
                  struct host_context *context, struct instance **ret_instance,
                  struct barrer_error *err);
void instance_close(struct instance *instance); /* NULL is fine */
/* Whether the plugin declares that it honours PROPERTY ("linux.resources.pids.limit"). */
int instance_honours(const struct instance *instance, const char *property);

#endif
