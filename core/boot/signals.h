/* SPDX-License-Identifier: Apache-2.0
 *
 * The signals of PID 1: those of busybox's init, and the real-time ones of systemd's.
 */
#ifndef CORE_BOOT_SIGNALS_H
#define CORE_BOOT_SIGNALS_H

#include "boot/supervisor.h"

/* Block all but faults; a descriptor that tells those that come. */
int signals_open(void);
/* One for those alone that ask for a shutdown: boot takes these, the others wait. */
int signals_open_shutdown(void);
void signals_read(struct supervisor *s, int fd);

#endif
