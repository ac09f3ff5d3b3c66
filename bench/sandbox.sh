#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sandbox.sh [--keep DIR]... COMMAND...: run a command as root where it can do no harm, and where
# runtimes that know only pure cgroup v2 hosts find one: in mount, pid and ipc namespaces of its
# own, on a throw-away overlay of /, with a tmpfs on /run and the unified hierarchy alone on
# /sys/fs/cgroup. A folder DIR is visible as it is, and can be written to. Also for trying out
# foreign runtimes, which must never run on the real root.
set -eu

keep=
while [ "${1:-}" = --keep ]; do
    keep="$keep $(realpath "$2")"
    shift 2
done
case ${1:-} in
'' | -h | --help)
    echo "usage: $0 [--keep DIR]... COMMAND [ARGUMENT...]" >&2
    exit 2
    ;;
esac
[ "$(id -u)" = 0 ] || { echo "$0: needs root" >&2; exit 1; }

# The overlay's folders are on a tmpfs that only the new mount namespace has, over /mnt: nothing
# has to be removed afterwards, whatever happens.
# shellcheck disable=SC2016 # expanded by the inner shell
export SANDBOX_KEEP="$keep"
exec unshare --mount --pid --ipc --fork --kill-child --propagation private sh -c '
set -eu
mount -t tmpfs -o mode=700 sandbox /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work" sandbox /mnt/root
cd /mnt/root
mount -t proc proc proc
mount --rbind /dev dev
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 run run
for dir in $SANDBOX_KEEP; do
    mkdir -p ".$dir"
    mount --bind "$dir" ".$dir"
done
mkdir -p .sandbox-old
pivot_root . .sandbox-old
umount -l /.sandbox-old
cd /
exec "$@"' sandbox "$@"
