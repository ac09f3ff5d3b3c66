/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum action {
    FLAG,      /* of the file system and of a bind mount */
    RECURSIVE, /* of everything below a mount */
    PROPAGATION,
    BIND,
    RBIND,
    REMOUNT,
    IDMAP,
    RIDMAP,
    COPY_UP,
    COPY_LINK,
    SOURCE_IS_LINK,
    TARGET_IS_LINK,
    NOTHING
};

struct option {
    const char *name;
    enum action action;
    unsigned set, clear;           /* MS_* */
    uint64_t attr_set, attr_clear; /* MOUNT_ATTR_* */
};

/* A file system's own property, which bind mounts cannot change. */
#define SUPER(bit) FLAG, bit, 0, 0, 0
#define NO_SUPER(bit) FLAG, 0, bit, 0, 0
#define ON(bit, attr) FLAG, bit, 0, attr, 0
#define OFF(bit, attr) FLAG, 0, bit, 0, attr
/* The three ways to count access times exclude each other. */
#define ATIMES (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)
#define ATIME(bit, attr) FLAG, bit, ATIMES & ~(bit), attr, MOUNT_ATTR__ATIME
#define ALL_ON(bit, attr) RECURSIVE, bit, 0, attr, 0
#define ALL_OFF(bit, attr) RECURSIVE, 0, bit, 0, attr
#define ALL_ATIME(bit, attr) RECURSIVE, bit, ATIMES & ~(bit), attr, MOUNT_ATTR__ATIME

