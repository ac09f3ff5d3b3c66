#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of barrer-run at every system call that it makes: whatever it was doing, "delete --force"
# leaves no process, mount, cgroup or state. BARRER_FAULT_STEP=N tries each Nth call only (5).
. "$(dirname "$0")/../lib.sh"
without_leak_check
need jq strace
strace -qq -o /dev/null true 2>/dev/null || skip_all "strace does not work here"

b=$T/b
step=${BARRER_FAULT_STEP:-5}
mark=$((100000 + $$ % 100000)) # sleep's argument tells our processes from all others
make_bundle "$b" ".process.args = [\"sleep\", \"$mark\"]"
host_mounts=$(wc -l </proc/self/mountinfo)

# CALL VERB...: run a verb that is killed at a system call ("NAME:when=K": strace counts each name
# by itself). Only the program itself is traced, and not what it starts: those must see by
# themselves that it is gone. The inner shell keeps its "Killed" to itself.
# shellcheck disable=SC2016,SC2086
killed_at() {
    local call=$1
    shift
    timeout -k 5 30 bash -c '"$@" 8>&- 9>&-; exit $?' killed strace -qq -o /dev/null \
        -e trace="${call%%:*}" -e inject="${call%%:*}:signal=KILL:${call#*:}" \
        "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "$@" </dev/null >/dev/null 2>"$T/err"
}
# PID-COLUMN: the calls of a trace, as killed_at wants them
calls_of() { awk -v f="$1" '{ sub(/\(.*/, "", $f); if ($f ~ /^[a-z0-9_]+$/ && $f !~ /^(execve|exit_group)$/) print $f ":when=" ++n[$f] }' "$T/trace"; }
no_process() { ! pgrep -x -f "sleep $mark" && ! pgrep -f -- "--bundle $b $1\$"; }
leftovers() { # ID: what is still there, in words
    [ ! -e "$STATE/$1" ] || echo "state: $(ls "$STATE/$1")"
    wait_until 5 no_process "$1" || echo "processes: $(pgrep -a -x -f "sleep $mark"; pgrep -a -f -- "--bundle $b $1\$")"
    find /sys/fs/cgroup -maxdepth 6 -type d -name "*$1*" 2>/dev/null | head -n 3
    [ "$(wc -l </proc/self/mountinfo)" = "$host_mounts" ] || mounts_below "$T"
}

