#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the process starts with: capabilities, limits, scheduling, labels, filters, a terminal.
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b
caps() { grep "^Cap$1:" <<<"$output" | awk '{ print $2 }'; }
bits() { # CAPABILITY-NUMBER...: as /proc shows them
    local sum=0 n
    for n; do sum=$((sum | 1 << n)); done
    printf '%016x' $sum
}

# --- capabilities: CHOWN 0, KILL 5, NET_BIND_SERVICE 10, NET_RAW 13, SYS_ADMIN 21 ---
run_sh "$b" 'cat /proc/self/status' '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
    permitted: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]} | .process.user.uid = 0'
is "$(caps Bnd)" "$(bits 0 5 13)" "E12: the bounding set is exact"
is "$(caps Inh)" "$(bits 5)" "E12: the inheritable set is exact"
is "$(caps Amb)" "$(bits 5)" "E12: the ambient set is exact"
run_sh "$b" 'cat /proc/self/status' '.process.capabilities = {}'
is "$(caps Bnd)$(caps Eff)$(caps Inh)$(caps Amb)$(caps Prm)" "$(bits)$(bits)$(bits)$(bits)$(bits)" "E12: empty sets are empty"
run_sh "$b" 'cat /proc/self/status' 'del(.process.capabilities)'
is "$(caps Bnd)$(caps Inh)$(caps Amb)" "$(bits)$(bits)$(bits)" "E12: no capabilities in the configuration means none"
if is_real_root; then
    run_sh "$b" 'cat /proc/self/status' '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {bounding: ["CAP_NET_RAW"],
        permitted: ["CAP_NET_RAW"], effective: ["CAP_NET_RAW"], inheritable: ["CAP_NET_RAW"], ambient: ["CAP_NET_RAW"]}'
    is "$(caps Eff)/$(caps Prm)" "$(bits 13)/$(bits 13)" "ambient capabilities reach another user"
    run_sh "$b" 'cat /proc/self/status' '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {bounding: ["CAP_NET_RAW"],
        permitted: ["CAP_NET_RAW"], effective: ["CAP_NET_RAW"]}'
    is "$(caps Eff)" "$(bits)" "without ambient ones another user has none"
else
    skip "ambient capabilities reach another user" "needs real root"
    skip "without ambient ones another user has none" "needs real root"
fi
make_bundle "$b" '.process.capabilities.bounding = ["CAP_NONSENSE"]'
new_id
rm -f "$T/log"
capture barrer --log "$T/log" run --bundle "$b" "$id"
like "$error$(cat "$T/log")" 'CAP_NONSENSE' "an unknown capability is not passed over in silence (status $status)"

