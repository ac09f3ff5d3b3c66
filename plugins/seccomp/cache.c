/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <barrer/util.h>

/* Changes whenever other filters come out of the same profile. */
#define FORMAT "barrer-seccomp 2"
/* Of a file: two filters of 4096 instructions, and a profile. */
#define MAX_SIZE (1u << 20)

struct header {
    char format[sizeof(FORMAT)];
    uint32_t key_length;
    uint32_t main_length, notify_length; /* in instructions */
    uint32_t main_flags, notify_flags;
};

/* With the NUL at the end, which keeps two strings from being read as one. */
static void print_string(FILE *stream, const char *text)
{
    (void)fwrite(text, 1, strlen(text) + 1, stream);
}

static void print_strings(FILE *stream, const char *const *strings)
{
    for (; *strings != NULL; strings++)
        print_string(stream, *strings);
    (void)fputc('\n', stream);
}

static void print_rule(FILE *stream, const struct barrer_seccomp_rule *rule)
{
    print_string(stream, rule->action);
    (void)fprintf(stream, "%u %" PRId64 " %zu\n", rule->errno_ret.is_set, rule->errno_ret.value,
                  rule->n_args);
    for (size_t i = 0; i < rule->n_args; i++) {
        const struct barrer_seccomp_arg *arg = &rule->args[i];

        (void)fprintf(stream, "%u %" PRIu64 " %" PRIu64 " ", arg->index, arg->value,
                      arg->value_two);
        print_string(stream, arg->op);
    }
    print_strings(stream, rule->names);
}

static char *format_key(const struct barrer_seccomp *profile, int refuse_unknown,
                        size_t *ret_length)
{
    const struct scmp_version *library = seccomp_version();
    char *text = NULL;
    FILE *stream = open_memstream(&text, ret_length);

    if (stream == NULL)
        return NULL;
    (void)fprintf(stream, "%u.%u.%u %x %d\n", library->major, library->minor, library->micro,
                  seccomp_arch_native(), refuse_unknown);
    print_string(stream, profile->default_action);
    (void)fprintf(stream, "%u %" PRId64 "\n", profile->default_errno_ret.is_set,
                  profile->default_errno_ret.value);
    print_strings(stream, profile->architectures);
    print_strings(stream, profile->flags);
    for (size_t i = 0; i < profile->n_rules; i++)
        print_rule(stream, &profile->rules[i]);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Folded FNV-1a: it only spreads the profiles over the files. */
static unsigned slot_of(const char *key, size_t length)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)key[i]) * 16777619u;
    hash ^= hash >> 16;
    return (hash ^ (hash >> 8)) & 0xff;
}

static char *format_folder(const char *folder)
{
    const char *runtime = NULL;
    char *text = NULL;

    if (folder != NULL)
        return strdup(folder);
    if (geteuid() == 0)
        return strdup("/run/barrer-seccomp");
    runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime == NULL || runtime[0] != '/' || asprintf(&text, "%s/barrer-seccomp", runtime) < 0)
        return NULL;
    return text;
}

void seccomp_cache_init(struct seccomp_cache *cache, const char *folder,
                        const struct barrer_seccomp *profile, int refuse_unknown)
{
    cache->path = NULL;
    cache->folder = format_folder(folder);
    cache->key = format_key(profile, refuse_unknown, &cache->key_length);
    if (cache->folder != NULL && cache->key != NULL &&
        asprintf(&cache->path, "%s/%02x", cache->folder, slot_of(cache->key, cache->key_length)) <
            0)
        cache->path = NULL;
}

void seccomp_cache_fini(struct seccomp_cache *cache)
{
    free(cache->path);
    free(cache->folder);
    free(cache->key);
    *cache = (struct seccomp_cache){0};
}

/* The contents of a regular file of our own that nobody else can write; NULL: not so. */
static char *read_file(const char *path, size_t *ret_size)
{
    barrer_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    barrer_auto_free char *text = NULL;
    struct stat st;
    void *taken;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        (st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_size <= 0 || st.st_size > MAX_SIZE)
        return NULL;
    text = malloc((size_t)st.st_size);
    if (text == NULL || read(fd, text, (size_t)st.st_size) != st.st_size)
        return NULL;
    *ret_size = (size_t)st.st_size;
    taken = text;
    text = NULL;
    return taken;
}

