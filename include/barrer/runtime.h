/* SPDX-License-Identifier: Apache-2.0
 *
 * Runtime-host plugins: what a payload is executed by. A host is data: it says what to execute,
 * and the core executes it.
 */
#ifndef BARRER_RUNTIME_H
#define BARRER_RUNTIME_H

#include <barrer/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BARRER_RUNTIME_EXEC (1u << 0) /* a further process of a running container */

struct barrer_runtime_request {
    uint32_t size;
    uint32_t flags;
    const char *const *args;        /* process.args; NULL ends it; never empty */
    const char *const *environment; /* process.env */
    const char *cwd;
};

/* What the core executes. Strings and arrays belong to the plugin. */
struct barrer_payload {
    uint32_t size;
    int fd;           /* execveat(2) with AT_EMPTY_PATH; -1: use path */
    const char *path; /* execve(2) */
    const char *const *args;
    const char *const *environment;
};

struct barrer_runtime_ops {
    uint32_t size;
    /* Host side, no effects: 1 usable here, 0 not usable here (err says why), <0 broken. NULL: 1. */
    int (*probe)(void *self, struct barrer_error *err);
    /* Host side, before clone: 1 this host executes the payload, 0 it does not, <0 it should but
     * cannot. The first of `runtime =` that returns 1 is used. Required. */
    int (*match)(void *self, const struct barrer_runtime_request *request,
                 struct barrer_error *err);
    /* In the process, after drop, in the container's root with the payload's own credentials:
     * find the payload. Errors are ENOENT for "not there" and EACCES for "not executable", with
     * the texts of barrer-run(1), since engines translate them into exit codes. Required. */
    int (*resolve)(void *self, const struct barrer_runtime_request *request,
                   struct barrer_payload *payload, struct barrer_error *err);
    /* Host side, in any later process: as in isolation.h. */
    int (*release)(void *self, struct barrer_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
