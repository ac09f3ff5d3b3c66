#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Services under barrer-init: order, readiness, restarts, timers, conditions, the sandbox, and the
# way down. In namespaces; no virtual machine.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/support.sh"
need jq python3

log() { grep -c -- "$1" "$boot_log"; }
line_of() { grep -n -m1 -- "$1" "$boot_log" | cut -d: -f1; }

# --- order and kinds ------------------------------------------------------------------------------
boot_make_root
cat >"$boot_root/etc/notify.py" <<'EOF'
import os, signal, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
s.send(b"STATUS=as it should be\nREADY=1")
signal.pause()
EOF
boot_start <<'EOF'
[service third]
exec = /bin/sh -c "echo third; exec sleep 1000"
after = second
[service second]
type = oneshot
exec = /bin/sh -c "echo '<4>second'; echo '<9>no priority'"
requires = first
[service first]
exec = /bin/sh -c "echo first; sleep 0.2; echo >&3; exec sleep 1000"
readiness = s6
[service off]
exec = /bin/sleep 1000
enabled = no
[service never]
exec = /bin/true
condition = path:/nothing/here
[service also]
type = oneshot
exec = /bin/true
condition = path:/etc/boot.conf !path:/nothing !cmdline:no-such-word
[service scripted]
type = scripted
exec = /bin/echo script starts
stop-exec = /bin/echo script stops
[service notify]
exec = /usr/bin/python3 -c "exec(open('/etc/notify.py').read())"
readiness = notify
[service user]
type = oneshot
exec = /bin/sh -c "id; umask; ulimit -n; pwd; echo $COLOUR; grep CapEff /proc/self/status"
user = user
groups = extra
umask = 0077
rlimits = nofile=100:200
directory = /tmp
environment = COLOUR=blue
EOF
is "$?" 0 "a system becomes READY"
is "$(log '^second: second$') $(log '^second: <9>no priority$')" "1 1" "a line's priority is not its text"
is "$(ctl_state first)/$(ctl_state second)/$(ctl_state third)" running/done/running "states"
[ "$(line_of 'second: second')" -lt "$(line_of 'third: third')" ]
is "$?" 0 "after: the second goes before the third"
[ "$(ctl_number first ready_us)" -le "$(ctl_number second exec_us)" ]
is "$?" 0 "requires: what needs a service waits for its readiness (s6)"
is "$(ctl_state notify)/$(ctl_number notify text)" "running/as it should be" "NOTIFY_SOCKET"
is "$(ctl_state off)" inactive "enabled = no"
is "$(ctl_state never)" skipped "a condition that does not hold"
is "$(ctl_state also)" done "conditions that hold"
is "$(ctl_state scripted)" running "a scripted service is up without a process"
like "$(cat "$boot_log")" 'user: uid=1000\(user\) gid=1000\(user\) groups=1000\(user\),2000\(extra\)' "user and groups"
like "$(grep '^user:' "$boot_log")" 'user: 0077
user: 100
user: /tmp
user: blue
user: CapEff:	0000000000000000' "umask, rlimits, directory, environment, no capabilities"
like "$(ctl status)" 'third +running' "the table for people"
unlike "$(ctl status)" $'\e' "no colours where there is no terminal"
refuses "an unknown service is named" 'no service "thrid"' ctl start thrid
ok "stop" ctl stop scripted
like "$(cat "$boot_log")" 'scripted: script stops' "stop-exec runs"
ok "start of what is off" ctl start off
is "$(ctl_state off)" running "it runs"
old=$(ctl_pid off)
ok "restart" ctl restart off
isnt "$(ctl_pid off)" "$old" "it has another process"
ok "stop first" ctl stop first
is "$(ctl_state second)" done "a oneshot stays done"
like "$(ctl logs third)" '^third: third$' "logs of one service"
like "$(ctl chart)" 'first +\|.*running' "the boot chart"
ok "the chart as SVG" ctl chart --svg
like "$output" '^<svg .*</svg>$' "it is one"
ok "the plan" ctl plan
like "$output" '\[service third\]' "it is the INI"
like "$(grep -c . "/proc/$(boot_pid1)/cgroup")" '[0-9]' "PID 1 is there"
ok "poweroff" ctl poweroff
boot_end 0 "it powers off in order"

