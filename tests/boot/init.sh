#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The init service and its plan, the log service, and what happens when they go away: the protocol of
# docs/boot-protocol.md, spoken by a program of Python.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/support.sh"
need jq python3

state_is() { is_state "$1" "$2"; }
system_of() { ctl status --json | jq -r ".system.$1"; }

boot_make_root
cat >"$boot_root/etc/init.py" <<'EOF'
import os, socket, sys, time
s = socket.socket(fileno=int(os.environ["BARRER_INIT_FD"]))
assert s.family == socket.AF_UNIX and s.type == socket.SOCK_SEQPACKET
def say(text): print(text, flush=True)
def send(text): s.send(text.encode())
hello = s.recv(4096).decode()
say("hello " + hello.split("\n")[1] + " " + [l for l in hello.split("\n") if l.startswith("RESTARTS")][0])
if os.path.exists("/tmp/die-early"):
    sys.exit(9)
if "RESTARTS=0" in hello:
    plan = open("/etc/plan").read()
    send("PLAN-BEGIN\n")
    for i in range(0, len(plan), 100):
        send("PLAN-DATA\n" + plan[i:i + 100])
    send("PLAN-COMMIT\nID=plan\n")
send("READY\n")
send("STATUS\nID=all\n"); send("STATUS\nNAME=init\nID=one\n"); send("LOGS\nID=logs\n")
answers = {"all": [], "one": []}
while True:
    message = s.recv(4096).decode()
    lines = message.split("\n")
    keys = dict(l.split("=", 1) for l in lines[1:] if "=" in l)
    if keys.get("ID") in answers:
        answers[keys["ID"]].append(lines[0])
        if lines[0] == "END":
            say("answer " + keys["ID"] + " " + " ".join(sorted(set(answers[keys["ID"]]))) + " " + str(answers[keys["ID"]].count("SERVICE")))
    elif lines[0] in ("OK", "ERROR"):
        say(lines[0] + " " + keys.get("ID", "") + " " + keys.get("TEXT", ""))
    elif lines[0] == "SERVICE" and keys["NAME"] != "init":
        say("event " + keys["NAME"] + " " + keys["STATE"])
    elif lines[0] in ("SIGNAL", "SHUTDOWN"):
        say(lines[0] + " " + keys.get("NAME", keys.get("ACTION", "")))
        if keys.get("NAME") == "SIGHUP":
            send("PLAN-BEGIN\n"); send("PLAN-DATA\n[service web]\nexec = /bin/sleep 1000\nafetr = x\n"); send("PLAN-COMMIT\nID=bad\n")
        if keys.get("NAME") == "SIGPWR":
            send("PLAN-BEGIN\n"); send("PLAN-DATA\n[service more]\nexec = /bin/sleep 1000\n[service web]\nexec = /bin/sleep 1001\n")
            send("PLAN-COMMIT\nID=second\n")
EOF
cat >"$boot_root/etc/plan" <<'EOF'
[service web]
exec = /bin/sleep 1000
after = db
[service db]
exec = /bin/sleep 1000
[service off]
exec = /bin/sleep 1000
enabled = no
[service grace]
exec = /bin/sh -c "mkfifo /run/grace; trap 'read x </run/grace; echo ends by itself; exit' TERM; sleep 1000 & wait"
stop-exec = /bin/sh -c "echo stops; kill -TERM $(pgrep -f 'ends by itself' | head -n 1); echo end >/run/grace"
EOF
boot_start <<'EOF'
[flow boot]
init = init
[service init]
exec = /usr/bin/python3 /etc/init.py
restart = always
restart-delay = 10ms
restart-limit = 3
[service static]
exec = /bin/sleep 1000
EOF
wait_until 20 state_is web running
is "$?" 0 "the init service's plan is carried out"
like "$(cat "$boot_log")" 'init: hello VERSION=1 RESTARTS=0' "it was greeted"
wait_until 10 grep -q 'init: event web running' "$boot_log"
is "$?" 0 "it gets events"
like "$(cat "$boot_log")" 'init: OK plan' "and an answer"
like "$(cat "$boot_log")" 'init: answer all END SERVICE SYSTEM [1-9]' "STATUS: its services and the system"
like "$(cat "$boot_log")" 'init: answer one END SERVICE SYSTEM 1' "STATUS of one"
like "$(cat "$boot_log")" 'init: ERROR logs ' "what it cannot have is refused"
is "$(ctl status --json | jq -r '[.services[].name] | sort | join(" ")')" "db grace init off web" "what the plan does not name is gone"
is "$(system_of plan)" pushed "status tells whose plan it is"
pid1=$(boot_pid1)
web=$(ctl_pid web) db=$(ctl_pid db)
kill -HUP "$pid1"
wait_until 10 grep -q 'init: ERROR bad plan:3: \[service web\] afetr: unknown key (did you mean "after"?)' "$boot_log"
is "$?" 0 "a wrong plan is refused with its line, by SIGHUP and the init service"
is "$(ctl_pid web)" "$web" "and the old one stays"