static int copy_program(const char *bytes, size_t length, struct seccomp_program *ret_program)
{
    if (length == 0)
        return 0;
    ret_program->code = malloc(length * sizeof(*ret_program->code));
    if (ret_program->code == NULL)
        return -ENOMEM;
    memcpy(ret_program->code, bytes, length * sizeof(*ret_program->code));
    ret_program->length = length;
    return 0;
}

/* The sizes add up, and it is about this profile. */
static int is_ours(const struct seccomp_cache *cache, const struct header *header, const char *text,
                   size_t size)
{
    return memcmp(header->format, FORMAT, sizeof(FORMAT)) == 0 &&
           header->key_length == cache->key_length && header->main_length > 0 &&
           header->main_length <= BPF_MAXINSNS && header->notify_length <= BPF_MAXINSNS &&
           size == sizeof(*header) + cache->key_length +
                       (header->main_length + header->notify_length) * sizeof(struct sock_filter) &&
           memcmp(text + sizeof(*header), cache->key, cache->key_length) == 0;
}

int seccomp_cache_load(const struct seccomp_cache *cache, struct seccomp_filters *ret_filters)
{
    struct seccomp_filters filters = {0};
    struct header header;
    size_t size = 0;
    barrer_auto_free char *text = cache->path == NULL ? NULL : read_file(cache->path, &size);
    const char *code;

    if (text == NULL || size < sizeof(header))
        return 0;
    memcpy(&header, text, sizeof(header));
    if (!is_ours(cache, &header, text, size))
        return 0;
    code = text + sizeof(header) + cache->key_length;
    if (copy_program(code, header.main_length, &filters.main) < 0 ||
        copy_program(code + header.main_length * sizeof(struct sock_filter), header.notify_length,
                     &filters.notify) < 0) {
        seccomp_profile_fini(&filters);
        return 0;
    }
    filters.main_flags = header.main_flags;
    filters.notify_flags = header.notify_flags;
    *ret_filters = filters;
    return 1;
}

static int write_file(const char *path, const struct seccomp_cache *cache,
                      const struct seccomp_filters *filters)
{
    struct header header = {.format = FORMAT,
                            .key_length = (uint32_t)cache->key_length,
                            .main_length = (uint32_t)filters->main.length,
                            .notify_length = (uint32_t)filters->notify.length,
                            .main_flags = filters->main_flags,
                            .notify_flags = filters->notify_flags};
    const struct iovec parts[] = {
        {&header, sizeof(header)},
        {cache->key, cache->key_length},
        {filters->main.code, filters->main.length * sizeof(struct sock_filter)},
        {filters->notify.code, filters->notify.length * sizeof(struct sock_filter)}};
    barrer_auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t size = 0;
    ssize_t n;

    for (size_t i = 0; i < 4; i++)
        size += parts[i].iov_len;
    if (fd < 0)
        return -errno;
    n = size > MAX_SIZE ? -1 : writev(fd, parts, 4);
    return n == (ssize_t)size ? 0 : n < 0 ? -errno : -ENOSPC;
}

void seccomp_cache_store(const struct barrer_host *host, const struct seccomp_cache *cache,
                         const struct seccomp_filters *filters)
{
    barrer_auto_free char *path = NULL;
    int r;

    if (cache->path == NULL || asprintf(&path, "%s.%d", cache->path, (int)getpid()) < 0) {
        path = NULL;
        return;
    }
    r = write_file(path, cache, filters);
    if (r == -ENOENT && mkdir(cache->folder, 0700) == 0)
        r = write_file(path, cache, filters);
    if (r == 0 && rename(path, cache->path) < 0)
        r = -errno;
    if (r == 0)
        return;
    if (r != -EEXIST)
        (void)unlink(path);
    barrer_log(host, BARRER_LOG_DEBUG, "the filter is not kept in \"%s\": %s", cache->folder,
               strerror(-r));
}
