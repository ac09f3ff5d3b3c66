# SPDX-License-Identifier: Apache-2.0
base_sources += %D%/clock.c %D%/clock.h %D%/error.c %D%/error.h %D%/log.c %D%/log.h \
	%D%/fd.c %D%/fd.h %D%/ids.h %D%/path.c %D%/path.h %D%/program.c %D%/program.h
