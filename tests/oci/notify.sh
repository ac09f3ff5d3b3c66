#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# NOTIFY_SOCKET of sd_notify(3): what the payload says to its own socket reaches the caller's.
. "$(dirname "$0")/../lib.sh"
need jq python3

is_real_root || spec_rootless=--rootless
cat >"$T/receive.py" <<'END'
# SOCKET OUTPUT: messages to a socket, until SOCKET.stop is there
import os, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\0" + sys.argv[1][1:] if sys.argv[1].startswith("@") else sys.argv[1])
with open(sys.argv[2], "wb", buffering=0) as out:
    while True:
        message = receiver.recv(4096)
        if message == b"STOP":
            break
        out.write(message + b"\n--\n")
END
cat >"$T/send.py" <<'END'
# SOCKET TEXT
import socket, sys
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.sendto(sys.argv[2].encode().decode("unicode_escape").encode(),
              "\0" + sys.argv[1][1:] if sys.argv[1].startswith("@") else sys.argv[1])
END
send() { python3 "$T/send.py" "$@" 2>/dev/null; }
hear() { # ADDRESS: listen there, and be the caller of what follows
    rm -f "$T/heard"
    python3 "$T/receive.py" "$1" "$T/heard" &
    receiver=$!
    wait_until 10 test -e "$T/heard"
    export NOTIFY_SOCKET=$1
}
heard() {
    send "$NOTIFY_SOCKET" STOP
    wait $receiver
    unset NOTIFY_SOCKET
    cat "$T/heard"
}
# As with crun: below the path of the caller's socket.
inside() {
    local folder=/run/notify
    [[ $NOTIFY_SOCKET != /* ]] || folder=$NOTIFY_SOCKET
    echo "/proc/$(cat "$T/pid")/root$folder/notify"
}

# --- create and start ---
make_bundle "$T/b" '.process.args = ["sh", "-c", "echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET && echo socket; sleep 1000"]'
hear "$T/socket"
new_id
barrer create --bundle "$T/b" --pid-file "$T/pid" "$id" </dev/null >"$T/out" 2>&1
pid=$(cat "$T/pid")
barrer start "$id" >"$T/start" 2>&1 &
start=$!
ok "the payload runs" wait_until 10 grep -q socket "$T/out"
is "$(cat "$T/out")" "$T/socket/notify"$'\nsocket' "and has a socket of its own"
send "$(inside)" 'STATUS=loading'
ok "start waits" kill -0 $start
send "$(inside)" 'STATUS=done\nREADY=1'
ok "until the payload is ready" wait $start
is "$(heard)" "READY=1"$'\n'"MAINPID=$pid"$'\n--' "which its caller is told, with the payload's pid"
is "$(cat "$T/start")" "" "start says nothing"
ok "delete" barrer delete --force "$id"
not_ok "leaves nothing" test -e "$STATE/$id"

# --- run ---
for how in --detach foreground; do
    hear "@barrer-test-$$-$how"
    new_id
    options=()
    [ $how = foreground ] || options=(--detach)
    rm -f "$T/out" "$T/pid" # the round before said the same words
    barrer run "${options[@]}" --bundle "$T/b" --pid-file "$T/pid" "$id" </dev/null >"$T/out" 2>&1 &
    run=$!
    ok "run $how: the payload runs" wait_until 10 grep -q socket "$T/out"
    pid=$(cat "$T/pid")
    send "$(inside)" 'READY=1'
    if [ $how = foreground ]; then
        ok "the caller is told" wait_until 10 grep -q READY "$T/heard"
        barrer kill "$id" KILL
        wait $run
        is "$?" 137 "and run goes on until the end"
        is "$(heard)" $'READY=1\n--' "it stays the main process itself"
    else
        ok "run ends with it" wait $run
        is "$(heard)" "READY=1"$'\n'"MAINPID=$pid"$'\n--' "and the caller is told"
        barrer delete --force "$id"
    fi
    not_ok "nothing is left" test -e "$STATE/$id"
done

# --- a payload that ends, or has a socket ---
make_bundle "$T/b" '.process.args = ["true"]'
hear "$T/socket2"
new_id
ok "run --detach of a payload that only ends" timeout 20 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --detach --bundle "$T/b" "$id"
is "$(heard)" "" "says nothing"
barrer delete --force "$id"
hear "$T/socket3"
run_sh "$T/b" 'echo $NOTIFY_SOCKET; grep -c socket3 /proc/mounts' '.process.env += ["NOTIFY_SOCKET=/mine"]'
is "$output" $'/mine\n0' "a socket of config.json stays"
is "$(heard)" "" "and nothing is proxied"
done_testing
