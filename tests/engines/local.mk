# SPDX-License-Identifier: Apache-2.0
# Not a part of "make check": each starts an engine's daemons. test.sh's stage "engines" runs them.
engine_tests = %D%/docker.sh %D%/podman.sh %D%/containerd.sh
EXTRA_DIST += %D%/lib.sh %D%/machine.sh $(engine_tests)
