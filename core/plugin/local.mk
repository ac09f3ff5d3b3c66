# SPDX-License-Identifier: Apache-2.0
plugin_sources += %D%/descriptor.c %D%/descriptor.h %D%/helper.c %D%/helper.h \
	%D%/instance.c %D%/instance.h %D%/loader.c %D%/loader.h
