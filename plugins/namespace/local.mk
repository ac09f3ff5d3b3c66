# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/namespace.la
%C%_namespace_la_SOURCES = %D%/namespace.c
%C%_namespace_la_LDFLAGS = $(PLUGIN_LDFLAGS)
