# SPDX-License-Identifier: Apache-2.0
plugin_sources += %D%/descriptor.c %D%/descriptor.h %D%/helper.c %D%/helper.h \
	%D%/instance.c %D%/instance.h %D%/loader.c %D%/loader.h %D%/opener.h
# A program that uses plugin_sources adds one of these.
plugin_file_sources = %D%/open_file.c
plugin_sealed_sources = %D%/open_sealed.c %D%/linked.h
plugin_linked_sources = %D%/open_linked.c %D%/linked.h
