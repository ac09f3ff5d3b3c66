# SPDX-License-Identifier: Apache-2.0
light_sources += %D%/glance.c %D%/glance.h %D%/journal.c %D%/line.c %D%/line.h %D%/light.c %D%/lifecycle.h %D%/options.h %D%/state.c %D%/state.h
container_sources += %D%/caller.c %D%/caller.h %D%/create.c %D%/exec.c %D%/foreground.c \
	%D%/foreground.h %D%/later.c %D%/mounts.c %D%/notify.c %D%/notify.h
container_sources += %D%/bundle.c %D%/bundle.h
container_sources += %D%/checkpoint.c %D%/checkpoint.h %D%/criu.c %D%/criu.h %D%/restore.c \
	%D%/restore.h
container_sources += %D%/annotations.c %D%/annotations.h
