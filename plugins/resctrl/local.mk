# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/resctrl.la
%C%_resctrl_la_SOURCES = %D%/resctrl.c %D%/resctrl.h %D%/schemata.c %D%/schemata.h %D%/stats.c
%C%_resctrl_la_LDFLAGS = $(PLUGIN_LDFLAGS)
LINKED_PLUGINS += %D%/resctrl.la
linked_plugins_sources += $(%C%_resctrl_la_SOURCES)
