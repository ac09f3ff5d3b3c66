# SPDX-License-Identifier: Apache-2.0
config_sources += %D%/composition.c %D%/composition.h %D%/config.c %D%/config.h %D%/keys.c \
	%D%/keys.h %D%/layers.c %D%/layers.h %D%/name.c %D%/nearest.c %D%/options.c %D%/problems.c \
	%D%/problems.h %D%/reader.c %D%/reader.h %D%/tree.c %D%/tree.h %D%/types.c \
	%D%/types.h %D%/words.c %D%/words.h
