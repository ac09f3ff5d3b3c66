#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The plugin systemd, with systemd as PID 1: tests/vm.sh -s WORDS tests/engines/systemd.sh
. "$(dirname "$0")/../lib.sh"
need jq systemctl
[ "$(cat /proc/1/comm)" = systemd ] || skip_all "systemd is not PID 1 here"
[ -e "$abs_top_builddir/tests/stage/plugins/systemd.so" ] || skip_all "this build has no plugin systemd"

kind=$(cgroup_kind)
! grep -qw systemd.unified_cgroup_hierarchy=0 /proc/cmdline || is "$kind" v1 "the machine has the hierarchies that it was asked for"
b=$T/b
sd() { barrer --systemd-cgroup "$@"; }
property() { systemctl show --property "$2" --value -- "$1"; }
has_no_unit() { [ "$(property "$1" LoadState)" = not-found ]; }
folder_of() { # CONTROLLER UNIT-PATH
    if [ "$kind" = v2 ]; then echo "/sys/fs/cgroup$2"; else echo "/sys/fs/cgroup/$1$2"; fi
}
is_nowhere() { [ -z "$(find /sys/fs/cgroup -type d -name "$1" 2>/dev/null)" ]; }

# --- a scope of its own ------------------------------------------------------------------------------
make_bundle "$b" '.process.args = ["sh", "-c", "cat /proc/self/cgroup"]'
new_id
capture sd run --bundle "$b" "$id"
is "$status" 0 "run --systemd-cgroup" || show
ok "its unit is gone" has_no_unit "barrer-$id.scope"
ok "its groups are gone" is_nowhere "barrer-$id.scope"

make_bundle "$b" '.process.args = ["sleep", "1000"]'
new_id
ok "create, without a cgroupsPath" sd create --bundle "$b" "$id"
unit=barrer-$id.scope
is "$(property "$unit" ActiveState) $(property "$unit" Slice) $(property "$unit" Delegate)" "active system.slice yes" \
    "rule 15: without a cgroupsPath a delegated scope of system.slice" || show
like "$(property "$unit" Description)" "$id" "its description names the container"
ok "start" barrer start "$id"
like "$(cat /proc/"$(pid_of "$id")"/cgroup)" "/system.slice/$unit" "the container is in it"
is "$(stat -c %U "$(folder_of systemd "/system.slice/$unit")")" root "the group is there"
ok "delete --force" barrer delete --force "$id"
ok "rule 15: delete takes the unit away" has_no_unit "$unit"
ok "the groups are gone" is_nowhere "$unit"

# --- slice, prefix, name and limits ------------------------------------------------------------------
make_bundle "$b" '.process.args = ["sh", "-c", "sleep 1000 & wait"]
    | .linux.cgroupsPath = "a-b.slice:pre:\($name)"
    | .linux.resources.memory = {limit: 67108864, swap: 100663296}
    | .linux.resources.pids = {limit: 33}
    | .linux.resources.cpu = {shares: 512, quota: 50000, period: 100000}
    | .linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rw"}]' --arg name "n$$"
unit=pre-n$$.scope path=/a.slice/a-b.slice/$unit
new_id
ok "run with slice, prefix, name and limits" sd run --detach --bundle "$b" "$id" || show
is "$(property "$unit" ControlGroup)" "$path" "rule 15: slice:prefix:name is prefix-name.scope in the slice, and the slice \"a-b\" in \"a\""
pid=$(pid_of "$id")
is "$(cgroup_of "$pid" memory)" "$(folder_of memory $path)" "the process is there"
is "$(cat "$(folder_of memory $path)"/memory.{max,limit_in_bytes} 2>/dev/null)" 67108864 "the kernel has the limit of memory"
is "$(cat "$(folder_of pids $path)/pids.max")" 33 "and that of processes"
like "$(cat "$(folder_of cpu $path)"/cpu.{max,cfs_quota_us} 2>/dev/null)" '^50000' "and that of processor time"
is "$(property "$unit" TasksMax) $(property "$unit" CPUQuotaPerSecUSec)" "33 500ms" "systemd knows them too"
if [ "$kind" = v2 ]; then
    is "$(property "$unit" MemoryMax) $(property "$unit" CPUWeight)" "67108864 59" "as properties of v2"
else
    is "$(property "$unit" MemoryLimit) $(property "$unit" CPUShares)" "67108864 512" "as properties of v1"
