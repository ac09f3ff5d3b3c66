#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the core owes to hostile and to unlucky callers: hooks that hang, descriptors and signals
# that they leave behind, verbs that meet each other on one container.
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b
# SECONDS VERB...: the verb must not take longer; for capture and ok
within() { # shellcheck disable=SC2086
    local limit=$1
    shift
    timeout -s KILL "$limit" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "$@" 8>&-
}
script_hook() { # SCRIPT: a jq array with one hook that runs it
    jq -nc --arg script "$1" '[{path: "/bin/sh", args: ["sh", "-c", $script]}]'
}

# --- hooks -----------------------------------------------------------------------------------------
printf '%100000s' '' | tr ' ' x >"$T/long"
make_bundle "$b" '.process.args = ["true"] | .annotations = {"long": $long}
    | .hooks.createContainer = $a | .hooks.startContainer = $b' --rawfile long "$T/long" \
    --argjson a "$(script_hook "cat >$T/create-container")" \
    --argjson b "$(script_hook 'test "$(wc -c)" -gt 100000')"
new_id
ok "hooks in the container get a state of any length" barrer run --bundle "$b" "$id"
is "$(jq -r '.annotations.long | length' "$T/create-container")" 100000 "with all of its annotations"
is "$(jq -r '.id + " " + .status' "$T/create-container")" "$id creating" "createContainer sees the container being created"
isnt "$(jq -r .pid "$T/create-container")" 1 "and its pid on the host"

make_bundle "$b" '.process.args = ["true"] | .hooks.createContainer = $a' \
    --argjson a "$(script_hook "umask >$T/umask")"
new_id
(umask 027 && barrer run --bundle "$b" "$id")
is "$(cat "$T/umask")" 0027 "hooks in the container have the caller's umask"

mkfifo "$T/hanging"
make_bundle "$b" '.process.args = ["true"] | .hooks.createRuntime = $a' \
    --argjson a "$(script_hook "echo >$T/hanging; exec sleep 1000")"
new_id
barrer create --bundle "$b" "$id" 2>"$T/create.err" &
read -r _ <"$T/hanging"
ok "delete --force does not wait for a hook that hangs" within 10 delete --force "$id"
wait $!
is $? 1 "and create gives up"
is "$(ls "$STATE")" "" "nothing is left"

make_bundle "$b" '.process.args = ["true"] | .hooks.createRuntime = $a | .hooks.poststop = $b' \
    --argjson a "$(script_hook "exit 3")" --argjson b "$(script_hook "cat >$T/poststop")"
new_id
not_ok "a container whose createRuntime hook fails" barrer run --bundle "$b" "$id"
is "$(jq -r .status "$T/poststop")" stopped "has its poststop hooks run"
rm -f "$T/poststop"
edit_bundle "$b" 'del(.hooks.createRuntime)'
new_id
ok "a container of run" barrer run --bundle "$b" "$id"
is "$(jq -r .status "$T/poststop")" stopped "has its poststop hooks run, too"

if is_real_root; then
    make_bundle "$b" '.process.args = ["sleep", "1000"] | .hooks.poststart = [{path: "/bin/false"}]
        | .linux.namespaces |= map(select(.type != "pid"))'
    new_id
    barrer create --bundle "$b" --pid-file "$T/pid" "$id"
    not_ok "start whose poststart hook fails" barrer start "$id"
    ok "ends also a container that shares its pids" wait_until 10 is_gone "$(cat "$T/pid")"
    not_ok "and destroys it" test -e "$STATE/$id"
else
    skip "ends also a container that shares its pids" "needs real root"
fi

make_bundle "$b" '.process.args = ["sleep", "1000"] | .hooks.poststart = $a' \
    --argjson a "$(script_hook "echo \$\$ >$T/hanging; exec sleep 1000")"
new_id
barrer create --bundle "$b" "$id"
barrer start "$id" 2>"$T/start.err" &
read -r hook <"$T/hanging"
ok "delete --force does not wait for a poststart hook" within 10 delete --force "$id"
kill "$hook"
wait $!

# --- what callers leave behind -----------------------------------------------------------------------
make_bundle "$b" '.process.args = ["true"]'
new_id
ok "create with more preserved descriptors than are open" barrer create --preserve-fds 20 --bundle "$b" "$id"
ok "start does not wait for the container's own lock" within 10 start "$id"
barrer delete --force "$id"

make_bundle "$b" '.process.args = ["true"] | .hooks.createRuntime = [{path: "/bin/true"}]'
new_id
# shellcheck disable=SC2086
ok "a caller that ignores SIGCHLD" bash -c 'trap "" CHLD; exec "$@"' - \
    "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" create --bundle "$b" "$id"
barrer delete --force "$id"

