# SPDX-License-Identifier: Apache-2.0
# plugins/process and plugins/seccomp
EXTRA_DIST += %D%/test_process_support.h
process_tests = %D%/test_process %D%/test_process_limits %D%/test_process_terminal \
	%D%/test_seccomp %D%/test_seccomp_listener
check_PROGRAMS += $(process_tests)
TESTS += $(process_tests)

%C%_test_process_SOURCES = %D%/test_process.c $(plugins_process_process_la_SOURCES)
%C%_test_process_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
%C%_test_process_LDADD = %D%/libfake.la $(CAP_LIBS)

%C%_test_process_limits_SOURCES = %D%/test_process_limits.c $(plugins_process_process_la_SOURCES)
%C%_test_process_limits_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
%C%_test_process_limits_LDADD = %D%/libfake.la $(CAP_LIBS)

%C%_test_process_terminal_SOURCES = %D%/test_process_terminal.c \
	$(plugins_process_process_la_SOURCES)
%C%_test_process_terminal_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
%C%_test_process_terminal_LDADD = %D%/libfake.la $(CAP_LIBS)

%C%_test_seccomp_SOURCES = %D%/test_seccomp.c $(plugins_seccomp_seccomp_la_SOURCES)
%C%_test_seccomp_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
%C%_test_seccomp_LDADD = %D%/libfake.la $(SECCOMP_LIBS)

%C%_test_seccomp_listener_SOURCES = %D%/test_seccomp_listener.c \
	$(plugins_seccomp_seccomp_la_SOURCES)
%C%_test_seccomp_listener_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS) $(JSONC_CFLAGS)
%C%_test_seccomp_listener_LDADD = %D%/libfake.la $(SECCOMP_LIBS) $(JSONC_LIBS)
