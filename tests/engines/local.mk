# SPDX-License-Identifier: Apache-2.0
# Not a part of "make check": each starts an engine's daemons. test.sh's stage "engines" runs them.
engine_tests = %D%/docker.sh %D%/podman.sh %D%/containerd.sh %D%/cri.sh %D%/rootless.sh %D%/swarm.sh
# In virtual machines with systemd as PID 1.
systemd_tests = %D%/systemd.sh %D%/unified.sh
# By hand, with a critest that somebody has built.
EXTRA_DIST += %D%/critest.sh
EXTRA_DIST += %D%/lib.sh %D%/machine.sh %D%/install.sh %D%/cri.py $(engine_tests) $(systemd_tests)
