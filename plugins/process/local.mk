# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/process.la
%C%_process_la_SOURCES = %D%/process.c %D%/bitlist.c %D%/bitlist.h \
	%D%/capabilities.c %D%/capabilities.h %D%/credentials.c %D%/credentials.h \
	%D%/directory.c %D%/directory.h %D%/keyring.c %D%/keyring.h %D%/labels.c %D%/labels.h \
	%D%/mempolicy.c %D%/mempolicy.h %D%/rlimits.c %D%/rlimits.h %D%/scheduler.c %D%/scheduler.h %D%/streams.c %D%/streams.h \
	%D%/terminal.c %D%/terminal.h
%C%_process_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_process_la_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
%C%_process_la_LIBADD = $(CAP_LIBS)
LINKED_PLUGINS += %D%/process.la
linked_plugins_sources += $(%C%_process_la_SOURCES)
