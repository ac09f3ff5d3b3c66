#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# barrer-run exec: a further process in a running container.
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b
start_sleeper "$b" '.root.readonly = false | .process.env = ["PATH=/bin", "FOO=one"]' || diag "$error"
c=$id
is "$(status_of "$c")" running "a container to work with"

# --- exit codes and streams ---
exits "a command that succeeds" 0 barrer exec "$c" true
is "$output$error" "" "exec is silent by itself"
exits "its exit status" 7 barrer exec "$c" sh -c 'exit 7'
exits "128 + signal" 137 barrer exec "$c" sh -c 'kill -9 $$'
is "$(echo through | barrer exec "$c" cat)" through "stdin and stdout"
capture barrer exec "$c" sh -c 'echo a; echo b >&2'
is "$output/$error" a/b "stdout and stderr"
capture barrer exec "$c" no-such-program
is $status 255 "a program that is not there: status 255"
like "$error" 'executable file .?no-such-program.? not found in \$PATH' "and its text"
capture barrer exec "$c" /etc/passwd
like "$error" '[Pp]ermission denied' "a file that is not executable"

# --- it is where the container is ---
for ns in mnt pid ipc uts net cgroup; do
    inside=$(barrer exec "$c" readlink "/proc/self/ns/$ns")
    is "$inside" "$(readlink "/proc/$pid/ns/$ns")" "namespace $ns is the container's"
done
is "$(barrer exec "$c" sh -c 'tr "\0" " " </proc/1/cmdline')" "sleep 1000 " "process 1 is the payload"
is "$(barrer exec "$c" sh -c 'ls /proc/self/fd | tr "\n" " "')" "0 1 2 3 " "no descriptor leaks"
if is_real_root; then
    barrer exec "$c" sleep 1002 </dev/null &
    wait_until 10 pgrep -x -f "sleep 1002"
    other=$(pgrep -x -f "sleep 1002" | head -n 1)
    is "$(cat "/proc/$other/cgroup")" "$(cat "/proc/$pid/cgroup")" "it is in the container's cgroups"
    is "$(barrer ps --format json "$c" | jq length)" 2 "ps counts it"
    kill "$other"
    wait
else
    skip "it is in the container's cgroups" "needs real root"
    skip "ps counts it" "needs real root"
fi
init_status=$(grep -E '^(Cap|NoNewPrivs|Seccomp:)' "/proc/$pid/status" | grep -v CapInh)
exec_status=$(barrer exec "$c" cat /proc/self/status | grep -E '^(Cap|NoNewPrivs|Seccomp:)' | grep -v CapInh)
is "$exec_status" "$init_status" "E12: capabilities, no_new_privs and filter are the container's"
is "$(barrer exec "$c" grep CapInh /proc/self/status)" "$(grep CapInh "/proc/$pid/status")" "E12: no inheritable capability appears"

# --- options ---
is "$(barrer exec "$c" sh -c 'echo $FOO')" one "the environment of the container"
is "$(barrer exec --env FOO=two -e BAR=three "$c" sh -c 'echo $FOO $BAR')" "two three" "--env"
is "$(barrer exec --cwd /tmp "$c" pwd)" /tmp "--cwd"
if is_real_root; then
    is "$(barrer exec --user 1000 "$c" sh -c 'id -u')" 1000 "--user UID"
    is "$(barrer exec --user 1000:1001 "$c" sh -c 'id -u; id -g' | tr '\n' ' ')" "1000 1001 " "--user UID:GID"
    is "$(barrer exec --user 1000:1001 --additional-gids 5 --additional-gids 2000 "$c" id -G)" "1001 5 2000" "--additional-gids"
    is "$(barrer exec --user 1000 "$c" grep CapEff /proc/self/status | awk '{ print $2 }')" 0000000000000000 \
        "E12: another user has no capabilities"
else
    for what in "--user UID" "--user UID:GID" "--additional-gids" "E12: another user has no capabilities"; do
        skip "$what" "needs real root"
    done
fi
for bad in 1000x -1 '' 99999999999 ' 5' 0x10 1000: :5 1000:x; do
    refuses "E13: --user \"$bad\"" 'user' barrer exec "--user=$bad" "$c" true
done
is "$(barrer exec --no-new-privs "$c" grep NoNewPrivs /proc/self/status | awk '{ print $2 }')" 1 "--no-new-privs"
is "$(barrer exec --cap CAP_NET_RAW "$c" grep CapBnd /proc/self/status | awk '{ print $2 }')" \
    "$(printf '%016x' $((0x$(awk '/CapBnd/ { print $2 }' "/proc/$pid/status") | 1 << 13)))" "--cap adds to the bounding set"
rm -f "$T/log"
capture barrer --log "$T/log" exec --cap CAP_NONSENSE "$c" true
like "$error$(cat "$T/log")" 'CAP_NONSENSE' "--cap with nonsense is not passed over in silence (status $status)"
echo three >"$T/three"
is "$(barrer exec --preserve-fds 1 "$c" sh -c 'cat <&3' 3<"$T/three")" three "--preserve-fds"

