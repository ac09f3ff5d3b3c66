#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --log: a file, the journal, and syslog, each with a receiver of the test's own.
. "$(dirname "$0")/../lib.sh"
need python3
can_mount || skip_all "cannot mount here"

# The host's places for these sockets stay as they are: this mount namespace gets others.
mkdir -p "$T/dev" && mount -t tmpfs tmpfs "$T/dev" && for node in null zero full random urandom tty; do
    [ ! -e "/dev/$node" ] || { touch "$T/dev/$node" && mount --bind "/dev/$node" "$T/dev/$node"; }
done
mount --rbind "$T/dev" /dev && mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal
cat >"$T/receive.py" <<'END'
# SOCKET OUTPUT N: N datagrams, one after the other
import os, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
open(sys.argv[2] + ".ready", "w").close()
with open(sys.argv[2], "wb", buffering=0) as out:
    for _ in range(int(sys.argv[3])):
        out.write(receiver.recv(65536) + b"\n")
os.unlink(sys.argv[1])
END
receive() { # SOCKET
    rm -f "$T/got" "$T/got.ready"
    python3 "$T/receive.py" "$1" "$T/got" 1 &
    wait_until 10 test -e "$T/got.ready"
}
for verb in state delete; do # the first stage, and the program proper
    receive /dev/log
    capture barrer --log syslog:mine --log-format json $verb nosuch
    wait
    like "$(cat "$T/got")" '^<27>mine\[[0-9]+\]: .*nosuch.*does not exist' "$verb: a line for syslog"
    like "$error" 'does not exist' "and standard error"
    receive /run/systemd/journal/socket
    capture barrer --log journald:mine $verb nosuch
    wait
    like "$(cat "$T/got")" $'^MESSAGE=.*does not exist.*\nPRIORITY=3\nSYSLOG_IDENTIFIER=mine' "$verb: an entry for the journal"
done
rm -f "$T/log"
capture barrer --log "file:$T/log" state nosuch
like "$(cat "$T/log")" 'error.*does not exist' "file:NAME is a file"
refuses "nobody listens" 'open the log "syslog:x": connect to "/dev/log"' barrer --log syslog:x list
refuses "no identifier" 'expected an identifier' barrer --log journald: list
refuses "an identifier of two lines" 'expected an identifier' barrer --log $'journald:a\nB=c' list

# Without --log nothing is lost: what it would have is on standard error.
make_bundle "$T/b" '.process.args = ["echo", "hello"] | .unheard = 1'
new_id
capture barrer run --bundle "$T/b" "$id"
is "$status$output" 0hello "a container with a property that the specification does not have"
is "$error" "barrer-run: warning: config.json: unheard: unknown property, ignored" "and a warning"
capture barrer --log-format json run --bundle "$T/b" "$id"
is "$(jq -r .level <<<"$error")" warning "or one as JSON"
capture barrer --log-level error run --bundle "$T/b" "$id"
is "$error" "" "not where only errors are asked for"
capture barrer --log "$T/log" run --bundle "$T/b" "$id"
is "$error" "" "nor where there is a log"
capture barrer state nosuch
is "$(wc -l <<<"$error")" 1 "an error is there once"
done_testing
