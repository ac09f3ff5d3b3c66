# SPDX-License-Identifier: Apache-2.0
# Modules that the loader refuses, each for one fault; the samples that third parties begin with;
# and the tests that use them. -rpath makes libtool build a shared object of what is not installed.
BAD_LDFLAGS = -module -avoid-version -rpath /nowhere -export-symbols-regex '_LTX_barrer$$'
EXTRA_DIST += %D%/bad.h
if !STATIC_PROGRAMS
check_LTLIBRARIES += \
	%D%/bad_default.la \
	%D%/bad_flags.la \
	%D%/bad_honours.la \
	%D%/bad_key.la \
	%D%/bad_kind.la \
	%D%/bad_magic.la \
	%D%/bad_major.la \
	%D%/bad_minor.la \
	%D%/bad_name.la \
	%D%/bad_need.la \
	%D%/bad_open.la \
	%D%/bad_opener.la \
	%D%/bad_operation.la \
	%D%/bad_ops.la \
	%D%/bad_reserved.la \
	%D%/bad_reserved_key.la \
	%D%/bad_silent.la \
	%D%/bad_size.la \
	%D%/bad_summary.la \
	%D%/bad_symbol.la \
	%D%/bad_table.la \
	%D%/bad_twice.la \
	%D%/bad_type.la \
	%D%/bad_undefined.la \
	%D%/tally.la %D%/marker.la \
	%D%/faulty.la %D%/faulty_filesystem.la %D%/faulty_isolation.la %D%/faulty_planner.la %D%/faulty_resources.la %D%/faulty_runtime.la
endif
%C%_bad_default_la_SOURCES = %D%/bad-default.c
%C%_bad_default_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_flags_la_SOURCES = %D%/bad-flags.c
%C%_bad_flags_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_honours_la_SOURCES = %D%/bad-honours.c
%C%_bad_honours_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_key_la_SOURCES = %D%/bad-key.c
%C%_bad_key_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_kind_la_SOURCES = %D%/bad-kind.c
%C%_bad_kind_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_magic_la_SOURCES = %D%/bad-magic.c
%C%_bad_magic_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_major_la_SOURCES = %D%/bad-major.c
%C%_bad_major_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_minor_la_SOURCES = %D%/bad-minor.c
%C%_bad_minor_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_name_la_SOURCES = %D%/bad-name.c
%C%_bad_name_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_need_la_SOURCES = %D%/bad-need.c
%C%_bad_need_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_open_la_SOURCES = %D%/bad-open.c
%C%_bad_open_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_opener_la_SOURCES = %D%/bad-opener.c
%C%_bad_opener_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_operation_la_SOURCES = %D%/bad-operation.c
%C%_bad_operation_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_ops_la_SOURCES = %D%/bad-ops.c
%C%_bad_ops_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_reserved_la_SOURCES = %D%/bad-reserved.c
%C%_bad_reserved_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_reserved_key_la_SOURCES = %D%/bad-reserved-key.c
%C%_bad_reserved_key_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_silent_la_SOURCES = %D%/bad-silent.c
%C%_bad_silent_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_size_la_SOURCES = %D%/bad-size.c
%C%_bad_size_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_summary_la_SOURCES = %D%/bad-summary.c
%C%_bad_summary_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_symbol_la_SOURCES = %D%/bad-symbol.c
%C%_bad_symbol_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_table_la_SOURCES = %D%/bad-table.c
%C%_bad_table_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_twice_la_SOURCES = %D%/bad-twice.c
%C%_bad_twice_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_type_la_SOURCES = %D%/bad-type.c
%C%_bad_type_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_bad_undefined_la_SOURCES = %D%/bad-undefined.c
%C%_bad_undefined_la_LDFLAGS = $(BAD_LDFLAGS)

if !STATIC_PROGRAMS
%C%_tally_la_SOURCES = %D%/tally.c
%C%_tally_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_marker_la_SOURCES = %D%/marker.c
%C%_marker_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_faulty_la_SOURCES = %D%/faulty.c %D%/faulty.h
%C%_faulty_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_faulty_filesystem_la_SOURCES = %D%/faulty_filesystem.c %D%/faulty.h
%C%_faulty_filesystem_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_faulty_isolation_la_SOURCES = %D%/faulty_isolation.c %D%/faulty.h
%C%_faulty_isolation_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_faulty_planner_la_SOURCES = %D%/faulty_planner.c %D%/faulty.h
%C%_faulty_planner_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_faulty_resources_la_SOURCES = %D%/faulty_resources.c %D%/faulty.h
%C%_faulty_resources_la_LDFLAGS = $(BAD_LDFLAGS)
%C%_faulty_runtime_la_SOURCES = %D%/faulty_runtime.c %D%/faulty.h
%C%_faulty_runtime_la_LDFLAGS = $(BAD_LDFLAGS)
# Programs that load modules from files. BUILTIN_FLAGS: the loader refers to the preopened ones.
module_tests = tests/unit/test_loader tests/unit/test_instance
check_PROGRAMS += $(module_tests)
TESTS += $(module_tests)
module_test_CPPFLAGS = $(AM_CPPFLAGS) \
	-DTEST_PLUGIN_DIR='"$(abs_builddir)/tests/plugins/.libs"'
module_test_sources = $(plugin_sources) $(plugin_file_sources) $(config_sources) $(base_sources)
tests_unit_test_loader_SOURCES = tests/unit/test_loader.c $(module_test_sources)
tests_unit_test_loader_CPPFLAGS = $(module_test_CPPFLAGS)
tests_unit_test_loader_CFLAGS = $(AM_CFLAGS) $(INIH_CFLAGS)
tests_unit_test_loader_LDFLAGS = $(AM_LDFLAGS) $(BUILTIN_FLAGS)
tests_unit_test_loader_LDADD = $(LTDL_LIBS) $(INIH_LIBS)
EXTRA_tests_unit_test_loader_DEPENDENCIES = $(BUILTIN_MODULES)
tests_unit_test_instance_SOURCES = tests/unit/test_instance.c $(module_test_sources)
tests_unit_test_instance_CPPFLAGS = $(module_test_CPPFLAGS)
tests_unit_test_instance_CFLAGS = $(AM_CFLAGS) $(INIH_CFLAGS)
tests_unit_test_instance_LDFLAGS = $(AM_LDFLAGS) $(BUILTIN_FLAGS)
tests_unit_test_instance_LDADD = $(LTDL_LIBS) $(INIH_LIBS)
EXTRA_tests_unit_test_instance_DEPENDENCIES = $(BUILTIN_MODULES)
endif

# manual.sh builds the example of barrer-plugin(7). outoftree.sh builds the samples with what is
# installed, and nothing else.
shell_tests += %D%/manual.sh %D%/refused.sh
EXTRA_DIST += %D%/outoftree.sh
installcheck-local:
	PKG_CONFIG_PATH='$(DESTDIR)$(pkgconfigdir)' PKG_CONFIG_SYSROOT_DIR='$(DESTDIR)' \
	  DESTDIR='$(DESTDIR)' BARRER_RUN='$(DESTDIR)$(bindir)/barrer-run' CC='$(CC)' CXX='$(CXX)' \
	  abs_top_builddir='$(abs_top_builddir)' bash $(srcdir)/tests/plugins/outoftree.sh
