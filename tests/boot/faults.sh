#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Faults: in PID 1, in what starts a service, in services and the init service, in what the kernel
# gives. However many, PID 1 stays, and no service is lost. In namespaces.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/support.sh"
need jq python3 strace nsenter pgrep
has_dynamic_plugins || skip_all "the plugins are built in"

# What was injected: by class, and all; packets of garbage are counted by themselves.
declare -A of_class=()
classes=()
count() { # N CLASS
    [ -n "${of_class[$2]+set}" ] || classes+=("$2")
    of_class[$2]=$((${of_class[$2]:-0} + $1))
}
faults() { ctl status --json 2>/dev/null | jq -r .system.faults; }
is_faults() { [ "$(faults)" = "$1" ]; }
log() { grep -c -- "$1" "$boot_log"; }

# --- PID 1 itself ---------------------------------------------------------------------------------
boot_start <<'EOF'
[service steady]
exec = /bin/sh -c "echo up; while read line; do echo $line; done </fifo"
readiness = none
[service also]
exec = /bin/sleep 1000
watchdog = 1000s
[service twice]
type = oneshot
exec = /bin/true
every = 10s
EOF
pid1=$(boot_pid1)
steady=$(ctl_pid steady) also=$(ctl_pid also)
n=0
for round in 1 2 3 4 5 6 7 8; do
    for signal in SEGV BUS ILL FPE ABRT TRAP SYS SEGV SEGV ABRT; do
        kill -$signal "$pid1"
        n=$((n + 1))
        wait_until 10 is_faults $n || break 2
    done
done
count $n "SIGSEGV and its like in PID 1 while it supervises"
is "$(faults)" 80 "80 faults in PID 1: it goes on after each"
is "$(ctl_pid steady)/$(ctl_pid also)" "$steady/$also" "its services are the same"
kill -KILL "$(boot_host_pid "$also")"
wait_until 10 eval '[ "$(ctl_number also restarts)" = 1 ]'
is "$?" 0 "and are still supervised: one that dies is restarted"
is "$(boot_pid1)" "$pid1" "PID 1 is PID 1"
kill -TERM "$boot"
boot_end 0 "and powers off in order"

# --- the pipes of services survive ------------------------------------------------------------------
boot_make_root
mkfifo "$boot_root/fifo"
boot_start <<'EOF'
[service talker]
exec = /bin/sh -c "while read line; do echo said $line; done <>/fifo"
restart-delay = 1ms
restart-max-delay = 1ms
restart-limit = 1000
EOF
pid1=$(boot_pid1)
echo one >"$boot_root/fifo"
wait_until 10 grep -q 'talker: said one' "$boot_log"
is "$?" 0 "what a service writes is logged"
kill -SEGV "$pid1"
wait_until 10 is_faults 1
count 1 "SIGSEGV and its like in PID 1 while it supervises"
echo two >"$boot_root/fifo"
wait_until 10 grep -q 'talker: said two' "$boot_log"
is "$?" 0 "also after a fault"
is "$(ls "/proc/$pid1/fd" | wc -l)" "$(ctl status >/dev/null; ls "/proc/$pid1/fd" | wc -l)" "descriptors stay as many"
before=$(ls "/proc/$pid1/fd" | wc -l)
for i in 1 2 3 4 5; do
    kill -SEGV "$pid1"
    wait_until 10 is_faults $((i + 1))
done
count 5 "SIGSEGV and its like in PID 1 while it supervises"
is "$(ls "/proc/$pid1/fd" | wc -l)" "$before" "five more faults leak no descriptor"

# --- signal storm, orphans ----------------------------------------------------------------------------
python3 - "$pid1" <<'EOF'
import os, signal, sys
pid = int(sys.argv[1])
for i in range(2000):
    os.kill(pid, signal.SIGCHLD)
    os.kill(pid, signal.SIGWINCH)
EOF
ok "a storm of signals" ctl status
old=$(ctl_pid talker)
nsenter -t "$pid1" -p -m -r -w /usr/bin/python3 -c '
import os
for i in range(10000):
    if os.fork() == 0:
        os._exit(0)' 8>&- 9>&-
