# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/process.la
%C%_process_la_SOURCES = %D%/process.c
%C%_process_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_process_la_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
%C%_process_la_LIBADD = $(CAP_LIBS)
