/* SPDX-License-Identifier: Apache-2.0
 *
 * The terminal of the payload: a pseudo terminal of the container's own devpts, whose master
 * goes to the caller by the console socket, and /dev/console.
 *
 * /dev may be a folder of the image, with links that lead anywhere and devices of any kind, so that
 * everything is opened without following links and checked to be what it is taken for.
 */
#ifndef PLUGINS_PROCESS_TERMINAL_H
#define PLUGINS_PROCESS_TERMINAL_H

#include <barrer/process.h>

/* Open the pair, hand out its master, make the other end the controlling terminal of this session
 * and its descriptors 0, 1 and 2. In the process, after setsid(2). */
int process_terminal_open(const struct barrer_host *host,
                          const struct barrer_process_request *request, struct barrer_error *err);

#endif