zombies() { ps -eo stat,pidns 2>/dev/null | awk -v n="$(stat -Lc %i /proc/$pid1/ns/pid)" '$1 ~ /^Z/ && $2 == n' | wc -l; }
wait_until 60 eval '[ "$(zombies)" = 0 ]'
is "$?" 0 "10,000 orphans are reaped"
count 2 "storms: 4,000 signals, 10,000 orphans"
is "$(ctl_pid talker)" "$old" "and the service is the same"

# --- a service -------------------------------------------------------------------------------------------
for i in $(seq 30); do
    for signal in SEGV ABRT; do
        old=$(ctl_number talker restarts)
        there=$(boot_host_pid "$(ctl_pid talker)") && kill -$signal "$there"
        wait_until 20 eval '[ "$(ctl_number talker restarts)" -gt $old ] && is_state talker running' || break 2
    done
done
count 60 "SIGSEGV and abort in services"
is "$(ctl_number talker restarts)" 60 "a service that faults 60 times runs again each time"
old=$(ctl_pid talker)

# --- garbage ---------------------------------------------------------------------------------------------
python3 - "/proc/$pid1/root/run/barrer" <<'EOF' 2>"$T/fuzz.err"
import os, random, socket, sys
random.seed(1)
folder = sys.argv[1]
words = [b"STATUS", b"START", b"NAME=", b"talker", b"\n", b"=", b"\0", b"PLAN-BEGIN", b"LOGS", b"FOLLOW=1", b"WAIT",
         b"SHUTDOWN", b"ACTION=", b"ID=" + b"x" * 100, b"\xff\xfe", b"PLAN-DATA\n[service x]\n", b"READY=1", b"WATCHDOG=1"]
def packet():
    if random.random() < 0.2:
        return os.urandom(random.choice([1, 7, 100, 4096, 5000]))
    return b"".join(random.choice(words) for i in range(random.randint(1, 12)))
for i in range(360):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        s.connect(folder + "/control")
        s.settimeout(0.5)
        s.send(packet())
        if i % 3 == 0:
            s.send(packet())
        if i % 2 == 0:
            s.setblocking(False)
            try: s.recv(4096)
            except OSError: pass
    except OSError:
        pass
    s.close()
    d = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        d.connect(folder + "/notify")
        d.setblocking(False)
        d.send(packet())
        if i % 5 == 0:
            r, w = os.pipe()
            socket.send_fds(d, [b"X"], [r, w] * 10)
            os.close(r); os.close(w)
    except OSError:
        pass
    d.close()
# Those who connect and say nothing take places, and no more than there are.
idle = []
for i in range(40):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.setblocking(False)
    try: s.connect(folder + "/control")
    except OSError: pass
    idle.append(s)
EOF
count 900 "packets of garbage"
wait_until 10 boot_is_up
is "$?" 0 "garbage on the control socket and on NOTIFY_SOCKET"
is "$(faults)" 6 "is no fault of PID 1"
is "$(ctl_pid talker)" "$old" "and changes no service"
like "$(ls "/proc/$pid1/fd" | wc -l)" "^($before|$((before + 1)))$" "descriptors that were sent are closed"
ok "poweroff" ctl poweroff
boot_end 0 "down"

