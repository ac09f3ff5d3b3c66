#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# create, start, state, kill, delete, list and ps, and what engines rely on when they call them
# (the rules are numbered as in docs: what go-runc, conmon, podman, cri-o and dockerd parse).
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b
sleeper='.process.args = ["sleep", "1000"] | .annotations = {"org.example.key": "a value"}'
make_bundle "$b" "$sleeper"

# --- create and start ---
new_id
c=$id
capture barrer create --bundle "$b" --pid-file "$T/pid" "$c" </dev/null
is "$status$output$error" 0 "rule 1: create is silent on success"
pid=$(cat "$T/pid")
is "$(od -An -c "$T/pid" | tr -d ' \n')" "$(printf %s "$pid" | od -An -c | tr -d ' \n')" "rule 6: the pid file has no newline"
capture barrer state "$c"
is "$status$error" 0 "rule 1: state is silent on stderr"
is "$(json .status)" created "status created"
is "$(json .pid)" "$pid" "pid of the created container"
is "$(json .id)" "$c" "id"
is "$(json .bundle)" "$b" "bundle is absolute"
like "$(json .ociVersion)" '^1\.' "ociVersion"
is "$(json '.annotations["org.example.key"]')" "a value" "annotations"
is "$(json .rootfs)" "$b/rootfs" "rootfs"
like "$(json .created)" '^20[0-9][0-9]-.*T.*Z$' "created is a time"
like "$(json .owner)" '.' "owner"
is "$(tr '\0' ' ' <"/proc/$pid/cmdline" | grep -c sleep)" 0 "rule 7: the payload has not started"
jq '.process.args = ["false"]' "$b/config.json" >"$b/new" && mv "$b/new" "$b/config.json"
capture barrer start "$c"
is "$status$output$error" 0 "rule 1: start is silent on success"
wait_until 10 grep -q sleep "/proc/$pid/cmdline"
is "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 1000 " "rule 13: changing config.json after create changes nothing"
is "$(pid_of "$c")" "$pid" "the pid stays the same"
is "$(status_of "$c")" running "status running"
refuses "start of a running container" '(running|created)' barrer start "$c"
make_bundle "$b" "$sleeper"
refuses "create of an id that exists" "exists" barrer create --bundle "$b" "$c"
like "$(stat -c %a "$STATE/$c")" '^700$' "rule 13: the state folder is private"

# --- list and ps ---
refuses "list of a state root that is not there" 'list the containers of ".*/nowhere".*No such file' barrer --root "$T/nowhere" list
capture barrer list --format json
is "$(json '.[0].id + " " + .[0].status + " " + (.[0].pid | tostring) + " " + .[0].bundle')" \
    "$c running $pid $b" "list --format json"
capture barrer list -q
is "$output" "$c" "list -q: ids only"
capture barrer list
like "$output" "^ID +PID +STATUS +BUNDLE +CREATED +OWNER" "list: the head of the table"
like "$output" "$c +$pid +running +$b" "list: the row"
if is_real_root; then
    capture barrer ps --format json "$c"
    is "$status$error" 0 "rule 1: ps is silent on stderr"
    is "$(jq -c . <<<"$output")" "[$pid]" "ps --format json: the pids"
    capture barrer ps "$c"
    like "$output" 'PID' "ps: a table"
    like "$output" "$pid" "ps: names the process"
else
    skip "ps" "without real root there may be no cgroup"
fi

# --- kill ---
refuses "rule 4: delete of a running container" 'not stopped|running' barrer delete "$c"
capture barrer kill "$c" 0
is "$status$output$error" 0 "rule 1: kill is silent on success"
refuses "an unknown signal" '[Ss]ignal' barrer kill "$c" SIGNONSENSE
refuses "a signal that is too high" '[Ss]ignal' barrer kill "$c" 4711
is "$(status_of "$c")" running "unknown signals do nothing"
capture barrer kill "$c" KILL
is "$status" 0 "rule 5: a signal by its name"
wait_until 10 is_gone "$pid"
is "$(status_of "$c")" stopped "status stopped"
capture barrer state "$c"
is "$(json .pid)" 0 "the pid of a stopped container is 0"
refuses "rule 3: kill of a stopped container" 'container not running|no such process' barrer kill "$c" TERM
capture barrer kill --all "$c" KILL
is "$status" 0 "rule 5: kill --all of a stopped container"
refuses "start of a stopped container" 'stopped' barrer start "$c"
capture barrer delete "$c"
is "$status$output$error" 0 "delete of a stopped container"
is "$(ls -A "$STATE")" "" "nothing is left in the state root"
for signal in 9 SIGKILL kill; do
    start_sleeper "$b" "$sleeper"
    barrer kill "$id" $signal
    ok "rule 5: a signal as \"$signal\"" wait_until 10 is_gone "$pid"
    barrer delete "$id"
