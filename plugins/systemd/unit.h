/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of a container's unit: what linux.cgroupsPath, "SLICE:PREFIX:NAME", says of it.
 */
#ifndef PLUGINS_SYSTEMD_UNIT_H
#define PLUGINS_SYSTEMD_UNIT_H

#include <barrer/plugin.h>

#define UNIT_NAME_MAX 255 /* systemd's */

struct unit {
    char slice[UNIT_NAME_MAX + 1]; /* "machine.slice" */
    char name[UNIT_NAME_MAX + 1];  /* "libpod-ID.scope" */
};

/* PATH: linux.cgroupsPath, or NULL. ID: the container's. IS_USER: of a user's own manager. */
int unit_parse(struct unit *unit, const struct barrer_host *host, const char *path, const char *id,
               int is_user, struct barrer_error *err);
/* The control group of the unit below that of the manager: "/a.slice/a-b.slice/NAME.scope"; to be
 * freed. NULL: no memory. */
char *unit_path(const struct unit *unit, const char *manager);

#endif
