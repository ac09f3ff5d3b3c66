# SPDX-License-Identifier: Apache-2.0
# They need a .NET SDK, and minutes: a stage of their own in test.sh, not "make check".
dotnet_tests = %D%/process.sh %D%/roots.sh %D%/signals.sh %D%/recognition.sh %D%/verbs.sh \
	%D%/command.sh %D%/modes.sh %D%/failures.sh %D%/limits.sh %D%/security.sh %D%/podman.sh %D%/diagnostics.sh %D%/service.sh %D%/headers.sh %D%/arm64.sh %D%/manual.sh \
	tests/engines/dotnet.sh
# In a virtual machine, where the host has no cgroup v2.
EXTRA_DIST += $(dotnet_tests) %D%/cgroup2.sh %D%/lib.sh %D%/failures.golden %D%/publish.sh %D%/apps
print-dotnet-tests:
	@for i in $(dotnet_tests); do echo '$(abs_top_srcdir)'/$$i; done
.PHONY: print-dotnet-tests
