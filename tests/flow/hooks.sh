#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Hooks of all six kinds: order, side of the fork, state on standard input, failures.
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b
log=$T/log
mkdir -p "$b"
cat >"$T/hook" <<END
#!/bin/sh
# NAME FILE: note the name and the state
cat >"\$2.\$1"
echo "\$1" >>"\$2"
END
chmod +x "$T/hook"
# The start hook runs in the container's root, so it is a program of the container.
hooks='.root.readonly = false | .process.args = ["sh", "-c", "echo payload >>/log"] | .hooks = {
    prestart: [{path: $hook, args: ["hook", "prestart", $log]}],
    createRuntime: [{path: $hook, args: ["hook", "createRuntime", $log]}, {path: $hook, args: ["hook", "createRuntime2", $log]}],
    createContainer: [{path: $hook, args: ["hook", "createContainer", $log]}],
    startContainer: [{path: "/bin/sh", args: ["sh", "-c", "cat >/state; echo startContainer >>/log"]}],
    poststart: [{path: $hook, args: ["hook", "poststart", $log]}],
    poststop: [{path: $hook, args: ["hook", "poststop", $log]}]}'
with=(--arg hook "$T/hook" --arg log "$log")

make_bundle "$b" "$hooks" "${with[@]}"
new_id
capture barrer create --bundle "$b" --pid-file "$T/pid" "$id" </dev/null
is "$status$error" 0 "create with hooks"
pid=$(cat "$T/pid")
is "$(cat "$log")" $'prestart\ncreateRuntime\ncreateRuntime2\ncreateContainer' "rule 16: the hooks of create, in order"
is "$(jq -r '.id + " " + .bundle' "$log.prestart")" "$id $b" "the state on standard input: id and bundle"
is "$(jq -r .pid "$log.createRuntime")" "$pid" "the state: pid"
like "$(jq -r .status "$log.createRuntime")" '^(creating|created)$' "the state: status"
like "$(jq -r .ociVersion "$log.createRuntime")" '^1\.' "the state: ociVersion"
not_ok "startContainer has not run before start" test -e "$b/rootfs/log"
barrer start "$id"
wait_until 10 is_gone "$pid"
is "$(cat "$b/rootfs/log")" $'startContainer\npayload' "startContainer runs in the container before the payload"
is "$(jq -r .id "$b/rootfs/state")" "$id" "and gets the state"
is "$(tail -n 1 "$log")" poststart "poststart runs at start"
is "$(jq -r .status "$log.poststart")" running "poststart sees a running container"
barrer delete "$id"
is "$(tail -n 1 "$log")" poststop "poststop runs at delete"
is "$(jq -r .status "$log.poststop")" stopped "poststop sees a stopped container"

# --- where they run ---
cat >"$T/where" <<END
#!/bin/sh
readlink /proc/self/ns/mnt >"$T/ns.\$1"
readlink /proc/self/ns/net >>"$T/ns.\$1"
ls /proc/self/fd | tr '\n' ' ' >"$T/fds.\$1"
env >"$T/env.\$1"
pwd >"$T/cwd.\$1"
END
chmod +x "$T/where"
make_bundle "$b" '.process.args = ["sleep", "1000"] | .hooks = {
    createRuntime: [{path: $w, args: ["w", "host"], env: ["A=b"]}],
    createContainer: [{path: $w, args: ["w", "child"]}],
    startContainer: [{path: "/bin/sh", args: ["sh", "-c", "env >/env"]}]}
    | .root.readonly = false | .process.env += ["FROM_CONFIG=1"]' --arg w "$T/where"
new_id
FROM_THE_CALLER=1 barrer run --detach --bundle "$b" --pid-file "$T/pid" "$id" </dev/null >/dev/null
pid=$(cat "$T/pid")
if is_real_root; then
    is "$(head -n 1 "$T/ns.host")" "$(readlink /proc/self/ns/mnt)" "createRuntime runs in the runtime's mount namespace"
else
    skip "createRuntime runs in the runtime's mount namespace" "needs real root"
