#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Control groups: limits read back from the kernel, membership, pause, update, ps, events, removal.
# The kind of hierarchy is the host's: v1 (also hybrid) or v2.
. "$(dirname "$0")/../lib.sh"
need jq
is_real_root || skip_all "needs real root"
kind=$(cgroup_kind)
[ "$kind" != none ] || skip_all "no cgroups here"

b=$T/b
parent=/barrer-test-$$
in_group=".linux.cgroupsPath = \"$parent/c\""
read_limit() { # V2-FILE [V1-CONTROLLER V1-FILE]: of the process $pid
    if [ "$kind" = v2 ]; then
        cat "$(cgroup_of "$pid")/$1"
    else
        cat "$(cgroup_of "$pid" "$2")/$3"
    fi
}
# DESCRIPTION CONTROLLER RESOURCES-JSON WANTED-V2 V2-FILE WANTED-V1 V1-CONTROLLER V1-FILE
limit() {
    local what=$1 controller=$2 resources=$3 wanted=$4 got
    [ "$kind" = v2 ] || { controller=$7 wanted=$6; }
    if [ "$wanted" = - ]; then skip "$what" "cgroup $kind does not have it" && return; fi
    has_controller "$controller" || { skip "$what" "no $controller controller in cgroup $kind here" && return; }
    start_sleeper "$b" "$in_group | .linux.resources = $resources" || { fail "$what" "$error" && return; }
    got=$(read_limit "$5" "$7" "$8")
    is "$got" "$wanted" "$what"
    barrer delete --force "$id"
}

# --- limits ---
m=$((1 << 20))
limit "memory.limit" memory '{memory: {limit: 67108864}}' $((64 * m)) memory.max $((64 * m)) memory memory.limit_in_bytes
limit "memory.reservation" memory '{memory: {reservation: 33554432}}' $((32 * m)) memory.low $((32 * m)) memory memory.soft_limit_in_bytes
# v2 counts swap by itself: 96 MiB with 64 MiB of memory is 32 MiB of swap.
limit "memory.swap" memory '{memory: {limit: 67108864, swap: 100663296}}' $((32 * m)) memory.swap.max - memory memory.memsw.limit_in_bytes
limit "memory.limit -1" memory '{memory: {limit: -1}}' max memory.max 9223372036854771712 memory memory.limit_in_bytes
# 1024 shares are weight 100, and 2048 are 174, as in the newer of runc's and crun's conversions.
limit "cpu.shares" cpu '{cpu: {shares: 2048}}' 174 cpu.weight 2048 cpu cpu.shares
limit "cpu.quota and period" cpu '{cpu: {quota: 20000, period: 50000}}' "20000 50000" cpu.max 20000 cpu cpu.cfs_quota_us
limit "cpu.period" cpu '{cpu: {quota: 20000, period: 50000}}' "20000 50000" cpu.max 50000 cpu cpu.cfs_period_us
limit "cpu.burst" cpu '{cpu: {quota: 20000, period: 50000, burst: 10000}}' 10000 cpu.max.burst 10000 cpu cpu.cfs_burst_us
limit "cpu.idle" cpu '{cpu: {idle: 1}}' 1 cpu.idle 1 cpu cpu.idle
limit "cpuset.cpus" cpuset '{cpu: {cpus: "0"}}' 0 cpuset.cpus 0 cpuset cpuset.cpus
limit "cpuset.mems" cpuset '{cpu: {mems: "0"}}' 0 cpuset.mems 0 cpuset cpuset.mems
limit "pids.limit" pids '{pids: {limit: 20}}' 20 pids.max 20 pids pids.max
limit "pids.limit 0 is one" pids '{pids: {limit: 0}}' 1 pids.max 1 pids pids.max
limit "pids.limit -1 is none" pids '{pids: {limit: -1}}' max pids.max max pids pids.max
if [ "$kind" = v2 ] && has_controller io; then
    start_sleeper "$b" "$in_group | .linux.resources = {blockIO: {weight: 200}}" || diag "$error"
    # BFQ has the range of v1; io.weight has its own, to which runc and crun scale.
    got=$(cat "$(cgroup_of "$pid")/io.bfq.weight" 2>/dev/null || cat "$(cgroup_of "$pid")/io.weight")
    like "$got" '^default (200|19[0-9][0-9])$' "blockIO.weight"
    barrer delete --force "$id"
