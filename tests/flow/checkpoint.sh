#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore: what is refused, everywhere; and with CRIU, where it works on this kernel.
. "$(dirname "$0")/../lib.sh"
PATH=$PATH:/usr/sbin:/sbin

# --- what is refused --------------------------------------------------------------------------------
start_sleeper "$T/b" || { show; skip_all "no container: $error"; }
sleeper=$id
refuses "checkpoint without CRIU says so" 'CRIU.*no program "/nonexistent/criu".*--criu' \
    barrer --criu /nonexistent/criu checkpoint "$sleeper"
is "$(status_of "$sleeper")" running "and the container goes on"
new_id
refuses "restore without CRIU says so" 'CRIU.*no program "/nonexistent/criu".*--criu' \
    barrer --criu /nonexistent/criu restore --bundle "$T/b" --image-path "$T" "$id"
refuses "and leaves no container" 'does not exist' barrer state "$id"
refuses "checkpoint of no container" 'does not exist' barrer checkpoint "$id"
for one in 'manage-cgroups-mode wrong|soft, full, strict or ignore' 'network-lock wrong|iptables, nftables or skip' \
    'empty-ns wrong|network' 'page-server nowhere|ADDRESS:PORT' 'page-server :1|ADDRESS:PORT' 'status-fd 77|status-fd' \
    'status-fd x|status-fd'; do
    # shellcheck disable=SC2086 # words
    refuses "--${one%|*}" "${one#*|}" barrer checkpoint --${one%|*} "$sleeper"
done
for one in 'manage-cgroups-mode wrong|soft' 'empty-ns user|network' 'leave-running|unknown'; do
    # shellcheck disable=SC2086
    refuses "restore --${one%|*}" "${one#*|}" barrer restore --${one%|*} "$sleeper"
done
mkdir "$T/bin"
printf '#!/bin/sh\nexit 3\n' >"$T/bin/criu"
chmod +x "$T/bin/criu"
if is_real_root; then
    refuses "a CRIU that does nothing" 'start CRIU|ended without an answer' \
        barrer --criu "$T/bin/criu" checkpoint --image-path "$T/none" "$sleeper"
    refuses "an absolute --parent-path" '--parent-path.*relative' barrer --criu "$T/bin/criu" checkpoint \
        --image-path "$T/none" --pre-dump --parent-path "$T" "$sleeper"
    refuses "a --parent-path that is not there" '--parent-path.*No such file' \
        barrer --criu "$T/bin/criu" checkpoint --image-path "$T/none" --pre-dump --parent-path ../gone "$sleeper"
    refuses "a caller without root" 'without root' barrer --rootless true --criu "$T/bin/criu" checkpoint "$sleeper"
    new_id
    refuses "restore without images" 'No such file' barrer --criu "$T/bin/criu" restore --bundle "$T/b" --image-path "$T/gone" "$id"
    refuses "leaves nothing" 'does not exist' barrer state "$id"
    is "$(ls -d "/sys/fs/cgroup/pids/barrer/$id" "/sys/fs/cgroup/barrer/$id" 2>/dev/null)" "" "and no cgroup"
else
    refuses "a caller without root" 'without root' barrer --criu "$T/bin/criu" checkpoint "$sleeper"
fi
barrer delete --force "$sleeper"
make_bundle "$T/created"
new_id
ok "a container that waits" barrer create --bundle "$T/created" "$id"
refuses "cannot be saved" 'created state' barrer checkpoint --image-path "$T/none" "$id"
barrer delete --force "$id"

capture barrer --criu "$T/bin/criu" features
is "$(json '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" true "features: CRIU is here"
capture barrer --criu /nonexistent/criu features
is "$(json '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" false "features: CRIU is not here"

# --- with CRIU --------------------------------------------------------------------------------------
works_here() {
    local process
    is_real_root && can_mount && command -v criu >/dev/null || return 1
    mkdir -p "$T/probe"
    setsid sleep 1000 </dev/null >/dev/null 2>&1 8>&- 9>&- &
    process=$!
    wait_until 10 grep -q '^[0-9]* (sleep)' "/proc/$process/stat"
    criu dump --tree $process --images-dir "$T/probe" --log-file log >/dev/null 2>&1 || { diag "$(grep Error "$T/probe/log")"; false; }
    status=$?
    kill -KILL $process 2>/dev/null
    wait $process 2>/dev/null
    return $status
}
if ! works_here; then
    skip "checkpoint and restore" "CRIU is not here or does not work on this kernel"
    done_testing
fi