# DESCRIPTION PREPARE AFTER VERB [ARGUMENT...]: @ in the arguments is the id. AFTER says in words what
# is wrong with the container after the kill, before it is deleted.
# shellcheck disable=SC2086
at_every_call() {
    local what=$1 prepare=$2 after=$3 n=0 rc problems='' found killed=0 call
    shift 3
    new_id
    $prepare
    timeout 30 strace -qq -o "$T/trace" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "${@//@/$id}" </dev/null >/dev/null 2>&1 8>&- 9>&-
    barrer delete --force "$id" 2>/dev/null
    for call in $(calls_of 1); do
        n=$((n + 1))
        [ $((n % step)) = 0 ] || continue
        new_id
        $prepare || {
            problems="$problems before $call: prepare failed;"
            break
        }
        killed_at "$call" "${@//@/$id}"
        rc=$?
        [ $rc != 137 ] || killed=$((killed + 1))
        found=$($after "$id")
        [ -z "$found" ] || problems="$problems $call: $found;"
        capture barrer delete --force "$id"
        [ "$status" = 0 ] || problems="$problems $call: delete --force: $error;"
        found=$(leftovers "$id")
        [ -z "$found" ] || {
            problems="$problems $call: $found;"
            barrer delete --force "$id" 2>/dev/null
            for one in $(pgrep -x -f "sleep $mark"); do kill -9 "$one"; done
        }
        [ ${#problems} -lt 2000 ] || break
    done
    is "$problems" "" "$what: killed at $killed of its $n system calls"
    # A call more or less differs between two runs.
    [ $((killed * step + 2 * step)) -ge $((n * 9 / 10)) ] || fail "$what: nearly all kills hit"
}
nothing() { :; }
created() { barrer create --bundle "$b" "$id" </dev/null >/dev/null; }
started() { barrer run --detach --bundle "$b" "$id" </dev/null >/dev/null; }

runs_payload() { grep -qxz "$mark" "/proc/$(pid_of "$1")/cmdline"; }
starts_at_last() { # it waits for start as before, or it was started
    barrer start "$1" 2>/dev/null
    wait_until 5 runs_payload "$1" || echo "never starts ($(status_of "$1"))"
}
serves() { # whatever was done to it, others can go on
    barrer resume "$1" 2>/dev/null
    is_status "$1" running && timeout 10 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" exec "$1" true || echo "does not serve ($(status_of "$1"))"
} 2>/dev/null
paused() { started && barrer pause "$id"; }

at_every_call "create" nothing nothing create --bundle "$b" @
at_every_call "run --detach" nothing nothing run --detach --bundle "$b" @
at_every_call "start" created starts_at_last start @
at_every_call "kill" started nothing kill @ KILL
at_every_call "delete --force" started nothing delete --force @
at_every_call "exec" started serves exec --detach @ sleep $mark
new_id
started
if barrer pause "$id" 2>/dev/null; then
    barrer delete --force "$id"
    at_every_call "pause" started serves pause @
    at_every_call "resume" paused serves resume @
    at_every_call "update" started serves update --pids-limit 50 @
else
    barrer delete --force "$id"
    skip "pause, resume and update" "no container can be paused here"
fi

# The first process of the container killed while it sets itself up.
edit_bundle "$b" '.process.args = ["true"]'
new_id
# shellcheck disable=SC2086
timeout 30 strace -f -qq -o "$T/trace" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id" </dev/null >/dev/null 2>&1 8>&- 9>&-
child=$(awk '{ print $1 }' "$T/trace" | uniq | awk '!seen[$0]++' | sed -n 2p)
awk -v c="$child" '$1 == c' "$T/trace" >"$T/child" && mv "$T/child" "$T/trace"
problems='' n=0 killed=0
for call in $(calls_of 2); do
    n=$((n + 1))
    [ $((n % (step + 1))) = 0 ] || continue
    new_id
    # shellcheck disable=SC2016,SC2086
    timeout -k 5 30 bash -c '"$@" 8>&- 9>&-; exit $?' killed strace -qq -f -o /dev/null -e trace="${call%%:*}" -e inject="${call%%:*}:signal=KILL:${call#*:}" \
        "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id" </dev/null >/dev/null 2>"$T/err"
    rc=$?
    [ $rc = 0 ] || killed=$((killed + 1))
    [ $rc != 124 ] || problems="$problems $call: hangs;"
    barrer delete --force "$id" 2>/dev/null
    found=$(leftovers "$id")
    [ -z "$found" ] || problems="$problems $call: $found;"
done
is "$problems" "" "the child killed at $killed of its $n system calls"
edit_bundle "$b" '.process.args = ["true"]'

# System calls that fail instead, one at a time: whatever the verb says then, nothing is left, no
# call hangs, and a failure is one sentence.
errors=(ENOSPC EMFILE ENOMEM EIO)
# libc's own start has no way to fail nicely, and a failed close or unlock is none.
spared='^(brk|arch_prctl|set_tid_address|set_robust_list|rseq|mprotect|munmap|rt_sig.*|close|flock|getrandom|exit|prlimit64)$'

# FOLLOW(-f or nothing) CALL ERROR VERB...: $rc, $T/err
# shellcheck disable=SC2086
failing_at() {
    local follow=$1 call=$2 errno=$3
    shift 3
    timeout -k 5 30 strace $follow -qq -o /dev/null -e trace="${call%%:*}" -e inject="${call%%:*}:error=$errno:${call#*:}" \
        "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "$@" </dev/null >/dev/null 2>"$T/err" 8>&- 9>&-
    rc=$?
}
# DESCRIPTION PREPARE VERB [ARGUMENT...]
# shellcheck disable=SC2086
fails_at_every_call() {
    local what=$1 prepare=$2 n=0 hit=0 problems='' found call errno
    shift 2
    new_id
    $prepare
    timeout 30 strace -qq -o "$T/trace" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "${@//@/$id}" </dev/null >/dev/null 2>&1 8>&- 9>&-
    barrer delete --force "$id" 2>/dev/null
    for call in $(calls_of 1); do
        [[ ! ${call%%:*} =~ $spared ]] || continue
        n=$((n + 1))
        [ $((n % step)) = 0 ] || continue
        errno=${errors[n / step % 4]}
        new_id
        $prepare
        failing_at "" "$call" $errno "${@//@/$id}"
        [ $rc = 0 ] || hit=$((hit + 1))
        [ $rc -lt 124 ] || [ $rc = 255 ] || problems="$problems $call $errno: status $rc;" # 255: of exec
        # What failed may be the writing of the sentence.
        [ $rc = 0 ] || [ "${call%%:*}" = write ] || [ "$(grep -c . "$T/err")" = 1 ] ||
            problems="$problems $call $errno: $(head -c 200 "$T/err");"
        # A create or run that fails has undone everything; who fails at that says so.
        if [ $rc != 0 ] && [[ $1 =~ ^(create|run)$ ]] && [ -e "$STATE/$id" ] && ! grep -qE 'delete|remove|rmdir' "$T/err"; then
            problems="$problems $call $errno: leaves its state: $(head -c 200 "$T/err");"
        fi
        capture barrer delete --force "$id"
        [ "$status" = 0 ] || problems="$problems $call $errno: delete --force: $error;"
        found=$(leftovers "$id")
        [ -z "$found" ] || {
            problems="$problems $call $errno: $found;"
            barrer delete --force "$id" 2>/dev/null
            for one in $(pgrep -x -f "sleep $mark"); do kill -9 "$one"; done
        }
        [ ${#problems} -lt 2000 ] || break
    done
    is "$problems" "" "$what: $hit of $n calls that may fail do, with one sentence, and nothing is left"
}
if is_sanitized; then
    skip "calls of run, create, start, exec and delete that fail" "sanitizers make calls of their own"
elif [ ! -e "$abs_top_builddir/libexec/barrer/barrer-run-static" ] && file_is_dynamic "$abs_top_builddir/libexec/barrer/barrer-run"; then
    # The calls of ld.so fail in its own words.
    skip "calls of run, create, start, exec and delete that fail" "this build has no barrer-run-static"
else
    fails_at_every_call "run" nothing run --bundle "$b" @
    edit_bundle "$b" ".process.args = [\"sleep\", \"$mark\"]"
    fails_at_every_call "create" nothing create --bundle "$b" @
    fails_at_every_call "start" created start @
    fails_at_every_call "exec" started exec @ true
    fails_at_every_call "delete --force" started delete --force @
    new_id
    started
    can_pause=
    ! barrer pause "$id" 2>/dev/null || can_pause=1
    barrer delete --force "$id"
    if [ -n "$can_pause" ]; then
        fails_at_every_call "pause" started pause @
        fails_at_every_call "resume" paused resume @
        fails_at_every_call "update" started update --pids-limit 50 @
    else
        skip "calls of pause, resume and update that fail" "no container can be paused here"
    fi
    edit_bundle "$b" '.process.args = ["true"]'
fi

# The calls of the container's own process, which reports over the channel.
problems=
for call in clone3 mount_setattr move_mount pivot_root setgroups capset mkdirat execveat mount openat2 fchdir sethostname prctl setresuid; do
    for errno in "${errors[@]}" EPERM; do
        new_id
        failing_at -f $call:when=1 $errno run --bundle "$b" "$id"
        if [ $rc != 0 ]; then
            [ $rc -le 127 ] && [ $rc != 124 ] && [ "$(grep -c . "$T/err")" = 1 ] || problems="$problems $call $errno: status $rc: $(head -c 300 "$T/err");"
            [ ! -e "$STATE/$id" ] || problems="$problems $call $errno: leaves its state;"
        fi
        barrer delete --force "$id" 2>/dev/null
        found=$(leftovers "$id")
        [ -z "$found" ] || problems="$problems $call $errno: $found;"
    done
done
is "$problems" "" "system calls that fail: one sentence, and nothing left"

if is_sanitized; then
    skip "further calls of the container's process that fail" "sanitizers make calls of their own"
    done_testing
fi
# Each further call of the container's process: those that barrer-run itself makes less often, since
# strace counts for each process and would have it fail at the same place.
new_id
# shellcheck disable=SC2086
timeout 30 strace -f -qq -o "$T/trace" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id" </dev/null >/dev/null 2>&1 8>&- 9>&-
awk '{ name = $2; sub(/\(.*/, "", name) }
    name !~ /^[a-z0-9_]+$/ || name ~ /^(exit_group|exit)$/ { next }
    !($1 in place) { place[$1] = ++n }
    place[$1] == 1 { own[name]++ }
    place[$1] == 2 && /execveat?\(/ { exit }
    place[$1] == 2 { calls[++k] = name; at[k] = ++count[name] }
    END { for (i = 1; i <= k; i++) if (at[i] > own[calls[i]]) print calls[i] ":when=" at[i] }' "$T/trace" >"$T/calls"
problems='' n=0 hit=0
while read -r call; do
    [[ ! ${call%%:*} =~ $spared ]] || continue
    n=$((n + 1))
    [ $((n % step)) = 0 ] || continue
    errno=${errors[n / step % 4]}
    new_id
    failing_at -f "$call" $errno run --bundle "$b" "$id"
    if [ $rc != 0 ]; then
        hit=$((hit + 1))
        [ $rc -le 127 ] && [ $rc != 124 ] && [ "$(grep -c . "$T/err")" = 1 ] || problems="$problems $call $errno: status $rc: $(head -c 300 "$T/err");"
        [ ! -e "$STATE/$id" ] || problems="$problems $call $errno: leaves its state;"
    fi
    barrer delete --force "$id" 2>/dev/null
    found=$(leftovers "$id")
    [ -z "$found" ] || problems="$problems $call $errno: $found;"
    [ ${#problems} -lt 2000 ] || break
done <"$T/calls"
is "$problems" "" "$hit of $n calls of the container's process that may fail do, with one sentence, and nothing is left"
[ "$n" -gt 20 ] || fail "the calls of the container's process are known"

done_testing