else
    skip "blockIO.weight" "no io controller of cgroup v2 here"
fi
if [ -b /dev/vda ]; then
    read -r major minor < <(stat -c '%t %T' /dev/vda)
    major=$((0x$major)) minor=$((0x$minor))
    dev="[{major: $major, minor: $minor, rate: 1048576}]"
    limit "throttleReadBpsDevice" io "{blockIO: {throttleReadBpsDevice: $dev}}" \
        "$major:$minor rbps=1048576 wbps=max riops=max wiops=max" io.max "$major:$minor 1048576" blkio blkio.throttle.read_bps_device
    limit "throttleWriteIOPSDevice" io "{blockIO: {throttleWriteIOPSDevice: $dev}}" \
        "$major:$minor rbps=max wbps=max riops=max wiops=1048576" io.max "$major:$minor 1048576" blkio blkio.throttle.write_iops_device
else
    skip "throttleReadBpsDevice" "no /dev/vda"
fi
limit "hugepageLimits" hugetlb '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}' 4194304 hugetlb.2MB.max 4194304 hugetlb hugetlb.2MB.limit_in_bytes
limit "rdma is accepted" rdma '{rdma: {}}' "" rdma.max "" rdma rdma.max
if [ "$kind" = v2 ]; then
    limit "unified: memory.high" memory '{unified: {"memory.high": "50331648"}}' $((48 * m)) memory.high - x x
    limit "unified: pids.max" pids '{unified: {"pids.max": "30"}}' 30 pids.max - x x
    make_bundle "$b" "$in_group | .linux.resources = {unified: {\"../cgroup.procs\": \"1\"}}"
    new_id
    refuses "unified cannot leave the cgroup" '\.\./cgroup\.procs' barrer run --bundle "$b" "$id"
    make_bundle "$b" "$in_group | .linux.resources = {unified: {\"no.such\": \"1\"}}"
    new_id
    refuses "unified with a controller that is not there" 'controller `no` is not available' barrer run --bundle "$b" "$id"
    make_bundle "$b" "$in_group | .linux.resources = {unified: {\"high\": \"1\"}}"
    new_id
    refuses "unified with a key that names no controller" 'CONTROLLER.VALUE `high`' barrer run --bundle "$b" "$id"
    make_bundle "$b" "$in_group | .linux.namespaces |= map(select(.type != \"cgroup\")) + [{type: \"cgroup\"}]
        | .mounts |= map(select(.type != \"cgroup\")) + [{destination: \"/sys/fs/cgroup\", type: \"cgroup\", source: \"cgroup\", options: [\"nosuch\"]}]"
    new_id
    refuses "an option that cgroup2 does not know" 'nosuch.*Invalid argument' barrer run --bundle "$b" "$id"
else
    make_bundle "$b" "$in_group | .linux.resources = {unified: {\"memory.high\": \"1\"}}"
    new_id
    refuses "unified needs cgroup v2, and says so" 'unified' barrer run --bundle "$b" "$id"
fi

# --- limits hold ---
if has_controller pids; then
    run_sh "$b" 'for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; echo end' "$in_group | .linux.resources = {pids: {limit: 4}}"
    like "$error" "([Cc]an't fork|Resource temporarily unavailable)" "the pids limit holds"
else
    skip "the pids limit holds" "no pids controller here"
fi
if has_controller memory; then
    run_sh "$b" 'dd if=/dev/zero of=/dev/null bs=100M count=1; echo "dd $?"' "$in_group | .linux.resources = {memory: {limit: 33554432, swap: 33554432}}"
    like "$output" 'dd 137' "the memory limit holds"
else
    skip "the memory limit holds" "no memory controller here"
fi
if [ "$kind" = v2 ] || has_controller devices; then
    # /dev/kmsg, which takes CAP_SYSLOG to open, and which no default rule allows.
    syslog='(.process.capabilities | (.bounding, .permitted, .effective)) += ["CAP_SYSLOG"]'
    run_sh "$b" 'head -c 1 /dev/full >/dev/null && echo full; cat /dev/kmsg-x' "$in_group | $syslog | .root.readonly = false
        | .linux.devices = [{path: \"/dev/kmsg-x\", type: \"c\", major: 1, minor: 11, fileMode: 438}]
        | .linux.resources = {devices: [{allow: false, access: \"rwm\"}]}"
    is "$output" full "device access: the default devices stay usable"
    like "$error" 'Operation not permitted' "device access: others are denied"
    run_sh "$b" 'head -c 0 /dev/kmsg-x && echo opened; : >>/dev/kmsg-x' "$in_group | $syslog | .root.readonly = false
        | .linux.devices = [{path: \"/dev/kmsg-x\", type: \"c\", major: 1, minor: 11, fileMode: 438}]
        | .linux.resources = {devices: [{allow: false, access: \"rwm\"}, {allow: true, type: \"c\", major: 1, minor: 11, access: \"r\"}]}"
    is "$output" opened "device access: a rule allows reading"
    like "$error" 'Operation not permitted' "device access: and only that"
else
    skip "device access" "no devices controller here"
fi

# --- membership and removal ---
start_sleeper "$b" "$in_group"
folder=$(cgroup_of "$pid" pids)
like "$folder" "$parent/c\$" "cgroupsPath is where the process is"
ok "its folder exists" test -d "$folder"
is "$(cat "$folder/cgroup.procs")" "$pid" "with the process in it"
barrer delete --force "$id"
not_ok "delete removes it" test -e "$folder"
start_sleeper "$b" 'del(.linux.cgroupsPath)'
mine=$(cgroup_of $$ pids) folder=$(cgroup_of "$pid" pids)
isnt "$folder" "$mine" "without cgroupsPath the container still has a cgroup of its own"
barrer delete --force "$id"
not_ok "which is removed as well" test -e "$folder"
start_sleeper "$b" "$in_group"
folder=$(cgroup_of "$pid" pids)
# The container makes a cgroup below its own, as systemd in a container would.
mkdir "$folder/below"
kill -9 "$pid"
wait_until 10 is_gone "$pid"
ok "delete with a cgroup below" barrer delete "$id"
not_ok "removes both" test -e "$folder"

# Nobody would run in a group that somebody froze; on v1 not even the runtime.
make_frozen() {
    case $kind in
    v2) folder=/sys/fs/cgroup/frozen-$$ file=cgroup.freeze value=1 ;;
    v1) folder=/sys/fs/cgroup/freezer/frozen-$$ file=freezer.state value=FROZEN ;;
    esac
    mkdir "$folder" 2>/dev/null && echo $value >"$folder/$file"
}
if make_frozen; then
    make_bundle "$b" '.linux.cgroupsPath = $path' --arg path "/frozen-$$"
    new_id
    refuses "a frozen cgroup is refused" "container's cgroup unexpectedly frozen" timeout -k 1 20 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" create --bundle "$b" "$id"
    ok "and left" rmdir "$folder"
else
    skip "a frozen cgroup is refused" "needs a cgroup that can be frozen"
fi
# Hybrid: systemd and others find processes by the hierarchy of v2.
if [ "$kind" = v1 ] && [ -w /sys/fs/cgroup/unified/cgroup.procs ]; then
    start_sleeper "$b" 'del(.linux.cgroupsPath)'
    like "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")" "/$id\$" "the container is in a group of cgroup v2 too"
    capture barrer exec "$id" sed -n 's/^0:://p' /proc/self/cgroup
    like "$output" "/$id\$" "and so is what exec adds"
    barrer delete --force "$id"
    not_ok "delete removes that group" test -e "/sys/fs/cgroup/unified/$id"
else
    skip "the container is in a group of cgroup v2 too" "needs a hybrid host"
fi

# --- pause and resume ---
start_sleeper "$b" "$in_group"
frozen() {
    case $kind in
    v2) [ "$(awk '/^frozen/ { print $2 }' "$(cgroup_of "$pid")/cgroup.events")" = 1 ] ;;
    v1) [ "$(cat "$(cgroup_of "$pid" freezer)/freezer.state")" = FROZEN ] ;;
    esac
}
capture barrer pause "$id"
is "$status$output$error" 0 "pause is silent"
ok "the cgroup is frozen when pause returns" frozen
is "$(status_of "$id")" paused "status paused"
refuses "rule 8: exec in a paused container" 'paused' barrer exec "$id" true
refuses "start of a paused container" 'paused|running|created' barrer start "$id"
capture barrer resume "$id"
is "$status$output$error" 0 "resume is silent"
not_ok "and thaws" frozen
is "$(status_of "$id")" running "status running again"
barrer pause "$id"
ok "kill -9 of a paused container is accepted" barrer kill "$id" KILL
ok "delete --force ends a paused container" barrer delete --force "$id"
ok "its process is gone" wait_until 10 is_gone "$pid"

# --- update ---
start_sleeper "$b" "$in_group"
if has_controller memory; then
    ok "options may follow the id" barrer update "$id" --memory $((72 * m))
    capture barrer update --memory $((80 * m)) "$id"
    is "$status$output$error" 0 "update --memory"
    is "$(read_limit memory.max memory memory.limit_in_bytes)" $((80 * m)) "is in force"
    echo '{"memory": {"limit": 94371840}}' | barrer update --resources - "$id"
    is "$(read_limit memory.max memory memory.limit_in_bytes)" $((90 * m)) "update --resources - (containerd)"
else
    skip "update --memory" "no memory controller here"
    skip "update --resources - (containerd)" "no memory controller here"
fi
if has_controller pids; then
    barrer update --pids-limit 33 "$id"
    is "$(read_limit pids.max pids pids.max)" 33 "update --pids-limit"
    echo '{"pids": {"limit": 44}}' >"$T/resources.json"
    barrer update --resources "$T/resources.json" "$id"
    is "$(read_limit pids.max pids pids.max)" 44 "update --resources FILE (podman)"
else
    skip "update --pids-limit" "no pids controller here"
    skip "update --resources FILE (podman)" "no pids controller here"
fi
if has_controller cpu; then
    barrer update --cpu-quota 30000 --cpu-period 60000 --cpu-share 512 "$id"
    if [ "$kind" = v2 ]; then
        is "$(read_limit cpu.max) $(read_limit cpu.weight)" "30000 60000 59" "update --cpu-quota --cpu-period --cpu-share"
    else
        is "$(read_limit x cpu cpu.cfs_quota_us) $(read_limit x cpu cpu.cfs_period_us) $(read_limit x cpu cpu.shares)" \
            "30000 60000 512" "update --cpu-quota --cpu-period --cpu-share"
    fi
else
    skip "update --cpu-quota --cpu-period --cpu-share" "no cpu controller here"
fi
echo '{"memory": {"limit": "much"}}' >"$T/resources.json"
refuses "update with a wrong type" 'memory.limit' barrer update --resources "$T/resources.json" "$id"
refuses "update with no number" '(pids-limit|number)' barrer update --pids-limit x "$id"
is "$(status_of "$id")" running "the container lives on"

# --- events ---
capture barrer events --stats "$id"
is "$status$error" 0 "events --stats"
is "$(json '.type + " " + .id')" "stats $id" "type and id"
if has_controller pids; then is "$(json '.data.pids.current')" 1 "the number of processes"; else
    skip "the number of processes" "no pids controller here"
fi
if has_controller memory; then like "$(json '.data.memory.usage.usage')" '^[0-9]+$' "the memory in use"; else
    skip "the memory in use" "no memory controller here"
fi
barrer events --interval 100ms "$id" >"$T/events" 2>"$T/events.err" &
events=$!
wait_until 20 test "$(wc -l <"$T/events" 2>/dev/null)" -ge 2 || :
wait_until 20 bash -c "[ \$(wc -l <'$T/events') -ge 2 ]"
is "$(head -n 2 "$T/events" | jq -r .type | sort -u)" stats "events prints one object a line"
barrer kill "$id" KILL
wait_until 10 is_gone "$pid"
ok "events ends with the container" wait_until 15 is_gone $events
kill $events 2>/dev/null
refuses "events of a stopped container" '(not running|stopped)' barrer events --stats "$id"
barrer delete --force "$id"

# --- kill --all and the cgroup ---
start_sleeper "$b" "$in_group"
barrer exec --detach "$id" sleep 1011 </dev/null
ok "exec in the cgroup" test "$(wc -l <"$(cgroup_of "$pid" pids)/cgroup.procs")" = 2
barrer kill --all "$id" KILL
ok "kill --all ends all" wait_until 10 is_gone "$pid"
barrer delete --force "$id"
# A parent that create had to make may stay, as with other runtimes: it may have become somebody's.
remove_parents() { rmdir /sys/fs/cgroup$parent /sys/fs/cgroup/*$parent 2>/dev/null; }
remove_parents
if [ "$kind" = v2 ]; then leftover=$(find /sys/fs/cgroup -maxdepth 2 -name "barrer-test-$$*"); else
    leftover=$(find /sys/fs/cgroup -maxdepth 3 -name "barrer-test-$$*")
fi
is "$leftover" "" "no cgroup is left in any hierarchy"

# --- kernel memory, of which Linux has not had a limit for long ---
if [ "$kind" != v1 ] || ! has_controller memory || [ ! -e /sys/fs/cgroup/memory/memory.kmem.limit_in_bytes ]; then
    skip "a limit of kernel memory" "cgroup $kind does not have it"
else
    make_bundle "$b" "$in_group | .process.args = [\"true\"] | .linux.resources = {memory: {kernel: 50000000}}"
    new_id
    capture barrer run --bundle "$b" "$id"
    like "$status$error" '^0(barrer-run: warning: .*linux.resources.memory.kernel: this kernel has no limit.*)?$' \
        "a limit of kernel memory is set, or a warning says that there is none"
    remove_parents
fi

# --- realtime: a period below the runtime is refused until that is set, too ---
cpu=/sys/fs/cgroup/cpu
if [ "$kind" != v1 ] || [ ! -w $cpu/cpu.rt_runtime_us ]; then
    skip "update of the realtime period and runtime" "cgroup $kind does not have it"
else
    mkdir -p $cpu$parent
    if echo 900000 2>/dev/null >$cpu$parent/cpu.rt_runtime_us && start_sleeper "$b" "$in_group | .linux.resources = {cpu: {realtimePeriod: 900001, realtimeRuntime: 600001}}"; then
        ok "update of the realtime period and runtime" barrer update --cpu-rt-period 10000 --cpu-rt-runtime 3000 "$id"
        is "$(cat "$(cgroup_of "$pid" cpu)"/cpu.rt_{period,runtime}_us | tr '\n' ' ')" "10000 3000 " "sets both"
        barrer delete --force "$id"
    else
        skip "update of the realtime period and runtime" "no realtime controller here"
    fi
    remove_parents
fi

# --- little memory: what a start takes is charged to the container ---
if ! has_controller memory; then
    skip "containers of 512 KiB start" "no memory controller here"
elif is_sanitized; then
    skip "containers of 512 KiB start" "a sanitizer takes more memory"
else
    make_bundle "$b" "$in_group | .process.args = [\"true\"] | .linux.resources = {memory: {limit: 524288}}"
    # A start takes about 300 KiB. The kernel charges up to 256 more for each CPU in advance, and takes
    # them back from another CPU when that has time: on a busy machine it may kill some for that.
    started=0
    for i in {1..20}; do
        new_id
        capture barrer run --bundle "$b" "$id"
        [ "$status" != 0 ] || started=$((started + 1))
    done
    ok "containers of 512 KiB start ($started of 20)" test $started -ge 10
fi
remove_parents

# --- hostile or unusable paths ---
for path in ../../escape /a/../../b; do
    make_bundle "$b" ".linux.cgroupsPath = \"$path\" | .process.args = [\"true\"]"
    new_id
    capture barrer run --bundle "$b" "$id"
    # Refused, or kept below the root of the hierarchy.
    not_ok "E11: cgroupsPath $path does not escape ($status)" test -e /sys/fs/escape -o -e /sys/fs/b
done
capture barrer --cgroup-manager disabled run --bundle "$b" "$id"
is "$status" 0 "--cgroup-manager disabled runs without a cgroup"

done_testing
