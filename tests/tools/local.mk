# SPDX-License-Identifier: Apache-2.0
# kexec.c is built by tests/boot/machine.sh, for its guest.
EXTRA_DIST += %D%/kexec.c
check_PROGRAMS += tests/tools/deny
tests_tools_deny_SOURCES = %D%/deny.c
tests_tools_deny_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
tests_tools_deny_LDADD = $(SECCOMP_LIBS)
check_PROGRAMS += tests/tools/swap
tests_tools_swap_SOURCES = %D%/swap.c
check_PROGRAMS += tests/tools/trace
tests_tools_trace_SOURCES = %D%/trace.c
check_PROGRAMS += tests/tools/fault
tests_tools_fault_SOURCES = %D%/fault.c
tests_tools_fault_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
tests_tools_fault_LDADD = $(SECCOMP_LIBS)
