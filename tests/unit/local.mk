# SPDX-License-Identifier: Apache-2.0
# test_NOUN tests plugins/NOUN or the part of the core that holds NOUN. Sources of a plugin are
# compiled again here (the CFLAGS line gives the objects names of their own): a module exports
# nothing but its descriptor.
EXTRA_DIST += %D%/tap.h %D%/fake_host.h
check_LTLIBRARIES += %D%/libfake.la
%C%_libfake_la_SOURCES = %D%/fake_host.c $(base_sources)
%C%_libfake_la_CFLAGS = $(AM_CFLAGS)

unit_tests = %D%/test_path %D%/test_namespace %D%/test_native
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

%C%_test_path_SOURCES = %D%/test_path.c $(base_sources)

%C%_test_namespace_SOURCES = %D%/test_namespace.c $(plugins_namespace_namespace_la_SOURCES)
%C%_test_namespace_CFLAGS = $(AM_CFLAGS)
%C%_test_namespace_LDADD = %D%/libfake.la

%C%_test_native_SOURCES = %D%/test_native.c $(plugins_native_native_la_SOURCES)
%C%_test_native_CFLAGS = $(AM_CFLAGS)
%C%_test_native_LDADD = %D%/libfake.la
include tests/unit/config.mk
