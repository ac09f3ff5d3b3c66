#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/cgroup2.sh COMMAND [ARG...]: run a command where /sys/fs/cgroup is a plain cgroup v2, on a
# host that booted with v1 hierarchies. Only a mount namespace of the command's own is changed.
# Controllers that v1 holds are missing there: membership, freezing, killing and events can be
# tested, limits cannot (tests/vm.sh is for those).
set -eu
[ $# -gt 0 ] || {
    echo "usage: ${0##*/} COMMAND [ARG...]" >&2
    exit 2
}
# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare -m --propagation private sh -euc '
    umount -R -l /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    exec "$@"' cgroup2 "$@"
