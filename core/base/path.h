/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening paths that somebody else may control, and judging whether nobody else does.
 */
#ifndef CORE_BASE_PATH_H
#define CORE_BASE_PATH_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* openat(2) as if ROOT_FD were the root directory: neither symbolic links nor ".." lead out of
 * it, magic links are refused. openat2(2) with RESOLVE_IN_ROOT (Linux 5.6), else a walk of the
 * components that resolves the links itself. A new O_CLOEXEC descriptor, or -errno. */
int path_open_in_root(int root_fd, const char *path, int flags, uint32_t mode);

/* Open PATH below the procfs behind PROC_FD without crossing a mount and without magic links
 * (openat2 with RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS, else a walk that
 * checks fstatfs(2)). A new descriptor, or -errno. */
int path_open_proc(int proc_fd, const char *path, int flags);
/* Open /proc and check that it is a procfs: a new O_PATH descriptor. */
int path_open_procfs(int *ret_fd, struct barrer_error *err);

/* The rule of trust for plugins and INI files: every component of PATH, which is absolute, is
 * owned by root or by OWNER and not writable by group or others. A sticky folder of root's
 * (/tmp) passes when the next component is so owned. Symbolic links on the way are resolved
 * first, each of them owned by root or OWNER. ENOENT is an ordinary answer; EPERM comes with a
 * text that names the component, what was found, what is wanted, and the remedy. */
int path_check_trusted(const char *path, uid_t owner, struct barrer_error *err);
/* The owner that is trusted beside root: that of the running executable. Handing PATH_EXE_OWNER to
 * path_check_trusted means the same, asked only when a component is not root's. */
#define PATH_EXE_OWNER ((uid_t)-1)
uid_t path_trusted_owner(void);

/* Create DIR and what is missing above it, with MODE for what is created. */
int path_make_folders(const char *path, mode_t mode, struct barrer_error *err);

/* Whether openat2(2) works here; asked once. */
int path_has_openat2(void);

#endif
