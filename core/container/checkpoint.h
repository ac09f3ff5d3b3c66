/* SPDX-License-Identifier: Apache-2.0
 *
 * What of a container is outside of what CRIU saves: namespaces and mounts of the host, standard
 * streams. checkpoint names it, and restore says what it is by then.
 */
#ifndef CORE_CONTAINER_CHECKPOINT_H
#define CORE_CONTAINER_CHECKPOINT_H

#include "container/criu.h"
#include "oci/spec.h"

/* In --image-path: an array of three texts, by which CRIU knows the container's standard streams,
 * "" where it saves one itself. runc and crun have a file of this name, too. */
#define CHECKPOINT_STREAMS "descriptors.json"
/* A mount of a cgroup is "cgroup:NAME" for CRIU, NAME that of its folder. */
#define CHECKPOINT_CGROUP "cgroup:"

/* Namespaces that config.json gives by path, and that CRIU is to leave alone. */
struct checkpoint_namespace {
    uint32_t type;
    const char *name; /* in /proc/PID/ns, and for CRIU; NULL ends it */
    const char *key;  /* of the descriptor that stands for it; NULL: CRIU joins it by path */
};
extern const struct checkpoint_namespace checkpoint_namespaces[];
/* The path that config.json gives for it, or NULL. */
const char *checkpoint_namespace_path(const struct oci_spec *spec, uint32_t type);

/* Whether CRIU can be used here, by us and for this container. */
int checkpoint_check(const struct global_options *global, const char *verb,
                     const struct oci_spec *spec, struct barrer_error *err);

/* Call EACH with every mount whose source is the host's, but for cgroups. */
int checkpoint_each_mount(const struct oci_spec *spec,
                          int (*each)(void *arg, const char *destination, const char *source,
                                      struct barrer_error *err),
                          void *arg, struct barrer_error *err);
/* config.json's mount of type cgroup that binds folders of the host, or NULL: none, or CRIU mounts
 * it, in the container's cgroup namespace. */
const struct barrer_mount *checkpoint_cgroup_mount(const struct oci_spec *spec);

#endif
