# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/cgroup.la
%C%_cgroup_la_SOURCES = %D%/cgroup.c %D%/cgroup.h %D%/hierarchy.c %D%/file.c %D%/limits.c \
	%D%/devices.c %D%/processes.c %D%/stats.c %D%/events.c
%C%_cgroup_la_LDFLAGS = $(PLUGIN_LDFLAGS)
LINKED_PLUGINS += %D%/cgroup.la
linked_plugins_sources += $(%C%_cgroup_la_SOURCES)
