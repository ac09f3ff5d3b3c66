/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/service_spec.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <json-c/json.h>

#include "base/fd.h"
#include "boot/table.h"
#include "boot/words.h"
#include "config/types.h"

#define PATH_VARIABLE "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define WORDS 128

/* In the kernel's order: capabilities(7). */
static const char *const capability_names[] = {
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
    "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
    "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"};

struct making {
    const struct service_request *request;
    char section[64];
    struct json_object *root, *process, *platform, *mounts, *namespaces;
    unsigned kinds;
    int has_mounts; /* a mount namespace is needed */
    struct barrer_error *err;
};

static const char *text_of(const struct making *m, const char *key)
{
    return table_text(m->request->config, m->section, key);
}

__attribute__((format(printf, 3, 4))) static int fail(const struct making *m, const char *key,
                                                      const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return error_fail(m->err, 0, "[%s] %s: %s", m->section, key, text);
}

static int is_set(const struct making *m, const char *key)
{
    const char *text = text_of(m, key);
    barrer_auto_free char *normal = NULL;

    return text != NULL && type_normalise("bool", text, &normal, NULL) == 0 &&
           strcmp(normal, "yes") == 0;
}

/* The words of a list key; NULL: not set. */
static char **words_of(const struct making *m, const char *key)
{
    const char *text = text_of(m, key);
    char **words = NULL;

    if (text == NULL || config_split(text, &words, NULL) < 0)
        return NULL;
    return words;
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

static struct json_object *add_object(struct json_object *object, const char *key)
{
    struct json_object *child = json_object_new_object();

    json_object_object_add(object, key, child);
    return child;
}

static struct json_object *add_array(struct json_object *object, const char *key)
{
    struct json_object *child = json_object_new_array();

    json_object_object_add(object, key, child);
    return child;
}

static void append_text(struct json_object *array, const char *text)
{
    json_object_array_add(array, json_object_new_string(text));
}

static int add_args(struct making *m)
{
    const char *text = text_of(m, m->request->key);
    struct json_object *args = add_array(m->process, "args");
    barrer_auto_free char *copy = text != NULL ? strdup(text) : NULL;
    char *words[WORDS];
    int n = copy != NULL ? words_split(copy, words, WORDS) : -1;

    if (n <= 0)
        return fail(m, m->request->key, "expected a program");
    for (int i = 0; i < n; i++)
        append_text(args, words[i]);
    return 0;
}

static int add_environment(struct making *m)
{
    struct json_object *env = add_array(m->process, "env");
    barrer_auto_free char **words = words_of(m, "environment");
    char name[64];

    append_text(env, PATH_VARIABLE);
    (void)snprintf(name, sizeof(name), "BARRER_SERVICE=%s", m->request->name);
    append_text(env, name);
    for (const char *const *v = m->request->environment; v != NULL && *v != NULL; v++)
        append_text(env, *v);
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        append_text(env, words[i]);
    return 0;
}

/* The id of NAME in the lines of TEXT, which is changed; in RET_NEXT the next number. */
static int look_up(char *text, const char *name, uint32_t *ret_id, uint32_t *ret_next)
{
    size_t length = strlen(name);
    char *id, *end;

    for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        id = strchr(line + length + 1, ':');
        if (id == NULL)
            return -EINVAL;
        *ret_id = (uint32_t)strtoul(id + 1, &end, 10);
        if (ret_next != NULL)
            *ret_next = *end == ':' ? (uint32_t)strtoul(end + 1, NULL, 10) : *ret_id;
        return 0;
    }
    return -ENOENT;
}

/* The id behind NAME in FILE (/etc/passwd, /etc/group), without NSS, which may load anything. */
static int find_id(const char *file, const char *name, uint32_t *ret_id, uint32_t *ret_next)
{
    char *end, *text;
    unsigned long number = strtoul(name, &end, 10);
    size_t size;
    int r;

    if (isdigit((unsigned char)name[0]) && *end == '\0' && number < UINT32_MAX) {
        *ret_id = (uint32_t)number;
        if (ret_next != NULL)
            *ret_next = (uint32_t)number;
        return 0;
    }
    if (fd_read_file(AT_FDCWD, file, 1 << 20, &text, &size) < 0)
        return -ENOENT;
    r = look_up(text, name, ret_id, ret_next);
    free(text);
    return r;
}

static int add_user(struct making *m, uint32_t *ret_uid)
{
    struct json_object *user = add_object(m->process, "user");
    const char *name = text_of(m, "user"), *group = text_of(m, "group"), *mask = text_of(m, "umask");
    barrer_auto_free char **groups = words_of(m, "groups");
    uint32_t uid = 0, gid = 0, id;

    if (find_id("/etc/passwd", name, &uid, &gid) < 0)
        return fail(m, "user", "no user \"%s\" in /etc/passwd", name);
    if (group != NULL && find_id("/etc/group", group, &gid, NULL) < 0)
        return fail(m, "group", "no group \"%s\" in /etc/group", group);
    json_object_object_add(user, "uid", json_object_new_int64(uid));
    json_object_object_add(user, "gid", json_object_new_int64(gid));
    if (mask != NULL)
        json_object_object_add(user, "umask", json_object_new_int64((int64_t)strtoul(mask, NULL, 8)));
    if (groups != NULL) {
        struct json_object *array = add_array(user, "additionalGids");

        for (size_t i = 0; groups[i] != NULL; i++) {
            if (find_id("/etc/group", groups[i], &id, NULL) < 0)
                return fail(m, "groups", "no group \"%s\" in /etc/group", groups[i]);
            json_object_array_add(array, json_object_new_int64(id));
        }
    }
    *ret_uid = uid;
    return 0;
}

