# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/overlayfs.la
%C%_overlayfs_la_SOURCES = %D%/overlayfs.c
%C%_overlayfs_la_LDFLAGS = $(PLUGIN_LDFLAGS)
