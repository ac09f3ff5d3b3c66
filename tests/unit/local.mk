# SPDX-License-Identifier: Apache-2.0
# test_NOUN tests plugins/NOUN or the part of the core that holds NOUN. Sources of a plugin are
# compiled again here (the CFLAGS line gives the objects names of their own): a module exports
# nothing but its descriptor.
EXTRA_DIST += %D%/tap.h %D%/fake_host.h
check_LTLIBRARIES += %D%/libfake.la
%C%_libfake_la_SOURCES = %D%/fake_host.c $(base_sources)
%C%_libfake_la_CFLAGS = $(AM_CFLAGS)

unit_tests = %D%/test_path %D%/test_namespace %D%/test_namespace_maps %D%/test_native \
	%D%/test_process %D%/test_process_limits %D%/test_process_terminal \
	%D%/test_seccomp %D%/test_seccomp_compact %D%/test_seccomp_listener %D%/test_cgroup %D%/test_cgroup1 \
	%D%/test_resctrl
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

%C%_test_path_SOURCES = %D%/test_path.c $(base_sources)

%C%_test_namespace_SOURCES = %D%/test_namespace.c $(plugins_namespace_namespace_la_SOURCES)
%C%_test_namespace_CFLAGS = $(AM_CFLAGS)
%C%_test_namespace_LDADD = %D%/libfake.la
%C%_test_namespace_maps_SOURCES = %D%/test_namespace_maps.c $(plugins_namespace_namespace_la_SOURCES)
%C%_test_namespace_maps_CFLAGS = $(AM_CFLAGS)
%C%_test_namespace_maps_LDADD = %D%/libfake.la

%C%_test_native_SOURCES = %D%/test_native.c $(plugins_native_native_la_SOURCES)
%C%_test_native_CFLAGS = $(AM_CFLAGS)
%C%_test_native_LDADD = %D%/libfake.la

EXTRA_DIST += %D%/test_process_support.h
%C%_test_process_SOURCES = %D%/test_process.c $(plugins_process_process_la_SOURCES)
%C%_test_process_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
%C%_test_process_LDADD = %D%/libfake.la $(CAP_LIBS)
%C%_test_process_limits_SOURCES = %D%/test_process_limits.c $(plugins_process_process_la_SOURCES)
%C%_test_process_limits_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
%C%_test_process_limits_LDADD = %D%/libfake.la $(CAP_LIBS)
%C%_test_process_terminal_SOURCES = %D%/test_process_terminal.c \
	$(plugins_process_process_la_SOURCES)
%C%_test_process_terminal_CFLAGS = $(AM_CFLAGS) $(CAP_CFLAGS)
%C%_test_process_terminal_LDADD = %D%/libfake.la $(CAP_LIBS)

%C%_test_seccomp_SOURCES = %D%/test_seccomp.c $(plugins_seccomp_seccomp_la_SOURCES)
%C%_test_seccomp_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
%C%_test_seccomp_LDADD = %D%/libfake.la $(SECCOMP_LIBS)
%C%_test_seccomp_compact_SOURCES = %D%/test_seccomp_compact.c \
	$(plugins_seccomp_seccomp_la_SOURCES)
%C%_test_seccomp_compact_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
%C%_test_seccomp_compact_LDADD = %D%/libfake.la $(SECCOMP_LIBS)
%C%_test_seccomp_listener_SOURCES = %D%/test_seccomp_listener.c \
	$(plugins_seccomp_seccomp_la_SOURCES)
%C%_test_seccomp_listener_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS) $(JSONC_CFLAGS)
%C%_test_seccomp_listener_LDADD = %D%/libfake.la $(SECCOMP_LIBS) $(JSONC_LIBS)

%C%_test_cgroup_SOURCES = %D%/test_cgroup.c $(plugins_cgroup_cgroup_la_SOURCES) $(plugins_cgroup_libcgroup_la_SOURCES)
%C%_test_cgroup_CFLAGS = $(AM_CFLAGS)
%C%_test_cgroup_LDADD = %D%/libfake.la

%C%_test_cgroup1_SOURCES = %D%/test_cgroup1.c $(plugins_cgroup1_cgroup1_la_SOURCES) $(plugins_cgroup1_libcgroup1_la_SOURCES)
%C%_test_cgroup1_CFLAGS = $(AM_CFLAGS)
%C%_test_cgroup1_LDADD = %D%/libfake.la

