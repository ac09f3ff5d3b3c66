/* SPDX-License-Identifier: Apache-2.0
 *
 * The tests of layers as on a kernel before Linux 6.7, which does not take lower layers one by
 * one. No seccomp filter can look at the name of an option, so this program is built with
 * -Dfsconfig=old_fsconfig, the plugin included.
 */
#include "test_overlayfs_layers.c"

int fsconfig(int fd, unsigned int command, const char *key, const void *value, int aux)
{
    if (key != NULL && strcmp(key, "lowerdir+") == 0) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_fsconfig, fd, command, key, value, aux);
}
