/* SPDX-License-Identifier: Apache-2.0
 *
 * Standard input, output and error of a payload without a terminal of its own.
 */
#ifndef PLUGINS_PROCESS_STREAMS_H
#define PLUGINS_PROCESS_STREAMS_H

#include <barrer/process.h>

/* Give pipes, files and terminals behind descriptors 0 to 2 to the payload's user, who else could
 * not open /dev/stdout. In the process, with the privileges of user 0. */
void process_streams_give(const struct barrer_process_request *request);

#endif
