# SPDX-License-Identifier: Apache-2.0
light_sources += %D%/journal.c %D%/light.c %D%/lifecycle.h %D%/options.h %D%/state.c %D%/state.h
container_sources += %D%/caller.c %D%/caller.h %D%/create.c %D%/exec.c %D%/foreground.c \
	%D%/foreground.h %D%/later.c
