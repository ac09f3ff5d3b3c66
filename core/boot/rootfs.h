/* SPDX-License-Identifier: Apache-2.0
 *
 * From the initial RAM disk to the system's root: wait for the device, check it, mount it, perhaps
 * with a tmpfs over it, and make it "/".
 */
#ifndef CORE_BOOT_ROOTFS_H
#define CORE_BOOT_ROOTFS_H

#include "boot/machine.h"

/* In a child: mount the root of the settings at /newroot. The exit status for the child. */
int rootfs_mount(struct machine *machine);
/* In PID 1, then: move it to "/". */
int rootfs_switch(struct machine *machine, struct barrer_error *err);

#endif
