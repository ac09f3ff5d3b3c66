#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/peers/box.sh FOLDER COMMAND [ARG...]: run a command that may do anything to the machine's
# files and processes and leaves nothing. It gets private mount, pid, network, IPC and UTS
# namespaces; "/" is an overlay whose upper layer is a tmpfs, /tmp is a tmpfs, and of what is mounted
# on the host only /proc, /sys, /dev and FOLDER are shown. FOLDER is the host's own: results go there.
# Of the host's /tmp the tree that this script is in is there, below an overlay as well.
# The command has a controlling terminal. cgroups are the host's, since namespaces do not give new
# ones; those that the command leaves are removed.
set -eu
[ $# -gt 1 ] || {
    echo "usage: ${0##*/} FOLDER COMMAND [ARG...]" >&2
    exit 2
}
shared=$(realpath "$1")
shift
top=$(realpath "$(dirname "$0")/../..")

cgroups() { find /sys/fs/cgroup -mindepth 2 -type d 2>/dev/null | sort; }
# A cgroup whose processes have just been killed is busy for a moment.
remove_new_cgroups() {
    local end=$((SECONDS + 5)) left
    while [ $SECONDS -lt $end ]; do
        left=$(comm -13 "$before" <(cgroups) | grep -E "$ours" | tac)
        [ -n "$left" ] || return 0
        # shellcheck disable=SC2086 # a list; cgroup names of the suites have no white space
        rmdir $left 2>/dev/null || read -rt 0.1 <>/dev/zero || :
    done
}
# Others may run containers beside us: only names that the suites use are touched.
ours='/(runc-cgroups-integration-test|libpod[^/]*|test-[^/]*|test_[^/]*|barrer-test-[^/]*|frozen)(/|$)'
before=$(mktemp)
trap 'remove_new_cgroups; rm -f "$before"' EXIT
cgroups >"$before"

# shellcheck disable=SC2016 # expanded by the inner shells
inside='
    shared=$1 top=$2
    shift 2
    box=$(mktemp -d)
    mount -t tmpfs -o mode=755 tmpfs "$box"
    mkdir "$box/upper" "$box/work" "$box/root"
    mount -t overlay -o "lowerdir=/,upperdir=$box/upper,workdir=$box/work" overlay "$box/root"
    mount -t proc proc "$box/root/proc"
    mount -t tmpfs -o mode=1777 tmpfs "$box/root/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$box/root/run"
    case $top in
    /tmp/*)
        mkdir -p "$box/root$top" "$box/upper-top" "$box/work-top"
        mount -t overlay -o "lowerdir=$top,upperdir=$box/upper-top,workdir=$box/work-top" overlay "$box/root$top"
        ;;
    esac
    for folder in /sys /dev "$shared"; do
        mkdir -p "$box/root$folder"
        mount --rbind "$folder" "$box/root$folder"
    done
    mkdir "$box/root/run/old"
    cd "$box/root"
    pivot_root . run/old
    umount -l /run/old
    rmdir /run/old
    cd /
    # A tmpfs of ours over the queue and shared memory of the host.
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    ip link set lo up
    # Tests of crun ask for process ids of five digits.
    echo 20000 >/proc/sys/kernel/ns_last_pid
    hostname box
    # This shell is process 1 and stays: it reaps what loses its parent.
    status=0
    script --quiet --return --flush --echo never --command "$(printf "%q " "$@")" /dev/null || status=$?
    # A frozen process cannot end, and its pid namespace not without it.
    for group in $(sed -n "s/^[0-9]*:freezer://p" /proc/[0-9]*/cgroup 2>/dev/null | sort -u); do
        [ "$group" = / ] || echo THAWED >"/sys/fs/cgroup/freezer$group/freezer.state"
    done
    for group in $(sed -n "s/^0:://p" /proc/[0-9]*/cgroup 2>/dev/null | sort -u); do
        [ "$group" = / ] || echo 0 >"/sys/fs/cgroup$group/cgroup.freeze" || :
    done 2>/dev/null
    exit $status'
# Not in the foreground: a signal to this shell ends the box at once.
unshare --mount --pid --net --ipc --uts --fork --kill-child --propagation private \
    bash -euc "$inside" box "$shared" "$top" "$@" </dev/null &
box=$!
trap 'kill -KILL $box 2>/dev/null; exit 143' INT TERM HUP
wait $box
