# SPDX-License-Identifier: Apache-2.0
config_tests = tests/unit/test_config_layers tests/unit/test_config_merge \
	tests/unit/test_config_options tests/unit/test_config_reader
check_PROGRAMS += $(config_tests) tests/fuzz/fuzz_config
TESTS += $(config_tests) tests/fuzz/fuzz_config
EXTRA_DIST += tests/unit/test_config_support.h tests/fuzz/corpus/config

tests_unit_test_config_layers_SOURCES = tests/unit/test_config_layers.c $(config_sources) \
	$(base_sources)
tests_unit_test_config_layers_LDADD = $(INIH_LIBS)
tests_unit_test_config_merge_SOURCES = tests/unit/test_config_merge.c $(config_sources) \
	$(base_sources)
tests_unit_test_config_merge_LDADD = $(INIH_LIBS)
tests_unit_test_config_options_SOURCES = tests/unit/test_config_options.c $(config_sources) \
	$(base_sources)
tests_unit_test_config_options_LDADD = $(INIH_LIBS)
tests_unit_test_config_reader_SOURCES = tests/unit/test_config_reader.c $(config_sources) \
	$(base_sources)
tests_unit_test_config_reader_LDADD = $(INIH_LIBS)
# The replay of the corpus; with libFuzzer see the file.
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c $(config_sources) $(base_sources)
tests_fuzz_fuzz_config_LDADD = $(INIH_LIBS)
