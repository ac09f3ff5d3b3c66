# SPDX-License-Identifier: Apache-2.0
# A descriptor, and a library that the plugin "systemd" is made with, too.
noinst_LTLIBRARIES += %D%/libcgroup1.la
%C%_libcgroup1_la_SOURCES = %D%/cgroup1.c %D%/cgroup1.h %D%/hierarchies.c %D%/groups.c \
	%D%/places.c %D%/file.c %D%/limits.c %D%/devices.c %D%/processes.c %D%/stats.c %D%/events.c
PLUGINS += %D%/cgroup1.la
%C%_cgroup1_la_SOURCES = %D%/plugin.c
%C%_cgroup1_la_LIBADD = %D%/libcgroup1.la
%C%_cgroup1_la_LDFLAGS = $(PLUGIN_LDFLAGS)
LINKED_PLUGINS += %D%/cgroup1.la
linked_plugins_sources += $(%C%_cgroup1_la_SOURCES) $(%C%_libcgroup1_la_SOURCES)
