/* SPDX-License-Identifier: Apache-2.0
 *
 * The ABI between the barrer core and its plugins; barrer-plugin(7) is its manual.
 *
 * A plugin is a shared object NAME.so that exports one symbol, NAME_LTX_barrer, of type
 * struct barrer_plugin: constant data that the core reads before any code of the plugin runs.
 * The table of operations that it points to is declared in the header of its kind:
 * isolation.h, resources.h, filesystem.h, process.h, runtime.h.
 *
 * Rules that hold for every operation:
 *  - it returns 0 or a positive number on success, or a negative errno after filling `err`
 *    with barrer_fail(); it never prints, exits, forks without exec, changes signal handlers,
 *    the umask (except where its stage is there for that), the locale or the environment;
 *  - strings and arrays that it is given are borrowed for the time of the call, except those of
 *    a request, which live as long as the instance; strings and arrays that it returns in a plan
 *    belong to the plugin and must live until close();
 *  - every descriptor that it opens is close-on-exec; a descriptor named *_fd in a request is
 *    borrowed, unless its comment says otherwise;
 *  - the core never calls one instance from two threads, and refuses to start a container while
 *    a plugin has left a thread running.
 *
 * History, append only: a member is never moved, retyped or given another meaning.
 *   0.1  first version
 */
#ifndef BARRER_PLUGIN_H
#define BARRER_PLUGIN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BARRER_ABI_MAJOR 0
#define BARRER_ABI_MINOR 1
/* "BRR1" read as a little-endian number. */
#define BARRER_MAGIC 0x31525242u

/* True when *T is long enough to hold member M, and M is not zero. Both sides of the ABI read an
 * appended member only through this. */
#define BARRER_HAS(t, m)                                                                           \
    ((t) != NULL && (t)->size >= (size_t)((const char *)&(t)->m - (const char *)(t)) + sizeof((t)->m) && (t)->m)

/* The kinds of plugin. */
#define BARRER_ISOLATION 1u  /* namespaces, virtual machines: isolation.h */
#define BARRER_RESOURCES 2u  /* control groups: resources.h */
#define BARRER_FILESYSTEM 3u /* the root file system: filesystem.h */
#define BARRER_PROCESS 4u    /* credentials, limits, filters: process.h */
#define BARRER_RUNTIME 5u    /* what a payload is executed by: runtime.h */

/* Log levels of barrer_log(), the syslog(3) numbers. */
#define BARRER_LOG_ERROR 3
#define BARRER_LOG_WARNING 4
#define BARRER_LOG_NOTICE 5
#define BARRER_LOG_INFO 6
#define BARRER_LOG_DEBUG 7

struct barrer_error; /* opaque; filled by barrer_fail() */

/* An optional number: `value` counts only when `is_set` is not 0. */
struct barrer_number {
    uint32_t is_set;
    uint32_t reserved;
    int64_t value;
};

struct barrer_pair {
    const char *key;
    const char *value;
};

/* One range of user or group ids, as in user_namespaces(7). */
struct barrer_id_map {
    uint32_t container_id;
    uint32_t host_id;
    uint32_t count;
};

/* A process that the core started or found: pid in the caller's pid namespace, and a pidfd
 * (pidfd_open(2), Linux 5.3), or -1 where the kernel has none. */
struct barrer_target {
    uint32_t size;
    pid_t pid;
    int pidfd;
};

/* What the core lends to one instance; it outlives the instance. Where a member says "host side"
 * it may be called in the stages that run outside the container only; elsewhere it returns
 * -EPERM. Plugins call these through the inline functions below. */
struct barrer_host {
    uint32_t size;
    uint16_t abi_major, abi_minor; /* what this core provides */
    void *priv;

    /* Write to the log that the operator chose (--log); never to the container's output. */
    void (*vlog)(const struct barrer_host *host, int level, const char *fmt, va_list ap);
    /* Fill `err`; returns -errnum (-EIO for 0). The text names what was tried on which object,
     * in lower case, without a final stop; strerror(errnum) is appended when errnum is not 0. */
    int (*vfail)(const struct barrer_host *host, struct barrer_error *err, int errnum,
                 const char *fmt, va_list ap);
    /* The value of an option of this instance: as the INI file gives it after a check against
     * the schema, else the schema's default, else NULL. A bool is "yes" or "no"; a size is a
     * number of bytes; a duration is a number of milliseconds; list elements are separated by
     * one space. */
    const char *(*option)(const struct barrer_host *host, const char *key);
    /* The value of an annotation of the container: only a key that the descriptor declares and
     * that the operator's `allow-annotations` names; else NULL. */
    const char *(*annotation)(const struct barrer_host *host, const char *key);

    /* Record a named fact in the container's state before the effect that it describes; a later
     * process (update, delete, also after a kill -9) reads it back. Host side. An existing fact
     * of that name is replaced. */
    int (*put_fact)(const struct barrer_host *host, const char *name, const char *value,
                    struct barrer_error *err);
    /* A fact recorded by this instance, or NULL. */
    const char *(*get_fact)(const struct barrer_host *host, const char *name);

    /* Hand a descriptor to the other plugins of this container under a name. The core owns it
     * from here on, also when this fails. Host side. */
    int (*put_fd)(const struct barrer_host *host, const char *name, int fd,
                  struct barrer_error *err);
    /* A descriptor that a plugin has put; borrowed; -ENOENT when there is none. */
    int (*get_fd)(const struct barrer_host *host, const char *name);

