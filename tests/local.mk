# SPDX-License-Identifier: Apache-2.0
# All tests speak TAP. Shell tests find the build by abs_top_builddir and load plugins from
# tests/stage/plugins: copies, since the loader refuses links and wants the file's own name.
TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = bash
AM_TESTS_ENVIRONMENT = abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir;

# Scripts, which are distributed as they are; and those of them that are worth a virtual machine.
shell_tests =
vm_tests =
vm_programs = tests/unit/test_cgroup
include tests/unit/local.mk
include tests/tools/local.mk
include tests/flow/local.mk
include tests/boot/local.mk
include tests/oci/local.mk
include tests/abi/local.mk
include tests/plugins/local.mk
include tests/lint/local.mk
include tests/image/local.mk
include tests/engines/local.mk
include tests/dotnet/local.mk
TESTS += $(shell_tests)
EXTRA_DIST += tests/lib.sh tests/podman-lib.sh tests/terminal.py tests/run.sh tests/vm.sh tests/cgroup2.sh tests/skips.txt \
	tests/fuzz/run.sh try.sh test.sh .ci/run $(shell_tests) \
	tests/peers/run.sh tests/peers/box.sh tests/peers/bats.sh tests/peers/conf.sh \
	tests/peers/libmount.py tests/peers/crun.sh tests/peers/runc.sh tests/peers/podman.sh \
	tests/peers/crun.expected tests/peers/runc.expected tests/peers/podman.expected tests/peers/podman.part

if !BUILTIN_PLUGINS
check_DATA += tests/stage/plugins.stamp tests/stage/clrhost.stamp
endif
tests/stage/plugins.stamp: $(PLUGINS)
	$(AM_V_GEN)rm -rf tests/stage/plugins && $(MKDIR_P) tests/stage/plugins
	$(AM_V_at)for i in $(PLUGINS); do \
	  d=`dirname $$i`; n=`basename $$i .la`; \
	  cp $$d/.libs/$$n.so tests/stage/plugins/ && chmod 644 tests/stage/plugins/$$n.so || exit 1; \
	done
	$(AM_V_at)chmod 755 tests/stage/plugins && touch $@
tests/stage/clrhost.stamp: tests/stage/plugins.stamp $(clr_PROGRAMS) $(clr_SCRIPTS) $(clrsystem_PROGRAMS)
	$(AM_V_GEN)$(MKDIR_P) tests/stage/plugins/clrhost/system && \
	  cp $(clr_PROGRAMS) $(clr_SCRIPTS) tests/stage/plugins/clrhost/ && \
	  cp $(clrsystem_PROGRAMS) tests/stage/plugins/clrhost/system/ && touch $@
CLEANFILES += tests/stage/clrhost.stamp tests/stage/plugins/clrhost/init tests/stage/plugins/clrhost/interpreter \
	tests/stage/plugins/clrhost/dotnet tests/stage/plugins/clrhost/system/dotnet \
	tests/stage/plugins.stamp tests/stage/plugins/*.so

# For a build tree that is used without installing it: try.sh.
stage-plugins: all $(check_DATA)
# For test.sh: which logs "make check" leaves, and what to run in a virtual machine.
print-test-logs:
	@for i in $(TEST_LOGS); do echo '$(abs_builddir)'/$$i; done
print-vm-tests:
	@for i in $(vm_tests); do echo '$(abs_top_srcdir)'/$$i; done
	@for i in $(vm_programs); do echo '$(abs_builddir)'/$$i; done
print-engine-tests:
	@for i in $(engine_tests); do echo '$(abs_top_srcdir)'/$$i; done
.PHONY: stage-plugins print-test-logs print-vm-tests print-engine-tests
