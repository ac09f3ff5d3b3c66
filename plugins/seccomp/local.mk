# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/seccomp.la
%C%_seccomp_la_SOURCES = %D%/seccomp.c %D%/cache.c %D%/cache.h \
	%D%/compact.c %D%/compact.h \
	%D%/enosys.c %D%/enosys.h %D%/listener.c %D%/listener.h %D%/profile.c %D%/profile.h \
	%D%/program.c %D%/program.h
%C%_seccomp_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_seccomp_la_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
%C%_seccomp_la_LIBADD = $(SECCOMP_LIBS)
LINKED_PLUGINS += %D%/seccomp.la
linked_plugins_sources += $(%C%_seccomp_la_SOURCES)