fi
capture barrer exec "$id" sh -c 'cat /proc/self/cgroup; echo x >/dev/null && echo written'
like "$output" written "exec, and an allowed device" || show
# A device that the container may make and not open.
capture barrer exec "$id" sh -c 'mknod /tmp/zero c 1 5 && cat /tmp/zero | head -c 1 | wc -c'
unlike "$output" '^1' "a device that is not allowed" || show
not_ok "another container of the same path" sd run --detach --bundle "$b" "$id-2"
is "$(status_of "$id")" running "the first one lives on"
capture barrer ps --format json "$id"
is "$(json length)" 2 "ps"
ok "pause" barrer pause "$id"
is "$(status_of "$id")" paused "state says so"
ok "resume" barrer resume "$id"
ok "update" barrer update --memory 80000000 --memory-swap 100663296 --pids-limit 44 --cpu-quota 20000 "$id" || show
wanted="79998976 44"
limits() { echo "$(cat "$(folder_of memory $path)"/memory.{max,limit_in_bytes} 2>/dev/null) $(cat "$(folder_of pids $path)/pids.max")"; }
is "$(limits)" "$wanted" "the kernel has the new limits"
is "$(property "$unit" TasksMax) $(property "$unit" CPUQuotaPerSecUSec)" "44 200ms" "systemd too"
ok "systemctl daemon-reload" systemctl daemon-reload
ok "a property that somebody else sets" systemctl set-property --runtime "$unit" CPUWeight=77
is "$(limits)" "$wanted" "the limits are still there"
capture barrer exec "$id" sh -c 'cat /tmp/zero | head -c 1 | wc -c'
unlike "$output" '^1' "and the rules of devices" || show
capture barrer events --stats "$id"
is "$(json .data.pids.current)" 2 "events --stats" || show
ok "kill --all" barrer kill --all "$id" KILL
ok "it stops" wait_until 20 is_status "$id" stopped
ok "delete" barrer delete "$id"
ok "the unit is gone" has_no_unit "$unit"
ok "the groups are gone" is_nowhere "$unit"

# --- what is refused ---------------------------------------------------------------------------------
refused() { # CGROUPSPATH REGEX
    make_bundle "$b" '.linux.cgroupsPath = $path' --arg path "$1"
    new_id
    refuses "cgroupsPath \"$1\"" "$2" sd run --bundle "$b" "$id"
    [ ! -e "$STATE/$id" ] || fail "nothing is left of it"
}
refused /a/b 'SLICE:PREFIX:NAME'
refused a:b 'SLICE:PREFIX:NAME'
refused a.slice:b:c:d 'SLICE:PREFIX:NAME'
refused a:b:c 'no name of a slice'
refused ../x.slice:b:c 'no name of a slice'
refused a--b.slice:b:c 'no name of a slice'
refused 'a.slice:b:../c' 'the name of a unit'

# --- annotations -------------------------------------------------------------------------------------
make_bundle "$b" '.process.args = ["sleep", "1000"] | .annotations = {
    "org.systemd.property.TimeoutStopUSec": "uint64 7000000", "org.systemd.property.CollectMode": "'"'inactive-or-failed'"'",
    "org.systemd.property.After": "['"'a.service', 'b.service'"']"}'
new_id
unit=barrer-$id.scope
allow="org.systemd.property.TimeoutStopUSec org.systemd.property.CollectMode org.systemd.property.After"
ok "annotations" sd --set "plugin systemd.allow-annotations=$allow" run --detach --bundle "$b" "$id" || show
is "$(property "$unit" TimeoutStopUSec) $(property "$unit" CollectMode)" "7s inactive-or-failed" "are properties of the unit"
like " $(property "$unit" After) " ' a\.service .*b\.service |b\.service .*a\.service' "lists, too"
barrer delete --force "$id"
new_id
unit=barrer-$id.scope
ok "without the operator's consent" sd run --detach --bundle "$b" "$id"
isnt "$(property "$unit" TimeoutStopUSec)" 7s "they are none"
barrer delete --force "$id"
edit_bundle "$b" '.annotations = {"org.systemd.property.CollectMode": "inactive-or-failed"}'
new_id
refuses "a value of another type" 'CollectMode": expected a value of the type "s"' \
    sd --set "plugin systemd.allow-annotations=$allow" run --bundle "$b" "$id"
ok "leaves no unit" has_no_unit "barrer-$id.scope"

