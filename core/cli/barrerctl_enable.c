/* SPDX-License-Identifier: Apache-2.0
 *
 * Enabling a service is one drop-in file, so it works on a system that does not run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <barrer/util.h>

#include "base/fd.h"
#include "base/path.h"
#include "boot/machine.h"
#include "cli/barrerctl.h"
#include "config/composition.h"

int enable_service(const char *root, const char *name, int is_enabled)
{
    barrer_auto_free char *folder = NULL;
    barrer_auto_fd int fd = -1;
    struct barrer_error err;
    char file[64], text[128];
    int r;

    if (!composition_is_instance_name(name)) {
        fprintf(stderr, "barrerctl: \"%s\" cannot be the name of a service\n", name);
        return 2;
    }
    if (asprintf(&folder, "%s%s/boot.conf.d", strcmp(root, "/") == 0 ? "" : root, BOOT_CONF_DIR) <
            0 ||
        path_make_folders(folder, 0755, &err) < 0) {
        fprintf(stderr, "barrerctl: %s\n", err.text);
        return 1;
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(file, sizeof(file), "90-%s.conf", name);
    (void)snprintf(text, sizeof(text), "# Written by barrerctl.\n[service %s]\nenabled = %s\n", name,
                   is_enabled ? "yes" : "no");
    r = fd < 0 ? -errno : fd_replace_file(fd, file, text, strlen(text), 0644);
    if (r < 0)
        fprintf(stderr, "barrerctl: write \"%s/%s\": %s\n", folder, file, strerror(-r));
    return r < 0;
}
