/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of config.json, each with the file that reads it. NODE is the part; they fill SPEC.
 */
#ifndef CORE_OCI_SECTIONS_H
#define CORE_OCI_SECTIONS_H

#include "oci/node.h"
#include "oci/spec.h"

/* process.c */
int process_read(const struct node *node, struct oci_spec *spec);
/* filesystem.c: root and mounts; BUNDLE is what relative paths are relative to. */
int root_read(const struct node *node, const char *bundle, struct oci_spec *spec);
int mounts_read(const struct node *node, const char *bundle, struct oci_spec *spec);
int id_maps_read(const struct node *node, const struct barrer_id_map **ret_maps, size_t *ret_n);
/* hooks.c */
int hooks_read(const struct node *node, struct oci_spec *spec);
/* linux.c */
int linux_read(const struct node *node, struct oci_spec *spec);
/* resources.c. With the default devices of a new container, or as they are for an update. */
int resources_read(const struct node *node, struct oci_spec *spec);
int resources_read_update(const struct node *node, struct oci_spec *spec);
/* seccomp.c */
int seccomp_read(const struct node *node, const struct barrer_seccomp **ret_seccomp);

#endif