# --- --process, --detach, --pid-file ---
jq -n '{args: ["sh", "-c", "echo $A; pwd; id -u"], cwd: "/tmp", env: ["PATH=/bin", "A=json"], user: {uid: 0, gid: 0}}' >"$T/process.json"
capture barrer exec --process "$T/process.json" "$c"
is "$output" $'json\n/tmp\n0' "--process FILE"
jq -n '{args: ["sleep", "1003"], cwd: "/", user: {uid: 0, gid: 0}, env: ["PATH=/bin"]}' >"$T/process.json"
capture barrer exec --detach --pid-file "$T/exec.pid" --process "$T/process.json" "$c" </dev/null
is "$status$output$error" 0 "rule 8: exec --detach"
other=$(cat "$T/exec.pid")
is "$(tr '\0' ' ' <"/proc/$other/cmdline")" "sleep 1003 " "the pid file names the process, and it has been executed"
is "$(od -An -c "$T/exec.pid" | tr -d ' \n')" "$(printf %s "$other" | od -An -c | tr -d ' \n')" "no newline in the pid file"
kill -9 "$other"
rm -f "$T/exec.pid"
jq '.args = ["/nope"]' "$T/process.json" >"$T/bad.json"
capture barrer exec --detach --pid-file "$T/exec.pid" --process "$T/bad.json" "$c" </dev/null
isnt "$status" 0 "rule 8: exec --detach of a program that is not there fails"
not_ok "rule 8: and leaves no pid file" test -e "$T/exec.pid"
echo '{"args": ' >"$T/bad.json"
refuses "--process with broken JSON" 'bad.json' barrer exec --process "$T/bad.json" "$c"
echo '{"args": [1], "cwd": "/"}' >"$T/bad.json"
refuses "--process with a wrong type" 'args' barrer exec --process "$T/bad.json" "$c"
refuses "--process with a file that is not there" 'missing.json.*No such file' barrer exec --process "$T/missing.json" "$c"
refuses "a terminal and --detach need a console socket" 'console-socket' barrer exec --tty --detach "$c" true

# --- states in which it is refused ---
barrer kill "$c" KILL
wait_until 10 is_gone "$pid"
refuses "exec in a stopped container" '(stopped|not running)' barrer exec "$c" true
barrer delete "$c"
make_bundle "$b"
new_id
barrer create --bundle "$b" "$id" </dev/null
capture barrer exec "$id" true
is "$status$error" 0 "exec in a created container"

barrer delete --force "$id"
# A capability that the container can inherit is ambient, too.
start_sleeper "$b" '.process.capabilities = {bounding: ["CAP_KILL", "CAP_SYSLOG"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"],
    inheritable: ["CAP_KILL", "CAP_SYSLOG"], ambient: ["CAP_KILL"]}'
is "$(barrer exec --cap CAP_SYSLOG "$id" awk '/^Cap(Inh|Amb)/ { print $2 }' /proc/self/status)" $'0000000400000020\n0000000400000020' \
    "--cap with one that can be inherited"
barrer delete --force "$id"

# A further process of a paused container waits with it; whoever asked for it can be killed.
new_id
if is_real_root; then
    make_bundle "$b" '.process.args = ["sleep", "1000"]'
    barrer run --detach --bundle "$b" "$id" </dev/null >/dev/null 2>&1
    ok "pause" barrer pause "$id"
    "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" exec --ignore-paused "$id" true &
    asker=$!
    has_two() { [ "$(barrer ps --format json "$id" | jq length)" -ge 2 ]; }
    wait_until 20 has_two
    kill -KILL "$asker"
    ok "exec --ignore-paused can be killed while it waits" timeout 20 tail --pid="$asker" -f /dev/null
    barrer resume "$id"
    wait "$asker" 2>/dev/null
else
    skip "exec --ignore-paused can be killed while it waits" "needs real root"
fi
barrer delete --force "$id" 2>/dev/null

# --- --cgroup with controllers, which version 1 has groups of ---
if is_real_root && [ "$(cgroup_kind)" = v1 ]; then
    start_sleeper "$T/groups" '.linux.resources.pids.limit = 100 | .linux.resources.memory.limit = 67108864'
    memory=$(cgroup_of "$pid" memory) pids=$(cgroup_of "$pid" pids)
    mkdir "$memory/below" "$pids/other"
    capture barrer exec --cgroup memory:below --cgroup pids:other "$id" cat /proc/self/cgroup
    like "$output" ":memory:${memory#/sys/fs/cgroup/memory}/below" "exec --cgroup memory:below" || show
    like "$output" ":pids:${pids#/sys/fs/cgroup/pids}/other" "and another one of pids"
    refuses "a group that is not there" 'adding pid .*o such file' barrer exec --cgroup memory:gone "$id" true
    refuses "a controller that is not there" 'unknown controller "nonesuch"' barrer exec --cgroup nonesuch:/ "$id" true
    refuses "a way out" 'bad sub cgroup path.*`..` components are not allowed' barrer exec --cgroup memory:../x "$id" true
    barrer delete --force "$id"
else
    skip "exec --cgroup CONTROLLER:PATH" "needs a cgroup of version 1"
fi
done_testing
