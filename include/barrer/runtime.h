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

#define BARRER_RUNTIME_EXEC (1u << 0)        /* a further process of a running container */
#define BARRER_RUNTIME_TERMINAL (1u << 1)    /* its standard streams are a terminal */
#define BARRER_RUNTIME_SHARED_PIDS (1u << 2) /* the container has no pid namespace of its own */
#define BARRER_RUNTIME_NAMED (1u << 3) /* the annotation org.barrer.runtime names this host */

struct barrer_runtime_request {
    uint32_t size;
    uint32_t flags;
    const char *const *args;        /* process.args; NULL ends it; never empty */
    const char *const *environment; /* process.env */
    const char *cwd;
    int root_fd;            /* `plan`: the container's root, mounted (O_PATH); else -1 */
    uint32_t uid;           /* of the payload, in the container */
    int64_t memory_limit;   /* linux.resources.memory.limit; 0: none */
    const char *plugin_dir; /* the folder that plugins are loaded from; what else a plugin NAME
                               installs is in its folder NAME. Not for exec */
};

/* What a host brings along: the container gets it below /run/barrer, on a layer of its own that
 * nothing can write to. */
#define BARRER_LAYER_FOLDER 1u
#define BARRER_LAYER_FILE 2u  /* `content` is its text */
#define BARRER_LAYER_MOUNT 3u /* `content` is the absolute path of a file or folder of the host */
struct barrer_layer_entry {
    uint32_t type;
    uint32_t reserved;
    const char *path; /* below the layer; what is above it comes first. A mount may be put on what is
                         in a mount before it, and nothing else into one */
    const char *content;
};

/* What the core executes. Strings and arrays belong to the plugin. */
struct barrer_payload {
    uint32_t size;
    int fd;           /* execveat(2) with AT_EMPTY_PATH; -1: use path */
    const char *path; /* execve(2); NULL, from `plan`: the next host finds args[0] */
    const char *const *args;
    const char *const *environment;
    const struct barrer_layer_entry *layer; /* `plan` */
    size_t n_layer;
    const char *summary; /* `plan`: how it is executed and why, one line for barrer-run plan */
};

struct barrer_runtime_ops {
    uint32_t size;
    /* Host side, no effects: 1 usable here, 0 not usable here (err says why), <0 broken. NULL: 1.
     */
    int (*probe)(void *self, struct barrer_error *err);
    /* Host side, before clone: 1 this host executes the payload, 0 it does not, <0 it should but
     * cannot. The first of `runtime =` that returns 1 is used. Required of a host without `plan`.
     */
    int (*match)(void *self, const struct barrer_runtime_request *request,
                 struct barrer_error *err);
    /* In the process, after drop, in the container's root with the payload's own credentials:
     * find the payload. Errors are ENOENT for "not there" and EACCES for "not executable", with
     * the texts of barrer-run(1), since engines translate them into exit codes. Required of a
     * host without `plan`. */
    int (*resolve)(void *self, const struct barrer_runtime_request *request,
                   struct barrer_payload *payload, struct barrer_error *err);
    /* Host side, in any later process: as in isolation.h. */
    int (*release)(void *self, struct barrer_error *err);
    /* For hosts of managed payloads, instead of match and resolve. Host side; the container's root
     * is mounted, and its process waits, before pivot (or, for exec, in the container): 1 and
     * PAYLOAD filled, 0 when it is the next host's, <0 it should be ours but cannot. The core asks
     * for payloads that no kernel executes, or that look like .NET, see barrer-plugin(7). What is
     * in the root is hostile. The layer is made by create; exec finds it there. */
    int (*plan)(void *self, const struct barrer_runtime_request *request,
                struct barrer_payload *payload, struct barrer_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
