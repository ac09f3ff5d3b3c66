/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose process this is.
 */
#ifndef CORE_BASE_IDS_H
#define CORE_BASE_IDS_H

#include <sys/auxv.h>
#include <sys/types.h>

/* The effective user id that the program was executed with, which it keeps: without a system
 * call. Not for the container's process, which changes it. */
static inline uid_t ids_effective_uid(void)
{
    return (uid_t)getauxval(AT_EUID);
}

#endif
