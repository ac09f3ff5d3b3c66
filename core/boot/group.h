/* SPDX-License-Identifier: Apache-2.0
 *
 * The cgroup of a service: below that of all services, made before each start and removed after
 * it. A group in which cgroup.kill was used is not used again: Linux kills what is cloned into it.
 */
#ifndef CORE_BOOT_GROUP_H
#define CORE_BOOT_GROUP_H

/* Make NAME below PARENT_FD: a descriptor, or -errno. */
int group_make(int parent_fd, const char *name);
/* Remove NAME with what is below it: 0, -ENOENT, or -EBUSY while processes live in it. */
int group_remove(int parent_fd, const char *name);
/* SIGKILL to all that is in it and below it. */
void group_kill(int parent_fd, const char *name);

#endif
