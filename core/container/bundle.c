/* SPDX-License-Identifier: Apache-2.0 */
#include "container/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrer/plugin.h>

#include "base/fd.h"
#include "base/log.h"

static const char *const folders[] = {
    "app",     "dev",        "etc", "home",      "proc", "root", "run",
    "sys",     "run/barrer", "usr", "usr/share", "var",  "tmp",  "usr/share/zoneinfo",
    "etc/ssl", NULL};

static const struct {
    const char *name, *text;
} files[] = {
    {"etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
    {"etc/group", "root:x:0:\nnogroup:x:65534:\n"},
    {"etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"},
    {"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
    {"etc/resolv.conf", ""},
    {"etc/localtime", ""},
};

static int fill(int root_fd)
{
    for (const char *const *folder = folders; *folder != NULL; folder++)
        if (mkdirat(root_fd, *folder, 0755) < 0)
            return -errno;
    if (fchmodat(root_fd, "tmp", 01777, 0) < 0)
        return -errno;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        barrer_auto_fd int fd =
            openat(root_fd, files[i].name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        int r = fd < 0 ? -errno : barrer_write_fd(fd, files[i].text);

        if (r < 0)
            return r;
    }
    return 0;
}

int bundle_create(char **ret_bundle, struct barrer_error *err)
{
    const char *folder = getenv("TMPDIR");
    barrer_auto_fd int fd = -1;
    barrer_auto_fd int root_fd = -1;
    char *path = NULL;
    mode_t mask;
    int r;

    if (asprintf(&path, "%s/barrer-XXXXXX", folder != NULL && folder[0] == '/' ? folder : "/tmp") <
        0)
        return error_fail(err, ENOMEM, "make a bundle");
    if (mkdtemp(path) == NULL) {
        r = error_fail(err, errno, "make a bundle \"%s\"", path);
        free(path);
        return r;
    }
    mask = umask(0);
    fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    r = fd < 0 || mkdirat(fd, "rootfs", 0755) < 0 ? -errno : 0;
    if (r == 0)
        root_fd = openat(fd, "rootfs", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (r == 0)
        r = root_fd < 0 ? -errno : fill(root_fd);
    (void)umask(mask);
    if (r < 0) {
        (void)error_fail(err, -r, "make the root file system of a bundle in \"%s\"", path);
        bundle_remove(path);
        free(path);
        return r;
    }
    *ret_bundle = path;
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    if (remove(path) < 0 && errno != ENOENT)
        log_write(BARRER_LOG_WARNING, "remove \"%s\": %s", path, strerror(errno));
    return 0;
}

void bundle_remove(const char *bundle)
{
    (void)nftw(bundle, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
