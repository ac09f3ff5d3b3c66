# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += bin/barrer-config
bin_barrer_config_SOURCES = core/cli/barrer_config.c core/cli/barrer_config.h \
	core/cli/barrer_config_boot.c core/cli/barrer_config_check.c core/cli/barrer_config_keys.c \
	core/cli/barrer_config_plugins.c core/cli/barrer_config_show.c $(base_sources) \
	$(config_sources) $(boot_table_sources) $(plugin_sources) $(plugin_file_sources)
bin_barrer_config_LDFLAGS = $(PROGRAM_FLAGS) $(BUILTIN_FLAGS)
bin_barrer_config_LDADD = $(INIH_LIBS) $(JSONC_LIBS) $(LTDL_LIBS)
EXTRA_bin_barrer_config_DEPENDENCIES = $(BUILTIN_MODULES)
configcompletiondir = $(bashcompletiondir)
dist_configcompletion_DATA = completions/barrer-config completions/barrer-run completions/barrer-image \
	completions/barrerctl completions/barrer-init
