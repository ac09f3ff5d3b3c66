# SPDX-License-Identifier: Apache-2.0
# barrer-run is two programs: a first stage that is small and static, and the program proper that
# it executes; see first_stage.c.
light_sources += %D%/cli.c %D%/cli.h %D%/list.c %D%/operands.c %D%/operands.h %D%/state.c

bin_PROGRAMS += bin/barrer-run
bin_barrer_run_SOURCES = %D%/first_stage.c $(base_sources) $(light_sources) core/oci/id.c \
	core/oci/json.c
bin_barrer_run_CPPFLAGS = $(AM_CPPFLAGS) -DBARRER_PROGRAM='"$(pkglibexecdir)/barrer-run"' \
	-DBARRER_PROGRAM_RELATIVE='"../libexec/barrer/barrer-run"'
if STATIC_FIRST_STAGE
bin_barrer_run_LDFLAGS = $(AM_LDFLAGS) -all-static
else
bin_barrer_run_LDFLAGS = $(AM_LDFLAGS)
endif
bin_barrer_run_LDADD = $(JSONC_LIBS)

pkglibexec_PROGRAMS += libexec/barrer/barrer-run
libexec_barrer_barrer_run_SOURCES = %D%/main.c %D%/create.c %D%/delete.c %D%/events.c %D%/exec.c \
	%D%/features.c %D%/kill.c %D%/match.c %D%/match.h %D%/pause.c %D%/plan.c %D%/ps.c %D%/spec.c %D%/start.c \
	%D%/stats.c %D%/stats.h %D%/update.c $(base_sources) $(light_sources) $(oci_sources) \
	$(config_sources) $(plugin_sources) $(flow_sources) $(container_sources)
libexec_barrer_barrer_run_LDFLAGS = $(PROGRAM_FLAGS) $(BUILTIN_FLAGS)
libexec_barrer_barrer_run_LDADD = $(INIH_LIBS) $(JSONC_LIBS) $(LTDL_LIBS)
EXTRA_libexec_barrer_barrer_run_DEPENDENCIES = $(BUILTIN_MODULES)

include %D%/config.mk
