# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/native.la
%C%_native_la_SOURCES = %D%/native.c
%C%_native_la_LDFLAGS = $(PLUGIN_LDFLAGS)
LINKED_PLUGINS += %D%/native.la
linked_plugins_sources += $(%C%_native_la_SOURCES)
