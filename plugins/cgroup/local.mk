# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/cgroup.la
%C%_cgroup_la_SOURCES = %D%/cgroup.c
%C%_cgroup_la_LDFLAGS = $(PLUGIN_LDFLAGS)
