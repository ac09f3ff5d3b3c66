# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/clrhost.la
%C%_clrhost_la_SOURCES = %D%/clrhost.c %D%/clrhost.h %D%/command.c %D%/dotnet.c %D%/libraries.c
%C%_clrhost_la_LDFLAGS = $(PLUGIN_LDFLAGS)
LINKED_PLUGINS += %D%/clrhost.la
linked_plugins_sources += $(%C%_clrhost_la_SOURCES)

include %D%/launcher/local.mk
