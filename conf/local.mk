# SPDX-License-Identifier: Apache-2.0
# Samples, installed where nothing reads them: barrer needs no configuration.
exampledir = $(docdir)/examples
dist_example_DATA = %D%/barrer.conf %D%/boot.conf
exampledropindir = $(exampledir)/barrer.conf.d
dist_exampledropin_DATA = %D%/barrer.conf.d/10-cgroup1-only.conf \
	%D%/barrer.conf.d/20-layers.conf %D%/barrer.conf.d/30-no-seccomp.conf %D%/barrer.conf.d/40-dotnet.conf \
	%D%/barrer.conf.d/50-debug.conf