done
make_bundle "$b" '.process.args = ["sh", "-c", "trap \"exit 3\" TERM; touch /tmp/ready; sleep 1000 & wait"] | .root.readonly = false'
new_id
barrer run --detach --bundle "$b" --pid-file "$T/pid" "$id" </dev/null >/dev/null
wait_until 10 test -e "$b/rootfs/tmp/ready"
barrer kill "$id"
ok "rule 5: the default signal is TERM" wait_until 10 is_gone "$(cat "$T/pid")"
barrer delete "$id"
make_bundle "$b" "$sleeper"

# --- delete ---
new_id
barrer create --bundle "$b" --pid-file "$T/pid" "$id" </dev/null
ok "rule 4: delete of a created container" barrer delete "$id"
ok "which ends its process" wait_until 10 is_gone "$(cat "$T/pid")"
new_id
barrer create --bundle "$b" --pid-file "$T/pid" "$id" </dev/null
barrer kill "$id" TERM
ok "TERM ends a created container, as with runc" wait_until 10 is_gone "$(cat "$T/pid")"
barrer delete "$id"
start_sleeper "$b" "$sleeper"
cgroup=$(is_real_root && cgroup_of "$pid")
capture barrer delete --force "$id"
is "$status$output$error" 0 "delete --force of a running container"
ok "it is dead when delete returns" is_gone "$pid"
if [ -n "$cgroup" ] && [ "$cgroup" != /sys/fs/cgroup/pids/ ]; then
    not_ok "its cgroup is gone" test -e "$cgroup"
else
    skip "its cgroup is gone" "no cgroup of its own here"
fi

# --- a container that is not there ---
for verb in state start kill pause resume ps "exec ID true"; do
    command=("${verb%% *}" missing)
    [[ $verb != exec* ]] || command=(exec missing true)
    refuses "rule 2: ${verb%% *} of a missing container" 'does not exist' barrer "${command[@]}"
done
refuses "rule 2: delete of a missing container" 'does not exist' barrer delete missing
capture barrer delete --force missing
is "$status$output$error" 0 "rule 4: delete --force of a missing container is silent"
mkdir -p "$STATE/half"
ok "rule 4: delete --force of a folder without a state file" barrer delete --force half
not_ok "the folder is gone" test -e "$STATE/half"
capture barrer list --format json
like "$(jq -c . <<<"$output")" '^(\[\]|null)$' "an empty list"

# --- reap what a shared pid namespace leaves ---
if is_real_root; then
    make_bundle "$b" '.process.args = ["sh", "-c", "sleep 1001 & echo $! >/tmp/child; exec sleep 1000"]
        | .root.readonly = false | .linux.namespaces |= map(select(.type != "pid"))'
    new_id
    barrer run --detach --bundle "$b" --pid-file "$T/pid" "$id" </dev/null >/dev/null
    wait_until 10 test -s "$b/rootfs/tmp/child"
    child=$(cat "$b/rootfs/tmp/child")
    barrer delete --force "$id"
    ok "rule 4: delete --force ends all processes of a shared pid namespace" wait_until 5 is_gone "$child"
    kill -9 "$child" 2>/dev/null
    rm "$b/rootfs/tmp/child"
    new_id
    barrer run --detach --bundle "$b" --pid-file "$T/pid" "$id" </dev/null >/dev/null
    wait_until 10 test -s "$b/rootfs/tmp/child"
    child=$(cat "$b/rootfs/tmp/child")
    kill -9 "$(cat "$T/pid")"
    wait_until 10 is_status "$id" stopped
    ok "kill KILL when its first process is gone" barrer kill "$id" KILL
    ok "ends the others" wait_until 5 is_gone "$child"
    kill -9 "$child" 2>/dev/null
    refuses "once" 'container not running' barrer kill "$id" KILL
    ok "then it can be deleted" barrer delete "$id"
else
    skip "rule 4: delete --force ends all processes of a shared pid namespace" "needs a cgroup"
fi

