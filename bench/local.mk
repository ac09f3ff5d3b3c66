# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += %D%/run.sh %D%/dotnet.sh %D%/sandbox.sh %D%/measure.py %D%/time.c %D%/bare.c %D%/load.c %D%/boot %D%/addition.c %D%/probe.c %D%/Hello
# The tables of the README: needs root, crun and runc.
bench: stage-plugins
	$(srcdir)/bench/run.sh --build '$(abs_builddir)'
.PHONY: bench
