#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of barrer-run at every system call that it makes: whatever it was doing, "delete --force"
# leaves no process, mount, cgroup or state. BARRER_FAULT_STEP=N tries each Nth call only.
. "$(dirname "$0")/../lib.sh"
need jq strace
is_root || spec_rootless=--rootless
strace -qq -o /dev/null true 2>/dev/null || skip_all "strace does not work here"

b=$T/b
step=${BARRER_FAULT_STEP:-1}
mark=$((100000 + $$ % 100000)) # sleep's argument tells our processes from all others
make_bundle "$b" ".process.args = [\"sleep\", \"$mark\"]"
host_mounts=$(wc -l </proc/self/mountinfo)

# N VERB...: run a verb that is killed at its Nth system call. Only the program itself is traced,
# and not what it starts: those must see by themselves that it is gone.
killed_at() {
    local n=$1
    shift
    # shellcheck disable=SC2086
    strace -qq -o /dev/null -e trace=all -e inject=all:signal=KILL:when="$n" \
        "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "$@" </dev/null >/dev/null 2>"$T/err" 8>&-
}
no_process() { ! pgrep -x -f "sleep $mark" && ! pgrep -f -- "--bundle $b $1\$"; }
leftovers() { # ID: what is still there, in words
    [ ! -e "$STATE/$1" ] || echo "state: $(ls "$STATE/$1")"
    wait_until 5 no_process "$1" || echo "processes: $(pgrep -a -x -f "sleep $mark"; pgrep -a -f -- "--bundle $b $1\$")"
    find /sys/fs/cgroup -maxdepth 6 -type d -name "*$1*" 2>/dev/null | head -n 3
    [ "$(wc -l </proc/self/mountinfo)" = "$host_mounts" ] || mounts_below "$T"
}

# DESCRIPTION MAXIMUM PREPARE VERB [ARGUMENT...]: @ in the arguments is the id
at_every_call() {
    local what=$1 prepare=$2 n=0 rc problems='' found tried=0
    shift 2
    while :; do
        n=$((n + step))
        new_id
        $prepare || {
            problems="$problems before call $n: prepare failed;"
            break
        }
        killed_at $n "${@//@/$id}"
        rc=$?
        tried=$((tried + 1))
        capture barrer delete --force "$id"
        [ "$status" = 0 ] || problems="$problems call $n: delete --force: $error;"
        found=$(leftovers "$id")
        [ -z "$found" ] || {
            problems="$problems call $n: $found;"
            barrer delete --force "$id" 2>/dev/null
            pkill -9 -x -f "sleep $mark"
        }
        # 137: killed. Everything else: the verb got to its end before call N.
        [ $rc = 137 ] && [ $n -lt 3000 ] || break
        [ ${#problems} -lt 2000 ] || break
    done
    is "$problems" "" "$what: killed at each of its system calls"
    diag "$tried kills"
    [ $tried -gt 5 ] || fail "$what: at least a few calls were tried" "status $rc: $(cat "$T/err")"
}
nothing() { :; }
created() { barrer create --bundle "$b" "$id" </dev/null >/dev/null; }
started() { barrer run --detach --bundle "$b" "$id" </dev/null >/dev/null; }

at_every_call "create" nothing create --bundle "$b" @
at_every_call "run --detach" nothing run --detach --bundle "$b" @
at_every_call "start" created start @
at_every_call "kill" started kill @ KILL
at_every_call "delete --force" started delete --force @
at_every_call "exec" started exec --detach @ sleep $mark

# The first process of the container killed while it is being set up.
problems=
for n in $(seq 1 7 200); do
    new_id
    strace -qq -f -o /dev/null -e trace=mount,move_mount,fsmount,mount_setattr,pivot_root,umount2,mknodat,symlinkat,openat2,setresuid,capset,prctl,execveat,execve \
        -e inject=mount,move_mount,fsmount,mount_setattr,pivot_root,umount2,mknodat,symlinkat,openat2,setresuid,capset,prctl:signal=KILL:when=$n \
        "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" create --bundle "$b" "$id" </dev/null >/dev/null 2>"$T/err" 8>&-
    barrer delete --force "$id" 2>/dev/null
    found=$(leftovers "$id")
    [ -z "$found" ] || problems="$problems call $n: $found;"
done
is "$problems" "" "killed while the child sets up the container"

# System calls that fail instead: an error, and nothing left.
problems=
for call in clone3 mount_setattr move_mount pivot_root setgroups capset mkdirat renameat2 execveat; do
    for errno in EPERM ENOMEM EINVAL; do
        new_id
        strace -qq -f -o /dev/null -e trace=$call -e inject=$call:error=$errno:when=1 \
            timeout 20 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" create --bundle "$b" "$id" </dev/null >/dev/null 2>"$T/err" 8>&-
        rc=$?
        if [ $rc != 0 ]; then
            [ $rc -lt 124 ] && [ "$(grep -c . "$T/err")" = 1 ] || problems="$problems $call $errno: status $rc: $(head -c 300 "$T/err");"
            [ ! -e "$STATE/$id" ] || problems="$problems $call $errno: leaves its state;"
        fi
        barrer delete --force "$id" 2>/dev/null
        found=$(leftovers "$id")
        [ -z "$found" ] || problems="$problems $call $errno: $found;"
    done
done
is "$problems" "" "system calls that fail: one sentence, and nothing left"

done_testing
