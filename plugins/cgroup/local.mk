# SPDX-License-Identifier: Apache-2.0
# A descriptor, and a library that the plugin "systemd" is made with, too.
noinst_LTLIBRARIES += %D%/libcgroup.la
%C%_libcgroup_la_SOURCES = %D%/backend.h %D%/cgroup.c %D%/cgroup.h %D%/hierarchy.c %D%/file.c \
	%D%/limits.c %D%/devices.c %D%/processes.c %D%/stats.c %D%/events.c
PLUGINS += %D%/cgroup.la
%C%_cgroup_la_SOURCES = %D%/plugin.c
%C%_cgroup_la_LIBADD = %D%/libcgroup.la
%C%_cgroup_la_LDFLAGS = $(PLUGIN_LDFLAGS)
LINKED_PLUGINS += %D%/cgroup.la
linked_plugins_sources += $(%C%_cgroup_la_SOURCES) $(%C%_libcgroup_la_SOURCES)
