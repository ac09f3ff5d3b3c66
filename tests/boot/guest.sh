# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Runs in the guest of machine.sh, one function for each machine; says "GUEST ok|FAILED WHAT" on $OUT.
PATH=/bin:/sbin
OUT=${OUT:-/dev/console}
say() { echo "GUEST $1 $2" >"$OUT"; }
is() { # GOT WANTED WHAT
    if [ "$1" = "$2" ]; then say ok "$3"; else say FAILED "$3: got \"$1\", wanted \"$2\""; fi
}
try() { # WHAT COMMAND...: asked again until it holds. PID 1 answers when it has done what came before.
    what=$1 i=0
    shift
    until "$@" >/dev/null 2>&1; do
        i=$((i + 1))
        [ $i -lt 2000 ] || {
            say FAILED "$what"
            return
        }
    done
    say ok "$what"
}
number() { # KEY [SERVICE]: of barrerctl's JSON
    barrerctl status --json ${2:+"$2"} | sed -n "s/.*\"$1\": *\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p" | head -n 1
}
is_number() { [ "$(number "$2" "$3")" = "$1" ]; }

# PID 1 of a machine, at fault again and again.
faults() {
    steady=$(number pid steady) also=$(number pid also) n=0
    for i in $(seq 6); do
        for s in SEGV BUS ILL FPE ABRT TRAP SYS; do
            kill -$s 1
            n=$((n + 1)) j=0
            # While PID 1 executes itself a signal has no handler, and none is taken without.
            until is_number $n faults "" || [ $j = 100 ]; do
                j=$((j + 1))
                [ $((j % 10)) != 0 ] || kill -$s 1
            done
        done
        kill -QUIT 1
    done
    is "$(number faults)" $n "$n faults in PID 1 of a machine"
    is "$(number pid steady)/$(number pid also)" "$steady/$also" "its services are the same"
    for i in $(seq 500); do
        kill -CHLD 1
        kill -WINCH 1
    done
    for i in $(seq 20); do
        sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do : & done'
    done
    is "$(number pid steady)" "$steady" "the same after a storm of signals and 500 orphans"
    for i in $(seq 10); do
        kill -SEGV "$(number pid also)"
        try "service at fault: $i" is_number "$i" restarts also
    done
    dd if=/dev/zero of=/run/full bs=64k 2>/dev/null
    is "$(barrerctl restart also 2>&1; number state also)" running "a service is restarted while /run is full"
    rm /run/full
    barrerctl stop stubborn
    is "$(number state stubborn)" inactive "a service that ignores SIGTERM"
    barrerctl poweroff
}

# The same kernel again, without the machine's own start.
kexec() {
    is "$(load /kernel /initrd "$(cat /proc/cmdline) barrer.again=1" 2>&1)" "" "a kernel is loaded"
    barrerctl kexec
}
again() {
    is "$(grep -c 'barrer.again=1$' /proc/cmdline)" 1 "the kernel that kexec has started"
    barrerctl poweroff
}
# PID 1 stands still for the hardware watchdog to notice.
ice() {
    is "$(cat /sys/class/watchdog/watchdog0/state)" active "the watchdog is at work"
    mkdir /sys/fs/cgroup/ice
    echo 1 >/sys/fs/cgroup/ice/cgroup.procs
    echo 1 >/sys/fs/cgroup/ice/cgroup.freeze
}

# A kernel without /proc, /sys, /dev: files are in their place.
bare() {
    mknod /port c 4 64
    OUT=/port
    is "$(number pid steady | grep -c .)" 1 "services run without /proc, /sys, /dev and a console"
    old=$(number pid steady)
    kill -SEGV 1
    try "a fault in PID 1 there" is_number 1 faults ""
    is "$(number pid steady)" "$old" "the service is the same"
    kill -KILL "$old"
    try "one that dies is restarted" is_number 1 restarts steady
    barrerctl poweroff
}