/* The bounding set of PID 1: a capability that it lacks cannot be given. */
static uint64_t bounding_set(void)
{
    uint64_t set = 0;

    for (unsigned i = 0; i < sizeof(capability_names) / sizeof(*capability_names); i++)
        if (prctl(PR_CAPBSET_READ, i) == 1)
            set |= 1ull << i;
    return set;
}

static void add_capability_sets(struct making *m, struct json_object *list, int with_ambient)
{
    struct json_object *capabilities = add_object(m->process, "capabilities");

    json_object_object_add(capabilities, "bounding", json_object_get(list));
    json_object_object_add(capabilities, "effective", json_object_get(list));
    json_object_object_add(capabilities, "permitted", json_object_get(list));
    if (with_ambient) {
        json_object_object_add(capabilities, "inheritable", json_object_get(list));
        json_object_object_add(capabilities, "ambient", json_object_get(list));
    }
    json_object_put(list);
}

/* Unset: a service of root keeps what PID 1 has, others have none. */
static int add_capabilities(struct making *m, uint32_t uid)
{
    barrer_auto_free char **words = words_of(m, "capabilities");
    struct json_object *list;
    uint64_t available;

    if (words == NULL && uid != 0)
        return 0;
    if (words != NULL && words[0] != NULL && strcmp(words[0], "none") == 0)
        return 0;
    list = json_object_new_array();
    if (words == NULL) {
        available = bounding_set();
        for (size_t i = 0; i < sizeof(capability_names) / sizeof(*capability_names); i++)
            if (available >> i & 1)
                append_text(list, capability_names[i]);
    } else {
        for (size_t i = 0; words[i] != NULL; i++)
            append_text(list, words[i]);
    }
    add_capability_sets(m, list, uid != 0);
    return 0;
}

/* "nofile=1024:4096" */
static int add_rlimits(struct making *m)
{
    barrer_auto_free char **words = words_of(m, "rlimits");
    struct json_object *array;

    if (words == NULL)
        return 0;
    array = add_array(m->process, "rlimits");
    for (size_t i = 0; words[i] != NULL; i++) {
        struct json_object *limit = json_object_new_object();
        char type[64] = "RLIMIT_", *value = strchr(words[i], '='), *end;
        uint64_t soft, hard;

        json_object_array_add(array, limit);
        if (value == NULL)
            return fail(m, "rlimits", "\"%s\" is not NAME=SOFT[:HARD]", words[i]);
        *value++ = '\0';
        for (size_t j = 0; words[i][j] != '\0' && j + 8 < sizeof(type); j++) {
            type[7 + j] = (char)toupper((unsigned char)words[i][j]);
            type[8 + j] = '\0';
        }
        soft = hard = strncmp(value, "infinity", 8) == 0 ? UINT64_MAX : strtoull(value, &end, 10);
        value = strchr(value, ':');
        if (value != NULL)
            hard = strcmp(value + 1, "infinity") == 0 ? UINT64_MAX : strtoull(value + 1, &end, 10);
        add_text(limit, "type", type);
        json_object_object_add(limit, "soft", json_object_new_uint64(soft));
        json_object_object_add(limit, "hard", json_object_new_uint64(hard));
    }
    return 0;
}

static int add_process(struct making *m)
{
    const char *oom = text_of(m, "oom-score-adj");
    uint32_t uid = 0;
    int r = add_args(m);

    if (r == 0)
        r = add_environment(m);
    if (r == 0)
        r = add_user(m, &uid);
    if (r == 0)
        r = add_capabilities(m, uid);
    if (r == 0)
        r = add_rlimits(m);
    add_text(m->process, "cwd", text_of(m, "directory"));
    if (oom != NULL)
        json_object_object_add(m->process, "oomScoreAdj",
                               json_object_new_int64(strtoll(oom, NULL, 10)));
    /* With it the filter is loaded last, when the user has changed. */
    if (is_set(m, "no-new-privileges") || text_of(m, "seccomp-allow") != NULL)
        json_object_object_add(m->process, "noNewPrivileges", json_object_new_boolean(1));
    return r;
}

static void add_namespace(struct making *m, const char *type)
{
    struct json_object *namespace;

    for (size_t i = 0; i < json_object_array_length(m->namespaces); i++)
        if (strcmp(json_object_get_string(json_object_object_get(
                       json_object_array_get_idx(m->namespaces, i), "type")),
                   type) == 0)
            return;
    namespace = json_object_new_object();
    add_text(namespace, "type", type);
    json_object_array_add(m->namespaces, namespace);
    m->kinds |= 1u << BARRER_ISOLATION;
    if (strcmp(type, "mount") == 0)
        m->kinds |= 1u << BARRER_FILESYSTEM;
}