/* Sorted by strcmp(3), since it is searched by halving. */
static const struct option table[] = {
    {"async", NO_SUPER(MS_SYNCHRONOUS)},
    {"atime", ATIME(MS_RELATIME, MOUNT_ATTR_RELATIME)},
    {"bind", BIND},
    {"copy-symlink", COPY_LINK},
    {"defaults", NOTHING},
    {"dest-nofollow", TARGET_IS_LINK},
    {"dev", OFF(MS_NODEV, MOUNT_ATTR_NODEV)},
    {"diratime", OFF(MS_NODIRATIME, MOUNT_ATTR_NODIRATIME)},
    {"dirsync", SUPER(MS_DIRSYNC)},
    {"exec", OFF(MS_NOEXEC, MOUNT_ATTR_NOEXEC)},
    {"idmap", IDMAP},
    {"iversion", SUPER(MS_I_VERSION)},
    {"lazytime", SUPER(MS_LAZYTIME)},
    {"loud", NO_SUPER(MS_SILENT)},
    {"mand", SUPER(MS_MANDLOCK)},
    {"noatime", ATIME(MS_NOATIME, MOUNT_ATTR_NOATIME)},
    {"nodev", ON(MS_NODEV, MOUNT_ATTR_NODEV)},
    {"nodiratime", ON(MS_NODIRATIME, MOUNT_ATTR_NODIRATIME)},
    {"noexec", ON(MS_NOEXEC, MOUNT_ATTR_NOEXEC)},
    {"noiversion", NO_SUPER(MS_I_VERSION)},
    {"nolazytime", NO_SUPER(MS_LAZYTIME)},
    {"nomand", NO_SUPER(MS_MANDLOCK)},
    {"norelatime", ATIME(MS_STRICTATIME, MOUNT_ATTR_STRICTATIME)},
    {"nostrictatime", ATIME(MS_RELATIME, MOUNT_ATTR_RELATIME)},
    {"nosuid", ON(MS_NOSUID, MOUNT_ATTR_NOSUID)},
    {"nosymfollow", ON(MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW)},
    {"private", PROPAGATION, MS_PRIVATE},
    {"rasync", NO_SUPER(MS_SYNCHRONOUS)},
    {"ratime", ALL_ATIME(MS_RELATIME, MOUNT_ATTR_RELATIME)},
    {"rbind", RBIND},
    {"rdev", ALL_OFF(MS_NODEV, MOUNT_ATTR_NODEV)},
    {"rdiratime", ALL_OFF(MS_NODIRATIME, MOUNT_ATTR_NODIRATIME)},
    {"rdirsync", SUPER(MS_DIRSYNC)},
    {"relatime", ATIME(MS_RELATIME, MOUNT_ATTR_RELATIME)},
    {"remount", REMOUNT},
    {"rexec", ALL_OFF(MS_NOEXEC, MOUNT_ATTR_NOEXEC)},
    {"ridmap", RIDMAP},
    {"rmand", SUPER(MS_MANDLOCK)},
    {"rnoatime", ALL_ATIME(MS_NOATIME, MOUNT_ATTR_NOATIME)},
    {"rnodev", ALL_ON(MS_NODEV, MOUNT_ATTR_NODEV)},
    {"rnodiratime", ALL_ON(MS_NODIRATIME, MOUNT_ATTR_NODIRATIME)},
    {"rnoexec", ALL_ON(MS_NOEXEC, MOUNT_ATTR_NOEXEC)},
    {"rnomand", NO_SUPER(MS_MANDLOCK)},
    {"rnorelatime", ALL_ATIME(MS_STRICTATIME, MOUNT_ATTR_STRICTATIME)},
    {"rnostrictatime", ALL_ATIME(MS_RELATIME, MOUNT_ATTR_RELATIME)},
    {"rnosuid", ALL_ON(MS_NOSUID, MOUNT_ATTR_NOSUID)},
    {"rnosymfollow", ALL_ON(MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW)},
    {"ro", ON(MS_RDONLY, MOUNT_ATTR_RDONLY)},
    {"rprivate", PROPAGATION, MS_PRIVATE | MS_REC},
    {"rrelatime", ALL_ATIME(MS_RELATIME, MOUNT_ATTR_RELATIME)},
    {"rro", ALL_ON(MS_RDONLY, MOUNT_ATTR_RDONLY)},
    {"rrw", ALL_OFF(MS_RDONLY, MOUNT_ATTR_RDONLY)},
    {"rshared", PROPAGATION, MS_SHARED | MS_REC},
    {"rslave", PROPAGATION, MS_SLAVE | MS_REC},
    {"rstrictatime", ALL_ATIME(MS_STRICTATIME, MOUNT_ATTR_STRICTATIME)},
    {"rsuid", ALL_OFF(MS_NOSUID, MOUNT_ATTR_NOSUID)},
    {"rsymfollow", ALL_OFF(MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW)},
    {"rsync", SUPER(MS_SYNCHRONOUS)},
    {"runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC},
    {"rw", OFF(MS_RDONLY, MOUNT_ATTR_RDONLY)},
    {"shared", PROPAGATION, MS_SHARED},
    {"silent", SUPER(MS_SILENT)},
    {"slave", PROPAGATION, MS_SLAVE},
    {"src-nofollow", SOURCE_IS_LINK},
    {"strictatime", ATIME(MS_STRICTATIME, MOUNT_ATTR_STRICTATIME)},
    {"suid", OFF(MS_NOSUID, MOUNT_ATTR_NOSUID)},
    {"symfollow", OFF(MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW)},
    {"sync", SUPER(MS_SYNCHRONOUS)},
    {"tmpcopyup", COPY_UP},
    {"unbindable", PROPAGATION, MS_UNBINDABLE},
};

static int compare_names(const void *key, const void *element)
{
    return strcmp(key, ((const struct option *)element)->name);
}

/* Later options win over earlier ones. */
static void add_attr(struct mount_attr *attr, const struct option *option)
{
    attr->attr_set &= ~option->attr_clear;
    attr->attr_clr &= ~option->attr_set;
    attr->attr_set |= option->attr_set;
    attr->attr_clr |= option->attr_clear;
}

static void add_flag(struct overlayfs_options *options, const struct option *option)
{
    options->flags = (options->flags & ~(unsigned long)option->clear) | option->set;
    if (option->action == RECURSIVE)
        add_attr(&options->all, option);
    else
        add_attr(&options->top, option);
    if (option->action == FLAG && option->set != 0 && (option->attr_set | option->attr_clear) == 0)
        options->ignored = option->name;
}

static int add_data(struct overlayfs_options *options, const char *name)
{
    size_t used = options->data == NULL ? 0 : strlen(options->data) + 1;
    char *grown = realloc(options->data, used + strlen(name) + 1);

    if (grown == NULL)
        return -ENOMEM;
    options->data = grown;
    if (used > 0)
        grown[used - 1] = ',';
    strcpy(grown + used, name);
    return 0;
}

static void apply(struct overlayfs_options *options, const struct option *option)
{
    switch (option->action) {
    case FLAG:
    case RECURSIVE:
        add_flag(options, option);
        break;
    case PROPAGATION:
        options->propagation = option->set;
        break;
    case RBIND:
        options->is_recursive = true;
        options->is_bind = true;
        break;
    case BIND:
        options->is_bind = true;
        break;
    case REMOUNT:
        options->is_remount = true;
        break;
    case IDMAP:
        options->idmap = OVERLAYFS_IDMAP;
        break;
    case RIDMAP:
        options->idmap = OVERLAYFS_RIDMAP;
        break;
    case COPY_UP:
        options->copies_up = true;
        break;
    case COPY_LINK:
        options->copies_link = true;
        break;
    case SOURCE_IS_LINK:
        options->source_is_link = true;
        break;
    case TARGET_IS_LINK:
        options->target_is_link = true;
        break;
    case NOTHING:
        break;
    }
}

/* "idmap=MAPS" */
static bool take_ranges(struct overlayfs_options *options, const char *name)
{
    bool is_recursive = strncmp(name, "ridmap=", 7) == 0;

    if (!is_recursive && strncmp(name, "idmap=", 6) != 0)
        return false;
    options->idmap = is_recursive ? OVERLAYFS_RIDMAP : OVERLAYFS_IDMAP;
    options->ranges = strchr(name, '=') + 1;
    return true;
}

int overlayfs_options_parse(const char *const *names, struct overlayfs_options *ret_options)
{
    struct overlayfs_options options = {0};

    for (; *names != NULL; names++) {
        const struct option *option =
            bsearch(*names, table, sizeof(table) / sizeof(*table), sizeof(*table), compare_names);

        if (option != NULL) {
            apply(&options, option);
        } else if (take_ranges(&options, *names)) {
            continue;
        } else if (**names != '\0' && add_data(&options, *names) < 0) {
            overlayfs_options_fini(&options);
            return -ENOMEM;
        }
    }
    *ret_options = options;
    return 0;
}

void overlayfs_options_fini(struct overlayfs_options *options)
{
    free(options->data);
    options->data = NULL;
}
