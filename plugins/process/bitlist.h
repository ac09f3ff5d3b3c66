/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of CPUs and of memory nodes, such as "0-3,7", as the kernel writes them.
 */
#ifndef PLUGINS_PROCESS_BITLIST_H
#define PLUGINS_PROCESS_BITLIST_H

#define BITLIST_WORD_BITS (8 * sizeof(unsigned long))

/* Set the bits that LIST names in MASK, which has MAX of them; 0 or -EINVAL. */
int process_bitlist_read(const char *list, unsigned long *mask, unsigned long max);

#endif
