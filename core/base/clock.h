/* SPDX-License-Identifier: Apache-2.0
 *
 * The time of day as text. gmtime_r(3) would read /etc/localtime first, seven system calls.
 */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

/* Room for clock_rfc3339's text. */
#define CLOCK_SIZE 40

/* Now, as RFC 3339 has it, in UTC with nanoseconds: "2026-11-22T09:08:07.123456789Z". */
void clock_rfc3339(char text[CLOCK_SIZE]);

#endif
