#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# E15: pids that become another process's. In a pid namespace of the test's own, where nobody else takes
# them and the next one can be chosen.
if [ -z "${IN_PID_NAMESPACE:-}" ] && [ "$(id -u)" = 0 ] && unshare --pid --fork --mount-proc true 2>/dev/null; then
    IN_PID_NAMESPACE=1 exec unshare --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
. "$(dirname "$0")/../lib.sh"
need jq
is_real_root || skip_all "needs real root"
[ -n "${IN_PID_NAMESPACE:-}" ] || skip_all "this kernel has no pid namespaces"
[ -w /proc/sys/kernel/ns_last_pid ] || skip_all "this kernel has no ns_last_pid"

b=$T/b
make_bundle "$b" '.process.args = ["sleep", "1000"]'
# Another process with the pid $1: sets $victim
take_pid() {
    local next=$1
    for _ in 1 2 3 4 5; do
        echo $((next - 1)) >/proc/sys/kernel/ns_last_pid
        sleep 1000 8>&- &
        victim=$!
        [ "$victim" != "$next" ] || return 0
        kill "$victim"
    done
    return 1
}
lives() { [[ $(awk '{ print $3 }' "/proc/$victim/stat") = [RSD] ]]; }

for how in created running; do
    new_id
    barrer create --bundle "$b" --pid-file "$T/pid" "$id" </dev/null
    [ $how = created ] || barrer start "$id"
    pid=$(cat "$T/pid")
    kill -9 "$pid"
    wait_until 20 is_status "$id" stopped
    ok "$how: the pid is another process's" take_pid "$pid"
    victim=$pid
    is "$(status_of "$id")" stopped "$how: that does not bring the container back"
    is "$(barrer state "$id" | jq .pid)" 0 "$how: nor is it its process"
    refuses "$how: kill" 'container not running' barrer kill "$id" KILL
    ok "$how: kill --all" barrer kill --all "$id" KILL
    not_ok "$how: exec" barrer exec "$id" true
    not_ok "$how: start" barrer start "$id"
    is "$(barrer list | awk -v id="$id" '$1 == id { print $2, $3 }')" "0 stopped" "$how: list"
    ok "$how: delete --force" barrer delete --force "$id"
    ok "$how: none of them has reached the other process" lives
    kill -9 "$victim"
    wait "$victim" 2>/dev/null
done
# A process that started within the same clock tick (Linux 6.9: pidfds have inodes of their own).
inode_of() { grep -o '"pidfdInode":[0-9]*' "$STATE/$1/state.json" | tail -n 1 | cut -d: -f2; }
start_sleeper "$b"
other=$id
start_sleeper "$b"
if [ "$(inode_of "$id")" != "$(inode_of "$other")" ]; then
    pid=$(barrer state "$id" | jq .pid)
    kill -9 "$pid"
    wait_until 20 is_gone "$pid"
    ok "the pid is another process's once more" take_pid "$pid"
    victim=$pid
    born=$(awk '{ print $22 }' "/proc/$victim/stat")
    sed -i "s/\"startTime\":[1-9][0-9]*/\"startTime\":$born/" "$STATE/$id/state.json"
    is "$(status_of "$id")" running "by its time of birth alone it is the container's"
    not_ok "but kill does not reach it" barrer kill "$id" KILL
    ok "nor does delete --force" barrer delete --force "$id"
    ok "it lives" lives
    kill -9 "$victim"
    wait "$victim" 2>/dev/null
else
    skip "a process of the same clock tick" "this kernel has one inode for all pidfds"
fi
barrer delete --force "$other"
# While it runs, too: the runtime that is about to signal has its pid taken away again and again.
rounds=0 lost=0
for i in {1..100}; do
    new_id
    barrer run --detach --bundle "$b" --pid-file "$T/pid" "$id" </dev/null >/dev/null 2>&1 || break
    pid=$(cat "$T/pid")
    kill -9 "$pid"
    wait_until 20 is_gone "$pid"
    if take_pid "$pid"; then
        rounds=$((rounds + 1))
        barrer delete --force "$id" || lost=$((lost + 1))
        victim=$pid
        lives || lost=$((lost + 1))
        kill -9 "$victim"
        wait "$victim" 2>/dev/null
    fi
done
is "$rounds $lost" "100 0" "a hundred pids that were recycled, none signalled"
done_testing
