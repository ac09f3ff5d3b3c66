/* SPDX-License-Identifier: Apache-2.0
 *
 * Hooks of config.json: programs that get the container's state on standard input.
 */
#ifndef CORE_FLOW_HOOKS_H
#define CORE_FLOW_HOOKS_H

#include "oci/spec.h"

/* The property's name: "createRuntime". */
const char *hooks_name(enum oci_hook_kind kind);
/* Run all hooks of KIND in order, each to its end; the first that fails (exit status not 0, a
 * signal, its timeout) ends it with an error. STATE is the state JSON. The working directory is
 * FOLDER, where it is not NULL and there. A hook that names no environment gets ENVIRONMENT: the
 * caller's on the host, the payload's in the container, as with runc. With PIDFD, the container's process, a hook is killed
 * when that ends: it has nothing left to set up, and `delete --force` would wait for it. Else -1.
 */
int hooks_run(const struct oci_spec *spec, enum oci_hook_kind kind, const char *state,
              const char *folder, const char *const *environment, int pidfd,
              struct barrer_error *err);

#endif