# --- plugins ---------------------------------------------------------------------------------------------
# A plugin of each kind, each operation of boot, each way to go wrong: that service fails, alone, with
# a sentence.
take_plugins() { # the shipped ones and those that go wrong
    boot_make_root
    mkdir "$boot_root/plugins"
    cp "$abs_top_builddir"/tests/stage/plugins/*.so "$abs_top_builddir"/tests/plugins/.libs/faulty*.so "$boot_root/plugins/"
    printf 'MZ' >"$boot_root/etc/App.dll"
}
boot_head_of_build=$(declare -f boot_head)
boot_head() { printf '[core]\nplugin-dir = /plugins\n'; }
go_wrong() { # STAGE...
    local stage how n=$(($# * 6)) states
    take_plugins
    {
        cat <<'EOF'
[flow boot]
isolation = namespace faulty_isolation
resources = faulty_resources
filesystem = overlayfs faulty_filesystem
process = process seccomp faulty
runtime = faulty_runtime native faulty_planner
[service good]
exec = /bin/sleep 1000
private-tmp = yes
limits = pids.max=20
EOF
        for stage; do
            for how in segv abort hang exit exit0 fail; do
                printf '[service %s-%s]\nrestart = no\nstart-timeout = 3s\nprivate-tmp = yes\nlimits = pids.max=20\n' "$stage" $how
                case $stage in
                planner-plan) echo 'exec = /etc/App.dll' ;;
                *) echo 'exec = /bin/sleep 1000' ;;
                esac
            done
        done
    } >"$T/conf"
    boot_start <"$T/conf" || fail "it becomes READY"
    states=$(ctl status --json | jq -r '.services[] | "\(.name) \(.state) \(.restarts)"' | sort)
    is "$(grep -c ' failed 0$' <<<"$states")" $n "$n ways for a plugin to go wrong: each service fails alone" ||
        diag "$(grep -v ' failed 0$' <<<"$states")"
    is "$(grep '^good ' <<<"$states")" "good running 0" "the others run"
    is "$(faults)" 0 "PID 1 has no fault of it"
    for stage; do
        like "$(ctl_number "$stage-fail" text)" "go wrong in $stage" "$stage: a plugin's own words are shown"
        like "$(ctl_number "$stage-hang" text)" 'not ready after 3000 ms' "$stage: one that hangs is told from one that fails"
    done
    count $n "SIGSEGV, abort, hang, exit, failure of plugins, by operation"
    ok "poweroff" ctl poweroff
    boot_end 0 "down"
}
go_wrong isolation-{open,probe,prepare,attach,enter} resources-{open,probe,prepare,attach} filesystem-open
go_wrong filesystem-{probe,prepare,attach,enter,pivot} process-{open,probe,prepare,attach}
go_wrong process-{confine,drop} runtime-{open,probe,match,resolve} planner-{open,probe,plan}
# Modules that go wrong while PID 1 has them loaded.
for how in segv abort exit exit0 hang; do
    take_plugins
    echo $how >"$boot_root/etc/faulty-load"
    boot_start <<'EOF' || fail "it becomes READY"
[flow boot]
process = process faulty
[service good]
exec = /bin/sleep 1000
EOF
    is "$(ctl_state good)/$(faults)" running/1 "a plugin that goes wrong while it is loaded ($how): PID 1 does without it"
    like "$(cat "$boot_log")" 'plugin "faulty": its process .* while it was loaded' "it is named"
    kill -SEGV "$(boot_pid1)"
    wait_until 10 eval '[ "$(faults)" = 2 ]'
    is "$?" 0 "nor does it meet it again after a fault"
    count 2 "the same while a plugin is loaded"
    ok "poweroff" ctl poweroff
    boot_end 0 "down"
done
boot_root=
eval "$boot_head_of_build"

# --- the init service --------------------------------------------------------------------------------------
# Thirty times: garbage to PID 1, and then it goes wrong, each time in another way.
boot_make_root
cat >"$boot_root/etc/init.py" <<'EOF'
import os, random, select, signal, socket, sys
s = socket.socket(fileno=int(os.environ["BARRER_INIT_FD"]))
n = int(open("/var/lib/n").read()) if os.path.exists("/var/lib/n") else 0
open("/var/lib/n", "w").write(str(n + 1))
if n < 30:
    random.seed(n)
    s.send(b"READY\n")
    words = [b"PLAN-DATA\n", b"PLAN-COMMIT\n", b"[service x]\nexec=/x\n", b"NAME=steady\n", b"WAIT\n", b"\0", b"\xff", b"ID=x\n", b"STATUS\n", b"\n"]
    for i in range(10):
        s.send(b"".join(random.choice(words) for j in range(random.randint(1, 8))))
    how = n % 5
    if how == 0: os.kill(os.getpid(), signal.SIGSEGV)
    if how == 1: os.abort()
    if how == 2: os._exit(3)
    if how == 3: os._exit(0)
    signal.pause() # it hangs
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"])
while True: # whatever PID 1 says, and five times in the watchdog's time
    notify.send(b"WATCHDOG=1")
    if select.select([s], [], [], 0.1)[0] and not s.recv(65536): sys.exit()
EOF
boot_start <<'EOF'
[flow boot]
init = init
init-timeout = 10ms
[service init]
exec = /usr/bin/python3 /etc/init.py
restart = always
restart-delay = 1ms
restart-max-delay = 1ms
restart-limit = 1000
watchdog = 500ms
[service steady]
exec = /bin/sleep 1000
EOF
steady=$(ctl_pid steady)
wait_until 60 eval '[ "$(ctl_number init restarts)" = 30 ] && is_state init running'
is "$?" 0 "an init service that goes wrong 30 times in five ways, garbage on its socket before it, runs again" || diag "$(tail -n 5 "$boot_log")"
count 30 "SIGSEGV, abort, hang, exit of the init service"
count 300 "packets of garbage"
is "$(ctl_pid steady)/$(faults)" "$steady/0" "services are untouched, and so is PID 1"
like "$(cat "$boot_log")" 'service init: no WATCHDOG=1 for 500 ms: killed' "one that hangs is told from the others"
ok "poweroff" ctl poweroff
boot_end 0 "down"
boot_root=

# --- at each call ------------------------------------------------------------------------------------------
# Calls of PID 1 from its first to its last, and of what starts services, fail or meet a signal, one after
# the other. Wherever that is, the system is READY, each service runs, and it powers off in order.
boot_make_root
boot_layers=yes # the last good configuration is one to go on with, should a fault be in reading this one
fault=$abs_top_builddir/tests/tools/fault
conf() { # SERVICES
    local i
    for ((i = 1; i <= $1; i++)); do
        printf '[service s%d]\nexec = /bin/sleep 1000\nrestart = always\nrestart-delay = 1ms\nrestart-max-delay = 5ms\n' $i
        printf 'restart-limit = 100\nstop-timeout = 1s\n'
        [ $i = 1 ] || echo 'after = s1'
    done
}
all_run() { # SERVICES
    [ "$(timeout 5 "$CTL" --socket "/proc/$(pgrep -P "$(pgrep -P "$boot")")/root/run/barrer/control" status --json |
        jq '[.services[] | select(.state == "running")] | length')" = "$1" ]
}
goes_down() { # asked again: a fault may take the signal that was just read
    is_gone "$boot" || {
        kill -TERM "$boot" 2>/dev/null
        wait_until 2 is_gone "$boot"
    }
}
with_faults() { # SERVICES OPTION...: one boot; $problem
    local services=$1 rc
    shift
    problem=
    rm -f "$boot_root/.used" "$T/faults"
    boot_launch "$fault" "$@" -o "$T/faults" < <(conf "$services")
    if [ "$1" = -s ] && [ "$2" = TERM ]; then
        wait_until 30 eval 'is_gone "$boot" || { grep -q "barrer-init: READY" "$boot_log" && ! grep -q . "$T/faults"; }'
    else
        wait_until 40 all_run "$services" || problem="services are lost"
    fi
    wait_until 40 goes_down && wait "$boot" || problem="$problem status $?"
    is_gone "$boot" || kill -KILL "$(pgrep -P "$boot")" "$boot"
    boot=
    [ -z "$problem" ] || diag "$*: $problem:" "$(head -n 3 "$T/faults")" "$(tail -n 8 "$boot_log")"
}
at_each_call() { # CLASS SERVICES STRIDE LAST OPTION...: from call 1 to LAST, or 0: until no fault comes
    local class=$1 services=$2 stride=$3 last=$4 n all=0 these wrong=0
    shift 4
    for ((n = 1; last == 0 || n <= last; n += stride)); do
        with_faults "$services" "$@" -n "$n${every:-}"
        [ -z "$problem" ] || wrong=$((wrong + 1))
        these=$(grep -c '^[ps]' "$T/faults")
        [ "$these" != 0 ] || break
        all=$((all + these))
    done
    count $all "$class"
    is "$wrong" 0 "$class ($all)"
}
step=${BARRER_FAULT_STEP:-4}
if [ "$(uname -m)" = x86_64 ]; then
    with_faults 3 -e ENOMEM -n 1000000
    is "$problem" "" "a boot without a fault"
    every=+40 at_each_call "calls of PID 1 fail with ENOMEM" 3 $step 40 -e ENOMEM
    every=+8 at_each_call "calls of PID 1 fail with EMFILE" 3 1 8 -e EMFILE
    every=+8 at_each_call "calls of PID 1 fail with ENOSPC" 3 1 8 -e ENOSPC
    every=+8 at_each_call "calls of PID 1 are interrupted" 3 1 8 -e EINTR
    at_each_call "SIGSEGV at a call of PID 1, from its first to its last" 3 $step 0 -s SEGV
    at_each_call "shutdown at a call of PID 1" 3 $((2 * step)) 120 -s TERM
    # The Ith process at its call N + I: eight services, and one that loads plugins.
    every=+9 at_each_call "calls of spawners and starting services fail with ENOMEM" 8 8 0 -c -e ENOMEM
    every=+9 at_each_call "calls of spawners and starting services fail with EMFILE" 8 8 0 -c -e EMFILE
    every=+9 at_each_call "SIGSEGV in spawners and starting services" 8 8 0 -c -s SEGV
    every=+9 at_each_call "SIGKILL to spawners and starting services" 8 8 0 -c -s KILL
else
    skip "faults at each call" "tests/tools/fault is for x86-64"
fi
boot_layers=
boot_root=

# --- what the kernel gives ---------------------------------------------------------------------------------
# strace makes calls of PID 1 and of its children fail. The system comes up, or its services fail with
# a sentence; PID 1 goes down in order.
survive() { # DESCRIPTION STRACE-OPTION...
    local what=$1
    shift
    boot_launch strace -qq -f -o "$T/strace" "$@" <<'EOF'
[service a]
exec = /bin/sleep 1000
[service b]
exec = /bin/sleep 1000
after = a
limits = pids.max=10
restart-delay = 10ms
restart-limit = 1
EOF
    wait_until 60 grep -Eq 'barrer-init: (READY|rescue)' "$boot_log" || {
        fail "$what: neither READY nor rescue" "$(tail -n 5 "$boot_log")"
        kill -KILL "$boot"
        return
    }
    kill -TERM "$(pgrep -P "$boot" | head -n 1)"
    boot_end 0 "$what"
    count "$(grep -c INJECTED "$T/strace")" "memory, descriptors, space, processes short all the time"
}
# The first mounts are of --test itself: from the 12th on they are PID 1's: /proc, /run, /tmp, cgroup2.
for i in 12 13 14 15+; do
    survive "mount $i fails with ENOMEM" -e "inject=mount:error=ENOMEM:when=$i"
done
survive "memory is short" -e "inject=mmap,brk:error=ENOMEM:when=40+9"
survive "descriptors are short" -e "inject=openat,socket,pipe2,accept4:error=EMFILE:when=30+5"
survive "/run is full" -e "inject=mkdir,mkdirat,bind,write:error=ENOSPC:when=12+7"
survive "processes are short" -e "inject=clone3:error=EAGAIN:when=1+2"
survive "groups cannot be removed" -e "inject=unlinkat:error=EBUSY:when=1+3"
survive "signals cannot be read" -e "inject=poll:error=EINTR:when=1+2"

injected=0
for class in "${classes[@]}"; do
    diag "$(printf '%6d  %s' "${of_class[$class]}" "$class")"
    [ "$class" = "packets of garbage" ] || injected=$((injected + of_class[$class]))
done
diag "$(printf '%6d  without the packets' $injected)"
[ "$step" != 1 ] || ok "1,000 faults and more: no panic, no lost service" test $injected -ge 1000
done_testing
