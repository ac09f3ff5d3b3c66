# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/namespace.la
%C%_namespace_la_SOURCES = %D%/namespace.c %D%/joins.c %D%/joins.h %D%/kinds.c %D%/kinds.h \
	%D%/maps.c %D%/maps.h %D%/netdevices.c %D%/netdevices.h \
	%D%/rtnetlink.c %D%/rtnetlink.h %D%/sysctl.c %D%/sysctl.h
%C%_namespace_la_LDFLAGS = $(PLUGIN_LDFLAGS)
LINKED_PLUGINS += %D%/namespace.la
linked_plugins_sources += $(%C%_namespace_la_SOURCES)
