/* SPDX-License-Identifier: Apache-2.0
 *
 * The working directory of the payload.
 */
#ifndef PLUGINS_PROCESS_DIRECTORY_H
#define PLUGINS_PROCESS_DIRECTORY_H

#include <barrer/process.h>

/* Change to process.cwd, in the process; -EACCES when its present user may not. For the first
 * process of a container a missing folder is made. Fails when the folder turns out to be outside
 * of the container's root. */
int process_directory_enter(const struct barrer_host *host,
                            const struct barrer_process_request *request, struct barrer_error *err);

#endif