# A container that counts in a folder of a bind mount and in memory. Not by redirection: a shell keeps a
# copy of its standard output meanwhile, which is a file of the host that CRIU is not told of.
counts='n=0; mkdir /data/n; while :; do n=$((n + 1)); mkdir /data/n/$n; sleep 0.05; done'
mkdir "$T/data"
bound='.mounts += [{"destination": "/data", "source": $data, "type": "bind", "options": ["rbind", "rw"]}]'
number() { ls "$T/data/n" 2>/dev/null | sort -n | tail -n 1; }
is_above() { local n; n=$(number) && [ "${n:-0}" -gt "$1" ]; }
start_counter() { # DIR [FILTER [JQ-OPTION...]]
    rm -rf "$T/data/n"
    local dir=$1 filter=${2:-.}
    shift
    [ $# = 0 ] || shift
    make_bundle "$dir" ".process.args = [\"sh\", \"-c\", \$counts] | $bound | $filter" --arg counts "$counts" --arg data "$T/data" "$@"
    new_id
    ok "a container counts" barrer run --detach --bundle "$dir" "$id" </dev/null
    wait_until 20 is_above 3 || fail "it counts"
}
show_logs() { diag "$(grep -h Error "$1"/*.log 2>/dev/null)"; }
restores() { # WHAT OPTION...
    local what=$1
    shift
    ok "$what" barrer restore --detach --bundle "$T/c" --image-path "$T/images" "$@" "$id" </dev/null || show_logs "$T/images"
}
goes_on() { # WHAT
    local n
    n=$(number)
    if wait_until 20 is_above "$((${n:-0} + 3))"; then pass "$1"; else fail "$1" "it is at $(number), it was at $n"; fi
}
# The count does not start again.
start_counter "$T/c"
before=$(number)
ok "checkpoint" barrer checkpoint --image-path "$T/images" "$id" || show_logs "$T/images"
refuses "the container is gone" 'does not exist' barrer state "$id"
stood=$(number)
restores "restore" --pid-file "$T/pid"
is "$(status_of "$id")" running "it runs"
is "$(cat "$T/pid")" "$(pid_of "$id")" "its pid is in the pid file"
goes_on "it counts on"
if [ "$(number)" -gt "$stood" ] && [ "$stood" -ge "$before" ]; then pass "from where it was"; else fail "from where it was" "$before $stood $(number)"; fi
pid=$(pid_of "$id")
like "$(cat "/proc/$pid/cgroup")" "barrer/$id" "in its own cgroup"
isnt "$(readlink "/proc/$pid/ns/pid")" "$(readlink /proc/self/ns/pid)" "in a pid namespace of its own"
is "$(grep -c "criu" /proc/self/mountinfo)" 0 "no mount is left on the host"
ok "exec works in it" barrer exec "$id" sh -c 'echo $$ >/data/exec; test -e /proc/1'
isnt "$(cat "$T/data/exec")" "" "and sees its mounts"
ok "pause" barrer pause "$id"
is "$(status_of "$id")" paused "it is paused"
rm -rf "$T/images"
ok "a paused container can be saved" barrer checkpoint --image-path "$T/images" "$id" || show_logs "$T/images"
refuses "and is gone" 'does not exist' barrer state "$id"
is "$(ls -d "/sys/fs/cgroup/barrer/$id" "/sys/fs/cgroup/freezer/barrer/$id" 2>/dev/null)" "" "with its cgroup"
restores "and comes back"
wait_until 10 is_status "$id" running || barrer resume "$id"
goes_on "and counts on"

# --leave-running, and another id.
rm -rf "$T/images"
ok "--leave-running" barrer checkpoint --leave-running --image-path "$T/images" --work-path "$T/logs" "$id" || show_logs "$T/logs"
is "$(status_of "$id")" running "it runs still"
goes_on "and counts"
is "$([ -s "$T/logs/dump.log" ] && echo log)" log "CRIU's log is in --work-path"
barrer delete --force "$id"
new_id
restores "another container from its image" --manage-cgroups-mode ignore
goes_on "which counts"
like "$(cat "/proc/$(pid_of "$id")/cgroup")" "barrer/$id" "--manage-cgroups-mode ignore: in its own cgroup"
ok "kill" barrer kill "$id" KILL
wait_until 10 is_status "$id" stopped
ok "delete" barrer delete "$id"

# A configuration file of CRIU's, which may have it run programs, takes the operator's word.
printf '#!/bin/sh\ntouch %s\n' "$T/ran" >"$T/script"
chmod 755 "$T/script"
echo "action-script $T/script" >"$T/criu.conf"
start_counter "$T/c" '.annotations["org.criu.config"] = $config' --arg config "$T/criu.conf"
rm -rf "$T/images"
ok "org.criu.config" barrer checkpoint --leave-running --image-path "$T/images" "$id" || show_logs "$T/images"
not_ok "is passed over" test -e "$T/ran"
rm -rf "$T/images"
ok "org.criu.config allowed" barrer --set core.allow-annotations=org.criu.config checkpoint --image-path "$T/images" "$id" || show_logs "$T/images"
ok "is read" test -e "$T/ran"

# --pre-dump, and what changed since.
start_counter "$T/c"
ok "--pre-dump" barrer checkpoint --pre-dump --image-path "$T/first" "$id" || show_logs "$T/first"
is "$(status_of "$id")" running "it runs still"
rm -rf "$T/images"
ok "--parent-path" barrer checkpoint --parent-path ../first --image-path "$T/images" "$id" || show_logs "$T/images"
restores "restored from both"
goes_on "it counts on"
barrer delete --force "$id"

# A namespace of the host's, hooks, an annotation that CRIU does not know.
ip netns add "b$$" 2>/dev/null
if [ -e "/run/netns/b$$" ]; then
    start_counter "$T/c" "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/b$$\""
    rm -rf "$T/images"
    ok "checkpoint in a network namespace by path" barrer checkpoint --image-path "$T/images" "$id" || show_logs "$T/images"
    restores "restore in it"
    is "$(stat -Lc %i "/proc/$(pid_of "$id")/ns/net")" "$(stat -Lc %i "/run/netns/b$$")" "it is in that namespace"
    barrer delete --force "$id"
    ip netns del "b$$"
else
    skip "a network namespace by path" "no iproute2 here"
fi
start_counter "$T/c"
rm -rf "$T/images"
barrer checkpoint --image-path "$T/images" "$id"
edit_bundle "$T/c" '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "cat >\($t)/hook"]}]
    | .hooks.poststop = [{"path": "/bin/sh", "args": ["sh", "-c", "echo gone >\($t)/gone"]}]' --arg t "$T"
restores "restore with hooks"
is "$(jq -r .status "$T/hook")-$(jq -r .pid "$T/hook")" "creating-$(pid_of "$id")" "createRuntime hooks run"
barrer delete --force "$id"
is "$(cat "$T/gone")" gone "poststop hooks, too"
edit_bundle "$T/c" '.hooks.createRuntime[0].args[2] = "exit 3"'
new_id
refuses "a hook that fails" 'createRuntime.*status 3' barrer restore --detach --bundle "$T/c" --image-path "$T/images" "$id"
refuses "leaves nothing" 'does not exist' barrer state "$id"

# In the foreground, with pipes as streams: the ends that the container had are replaced by ours.
make_bundle "$T/c" '.process.args = ["sh", "-c", "echo one; read -r x; echo two $x; exit 7"]'
new_id
sleep 1000 8>&- 9>&- | barrer run --detach --bundle "$T/c" "$id" 2>&1 | cat >"$T/said" &
says() { grep -qx "$1" "$T/said"; }
wait_until 10 says one || fail "it says one"
rm -rf "$T/images"
ok "checkpoint with pipes" barrer checkpoint --image-path "$T/images" "$id" || show_logs "$T/images"
(
    wait_until 60 eval 'is_status "$id" running || [ -s "$T/err" ]'
    echo three
) | barrer restore --bundle "$T/c" --image-path "$T/images" "$id" >"$T/said" 2>"$T/err"
is "${PIPESTATUS[1]}" 7 "restore in the foreground has the status of the process" || { diag "$(cat "$T/err")"; show_logs "$T/images"; }
is "$(cat "$T/said")" "two three" "and its streams"
refuses "the container is gone at its end" 'does not exist' barrer state "$id"

# A terminal.
if command -v python3 >/dev/null; then
    make_bundle "$T/c" '.process.terminal = true | .process.args = ["sh", "-c", "read -r x; echo got $x; read -r x; echo got $x; sleep 1000"]'
    new_id
    cat >"$T/console.py" <<'END'
import array, os, socket, sys
# Take a terminal from SOCKET, write LINE, print what it says until "got"
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
connection, _ = server.accept()
_, control, _, _ = connection.recvmsg(256, socket.CMSG_SPACE(4))
fd = array.array("i", control[0][2])[0]
os.write(fd, sys.argv[2].encode() + b"\n")
text = b""
while b"got " + sys.argv[2].encode() not in text:
    text += os.read(fd, 256)
print("got", flush=True)
sys.stdin.read()
END
    mkfifo "$T/hold"
    console() { # NAME LINE
        rm -f "$T/$1"
        python3 "$T/console.py" "$T/$1" "$2" <"$T/hold" >"$T/$1.said" 2>&1 &
        wait_until 60 test -S "$T/$1"
    }
    exec 7<>"$T/hold"
    console console-1 alpha
    ok "a container with a terminal" barrer run --detach --console-socket "$T/console-1" --bundle "$T/c" "$id"
    wait_until 60 grep -q got "$T/console-1.said" || fail "it answers" "$(cat "$T/console-1.said")"
    rm -rf "$T/images"
    ok "is saved" barrer checkpoint --image-path "$T/images" "$id" || show_logs "$T/images"
    console console-2 beta
    ok "and restored" barrer restore --detach --console-socket "$T/console-2" --bundle "$T/c" --image-path "$T/images" "$id" || show_logs "$T/images"
    if wait_until 60 grep -q got "$T/console-2.said"; then pass "it answers on the new terminal"; else fail "it answers on the new terminal" "$(cat "$T/console-2.said")"; fi
    exec 7>&-
    refuses "a terminal takes --console-socket" 'console-socket' barrer restore --detach --bundle "$T/c" --image-path "$T/images" "x$id"
    barrer delete --force "$id"
else
    skip "a terminal" "no python3 here"
fi

# A connection whose both ends are in the container. nc says what comes, by folders.
talks='mkdir -p /data/n
    nc -l -p 4000 -e sh -c "while read -r n; do mkdir /data/n/\$n; done" &
    while ! netstat -tln | grep -q :4000; do sleep 0.05; done
    n=0; while :; do n=$((n + 1)); echo $n; sleep 0.05; done | nc 127.0.0.1 4000'
make_bundle "$T/c" ".process.args = [\"sh\", \"-c\", \$talks] | $bound" --arg talks "$talks" --arg data "$T/data"
rm -rf "$T/data/n" "$T/images"
new_id
ok "a container talks to itself by TCP" barrer run --detach --bundle "$T/c" "$id" </dev/null
wait_until 20 is_above 3 || fail "it talks"
refuses "a connection is saved only when that is asked for" 'CRIU failed.*--tcp-established' \
    barrer checkpoint --image-path "$T/images" "$id"
is "$(status_of "$id")" running "and the container goes on"
rm -rf "$T/images"
ok "checkpoint --tcp-established" barrer checkpoint --tcp-established --image-path "$T/images" "$id" || show_logs "$T/images"
restores "restore --tcp-established" --tcp-established
goes_on "the connection goes on"
barrer delete --force "$id"
restores "restore --tcp-close" --tcp-close
if wait_until 20 is_status "$id" stopped; then pass "the connection is closed: both ends end"; else fail "the connection is closed: both ends end" "$(barrer ps "$id")"; fi
barrer delete --force "$id"

# Memory by the network: to a server that writes it, and from one that has it still. The network is the
# host's, which CRIU leaves alone.
on_host_net='.linux.namespaces |= map(select(.type != "network"))'
start_counter "$T/c" "$on_host_net"
rm -rf "$T/images"
mkdir "$T/pages"
is_listening() { ss -tln | grep -q "127.0.0.1:$1 "; }
criu page-server --images-dir "$T/pages" --address 127.0.0.1 --port 27027 --log-file log >/dev/null 2>&1 8>&- 9>&- &
server=$!
wait_until 20 is_listening 27027 || fail "CRIU's page server listens"
ok "checkpoint --page-server" barrer checkpoint --page-server 127.0.0.1:27027 --image-path "$T/images" "$id" || show_logs "$T/images"
wait $server
# A file for each process: the counter, and now and then what it waits with.
is "$(find "$T/images" -name 'pages-*')" "" "no memory is in the images"
like "$(find "$T/pages" -name 'pages-*')" pages- "it is where the server is"
mv "$T"/pages/page*.img "$T/images/"
restores "restore from both"
goes_on "it counts on"
rm -rf "$T/images"
mkfifo "$T/ready"
barrer checkpoint --lazy-pages --page-server 127.0.0.1:27028 --status-fd 6 --image-path "$T/images" "$id" 6>"$T/ready" 2>"$T/err" &
dumping=$!
is "$(head -c 1 "$T/ready" | od -An -t x1)" " 00" "checkpoint --lazy-pages: it is ready" || diag "$(cat "$T/err")"
criu lazy-pages --page-server --address 127.0.0.1 --port 27028 --images-dir "$T/images" --work-dir "$T/images" --log-file lazy.log >/dev/null 2>&1 8>&- 9>&- &
server=$!
wait_until 20 test -S "$T/images/lazy-pages.socket" || fail "CRIU's daemon for pages listens" "$(cat "$T/images/lazy.log")"
old=$id
new_id
restores "restore --lazy-pages, before the end of checkpoint" --lazy-pages
goes_on "it counts on"
wait $dumping
is "$?" 0 "checkpoint ends when all pages were fetched" || diag "$(cat "$T/err")"
wait $server
refuses "and the container that they were of is gone" 'does not exist' barrer state "$old"
barrer delete --force "$id"
done_testing
