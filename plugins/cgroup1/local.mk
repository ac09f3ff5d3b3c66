# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/cgroup1.la
%C%_cgroup1_la_SOURCES = %D%/cgroup1.c
%C%_cgroup1_la_LDFLAGS = $(PLUGIN_LDFLAGS)