# --- no_new_privs, limits, scores ---
run_sh "$b" 'grep NoNewPrivs /proc/self/status' '.process.noNewPrivileges = true'
like "$output" '1$' "no_new_privs set"
run_sh "$b" 'grep NoNewPrivs /proc/self/status' '.process.noNewPrivileges = false'
like "$output" '0$' "no_new_privs not set"
run_sh "$b" 'ulimit -Sn; ulimit -Hn; ulimit -Sc' '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
is "$output" $'100\n200\n0' "rlimits, soft and hard"
make_bundle "$b" '.process.rlimits = [{type: "RLIMIT_NONSENSE", soft: 1, hard: 1}]'
new_id
refuses "an unknown rlimit" 'RLIMIT_NONSENSE' barrer run --bundle "$b" "$id"
make_bundle "$b" '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1, hard: 1}, {type: "RLIMIT_NOFILE", soft: 1, hard: 1}]'
new_id
refuses "an rlimit that is given twice" 'RLIMIT_NOFILE' barrer run --bundle "$b" "$id"
run_sh "$b" 'cat /proc/self/oom_score_adj' '.process.oomScoreAdj = 321'
is "$output" 321 "the OOM score"
run_sh "$b" 'cat /proc/self/oom_score_adj' 'del(.process.oomScoreAdj)'
is "$output" "$(cat /proc/self/oom_score_adj)" "no OOM score means the caller's"
if is_real_root; then
    run_sh "$b" 'cut -d" " -f41,19 /proc/self/stat' '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
    is "$output" "7 3" "nice value and scheduler policy (SCHED_BATCH is 3)"
    make_bundle "$b" '.process.args = ["stat", "-Lc", "%u:%g", "/proc/self/fd/1"] | .process.user = {uid: 1, gid: 2}'
    new_id
    is "$(barrer run --bundle "$b" "$id" | cat)" 1:2 "a pipe that is the output belongs to the process"
    deadline() { # WHAT REGEX RUNTIME DEADLINE PERIOD
        make_bundle "$b" ".process.scheduler = {policy: \"SCHED_DEADLINE\", runtime: $3, deadline: $4, period: $5}"
        new_id
        refuses "$1" "sched_setattr: \`SCHED_DEADLINE\` $2" barrer run --bundle "$b" "$id"
    }
    deadline "no runtime" 'requires `runtime`' 0 20000000 20000000
    deadline "no deadline" 'requires `deadline`' 10000000 0 0
    deadline "more runtime than deadline" 'runtime \(30000000\) must be <= deadline \(20000000\)' 30000000 20000000 40000000
    deadline "a deadline after the period" 'deadline \(20000000\) must be <= period \(15000000\)' 10000000 20000000 15000000
    deadline "a runtime below the kernel's least" 'runtime \(1023\) must be between 1024 and ' 1023 10000000 0
    run_sh "$b" 'ionice -p $$' '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
    like "$output" 'best-effort: prio 6' "I/O priority"
    run_sh "$b" 'cat /proc/self/cpuset; grep Cpus_allowed_list /proc/self/status' '.process.execCPUAffinity = {initial: "0", final: "0"}'
    is "$status" 0 "execCPUAffinity does not hurt run"
    run_sh "$b" 'uname -m' '.linux.personality = {domain: "LINUX32"}'
    is "$output" i686 "personality"
else
    for what in "nice value and scheduler policy" "I/O priority" "personality"; do skip "$what" "needs real root"; done
fi

# Where barrer itself is bound to a CPU, the container is not.
if [ "$(nproc)" -lt 2 ]; then
    skip "barrer's own CPUs are not the container's" "needs two CPUs"
else
    mask=$(awk '/^Cpus_allowed:/ { print $2 }' /proc/self/status)
    make_bundle "$b" '.process.args = ["sleep", "1000"]'
    new_id
    taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --detach --bundle "$b" "$id" </dev/null >/dev/null 2>&1
    is "$(awk '/^Cpus_allowed:/ { print $2 }' "/proc/$(pid_of "$id")/status")" "$mask" "barrer's own CPUs are not the container's"
    capture taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" exec "$id" \
        awk '/^Cpus_allowed:/ { print $2 }' /proc/self/status
    is "$output" "$mask" "nor those of what exec brings" || show
    barrer delete --force "$id"
fi

# --- seccomp ---
filter='{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
run_sh "$b" 'grep Seccomp: /proc/self/status; mkdir /tmp/x' ".root.readonly = false | .linux.seccomp = $filter"
like "$output" '2$' "a seccomp filter is there"
like "$error" 'not supported' "and gives the configured error"
run_sh "$b" 'grep Seccomp: /proc/self/status' 'del(.linux.seccomp)'
like "$output" "$(awk '/^Seccomp:/ { print $2 }' /proc/self/status)\$" "no filter without configuration"
run_sh "$b" 'mkdir /tmp/x; echo alive' ".linux.seccomp = ($filter | .syscalls[0].action = \"SCMP_ACT_KILL_PROCESS\" | del(.syscalls[0].errnoRet))"
is "$output" alive "SCMP_ACT_KILL_PROCESS kills the child that calls"
make_bundle "$b" '.linux.seccomp = {defaultAction: "SCMP_ACT_NONSENSE"}'
new_id
refuses "an unknown seccomp action" 'SCMP_ACT_NONSENSE' barrer run --bundle "$b" "$id"
start_sleeper "$b" ".linux.seccomp = $filter | .root.readonly = false"
capture barrer exec "$id" mkdir /tmp/y
like "$error" 'not supported' "exec is under the filter as well"
barrer delete --force "$id"