fi
is "$(cat "$T/ns.child")" "$(readlink "/proc/$pid/ns/mnt")
$(readlink "/proc/$pid/ns/net")" "createContainer runs in the container's namespaces"
is "$(cat "$T/fds.host")" "0 1 2 3 " "E2: no descriptor leaks to a hook of the host"
is "$(cat "$T/fds.child")" "0 1 2 3 " "E2: nor to one in the container"
is "$(grep -Ev '^(PWD|SHLVL|_)=' "$T/env.host")" "A=b" "the environment is the hook's own"
like "$(cat "$T/env.child")" 'FROM_THE_CALLER=1' "no environment means the caller's"
like "$(cat "$b/rootfs/env")" 'FROM_CONFIG=1' "and the payload's in the container, as with runc"
unlike "$(cat "$b/rootfs/env")" 'FROM_THE_CALLER' "but not the caller's"
is "$(cat "$T/cwd.host")" "$b" "the working directory is the bundle"
is "$(cat "$T/cwd.child")" "$b/rootfs" "and that of createContainer is the root, as with runc"
barrer delete --force "$id"

# --- failures ---
failing() { # KIND
    make_bundle "$b" '.process.args = ["sleep", "1000"] | .hooks[$kind] = [{path: "/bin/sh",
        args: ["sh", "-c", "echo a-hook-says-why >&2; exit 3"]}]' --arg kind "$1"
    new_id
}
for kind in prestart createRuntime createContainer; do
    failing $kind
    not_ok "create fails when $kind fails" barrer create --bundle "$b" "$id"
    like "$error" "error running $kind hook #0" "the error names $kind and the hook"
    like "$error" '(a-hook-says-why|status 3|code 3|exit 3)' "and says what happened"
    not_ok "nothing is left of it" test -e "$STATE/$id"
done
failing startContainer
barrer create --bundle "$b" --pid-file "$T/pid" "$id" </dev/null 2>/dev/null
barrer start "$id" 2>"$T/err"
wait_until 10 is_gone "$(cat "$T/pid")"
is "$(status_of "$id")" stopped "a failing startContainer stops the container"
barrer delete --force "$id"
failing poststart
barrer create --bundle "$b" --pid-file "$T/pid" "$id" </dev/null 2>/dev/null
not_ok "start fails when poststart fails" barrer start "$id"
ok "rule 16: and the container is stopped" wait_until 10 is_gone "$(cat "$T/pid")"
not_ok "and destroyed" test -e "$STATE/$id"
failing poststop
barrer create --bundle "$b" "$id" </dev/null 2>/dev/null
capture barrer delete --force "$id"
is "$status" 0 "rule 16: a failing poststop does not fail delete"
not_ok "the container is gone all the same" test -e "$STATE/$id"

# --- time limits and bad hooks ---
mark=$((100000 + $$)) # sleep's argument, which no other process has
make_bundle "$b" ".hooks.createRuntime = [{path: \"/bin/sleep\", args: [\"sleep\", \"$mark\"], timeout: 1}]"
new_id
not_ok "a hook that takes longer than its timeout" timeout 30 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" create --bundle "$b" "$id"
like "$error" 'timeout|timed out|time' "says so"
not_ok "and is killed" pgrep -x -f "sleep $mark"
# What a hook says on the terminal that a failing container would have had.
make_bundle "$b" '.process.terminal = true
    | .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo why >&2; exit 3"]}]'
new_id
capture timeout 60 python3 "$top_srcdir/tests/terminal.py" 80x25 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id"
like "$status $output" '^1 why.*exit status 3' "a failing startContainer hook is heard on the terminal"
# Killed on its way to the payload: start must not say that all is well.
make_bundle "$b" ".hooks.startContainer = [{path: \"/bin/sleep\", args: [\"sleep\", \"$mark\"]}]"
new_id
barrer create --bundle "$b" --pid-file "$T/killed.pid" "$id" </dev/null
"$BARRER_RUN" $BARRER_FLAGS --root "$STATE" start "$id" 2>"$T/killed.err" &
starter=$!
until pgrep -x -f "sleep $mark" >/dev/null; do :; done
kill -KILL "$(cat "$T/killed.pid")"
wait "$starter"
is "$?" 1 "start fails when the process is killed in a startContainer hook"
like "$(cat "$T/killed.err")" "$id" "and names the container"
barrer delete --force "$id"
make_bundle "$b" '.hooks.createRuntime = [{path: "relative"}]'
new_id
refuses "a path that is not absolute" '(relative|absolute)' barrer create --bundle "$b" "$id"
make_bundle "$b" '.hooks.createRuntime = [{path: "/no/such/hook"}]'
new_id
refuses "a hook that is not there" '/no/such/hook' barrer create --bundle "$b" "$id"
is "$(ls -A "$STATE")" "" "nothing is left at the end"

done_testing
