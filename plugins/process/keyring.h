/* SPDX-License-Identifier: Apache-2.0
 *
 * The session keyring: without one of its own a container would see the keys of whoever started
 * it (keyrings(7)).
 */
#ifndef PLUGINS_PROCESS_KEYRING_H
#define PLUGINS_PROCESS_KEYRING_H

#include <barrer/process.h>

/* Leave the caller's session keyring for a new one, labelled as the payload. In the process. */
int process_keyring_renew(const struct barrer_host *host,
                          const struct barrer_process_request *request, struct barrer_error *err);

#endif