# --- where and how the state is kept -------------------------------------------------------------------
if unshare -r true 2>/dev/null; then
    mkdir -p "$T/runtime/barrer-run/lost"
    # shellcheck disable=SC2086
    capture env XDG_RUNTIME_DIR="$T/runtime" unshare -r "$BARRER_RUN" $BARRER_FLAGS state lost
    like "$error" "container .lost. has no state.json|runtime/barrer-run" \
        "root of a user namespace has its state in XDG_RUNTIME_DIR"
    rmdir "$T/runtime/barrer-run/lost"
else
    skip "root of a user namespace has its state in XDG_RUNTIME_DIR" "unshare -r does not work here"
fi

if is_root && has_controller pids; then
    start_sleeper "$b"
    printf '["cgroup","torn' >>"$STATE/$id/state.json"
    ok "a torn line in state.json is none" barrer update --pids-limit 77 "$id"
    printf '["cgroup","torn' >>"$STATE/$id/state.json"
    ok "and is replaced by the next" barrer update --cpu-share 512 "$id"
    ok "which leaves it readable" barrer state "$id"
    ok "for delete, too" barrer delete --force "$id"
else
    skip "a torn line in state.json is none" "no cgroup controller pids here"
fi

# --- our terminal ------------------------------------------------------------------------------------
make_bundle "$b" '.process.args = ["yes"] | .process.terminal = true'
new_id
is "$(within 10 run --bundle "$b" "$id" </dev/null | head -n 1 | tr -d '\r')" y "a terminal's output"
is "$(ls "$STATE")" "" "is hung up when nobody reads it"
make_bundle "$b" '.process.args = ["echo", "a line"] | .process.terminal = true'
new_id
is "$(within 10 run --bundle "$b" "$id" </dev/null | od -An -c | tr -d ' ')" 'aline\n' "lines end as the payload ends them"
make_bundle "$b" '.process.args = ["cat"] | .process.terminal = true'
new_id
is "$({
    seq 3000
    printf '\004'
} | (within 10 run --bundle "$b" "$id" || echo hangs) | tail -n 1 | tr -d '\r')" 3000 "input and output do not wait for each other"

# --- verbs that meet on one container ----------------------------------------------------------------
waits_for_lock() { grep -q -- "-> FLOCK .* $1 " /proc/locks; }
# A terminal's socket whose queue is full holds create before there is a process; a line on its
# standard input lets it go on.
make_bundle "$b" '.process.args = ["sleep", "1000"] | .process.terminal = true'
cat >"$T/queue.py" <<'END'
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(0)
first = socket.socket(socket.AF_UNIX)
first.connect(sys.argv[1])
print(flush=True)
sys.stdin.readline()
peers = [listener.accept(), listener.accept()]
sys.stdin.readline()
END
held_create() { # a creator that waits; $creator
    new_id
    coproc QUEUE { exec python3 "$T/queue.py" "$T/$id.sock" 8>&-; }
    read -r _ <&"${QUEUE[0]}"
    # shellcheck disable=SC2086
    "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" create --console-socket "$T/$id.sock" --bundle "$b" \
        --pid-file "$T/pid" "$id" 8>&- &
    creator=$!
    wait_until 5 is_status "$id" creating
}
release_create() { # VERB: waits for the creator, then lets it go on; $status is the verb's
    # shellcheck disable=SC2086
    "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "$1" "$id" 8>&- 2>"$T/err" &
    verb=$!
    wait_until 5 waits_for_lock $verb || diag "$1 does not wait"
    echo >&"${QUEUE[1]}"
    wait $creator || diag "create failed"
    wait $verb
    status=$?
    echo >&"${QUEUE[1]}"
}
if command -v python3 >/dev/null; then
    held_create
    release_create start
    is $status 0 "start waits for a container that is being created" || diag "$(cat "$T/err")"
    is "$(status_of "$id")" running "and starts it"
    barrer delete --force "$id"
    held_create
    release_create delete
    is $status 0 "delete waits for a container that is being created"
    ok "and ends its process" is_gone "$(cat "$T/pid")"
else
    skip "verbs wait for a container that is being created" "no python3 here"
fi

make_bundle "$b" '.process.args = ["sleep", "1000"]'
new_id
# shellcheck disable=SC2086
"$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id" 8>&- &
follower=$!
wait_until 5 is_status "$id" running
kill -STOP $follower
barrer delete --force "$id"
barrer run --detach --bundle "$b" --pid-file "$T/pid" "$id"
kill -CONT $follower
wait $follower
is $? 137 "a run whose container was deleted has its status"
is "$(status_of "$id")" running "and leaves a new one of the same id alone"
ok "with its process" kill -0 "$(cat "$T/pid")"
barrer delete --force "$id"

done_testing
