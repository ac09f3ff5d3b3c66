# SPDX-License-Identifier: Apache-2.0
flow_sources += %D%/channel.c %D%/channel.h %D%/child.c %D%/compose.c %D%/environment.c %D%/environment.h %D%/flow.h %D%/hooks.c \
	%D%/hooks.h %D%/layer.c %D%/payload.c %D%/payload.h %D%/sealed.c %D%/sealed.h %D%/spawn.c %D%/spawn.h %D%/stages.c %D%/stages.h