%C%_test_resctrl_SOURCES = %D%/test_resctrl.c $(plugins_resctrl_resctrl_la_SOURCES)
%C%_test_resctrl_CFLAGS = $(AM_CFLAGS)
%C%_test_resctrl_LDADD = %D%/libfake.la
%C%_test_resctrl_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mkdirat -Wl,--wrap=unlinkat \
	-Wl,--wrap=openat -Wl,--wrap=fstatfs

include tests/unit/config.mk

# core/oci
EXTRA_DIST += %D%/test_oci_support.h tests/fixtures/full.json
check_LTLIBRARIES += %D%/liboci.la
%C%_liboci_la_SOURCES = $(oci_sources) $(base_sources)
%C%_liboci_la_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS)
oci_tests = %D%/test_oci_json %D%/test_oci_mutation %D%/test_oci_properties %D%/test_oci_spec
check_PROGRAMS += $(oci_tests)
TESTS += $(oci_tests)
%C%_test_oci_json_SOURCES = %D%/test_oci_json.c
%C%_test_oci_json_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS)
%C%_test_oci_json_LDADD = %D%/liboci.la $(JSONC_LIBS)
%C%_test_oci_mutation_SOURCES = %D%/test_oci_mutation.c
%C%_test_oci_mutation_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS)
%C%_test_oci_mutation_LDADD = %D%/liboci.la $(JSONC_LIBS)
%C%_test_oci_properties_SOURCES = %D%/test_oci_properties.c
%C%_test_oci_properties_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS)
%C%_test_oci_properties_LDADD = %D%/liboci.la $(JSONC_LIBS)
%C%_test_oci_spec_SOURCES = %D%/test_oci_spec.c
%C%_test_oci_spec_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS)
%C%_test_oci_spec_LDADD = %D%/liboci.la $(JSONC_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_spec
TESTS += tests/fuzz/fuzz_spec
tests_fuzz_fuzz_spec_SOURCES = tests/fuzz/fuzz_spec.c
tests_fuzz_fuzz_spec_CFLAGS = $(AM_CFLAGS) $(JSONC_CFLAGS)
tests_fuzz_fuzz_spec_LDADD = %D%/liboci.la $(JSONC_LIBS)
EXTRA_DIST += tests/fuzz/replay.h tests/fuzz/corpus/spec/deep.json tests/fuzz/corpus/spec/default.json \
	tests/fuzz/corpus/spec/duplicate-keys.json tests/fuzz/corpus/spec/empty.json \
	tests/fuzz/corpus/spec/hooks.json tests/fuzz/corpus/spec/linux.json \
	tests/fuzz/corpus/spec/literal.json tests/fuzz/corpus/spec/minimal.json \
	tests/fuzz/corpus/spec/mounts.json tests/fuzz/corpus/spec/nulls.json \
	tests/fuzz/corpus/spec/numbers.json tests/fuzz/corpus/spec/process.json \
	tests/fuzz/corpus/spec/resources.json tests/fuzz/corpus/spec/rootless.json \
	tests/fuzz/corpus/spec/seccomp.json tests/fuzz/corpus/spec/too-deep.json \
	tests/fuzz/corpus/spec/truncated.json tests/fuzz/corpus/spec/unknown.json

# plugins/overlayfs
EXTRA_DIST += %D%/test_overlayfs_box.h
overlayfs_tests = %D%/test_overlayfs %D%/test_overlayfs_mounts %D%/test_overlayfs_hostile \
	%D%/test_overlayfs_layers %D%/test_overlayfs_layers_old %D%/test_overlayfs_cgroups
check_PROGRAMS += $(overlayfs_tests)
TESTS += $(overlayfs_tests)
%C%_test_overlayfs_SOURCES = %D%/test_overlayfs.c $(plugins_overlayfs_overlayfs_la_SOURCES)
%C%_test_overlayfs_CFLAGS = $(AM_CFLAGS)
%C%_test_overlayfs_LDADD = %D%/libfake.la
%C%_test_overlayfs_mounts_SOURCES = %D%/test_overlayfs_mounts.c $(plugins_overlayfs_overlayfs_la_SOURCES)
%C%_test_overlayfs_mounts_CFLAGS = $(AM_CFLAGS)
%C%_test_overlayfs_mounts_LDADD = %D%/libfake.la
%C%_test_overlayfs_hostile_SOURCES = %D%/test_overlayfs_hostile.c $(plugins_overlayfs_overlayfs_la_SOURCES)
%C%_test_overlayfs_hostile_CFLAGS = $(AM_CFLAGS)
%C%_test_overlayfs_hostile_LDADD = %D%/libfake.la
%C%_test_overlayfs_layers_SOURCES = %D%/test_overlayfs_layers.c $(plugins_overlayfs_overlayfs_la_SOURCES)
%C%_test_overlayfs_layers_CFLAGS = $(AM_CFLAGS)
%C%_test_overlayfs_layers_LDADD = %D%/libfake.la
%C%_test_overlayfs_layers_old_SOURCES = %D%/test_overlayfs_layers_old.c \
	$(plugins_overlayfs_overlayfs_la_SOURCES)
%C%_test_overlayfs_layers_old_CFLAGS = $(AM_CFLAGS)
%C%_test_overlayfs_layers_old_CPPFLAGS = $(AM_CPPFLAGS) -Dfsconfig=old_fsconfig
%C%_test_overlayfs_layers_old_LDADD = %D%/libfake.la
%C%_test_overlayfs_cgroups_SOURCES = %D%/test_overlayfs_cgroups.c $(plugins_overlayfs_overlayfs_la_SOURCES)
%C%_test_overlayfs_cgroups_CFLAGS = $(AM_CFLAGS)
%C%_test_overlayfs_cgroups_LDADD = %D%/libfake.la

# The launcher's parsers; it is a program, and none of its parts a library.
clrhost_parsers = plugins/clrhost/launcher/config.c plugins/clrhost/launcher/image.c \
	plugins/clrhost/launcher/image.h plugins/clrhost/launcher/launcher.h \
	plugins/clrhost/launcher/properties.c plugins/clrhost/launcher/say.c \
	plugins/clrhost/launcher/versions.c plugins/clrhost/launcher/versions.h
clrhost_parsers_flags = $(AM_CPPFLAGS) -DLAUNCHER_IN_CONTAINER=0 \
	-I$(top_srcdir)/plugins/clrhost/launcher
check_PROGRAMS += %D%/test_clrhost tests/fuzz/fuzz_launcher
TESTS += %D%/test_clrhost tests/fuzz/fuzz_launcher
EXTRA_DIST += tests/fuzz/corpus/launcher/config tests/fuzz/corpus/launcher/version
%C%_test_clrhost_SOURCES = %D%/test_clrhost.c $(clrhost_parsers)
%C%_test_clrhost_CPPFLAGS = $(clrhost_parsers_flags)
%C%_test_clrhost_LDADD = $(JSONC_LIBS)
tests_fuzz_fuzz_launcher_SOURCES = tests/fuzz/fuzz_launcher.c $(clrhost_parsers)
tests_fuzz_fuzz_launcher_CPPFLAGS = $(clrhost_parsers_flags)
tests_fuzz_fuzz_launcher_LDADD = $(JSONC_LIBS)

# What PID 1 reads, without what starts services.
check_PROGRAMS += tests/fuzz/fuzz_boot
TESTS += tests/fuzz/fuzz_boot
tests_fuzz_fuzz_boot_SOURCES = tests/fuzz/fuzz_boot.c core/boot/control.c core/boot/service_process.c core/boot/supervisor.c core/boot/output.c \
	core/boot/machine.c core/boot/reader.c core/boot/tune.c core/boot/disks.c core/boot/mounts.c core/boot/group.c core/boot/faults.c \
	core/boot/rescue.c core/boot/cmdline.c $(boot_table_sources) $(boot_message_sources) $(config_sources) $(base_sources)
tests_fuzz_fuzz_boot_CFLAGS = $(AM_CFLAGS) $(INIH_CFLAGS)
tests_fuzz_fuzz_boot_LDADD = $(INIH_LIBS)
EXTRA_DIST += tests/fuzz/corpus/boot/boot.conf tests/fuzz/corpus/boot/client tests/fuzz/corpus/boot/cycle.conf \
	tests/fuzz/corpus/boot/init tests/fuzz/corpus/boot/notify