    /* Open PATH below a procfs that the core has verified to be one (fstatfs(2)), without
     * crossing a mount and without following magic links, and return a new descriptor. Valid on
     * both sides: "self" is the caller. */
    int (*open_proc)(const struct barrer_host *host, const char *path, int flags,
                     struct barrer_error *err);
    /* Open PATH as if ROOT_FD were the root directory: symbolic links and ".." cannot lead out of
     * it (openat2(2) with RESOLVE_IN_ROOT, Linux 5.6, or a walk of the components where the
     * kernel has none), and magic links are refused. Returns a new descriptor. Both sides. */
    int (*open_in_root)(const struct barrer_host *host, int root_fd, const char *path, int flags,
                        uint32_t mode, struct barrer_error *err);
    /* A user namespace with these maps (for id-mapped mounts), as a new descriptor that the
     * caller owns. The core forks a short-lived process for it. Host side. */
    int (*open_userns)(const struct barrer_host *host, const struct barrer_id_map *uid_maps,
                       size_t n_uid_maps, const struct barrer_id_map *gid_maps, size_t n_gid_maps,
                       struct barrer_error *err);
    /* Run a host program (absolute path, the core's own minimal environment, argv ending in
     * NULL) and wait for it; returns its exit status, with what it wrote to stderr in `err` when
     * that is not 0. For newuidmap(1). Host side. */
    int (*run_program)(const struct barrer_host *host, const char *const *argv,
                       struct barrer_error *err);
    /* A NETLINK_ROUTE socket in the network namespace behind NETNS_FD, as a new descriptor that
     * the caller owns: the core joins that namespace for a moment, which needs CAP_SYS_ADMIN.
     * Host side. */
    int (*open_netlink)(const struct barrer_host *host, int netns_fd, struct barrer_error *err);
};

/* One option of [plugin NAME] in barrer.conf. The core checks and normalises the value, so that
 * a plugin only meets valid ones. */
struct barrer_option {
    const char *key;  /* [a-z][a-z0-9-]*; NULL ends the array */
    const char *type; /* "bool" "uint" "size" "duration" "path" "string" "enum(a|b|...)", or
                         "list(TYPE)"; path: absolute */
    const char *fallback; /* the default, in the same syntax; NULL: none */
    const char *help;     /* one line for barrer-config(1) */
};

/* The descriptor. Always written with designated initialisers or, in C++17, by position. */
struct barrer_plugin {
    uint32_t magic;                /* BARRER_MAGIC */
    uint32_t size;                 /* sizeof(struct barrer_plugin) */
    uint16_t abi_major, abi_minor; /* of the header that this was built with */
    uint16_t need_minor;           /* oldest minor version of the core that will do */
    uint16_t kind;                 /* BARRER_ISOLATION ... */
    uint32_t flags;                /* 0; an unknown bit is refused */
    uint32_t reserved;             /* 0 */
    const char *name;              /* [a-z][a-z0-9_]{0,31}, equal to the file's name */
    const char *version;           /* of the plugin; free text */
    const char *summary;           /* one line */
    const struct barrer_option *options; /* or NULL */
    /* Properties of config.json that this plugin acts on, as paths ("linux.resources.pids.limit",
     * see barrer-plugin(7)), or "PROPERTY=VALUE" for values that can be listed
     * ("linux.namespaces.type=time"). NULL ends the array. A property that a container sets and
     * that no chosen backend honours is an error before anything happens. */
    const char *const *honours;
    const char *const *annotations; /* keys that annotation() may be asked for; or NULL */
    /* Make an instance; several of one module are legal. Host side, no effects on the system.
     * May not read options that depend on a container. */
    int (*open)(const struct barrer_host *host, void **ret_self, struct barrer_error *err);
    /* Release the memory and descriptors of an instance; no effects on the system. May be NULL. */
    void (*close)(void *self);
    const void *ops; /* the table of the kind: struct barrer_isolation_ops ... */
};

/* Define the one exported symbol of a module. */
#ifdef __cplusplus
#define BARRER_PLUGIN(module)                                                                      \
    extern "C" __attribute__((visibility("default"))) const struct barrer_plugin                   \
        module##_LTX_barrer;                                                                       \
    const struct barrer_plugin module##_LTX_barrer
#else
#define BARRER_PLUGIN(module)                                                                      \
    extern __attribute__((visibility("default"))) const struct barrer_plugin module##_LTX_barrer;  \
    const struct barrer_plugin module##_LTX_barrer
#endif

/* The first members of every descriptor. */
#define BARRER_PLUGIN_HEAD                                                                         \
    .magic = BARRER_MAGIC, .size = sizeof(struct barrer_plugin), .abi_major = BARRER_ABI_MAJOR,    \
    .abi_minor = BARRER_ABI_MINOR, .need_minor = BARRER_ABI_MINOR

/* Convenience wrappers. */
__attribute__((format(printf, 4, 5))) static inline int
barrer_fail(const struct barrer_host *host, struct barrer_error *err, int errnum, const char *fmt,
            ...)
{
    va_list ap;
    int r;

    va_start(ap, fmt);
    r = host->vfail(host, err, errnum, fmt, ap);
    va_end(ap);
    return r;
}

__attribute__((format(printf, 3, 4))) static inline void
barrer_log(const struct barrer_host *host, int level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    host->vlog(host, level, fmt, ap);
    va_end(ap);
}

#ifdef __cplusplus
}
#endif
#endif
