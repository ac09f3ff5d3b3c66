#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/engines/machine.sh COMMAND [ARG...]: run a command as root where it may install things,
# start daemons and mount what it likes: mount, pid, network, IPC and host name namespaces of its
# own, "/" an overlay that is thrown away, a network with nothing but loopback, and barrer installed
# in the folders that it was configured for. When the command ends, its daemons and containers end
# with the pid namespace. The control groups are the host's; those that are left below those of the
# machine's name, $MACHINE, are reported on stderr and removed, except for empty ones of that name.
#
# From outside: abs_top_builddir, the build that is installed.
set -euo pipefail
build=${abs_top_builddir:?the build that is to be installed}
here=$(cd "$(dirname "$0")" && pwd -P)
if [ "${1:-}" != --inside ]; then
    export MACHINE=barrer-machine-$$
    # The layers' space: a tmpfs of this namespace, gone with it.
    export MACHINE_WORK=${TMPDIR:-/tmp}/$MACHINE
    mkdir "$MACHINE_WORK"
    status=0
    unshare --mount --pid --net --ipc --uts --fork --kill-child --propagation private \
        bash "$0" --inside "$@" || status=$?
    rmdir "$MACHINE_WORK"
    left=
    while read -r folder; do
        [ "${folder##*/}" = "$MACHINE" ] || left="$left $folder"
        rmdir "$folder" 2>/dev/null || :
    done < <(find /sys/fs/cgroup -depth -type d -path "*/$MACHINE*" 2>/dev/null)
    [ -z "$left" ] || {
        echo "${0##*/}: control groups were left:$left" >&2
        [ $status != 0 ] || status=1
    }
    exit $status
fi
shift

root=$MACHINE_WORK
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir "$root"/{upper,work,root}
mount -t overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" overlay "$root/root"
cd "$root/root"
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o nosuid,nodev,noexec sysfs sys
if [ "$(stat -fc %T /sys/fs/cgroup)" = tmpfs ]; then
    # podman makes folders for hierarchies that are not mounted, in the tmpfs that they are mounted on.
    mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
    for folder in /sys/fs/cgroup/*; do
        mountpoint -q "$folder" || continue
        mkdir "${folder#/}"
        mount --bind "$folder" "${folder#/}"
    done
else
    mount --rbind /sys/fs/cgroup sys/fs/cgroup
fi
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
[ ! -d /run/udev ] || mkdir run/udev
# What engines keep their layers in must not be an overlay itself.
for folder in docker containerd containers; do
    mkdir -p var/lib/$folder
    mount -t tmpfs -o mode=755 tmpfs var/lib/$folder
done
mkdir -m 1777 run/tmp
pivot_root . mnt
cd /
# The host's mounts, the layers among them, are not for the daemons to see.
umount -l /mnt
export TMPDIR=/run/tmp IN_MACHINE=1 HOME=/root
unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
hostname machine
ip link set lo up

. "$here/install.sh"
exec "$@"