# --- the unit is stopped by others, the container ends by itself -------------------------------------
make_bundle "$b" '.process.args = ["sh", "-c", "trap \"exit 0\" TERM; sleep 1000 & wait"]'
new_id
sd run --detach --bundle "$b" "$id"
ok "systemctl stop" systemctl stop "barrer-$id.scope"
ok "ends the container" wait_until 20 is_status "$id" stopped
ok "which can be deleted" barrer delete "$id"
new_id
sd run --detach --bundle "$b" "$id"
kill -9 "$(pid_of "$id")"
ok "a container that was killed" wait_until 20 is_status "$id" stopped
ok "is deleted" barrer delete "$id"
ok "with its unit" has_no_unit "barrer-$id.scope"
is "$(systemctl list-units --all --no-legend 'barrer-t*.scope' 'pre-*.scope')" '' "no unit is left"

# --- a group below the scope's -----------------------------------------------------------------------
make_bundle "$b" '.process.args = ["sleep", "1000"] | .annotations = {"run.oci.systemd.subgroup": "inner"}
    | .linux.resources.memory = {limit: 67108864} | .linux.resources.pids = {limit: 33}'
new_id
unit=barrer-$id.scope
in_subgroup=(--systemd-cgroup --set "plugin systemd.allow-annotations=run.oci.systemd.subgroup")
if [ "$kind" = v2 ]; then
    ok "run.oci.systemd.subgroup" barrer "${in_subgroup[@]}" run --detach --bundle "$b" "$id" || show
    scope=$(property "$unit" ControlGroup)
    like "$scope" "/$unit\$" "its unit"
    is "$(sed -n 's/^0:://p' "/proc/$(pid_of "$id")/cgroup")" "$scope/inner" "the process is in a group below"
    is "$(cat "/sys/fs/cgroup$scope/inner/memory.max" "/sys/fs/cgroup$scope/inner/pids.max")" $'67108864\n33' "which has the limits"
    is "$(cat "/sys/fs/cgroup$scope/cgroup.procs")" "" "the scope's own is empty"
    capture barrer exec "$id" cat /proc/self/cgroup
    is "$output" "0::/" "exec goes there, and it is the root of the cgroup namespace" || show
    ok "update" barrer update --memory 80000000 "$id"
    is "$(cat "/sys/fs/cgroup$scope/inner/memory.max")" 79998976 "the new limit"
    ok "pause" barrer pause "$id"
    is "$(status_of "$id")" paused "it is paused"
    ok "resume" barrer resume "$id"
    ok "delete --force" barrer delete --force "$id"
    ok "the unit is gone" has_no_unit "$unit"
    ok "and its groups" is_nowhere "$unit"
    edit_bundle "$b" '.annotations["run.oci.systemd.subgroup"] = ""'
    ok "an empty one" barrer "${in_subgroup[@]}" run --detach --bundle "$b" "$id" || show
    like "$(sed -n 's/^0:://p' "/proc/$(pid_of "$id")/cgroup")" "/$unit\$" "is none"
    barrer delete --force "$id"
    edit_bundle "$b" '.annotations["run.oci.systemd.subgroup"] = "../x"'
    refuses "a path" 'subgroup": expected the name of a folder' barrer "${in_subgroup[@]}" run --bundle "$b" "$id"
else
    refuses "run.oci.systemd.subgroup" 'subgroup": this host has cgroup v1' barrer "${in_subgroup[@]}" run --bundle "$b" "$id"
fi
ok "leaves no unit" has_no_unit "$unit"