# The root that the first stage has switched to, and the settings of a machine.
root() {
    is "$(sed -n 's/^[^ ]* \/ \([^ ]*\) .*/\1/p' /proc/mounts | tail -n 1)" ext4 "the root is the disk's"
    is "$(grep -c ' /newroot ' /proc/mounts)" 0 "nothing of the first stage is mounted"
    is "$(cat /run/fsck)" "checked /dev/vda" "fsck has seen it before"
    is "$(hostname)" tested "hostname"
    is "$(cat /proc/sys/net/ipv4/ip_forward)/$(cat /proc/sys/kernel/panic)" 1/7 "sysctl"
    is "$(ifconfig lo | grep -c UP)" 1 "loopback"
    is "$(date +%Y)" 2099 "clock-floor"
    is "$(grep -cE '^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$' /etc/machine-id)" 1 "machine-id"
    is "$(stat -c '%s %a' /var/lib/barrer/seed)" "512 600" "seed"
    is "$(cmp /var/lib/barrer/seed /var/lib/barrer/seed.first >/dev/null 2>&1; echo $?)" 1 "a seed is used once"
    is "$(grep -c '^tmpfs /mnt tmpfs.*nosuid.*size=1024k' /proc/mounts)" 1 "mount"
    is "$(grep -c '^softdog ' /proc/modules)" 1 "modules"
    is "$(cat /sys/block/vda/queue/read_ahead_kb)" 32 "read-ahead"
    is "$(cat /sys/class/watchdog/watchdog0/state)/$(cat /sys/class/watchdog/watchdog0/timeout)" active/2 "hardware watchdog"
    is "$(cat /proc/self/cgroup)" 0::/services/guest "a cgroup of its own"
    mounts
    read -r fed </var/later # of a service that PID 1 starts 8 s after its own start
    is "$fed" later "the watchdog of 2 s is fed"
    barrerctl poweroff
}
# Each row of the table against what the kernel has mounted and the mode that the folder has.
mounts() {
    /sbin/init --mounts >/run/table
    while read -r target type mode flags options; do
        line=$(grep " $target $type " /proc/mounts)
        have=,$(echo "$line" | cut -d' ' -f4),
        wrong=
        [ -n "$line" ] || wrong="not mounted"
        for i in $(echo "$flags" | tr , ' '); do
            case $have in *",$i,"*) ;; *) wrong="$wrong no $i" ;; esac
        done
        for i in nosuid nodev noexec; do
            case ",$flags," in *",$i,"*) ;; *) case $have in *",$i,"*) wrong="$wrong has $i" ;; esac ;; esac
        done
        for i in $(echo "$options" | tr , ' '); do
            case $i in
            mode=0755 | mode=1777 | size=*% | -) ;; # of a tmpfs: the default, told by stat, and in kB
            *mode=*) case $have in *",${i%%=*}=${i#*mode=0},"*) ;; *) wrong="$wrong no $i" ;; esac ;;
            *) case $have in *",$i,"*) ;; *) wrong="$wrong no $i" ;; esac ;;
            esac
        done
        [ "$(printf %04o "0$(stat -c %a "$target")")" = "$mode" ] || wrong="$wrong mode $(stat -c %a "$target")"
        is "$wrong" "" "mount $target"
    done </run/table
}
read_only() {
    touch /x 2>/dev/null
    is "$?" 1 "the root is read-only"
    is "$(sed -n 's/^[^ ]* \/ \([^ ]*\) .*/\1/p' /proc/mounts | tail -n 1)" ext4 "it is the disk's"
    barrerctl poweroff
}
overlay() {
    touch /x && is "$(ls /x)" /x "what is written goes to memory"
    is "$(sed -n 's/^[^ ]* \/ \([^ ]*\) .*/\1/p' /proc/mounts | tail -n 1)" overlay "the root is an overlay"
    is "$(cat /sys/block/vda/queue/read_ahead_kb)" 16 "read-ahead of the disk whose partition is below it"
    barrerctl poweroff
}
rescue() {
    is "$(number state | tail -n 1)" rescue "the emergency way out: barrerctl answers"
    barrerctl poweroff
    exec tail -f /dev/null
}
"$1"
