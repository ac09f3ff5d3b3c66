# SPDX-License-Identifier: Apache-2.0
oci_sources += %D%/arena.c %D%/arena.h %D%/defaults.c %D%/features.c %D%/features.h %D%/filesystem.c %D%/hooks.c %D%/id.c \
	%D%/json.c %D%/linux.c %D%/node.c %D%/node.h %D%/process.c %D%/properties.c \
	%D%/properties.h %D%/resources.c %D%/sections.h %D%/seccomp.c %D%/spec.c %D%/spec.h