# --- saved and restored ------------------------------------------------------------------------------
PATH=$PATH:/usr/sbin
if command -v criu >/dev/null; then
    counts='n=0; while :; do n=$((n + 1)); mkdir /data/$n; sleep 0.05; done'
    counted() { ls "$T/data" | sort -n | tail -n 1; }
    is_past() { [ "$(counted)" -gt "$1" ] 2>/dev/null; }
    comes_back() { # DRIVER-OPTION PLACE: of a container that counts
        rm -rf "$T/data" "$T/images"
        mkdir "$T/data"
        new_id
        ok "$2: a container counts" barrer $1 run --detach --bundle "$b" "$id" </dev/null
        wait_until 20 is_past 3 || fail "$2: it counts"
        ok "$2: checkpoint" barrer $1 checkpoint --image-path "$T/images" "$id" || diag "$(grep -h Error "$T/images/dump.log")"
        ok "$2: its groups are gone" is_nowhere "*$id*"
        local stood
        stood=$(counted)
        ok "$2: restore" barrer $1 restore --detach --bundle "$b" --image-path "$T/images" "$id" </dev/null || diag "$(grep -h Error "$T/images/restore.log")"
        like "$(cat "/proc/$(pid_of "$id")/cgroup")" "$2$id" "$2: it is in a group of the same name"
        if wait_until 20 is_past "$((stood + 3))"; then pass "$2: it counts on"; else fail "$2: it counts on" "$stood $(counted)"; fi
        capture barrer exec "$id" ls /sys/fs/cgroup
        like "$output" '(cgroup.procs|memory)' "$2: its mount of cgroups" || show
    }
    make_bundle "$b" '.process.args = ["sh", "-c", $counts] | .linux.namespaces |= map(select(.type != "network"))
        | .mounts += [{destination: "/data", source: $data, type: "bind", options: ["rbind", "rw"]}]' --arg counts "$counts" --arg data "$T/data"
    comes_back --systemd-cgroup /system.slice/barrer-
    unit=barrer-$id.scope
    is "$(property "$unit" ActiveState)" active "its scope"
    ok "delete --force" barrer delete --force "$id"
    ok "the scope is gone" has_no_unit "$unit"
    ok "and its groups" is_nowhere "barrer-$id.scope"
    # On v2 without systemd: tests/flow/checkpoint.sh.
    if [ "$kind" != v2 ]; then
        comes_back "" /
        ok "delete --force" barrer delete --force "$id"
        ok "its groups are gone" is_nowhere "$id"
    fi
else
    skip "checkpoint and restore" "no criu here"
fi

# --- a user's own manager ----------------------------------------------------------------------------
user=daemon uid=$(id -u daemon)
runtime=/run/user/$uid
# From a group that is the user's: out of others the manager moves processes with the help of the
# system's bus, and there is none here.
as_user() {
    (
        echo $BASHPID >/sys/fs/cgroup/system.slice/barrer-user.service/init.scope/cgroup.procs
        exec setpriv --reuid "$uid" --regid "$(id -g $user)" --clear-groups env XDG_RUNTIME_DIR="$runtime" HOME=/ "$@"
    )
}
# What user@.service is, without the session that logind makes, and with nothing to start.
start_manager() {
    mkdir -p "$runtime" /run/systemd/user && chown "$user": "$runtime" && chmod 700 "$runtime"
    printf '[Unit]\nDefaultDependencies=no\n' >/run/systemd/user/barrer-nothing.target
    cat >/run/systemd/system/barrer-user.service <<END
[Unit]
DefaultDependencies=no
[Service]
User=$user
Delegate=yes
Environment=XDG_RUNTIME_DIR=$runtime
ExecStart=/lib/systemd/systemd --user --unit=barrer-nothing.target
KillMode=mixed
TimeoutStopSec=5
END
    systemctl daemon-reload && systemctl start --no-block barrer-user.service &&
        wait_until 120 test -S "$runtime/systemd/private"
}
if [ "$kind" != v2 ]; then
    skip "a user's own manager" "cgroup v1 delegates nothing to users"
elif ok "a user's own manager" start_manager; then
    mkdir "$T/user" && chown $user: "$T/user"
    cp -a "$T/.rootfs" "$T/user/rootfs" && chown -R $user: "$T/user/rootfs"
    (
        cd "$T/user" || exit
        as_user "$BARRER_RUN" $BARRER_FLAGS spec --rootless
    )
    jq '.process.terminal = false | .process.args = ["sleep", "1000"] | .linux.resources.memory = {limit: 33554432}' \
        "$T/user/config.json" >"$T/user/c" && mv "$T/user/c" "$T/user/config.json"
    run=(as_user "$BARRER_RUN" $BARRER_FLAGS --root "$runtime/barrer")
    capture "${run[@]}" --systemd-cgroup run --detach --bundle "$T/user" "u$$"
    is "$status" 0 "run --systemd-cgroup as a user" || show
    pid=$("${run[@]}" state "u$$" | jq .pid)
    like "$(cgroup_of "$pid")" "barrer-user.service/user.slice/barrer-u$$.scope" "rule 15: without privileges below user.slice of the user's manager"
    is "$(cat "$(cgroup_of "$pid")/memory.max")" 33554432 "with its limit"
    ok "update" "${run[@]}" update --memory 16777216 "u$$"
    is "$(cat "$(cgroup_of "$pid")/memory.max")" 16777216 "changes it"
    capture "${run[@]}" delete --force "u$$"
    is "$status" 0 "delete" || show
    ok "no group is left" is_nowhere "barrer-u$$.scope"
fi
done_testing