# --- labels on a kernel that has none ---
if [ ! -d /sys/kernel/security/apparmor ]; then
    make_bundle "$b" '.process.apparmorProfile = "some-profile" | .process.args = ["true"]'
    new_id
    capture barrer run --bundle "$b" "$id"
    if [ "$status" != 0 ]; then like "$error" '[Aa]pp[Aa]rmor' "an AppArmor profile is not dropped silently"; else
        fail "an AppArmor profile is not dropped silently"
    fi
else
    skip "an AppArmor profile is not dropped silently" "this kernel has AppArmor"
fi

# --- a terminal ---
need python3
cat >"$T/console.py" <<'END'
# SOCKET OUTPUT: receive one terminal by SCM_RIGHTS, answer it, and copy what it shows
import array, os, select, socket, sys, termios, fcntl, struct
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(1)
open(sys.argv[1] + ".ready", "w").close()
client, _ = server.accept()
data, ancillary, _, _ = client.recvmsg(4096, socket.CMSG_SPACE(16))
fds = array.array("i")
for level, kind, payload in ancillary:
    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
        fds.frombytes(payload[: len(payload) // 4 * 4])
with open(sys.argv[2], "wb", buffering=0) as out:
    out.write(b"fds %d\n" % len(fds))
    rows = struct.unpack("HHHH", fcntl.ioctl(fds[0], termios.TIOCGWINSZ, b"\0" * 8))
    out.write(b"size %d %d\n" % rows[:2])
    os.write(fds[0], b"typed\n")
    while True:
        try:
            text = os.read(fds[0], 4096)
        except OSError:
            break
        if not text:
            break
        out.write(text)
END
console() { # in the background; sets $socket
    socket=$T/console-$id
    python3 "$T/console.py" "$socket" "$T/console.out" &
    console_pid=$!
    wait_until 10 test -e "$socket.ready"
}
make_bundle "$b" '.process.terminal = true | .process.consoleSize = {height: 40, width: 132}
    | .process.args = ["sh", "-c", "read x; echo got $x; tty; test -t 0 && test -t 1 && test -t 2 && echo all; stat -c %t:%T /dev/console /dev/pts/0; echo >/dev/tty"]'
new_id
console
capture barrer run --detach --console-socket "$socket" --bundle "$b" "$id"
is "$status$error" 0 "run --detach with a console socket"
wait $console_pid
result=$(tr -d '\r' <"$T/console.out")
like "$result" 'fds 1' "one descriptor is sent"
like "$result" 'size 40 132' "the terminal has the configured size"
like "$result" 'got typed' "what is typed arrives"
like "$result" $'\n/dev/pts/0' "the terminal is /dev/pts/0"
like "$result" $'\nall' "all three streams are the terminal"
like "$result" $'\n88:0\n88:0' "/dev/console is the terminal"
unlike "$result" 'tty: ' "it is the controlling terminal"
barrer delete --force "$id"
start_sleeper "$b"
console
capture barrer exec --tty --detach --console-socket "$socket" "$id" sh -c 'read x; echo got $x; tty'
is "$status$error" 0 "exec --tty with a console socket"
wait $console_pid
like "$(cat "$T/console.out")" 'got typed' "its terminal works"
barrer delete --force "$id"

# --- a foreground terminal ---
on_terminal() { timeout 60 python3 "$top_srcdir/tests/terminal.py" 99x33 "$@"; }
make_bundle "$b" '.process.terminal = true | .process.args = ["sh", "-c", "tty; stty size; exit 6"]'
new_id
capture on_terminal "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id"
is "$status" 6 "run with a terminal in the foreground: exit status"
like "$output" '/dev/pts/0' "a terminal of the container's own"
like "$output" '33 99' "of the caller's size"
# The payload has the size from its first instruction, however late barrer-run comes to its copying.
if command -v strace >/dev/null && strace -qq -o /dev/null true 2>/dev/null; then
    slowly() { (without_leak_check; on_terminal strace -qq -o /dev/null -e inject=ioctl:delay_enter=300000 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "$@"); }
    new_id
    capture slowly run --bundle "$b" "$id"
    like "$output" '33 99' "run: also when barrer-run is slow"
    start_sleeper "$b"
    capture slowly exec --tty "$id" stty size
    like "$output" '33 99' "exec: also when barrer-run is slow"
    barrer delete --force "$id"
else
    skip "the size when barrer-run is slow" "strace does not work here"
fi

done_testing
