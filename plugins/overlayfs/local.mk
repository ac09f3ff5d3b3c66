# SPDX-License-Identifier: Apache-2.0
PLUGINS += %D%/overlayfs.la
%C%_overlayfs_la_SOURCES = %D%/overlayfs.c %D%/cgroups.c %D%/cgroups.h %D%/copies.c \
	%D%/copies.h %D%/devices.c %D%/devices.h %D%/idmap.c %D%/idmap.h %D%/instance.h \
	%D%/layers.c %D%/layers.h %D%/masks.c %D%/masks.h %D%/mounts.c %D%/mounts.h \
	%D%/nodes.c %D%/nodes.h %D%/options.c %D%/options.h %D%/pivot.c %D%/pivot.h %D%/remounts.c %D%/remounts.h \
	%D%/ranges.c %D%/ranges.h %D%/removals.c %D%/removals.h %D%/root.c %D%/root.h %D%/targets.c %D%/targets.h \
	%D%/trees.c %D%/trees.h %D%/upper.c %D%/upper.h
%C%_overlayfs_la_LDFLAGS = $(PLUGIN_LDFLAGS)
LINKED_PLUGINS += %D%/overlayfs.la
linked_plugins_sources += $(%C%_overlayfs_la_SOURCES)