# --- restarts ---------------------------------------------------------------------------------------
boot_start <<'EOF'
[service crash]
exec = /bin/sh -c "exit 3"
restart-delay = 10ms
restart-limit = 3
[service codes]
exec = /bin/sh -c "exit 7"
give-up-codes = 7 9
[service missing]
exec = /no/such/program
restart-delay = 10ms
restart-limit = 1
[service needs]
exec = /bin/sleep 1000
requires = missing
[service good]
exec = /bin/sh -c "trap '' TERM; while :; do sleep 1000; done"
restart = always
restart-delay = 10ms
stop-timeout = 300ms
[service twice]
type = oneshot
exec = /bin/sh -c "echo tick"
every = 50ms
[service quiet]
exec = /bin/sleep 1000
watchdog = 200ms
restart-delay = 10ms
restart-limit = 100
[service late]
exec = /bin/sleep 1000
readiness = notify
start-timeout = 100ms
restart = no
EOF
is "$(ctl_state crash)" failed "given up after too many restarts"
is "$(ctl_number crash restarts)" 3 "as many as allowed"
like "$(ctl_number crash text)" '3 restarts .*exited with status 3' "it says why"
is "$(ctl_state codes)/$(ctl_number codes restarts)" failed/0 "give-up-codes"
is "$(ctl_state missing)" failed "a program that is not there"
like "$(ctl_number missing text)" '/no/such/program' "it is named"
is "$(ctl_state needs)" failed "what requires it fails, too"
is "$(ctl_state late)" failed "start-timeout"
like "$(ctl_number late text)" 'not ready after 100 ms' "it says so"
old=$(ctl_pid good)
kill -KILL "$(boot_host_pid "$old")"
wait_until 10 is_state good running
wait_until 10 eval '[ "$(ctl_number good restarts)" = 1 ]'
is "$?" 0 "a killed service is restarted"
wait_until 10 eval '[ "$(log "twice: tick")" -ge 3 ]'
is "$?" 0 "a timer starts a oneshot again and again"
wait_until 10 eval '[ "$(ctl_number quiet restarts)" -ge 1 ]'
is "$?" 0 "a watchdog that is not fed restarts the service"
ok "a service that ignores SIGTERM is stopped all the same" ctl stop good
kill -TERM "$boot"
boot_end 0 "SIGTERM powers the test system off"

# --- the sandbox --------------------------------------------------------------------------------------
boot_make_root
cat >"$boot_root/etc/box.sh" <<'EOF'
touch /x 2>/dev/null || echo no root
touch /var/lib/y && echo var
touch /tmp/z && ls /tmp
mkdir /var/lib/d 2>/dev/null || echo no mkdir
echo net $(grep -c : /proc/net/dev)
echo pid $$
grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status
EOF
boot_start <<'EOF'
[service box]
type = oneshot
exec = /bin/sh /etc/box.sh
read-only-root = yes
writable = /var/lib
private-tmp = yes
private-network = yes
isolation = pid ipc uts
capabilities = CAP_CHOWN
no-new-privileges = yes
seccomp-deny = mkdir mkdirat
EOF
like "$(grep '^box:' "$boot_log")" 'box: no root
box: var
box: z
box: no mkdir
box: net 1
box: pid 1
box: CapEff:	0000000000000001
box: NoNewPrivs:	1
box: Seccomp:	2' "the sandbox is made by the plugins of containers"
ok "poweroff" ctl poweroff
boot_end 0 "down"

