/* SPDX-License-Identifier: Apache-2.0
 *
 * A host table for testing one plugin without the core: options and annotations from arrays,
 * facts and descriptors kept in memory, messages in `error`. The services that touch the system
 * are the core's own functions.
 */
#ifndef TESTS_UNIT_FAKE_HOST_H
#define TESTS_UNIT_FAKE_HOST_H

#include <barrer/plugin.h>

#include "base/error.h"

struct fake_host {
    struct barrer_host host; /* hand &fake.host to the plugin's open */
    struct barrer_error error; /* pass &fake.error as `err`; error.text is the message */
    const struct barrer_pair *options;     /* key == NULL ends it; or NULL */
    const struct barrer_pair *annotations; /* the same */
    struct barrer_pair facts[64];          /* recorded; strings are owned */
    size_t n_facts;
    struct {
        char *name;
        int fd;
    } fds[64];
    size_t n_fds;
};

void fake_host_init(struct fake_host *fake);
void fake_host_fini(struct fake_host *fake);
/* The value of a recorded fact, or NULL. */
const char *fake_host_fact(const struct fake_host *fake, const char *name);

#endif