# --- terminal rules, version, log ---
make_bundle "$b" '.process.terminal = true | .process.args = ["true"]'
new_id
refuses "rule 7: create with a terminal needs --console-socket" 'console-socket' barrer create --bundle "$b" "$id"
capture "$BARRER_RUN" --version
is "$status$error" 0 "rule 12: --version is silent on stderr"
like "$output" '^barrer-run version [0-9]' "rule 11: the first line is NAME version X"
like "$output" 'spec: 1\.' "rule 11: a spec line"
capture barrer features
is "$status$error" 0 "rule 12: features is silent on stderr"
like "$(json .ociVersionMin)/$(json .ociVersionMax)" '^1\..*/1\.' "rule 12: versions"
like "$(jq -c .mountOptions <<<"$output")" '"rro"' "rule 12: rro is a mount option"
like "$(jq -c .linux.namespaces <<<"$output")" '"user"' "rule 12: user namespaces"
is "$(jq -c '.hooks | sort' <<<"$output")" \
    '["createContainer","createRuntime","poststart","poststop","prestart","startContainer"]' "rule 12: hooks"
make_bundle "$b" '.process.args = ["/nope"]'
new_id
rm -f "$T/log"
capture barrer --log "$T/log" --log-format json run --bundle "$b" "$id"
is "$(wc -l <"$T/log")" 1 "rule 10: one record"
is "$(jq -r .level "$T/log")" error "rule 10: of level error"
like "$(jq -r .msg "$T/log")" '/nope.*[Nn]o such file' "rule 10: with the message"
like "$(jq -r .time "$T/log")" '^20..-..-..T..:..:.*(Z|[+-]..:..)$' "rule 10: and a time"
like "$error" '/nope' "rule 10: the error is on stderr too"
barrer --log "$T/log" --log-format json run --bundle "$b" "$id" 2>/dev/null
is "$(jq -r .level "$T/log" | wc -l)" 2 "rule 10: the log is appended to"

# --- ids ---
make_bundle "$b" '.process.args = ["true"]'
for good in a 0 _x +x -x a.b A-b_c+d "t$$.$(printf 'x%.0s' {1..200})"; do
    ok "rule 14: the id \"${good:0:20}\"" barrer run --bundle "$b" -- "$good"
done

# --- what is gone (that its pid becomes another's: recycled.sh) ---
start_sleeper "$b" "$sleeper"
kill -9 "$pid"
wait_until 10 is_gone "$pid"
is "$(status_of "$id")" stopped "rule 5: a container whose process is gone is stopped"

# --- --regex ---
make_bundle "$b" '.process.args = ["sleep", "1000"]'
for one in match-a match-b other-a; do barrer run --detach --bundle "$b" "$one" </dev/null >/dev/null 2>&1; done
capture barrer kill --regex '^match-' KILL
is "$status$error" 0 "kill --regex"
for one in match-a match-b; do
    until barrer state "$one" | jq -e '.status == "stopped"' >/dev/null; do :; done
done
capture barrer delete --regex '^match-'
is "$status$error" 0 "delete --regex"
is "$(barrer list -q | grep -e match- -e other- | tr '\n' ' ')" "other-a " "only those that match"
capture barrer delete --regex '['
like "$error" 'regular expression' "delete --regex with a broken expression"
barrer delete --force other-a

# --- a process that somebody has frozen elsewhere ---
if is_real_root && [ "$(cgroup_kind)" = v1 ] && [ -w /sys/fs/cgroup/freezer/cgroup.procs ]; then
    frozen=/sys/fs/cgroup/freezer/barrer-test-$$
    sleep 1000 8>&- 9>&- &
    other=$!
    start_sleeper "$T/frozen" '.linux.resources.pids.limit = 100'
    mkdir "$frozen" && echo "$pid" >"$frozen/cgroup.procs" && echo $other >"$frozen/cgroup.procs" && echo FROZEN >"$frozen/freezer.state"
    wait_until 10 grep -qx FROZEN "$frozen/freezer.state"
    ok "delete --force of a process in a frozen group of others" timeout 8 "$BARRER_RUN" --root "$STATE" delete --force "$id"
    is "$(cat "$frozen/freezer.state") $(cat "$frozen/cgroup.procs")" "FROZEN $other" "leaves the group and its others frozen"
    echo THAWED >"$frozen/freezer.state"
    kill $other
    wait_until 10 rmdir "$frozen"
else
    skip "delete --force of a process in a frozen group of others" "needs a cgroup of version 1 and its freezer"
fi
done_testing
