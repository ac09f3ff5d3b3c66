/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle that barrer-run makes itself: an almost empty root file system, which is removed with
 * its container.
 */
#ifndef CORE_CONTAINER_BUNDLE_H
#define CORE_CONTAINER_BUNDLE_H

#include "base/error.h"

/* Make one below TMPDIR, or /tmp; a fresh path. Its root, "rootfs", has the folders that programs
 * expect and the few files of /etc by which they know themselves. */
int bundle_create(char **ret_bundle, struct barrer_error *err);
/* Remove it with all that is in it. No process is in the container any more. */
void bundle_remove(const char *bundle);

#endif