# Each key alone, as the service itself sees it.
boot_make_root
mkdir "$boot_root/other" && cp "$(command -v busybox)" "$boot_root/other/busybox"
cat >"$boot_root/etc/see.sh" <<'EOF'
for i in mnt net ipc uts pid cgroup; do echo "$i $(readlink /proc/self/ns/$i)"; done
EOF
allowed='arch_prctl mprotect set_tid_address set_robust_list rseq prlimit64 readlink readlinkat getrandom getuid prctl'
{
    printf '[service plain]\ntype = oneshot\nexec = /bin/sh /etc/see.sh\n'
    for i in mount network ipc uts pid cgroup; do
        printf '[service is-%s]\ntype = oneshot\nexec = /bin/sh /etc/see.sh\nisolation = %s\n' $i $i
    done
    for i in echo uname; do
        printf '[service allow-%s]\ntype = oneshot\nrestart = no\nexec = /bin/busybox %s fine\nseccomp-allow = %s\n' $i $i "$allowed"
    done
    cat <<'EOF'
[service net]
type = oneshot
exec = /bin/sh -c "grep -c : /proc/net/dev; exec sh /etc/see.sh"
private-network = yes
[service tmp]
type = oneshot
exec = /bin/sh -c "touch /tmp/mine; ls /tmp; stat -c %a /tmp"
private-tmp = yes
[service readonly]
type = oneshot
exec = /bin/sh -c "touch /x || echo no; touch /var/lib/x || echo no; touch /tmp/x && echo yes"
read-only-root = yes
[service writable]
type = oneshot
exec = /bin/sh -c "touch /x || echo no; touch /var/lib/x && echo yes"
read-only-root = yes
writable = /var/lib
[service root]
type = oneshot
exec = /busybox ls /
root = /other
[service none]
type = oneshot
exec = /bin/grep CapEff /proc/self/status
capabilities = none
[service some]
type = oneshot
exec = /bin/sh -c "grep -E 'Cap(Eff|Bnd|Amb)' /proc/self/status"
capabilities = CAP_CHOWN CAP_NET_ADMIN
[service nnp]
type = oneshot
exec = /bin/grep NoNewPrivs /proc/self/status
no-new-privileges = yes
[service deny]
type = oneshot
exec = /bin/sh -c "mkdir /tmp/d || echo no; touch /tmp/f && echo yes"
seccomp-deny = mkdir mkdirat
[service ids]
type = oneshot
exec = /bin/sh -c "id -u; id -g; id -G; grep -E 'CapEff|CapAmb' /proc/self/status"
user = 1234
group = extra
groups = user 77
capabilities = CAP_NET_RAW
[service limits]
type = oneshot
exec = /bin/sh -c "ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj; umask; pwd; echo $A $B"
rlimits = nofile=64:128 core=0
oom-score-adj = 500
umask = 0027
directory = /var/lib
environment = A=first B=second
[service quiet]
type = oneshot
exec = /bin/echo not to be seen
output = null
[service later]
type = oneshot
exec = /bin/echo late
after-boot = 1s
EOF
} >"$T/conf"
boot_start <"$T/conf"
is "$?" 0 "each key of the sandbox by itself: READY"
said() { sed -n "s/^$1: //p" "$boot_log" | paste -sd' '; }
ns_of() { sed -n "s/^$1: $2 //p" "$boot_log"; }
for i in mount:mnt network:net ipc:ipc uts:uts pid:pid cgroup:cgroup; do
    isnt "$(ns_of "is-${i%:*}" "${i#*:}")" "$(ns_of plain "${i#*:}")" "isolation = ${i%:*}: a namespace of its own"
    [ "${i%:*}" = pid ] || is "$(grep "^is-${i%:*}: " "$boot_log" | grep -v -e " ${i#*:} " -e ' mnt ' | sed 's/^[^ ]* //')" \
        "$(grep '^plain: ' "$boot_log" | grep -v -e " ${i#*:} " -e ' mnt ' | sed 's/^[^ ]* //')" "and no other"
done
is "$(said net | cut -d' ' -f1)" 1 "private-network: lo alone"
is "$(said tmp)" "mine 1777" "private-tmp: an empty one"
like "$(said readonly)" 'no .*no yes$' "read-only-root: but what is mounted below it"
like "$(said writable)" 'no yes$' "writable: but this"
is "$(said root)" "busybox" "root: another one"
is "$(said none)" "CapEff:	0000000000000000" "capabilities = none"
is "$(said some)" "CapEff:	0000000000001001 CapBnd:	0000000000001001 CapAmb:	0000000000000000" "capabilities: these alone"
is "$(said nnp)" "NoNewPrivs:	1" "no-new-privileges"
like "$(said deny)" 'no yes$' "seccomp-deny: all but these"
is "$(said allow-echo)/$(ctl_state allow-uname)" "fine/failed" "seccomp-allow: these alone"
is "$(said ids)" "1234 2000 2000 77 1000 CapEff:	0000000000002000 CapAmb:	0000000000002000" "user, group, groups by name and number; capabilities of a user"
is "$(said limits)" "64 128 0 500 0027 /var/lib first second" "rlimits, oom-score-adj, umask, directory, environment"
is "$(said quiet)" "" "output = null"
wait_until 10 is_state later done
is "$?/$([ "$(ctl_number later exec_us)" -ge $(($(ctl status --json | jq .system.boot_us) + 1000000)) ]; echo $?)" 0/0 "after-boot: so long after boot"
ok "poweroff" ctl poweroff
boot_end 0 "down"

# --- plugins --------------------------------------------------------------------------------------------
# PID 1 has those that its services ask for, from the first one's start on.
if has_dynamic_plugins; then
    boot_start <<'EOF'
[service plain]
exec = /bin/sleep 1000
[service boxed]
exec = /bin/sleep 1000
enabled = no
private-tmp = yes
seccomp-deny = reboot
EOF
    is "$?" 0 "a service that is started later: READY"
    plugins() { sed -n 's|.*/plugins/\([a-z0-9_]*\)\.so$|\1|p' "/proc/$(boot_pid1)/maps" | sort -u | paste -sd' '; }
    is "$(plugins)" "native process" "PID 1 has loaded the plugins that the first service asks for"
    ok "start of one in a box" ctl start boxed
    is "$(ctl_state boxed)/$(plugins)" "running/namespace native overlayfs process seccomp" "and what a later one asks for, but nothing for limits that it has not"
    ok "poweroff" ctl poweroff
    boot_end 0 "down"
    boot_start <<'EOF'
[flow boot]
process = process nothing
[service one]
exec = /bin/sleep 1000
restart = no
[service two]
exec = /bin/sleep 1000
restart = no
EOF
    is "$(ctl_state one)/$(ctl_state two)/$(grep -c '^barrer-init: plugin "nothing": no file' "$boot_log")" failed/failed/1 \
        "one that is not there: PID 1 says it once, and services that need it fail"
    ok "poweroff" ctl poweroff
    boot_end 0 "down"
fi

# --- the configuration --------------------------------------------------------------------------------
boot_launch <<'EOF'
[service a]
exec = /bin/sleep 1000
after = b
[service b]
exec = /bin/sleep 1000
after = a
EOF
wait_until 10 grep -q rescue "$boot_log"
like "$(cat "$boot_log")" 'boot.conf:[0-9]+: \[service a\] after: a cycle: a -> b -> a' "a cycle is found"
like "$(cat "$boot_log")" 'rescue: a shell' "and nothing to fall back on leads to a rescue"
wait_until 10 eval '[ "$(ctl status --json | jq -r .system.state)" = rescue ]'
is "$?" 0 "barrerctl answers there"
ok "and powers off" ctl poweroff
boot_end 0 "down"

done_testing
