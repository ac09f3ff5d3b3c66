/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of the file "schemata": a resource and a value for each of its domains, "L3:0=7f0;1=1f".
 */
#ifndef PLUGINS_RESCTRL_SCHEMATA_H
#define PLUGINS_RESCTRL_SCHEMATA_H

/* Whether all that LINE asks is so in CURRENT, the text of a schemata file. Numbers are compared as
 * numbers: the kernel pads them with zeros and blanks. */
int resctrl_schemata_has(const char *current, const char *line);
/* The line of CURRENT for RESOURCE ("L3"), a fresh string without blanks; or NULL. */
char *resctrl_schemata_line(const char *current, const char *resource);

#endif
