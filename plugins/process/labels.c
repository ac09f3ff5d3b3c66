/* SPDX-License-Identifier: Apache-2.0 */
#include "labels.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>

#include <barrer/util.h>

static int has_apparmor(void)
{
    char answer[8];

    return barrer_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", answer,
                          sizeof(answer)) > 0 &&
           answer[0] == 'Y';
}

static int has_selinux(void)
{
    struct statfs fs;

    return statfs("/sys/fs/selinux", &fs) == 0 && (unsigned)fs.f_type == SELINUX_MAGIC;
}

/* Without AppArmor every process is unconfined. */
static int wants_apparmor(const struct barrer_process_request *request)
{
    return request->apparmor_profile != NULL &&
           strcmp(request->apparmor_profile, "unconfined") != 0;
}

int process_labels_check(const struct barrer_host *host,
                         const struct barrer_process_request *request, struct barrer_error *err)
{
    if (wants_apparmor(request) && !has_apparmor())
        return barrer_fail(host, err, EOPNOTSUPP,
                           "process.apparmorProfile \"%s\": AppArmor is not active in this kernel",
                           request->apparmor_profile);
    if (request->selinux_label != NULL && !has_selinux())
        return barrer_fail(host, err, EOPNOTSUPP,
                           "process.selinuxLabel \"%s\": SELinux is not active in this kernel "
                           "(or /sys/fs/selinux is not mounted)",
                           request->selinux_label);
    return 0;
}

/* FILE is below the verified procfs, so that nothing mounted over /proc can swallow the label. */
static int write_attribute(const struct barrer_host *host, const char *file, const char *text,
                           const char *what, struct barrer_error *err)
{
    barrer_auto_fd int fd = host->open_proc(host, file, O_WRONLY | O_CLOEXEC, err);
    int r;

    if (fd < 0)
        return fd;
    r = barrer_write_fd(fd, text);
    return r < 0 ? barrer_fail(host, err, -r, "%s \"%s\"", what, text) : 0;
}

static int apply_apparmor(const struct barrer_host *host, const char *profile,
                          struct barrer_error *err)
{
    barrer_auto_free char *text = NULL;
    int r;

    if (asprintf(&text, "exec %s", profile) < 0) {
        text = NULL;
        return barrer_fail(host, err, ENOMEM, "set AppArmor profile \"%s\"", profile);
    }
    /* attr/apparmor: Linux 5.8 with CONFIG_SECURITY_APPARMOR; attr/exec belongs to whichever
     * security module comes first. */
    r = write_attribute(host, "thread-self/attr/apparmor/exec", text, "set AppArmor profile", err);
    if (r == -ENOENT)
        r = write_attribute(host, "thread-self/attr/exec", text, "set AppArmor profile", err);
    if (r == -ENOENT)
        return barrer_fail(host, err, ENOENT, "AppArmor profile \"%s\" (is it loaded?)", profile);
    return r;
}

int process_labels_apply(const struct barrer_host *host,
                         const struct barrer_process_request *request, struct barrer_error *err)
{
    int r = 0;

    if (request->selinux_label != NULL)
        r = write_attribute(host, "thread-self/attr/exec", request->selinux_label,
                            "set SELinux label", err);
    if (r < 0)
        return r;
    return wants_apparmor(request) ? apply_apparmor(host, request->apparmor_profile, err) : 0;
}

int process_labels_set_keycreate(const struct barrer_host *host, const char *label,
                                 struct barrer_error *err)
{
    return write_attribute(host, "thread-self/attr/keycreate", label, "label the session keyring",
                           err);
}