static void add_mount(struct making *m, const char *target, const char *type, const char *source,
                      const char *const *options)
{
    struct json_object *mount = json_object_new_object(), *list;

    add_text(mount, "destination", target);
    add_text(mount, "type", type);
    add_text(mount, "source", source);
    list = add_array(mount, "options");
    for (; *options != NULL; options++)
        append_text(list, *options);
    json_object_array_add(m->mounts, mount);
    add_namespace(m, "mount");
}

static int add_isolation(struct making *m)
{
    static const char *const proc_options[] = {"nosuid", "nodev", "noexec", NULL};
    static const char *const bind_options[] = {"rbind", "rw", NULL};
    static const char *const tmp_options[] = {"nosuid", "nodev", "mode=1777", NULL};
    barrer_auto_free char **words = words_of(m, "isolation");
    barrer_auto_free char **writable = words_of(m, "writable");
    const char *root = text_of(m, "root");
    struct json_object *object = add_object(m->root, "root");

    add_text(object, "path", root != NULL ? root : "/");
    if (root != NULL)
        m->kinds |= 1u << BARRER_FILESYSTEM;
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        add_namespace(m, words[i]);
        if (strcmp(words[i], "pid") == 0)
            add_mount(m, "/proc", "proc", "proc", proc_options);
    }
    if (is_set(m, "private-network"))
        add_namespace(m, "network");
    if (is_set(m, "read-only-root")) {
        json_object_object_add(object, "readonly", json_object_new_boolean(1));
        add_namespace(m, "mount");
    }
    for (size_t i = 0; writable != NULL && writable[i] != NULL; i++)
        add_mount(m, writable[i], "bind", writable[i], bind_options);
    if (is_set(m, "private-tmp"))
        add_mount(m, "/tmp", "tmpfs", "tmpfs", tmp_options);
    return 0;
}

static void add_limits(struct making *m)
{
    barrer_auto_free char **words = words_of(m, "limits");
    struct json_object *unified;

    if (words == NULL || words[0] == NULL)
        return;
    unified = add_object(add_object(m->platform, "resources"), "unified");
    for (size_t i = 0; words[i] != NULL; i++) {
        char *value = strchr(words[i], '=');

        *value++ = '\0';
        add_text(unified, words[i], value);
    }
    m->kinds |= 1u << BARRER_RESOURCES;
}

/* Only those that are named, or all but those. What the last steps to the program take after the
 * filter is in force is allowed beside those that are named. */
static void add_seccomp(struct making *m)
{
    static const char *const to_execute[] = {
        "access",    "brk",        "close",     "execve", "execveat",   "exit", "exit_group",
        "faccessat", "faccessat2", "fstat",     "mmap",   "munmap",     "newfstatat",
        "openat",    "read",       "recvmsg",   "rt_sigreturn", "sendmsg", "statx", "write"};
    barrer_auto_free char **allow = words_of(m, "seccomp-allow");
    barrer_auto_free char **deny = words_of(m, "seccomp-deny");
    struct json_object *seccomp, *rules, *rule, *names;
    char **words = allow != NULL ? allow : deny;

    if (words == NULL)
        return;
    seccomp = add_object(m->platform, "seccomp");
    add_text(seccomp, "defaultAction", allow != NULL ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
    rules = add_array(seccomp, "syscalls");
    rule = json_object_new_object();
    json_object_array_add(rules, rule);
    names = add_array(rule, "names");
    for (; *words != NULL; words++)
        append_text(names, *words);
    for (size_t i = 0; allow != NULL && i < sizeof(to_execute) / sizeof(*to_execute); i++)
        append_text(names, to_execute[i]);
    add_text(rule, "action", allow != NULL ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO");
}

int service_spec_make(const struct service_request *request, struct oci_spec **ret_spec,
                      unsigned *ret_kinds, struct barrer_error *err)
{
    struct making m = {.request = request,
                       .err = err,
                       .kinds = 1u << BARRER_PROCESS | 1u << BARRER_RUNTIME,
                       .root = json_object_new_object()};
    int r;

    (void)snprintf(m.section, sizeof(m.section), "service %s", request->name);
    add_text(m.root, "ociVersion", "1.3.0");
    m.process = add_object(m.root, "process");
    m.platform = add_object(m.root, "linux");
    m.mounts = add_array(m.root, "mounts");
    m.namespaces = add_array(m.platform, "namespaces");
    r = add_process(&m);
    if (r == 0)
        r = add_isolation(&m);
    if (r == 0) {
        add_limits(&m);
        add_seccomp(&m);
        if (text_of(&m, "seccomp-allow") != NULL && text_of(&m, "seccomp-deny") != NULL)
            r = fail(&m, "seccomp-deny", "set beside seccomp-allow, which denies all else");
    }
    if (r == 0)
        r = oci_spec_from_json("/", m.root, ret_spec, err);
    json_object_put(m.root);
    *ret_kinds = m.kinds;
    return r;
}