# It dies: nothing else does.
for round in 1 2 3; do
    kill -KILL "$(boot_host_pid "$(ctl_pid init)")"
    wait_until 20 eval '[ "$(ctl_number init restarts)" = '$round' ] && is_state init running'
done
is "$(ctl_pid web)/$(ctl_pid db)" "$web/$db" "services are untouched while the init service dies three times"
wait_until 10 grep -q 'init: hello VERSION=1 RESTARTS=3' "$boot_log"
is "$?" 0 "it is told that it is not the first"
kill -SEGV "$pid1"
wait_until 10 eval '[ "$(system_of faults)" = 1 ]'
is "$(ctl_pid web)/$(ctl_pid db)" "$web/$db" "also when PID 1 itself faults"
kill -KILL "$(boot_host_pid "$db")"
wait_until 10 eval '[ "$(ctl_number db restarts)" = 1 ]'
is "$?" 0 "the last plan goes on: a service is restarted"
kill -PWR "$pid1"
wait_until 10 grep -q 'init: OK second' "$boot_log"
is "$?" 0 "a further plan, after faults of both"
wait_until 10 state_is more running
names() { ctl status --json | jq -r '[.services[].name] | sort | join(" ")'; }
wait_until 20 eval '[ "$(names)" = "init more web" ]'
is "$(ctl_pid web)" "$web" "a service that both plans have keeps running"
is "$(names)" "init more web" "one that is gone is stopped"
like "$(grep '^grace: ' "$boot_log")" 'grace: stops
grace: ends by itself' "in the way that the plan before it told"
kill -KILL "$(boot_host_pid "$(ctl_pid init)")"
wait_until 10 eval '[ "$(system_of state)" = rescue ]'
is "$?" 0 "given up, it leads to a rescue"
is "$(ctl_pid web)" "$web" "in which services run on"
ok "poweroff" ctl poweroff
boot_end 0 "down"

# --- the fallback, and no plan at all -----------------------------------------------------------------
boot_make_root
cp "$T/root1/etc/init.py" "$boot_root/etc/"
boot_start <<'EOF'
[flow boot]
init = init
init-fallback = other
init-timeout = 300ms
[service init]
exec = /bin/sh -c "exit 1"
restart-delay = 10ms
restart-limit = 1
[service other]
exec = /bin/sh -c "echo other has $BARRER_INIT_FD; exec sleep 1000"
[service static]
exec = /bin/sleep 1000
EOF
wait_until 20 state_is other running
is "$?" 0 "init-fallback takes the place of an init service that is given up"
like "$(cat "$boot_log")" 'other: other has 3' "with its descriptor"
wait_until 20 state_is static running
is "$?" 0 "without a plan the static order is started after init-timeout"
ok "poweroff" ctl poweroff
boot_end 0 "down"

# --- the log service --------------------------------------------------------------------------------------
boot_make_root
cat >"$boot_root/etc/log.py" <<'EOF'
import os, select, socket
s = socket.socket(fileno=int(os.environ["BARRER_LOG_FD"]))
s.send(b"READY\n")
pipes = {}
out = open("/tmp/log", "a")
while True:
    for fd in select.select([s] + list(pipes), [], [])[0]:
        if fd is s:
            text, fds, flags, address = socket.recv_fds(s, 4096, 4)
            if not text: raise SystemExit
            for new in fds:
                pipes[new] = text.decode().split("NAME=")[1].split("\n")[0]
        else:
            try: data = os.read(fd, 4096).decode()
            except BlockingIOError: continue
            out.write(pipes[fd] + ":" + data); out.flush()
EOF
mkfifo "$boot_root/fifo"
boot_start <<'EOF'
[flow boot]
logger = logger
[service logger]
exec = /usr/bin/python3 /etc/log.py
restart-delay = 2s
[service talker]
after = logger
exec = /bin/sh -c "while read line; do echo said $line; done <>/fifo"
EOF
logged() { grep -q "$1" "/proc/$(boot_pid1)/root/tmp/log"; }
wait_until 20 eval 'echo one >"$boot_root/fifo"; logged "talker:said one"'
is "$?" 0 "the log service reads the pipes of services"
talker=$(ctl_pid talker)
kill -KILL "$(boot_host_pid "$(ctl_pid logger)")"
echo two >"$boot_root/fifo"
wait_until 20 grep -q 'talker: said two' "$boot_log"
is "$?" 0 "without it PID 1 does"
wait_until 20 state_is logger running
wait_until 20 eval 'echo again >"$boot_root/fifo"; logged "talker:said again"'
is "$?" 0 "and gives it back"
is "$(ctl_pid talker)" "$talker" "the talker has not noticed"
ok "poweroff" ctl poweroff
boot_end 0 "down"
done_testing
