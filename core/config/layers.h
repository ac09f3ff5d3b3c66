/* SPDX-License-Identifier: Apache-2.0
 *
 * Which files make up the configuration, and their texts: three folders, each with NAME.conf and
 * NAME.conf.d/ (barrer, boot), masks and replacements; or the one file of --config. A file is read through the
 * descriptor whose owner and mode were checked.
 */
#ifndef CORE_CONFIG_LAYERS_H
#define CORE_CONFIG_LAYERS_H

#include <stddef.h>

#include "config/problems.h"

#define LAYERS_FILE_LIMIT (64 * 1024)

/* Called with each file's name and text, in the order in which later ones win. */
typedef void layers_each(void *arg, const char *file, const char *text, size_t length);

/* FOLDERS: up to three, NULL ends fewer. What is absent is passed over; what cannot be read or
 * trusted is a problem. */
void layers_read_folders(const char *const *folders, const char *name, layers_each *each, void *arg,
                         struct problems *problems);
/* One file, which has to be there. */
void layers_read_file(const char *file, layers_each *each, void *arg, struct problems *problems);

#endif
