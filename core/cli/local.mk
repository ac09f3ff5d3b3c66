# SPDX-License-Identifier: Apache-2.0
# barrer-run is two programs: a first stage that is small and static, and the program proper that
# it executes; see first_stage.c.
light_sources += %D%/cli.c %D%/cli.h %D%/list.c %D%/operands.c %D%/operands.h %D%/state.c

bin_PROGRAMS += bin/barrer-run
bin_barrer_run_SOURCES = %D%/first_stage.c $(base_sources) $(light_sources) core/oci/id.c \
	core/oci/json.c
bin_barrer_run_CPPFLAGS = $(AM_CPPFLAGS) -DBARRER_PROGRAM_RELATIVE='"../libexec/barrer/barrer-run"'
if LINKED_PROGRAM
bin_barrer_run_CPPFLAGS += -DHAS_STATIC_PROGRAM=1
else
bin_barrer_run_CPPFLAGS += -DHAS_STATIC_PROGRAM=0
endif
if STATIC_FIRST_STAGE
bin_barrer_run_LDFLAGS = $(AM_LDFLAGS) -all-static
else
bin_barrer_run_LDFLAGS = $(AM_LDFLAGS)
endif
bin_barrer_run_LDADD = $(JSONC_LIBS)

pkglibexec_PROGRAMS += libexec/barrer/barrer-run
program_sources = %D%/main.c %D%/checkpoint.c %D%/checkpoint.h %D%/create.c %D%/delete.c %D%/dotnet.c %D%/events.c %D%/exec.c \
	%D%/features.c %D%/kill.c %D%/match.c %D%/match.h %D%/mounts.c %D%/pause.c %D%/plan.c %D%/ps.c %D%/restore.c %D%/spec.c %D%/start.c \
	%D%/stats.c %D%/stats.h %D%/update.c $(base_sources) $(light_sources) $(oci_sources) \
	$(config_sources) $(plugin_sources) $(flow_sources) $(container_sources)
libexec_barrer_barrer_run_SOURCES = $(program_sources) $(plugin_file_sources)
libexec_barrer_barrer_run_LDFLAGS = $(PROGRAM_FLAGS) $(BUILTIN_FLAGS)
libexec_barrer_barrer_run_LDADD = $(INIH_LIBS) $(JSONC_LIBS) $(LTDL_LIBS)
EXTRA_libexec_barrer_barrer_run_DEPENDENCIES = $(BUILTIN_MODULES)

# The same with the shipped plugins linked in, for the containers that take no others.
if LINKED_PROGRAM
pkglibexec_PROGRAMS += libexec/barrer/barrer-run-static
libexec_barrer_barrer_run_static_SOURCES = $(program_sources) $(plugin_linked_sources)
nodist_libexec_barrer_barrer_run_static_SOURCES = core/plugin/linked.c
libexec_barrer_barrer_run_static_LDFLAGS = $(AM_LDFLAGS) -all-static
libexec_barrer_barrer_run_static_LDADD = plugins/liblinked.la $(INIH_LIBS) $(JSONC_LIBS) \
	$(SECCOMP_LIBS) -lcap
noinst_LTLIBRARIES += plugins/liblinked.la
plugins_liblinked_la_SOURCES = $(linked_plugins_sources)
plugins_liblinked_la_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS) $(SECCOMP_CFLAGS)
core/plugin/linked.c: $(LINKED_PLUGINS) $(srcdir)/core/plugin/linked.sh
	$(AM_V_GEN)$(MKDIR_P) core/plugin && $(srcdir)/core/plugin/linked.sh '$(READELF)' \
	  `for i in $(LINKED_PLUGINS); do echo $$(dirname $$i)/.libs/$$(basename $$i .la).so; done` >$@.new \
	  && mv $@.new $@
CLEANFILES += core/plugin/linked.c
endif

include %D%/config.mk
include %D%/barrerctl.mk
