#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The signal table: what reaches an app, and what its container's exit status is.
. "$(dirname "$0")/lib.sh"
publish probe web
make_root busybox

# DESCRIPTION SIGNAL WANTED WORD...: a container that says "ready" gets a signal; WANTED is the exit
# status, a blank, and what the app writes after "ready"
on_signal() {
    local what=$1 signal=$2 wanted=$3
    shift 3
    start_inside busybox probe "${filter:-.}" dotnet Probe.dll "$@"
    wait_for_line ready || return
    barrer kill "$id" "$signal"
    wait_for_end
    is "$status $(grep -vx ready <<<"$output")" "$wanted" "$what" || show
}
on_signal "an app without handlers: TERM" TERM '143 ' plain
on_signal "INT" INT '130 ' plain
on_signal "HUP" HUP '129 ' plain
on_signal "QUIT" QUIT '131 ' plain
on_signal "USR1" USR1 '138 ' plain
on_signal "KILL" KILL '137 ' plain
on_signal "a handler for TERM" TERM '0 SIGTERM' handlers
on_signal "for INT" INT '0 SIGINT' handlers
on_signal "for HUP" HUP '0 SIGHUP' handlers
on_signal "for QUIT" QUIT '0 SIGQUIT' handlers
on_signal "for USR1" USR1 '0 signal 10' handlers
on_signal "Console.CancelKeyPress" INT '0 cancelled' cancel-key

# --- process 1 ---
start_inside busybox probe . dotnet Probe.dll plain
wait_for_line ready
pid=$(pid_of "$id")
is "$(awk '/^NSpid/ { print $NF }' "/proc/$pid/status")" 1 "the state names process 1 of the container"
child=$(cat "/proc/$pid/task/$pid/children")
like "$(tr '\0' ' ' <"/proc/${child% }/cmdline")" 'dotnet.*Probe\.dll plain' "whose child is the app"
kill -TERM "${child% }"
wait_for_end
is "$status" 143 "an app that a signal ends: process 1 says so"
start_inside busybox probe '.linux.namespaces |= map(select(.type != "pid"))' dotnet Probe.dll plain
wait_for_line ready
pid=$(pid_of "$id")
child=$(cat "/proc/$pid/task/$pid/children")
barrer kill "$id" KILL
wait_for_end
ok "a pid namespace that is shared: the app ends with the process that the state names" wait_until 10 is_gone "${child% }"

# --- a caller with odd signals ---
app_bundle busybox probe . dotnet Probe.dll handlers
new_id
cat >"$T/odd.py" <<'END'
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.execv(sys.argv[1], sys.argv[1:])
END
# shellcheck disable=SC2086 # words
python3 "$T/odd.py" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --detach --bundle "$bundle" "$id" >"$T/out" 2>"$T/err" </dev/null
wait_until 30 grep -qx ready "$T/out"
barrer kill "$id" TERM
wait_until 30 is_status "$id" stopped
is "$(cat "$T/out")" $'ready\nSIGTERM' "a caller with all signals blocked and SIGCHLD ignored: handlers run"
barrer delete --force "$id"
app_bundle busybox probe . dotnet Probe.dll many-children 5 /bin/true
new_id
# shellcheck disable=SC2086 # words
timeout 60 python3 "$T/odd.py" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --detach --bundle "$bundle" "$id" >"$T/out" 2>"$T/err" </dev/null
wait_until 30 is_status "$id" stopped
is "$(cat "$T/out")" "5 ended" "and children are waited for"
barrer delete --force "$id"

# --- ^C ---
app_bundle busybox probe '.process.terminal = true' dotnet Probe.dll count-interrupts
new_id
# shellcheck disable=SC2086 # words
capture python3 "$top_srcdir/tests/terminal.py" 80x24 --type ready '\x03' --type 'interrupt 1' 'end\r' \
    "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$bundle" "$id"
like "$output" 'interrupts: 1' "^C on a terminal arrives once" || show

# --- a terminal that goes away ---
cat >"$T/hang-up.py" <<'END'
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print("listening", flush=True)
_, ancillary, _, _ = server.accept()[0].recvmsg(4096, socket.CMSG_SPACE(4))
terminal = array.array("i", ancillary[0][2])[0]
seen = b""
while b"ready" not in seen:
    seen += os.read(terminal, 4096)
os.close(terminal)
END
for word in handlers plain; do
    # A file for each: the word of an earlier listener says nothing of this one.
    python3 "$T/hang-up.py" "$T/console-$word" >"$T/listener-$word" &
    wait_until 20 grep -q listening "$T/listener-$word"
    app_bundle busybox probe '.process.terminal = true' dotnet Probe.dll $word
    new_id
    capture barrer run --detach --console-socket "$T/console-$word" --bundle "$bundle" "$id"
    ok "a terminal that goes away ends the app ($word)" wait_until 20 is_status "$id" stopped
    barrer delete --force "$id"
done
done_testing
