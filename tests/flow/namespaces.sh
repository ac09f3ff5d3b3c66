#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# All eight namespaces: created, left alone, joined by path; id maps, time offsets, sysctl.
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b
ns_files=(mnt pid ipc uts net cgroup)
oci_name() {
    case $1 in
    mnt) echo mount ;;
    net) echo network ;;
    *) echo "$1" ;;
    esac
}

# --- created, and left alone ---
start_sleeper "$b" '.linux.namespaces = ([{type: "pid"}, {type: "network"}, {type: "ipc"}, {type: "uts"}, {type: "mount"}, {type: "cgroup"}]
    + [.linux.namespaces[] | select(.type == "user")])' || diag "$error"
first=$id first_pid=$pid
for ns in "${ns_files[@]}"; do
    isnt "$(readlink "/proc/$pid/ns/$ns")" "$(readlink /proc/self/ns/$ns)" "a new $(oci_name $ns) namespace"
done
if is_real_root; then
    for ns in ipc uts net cgroup pid; do
        type=$(oci_name $ns)
        run_sh "$T/c" "readlink /proc/self/ns/$ns" "del(.hostname) | .mounts |= map(select(.type != \"mqueue\"))
            | .linux.namespaces |= map(select(.type != \"$type\"))"
        is "$output" "$(readlink /proc/self/ns/$ns)" "the $type namespace stays the caller's when it is not named"
    done
else
    skip "namespaces that stay the caller's" "needs real root"
fi

# --- joined by path ---
if is_real_root; then
    for ns in ipc uts net pid; do
        type=$(oci_name $ns)
        start_sleeper "$T/c" ".linux.namespaces |= map(if .type == \"$type\" then .path = \"/proc/$first_pid/ns/$ns\" else . end)" || diag "$error"
        if [ -n "$pid" ]; then
            is "$(readlink "/proc/$pid/ns/$ns")" "$(readlink "/proc/$first_pid/ns/$ns")" "the $type namespace of another container, by path"
        else
            fail "the $type namespace of another container, by path" "$error"
        fi
        barrer delete --force "$id"
    done
    make_bundle "$T/c" '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/uts" else . end)'
    new_id
    refuses "a path that is a namespace of another type" '(network|/proc/self/ns/uts)' barrer run --bundle "$T/c" "$id"
    make_bundle "$T/c" '.linux.namespaces |= map(if .type == "network" then .path = "/etc/passwd" else . end)'
    new_id
    refuses "a path that is no namespace" '/etc/passwd' barrer run --bundle "$T/c" "$id"
    make_bundle "$T/c" '.linux.namespaces |= map(if .type == "network" then .path = "/no/such/ns" else . end)'
    new_id
    refuses "a path that is not there" '/no/such/ns' barrer run --bundle "$T/c" "$id"
else
    skip "namespaces of another container, by path" "needs real root"
fi
barrer delete --force "$first"
make_bundle "$T/c" '.linux.namespaces += [{type: "uts"}]'
new_id
refuses "a namespace that is named twice" 'linux.namespaces' barrer run --bundle "$T/c" "$id"
make_bundle "$T/c" '.linux.namespaces += [{type: "nonsense"}]'
new_id
refuses "a namespace of no kind" 'nonsense' barrer run --bundle "$T/c" "$id"

# --- user namespaces ---
if is_real_root; then
    user='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}, {containerID: 5000, hostID: 200000, size: 1}]
        | .linux.gidMappings = [{containerID: 0, hostID: 300000, size: 1000}] | .mounts |= map(select(.type != "mqueue"))'
    chmod 755 "$T"
    make_bundle "$T/u"
    chown -R 100000:300000 "$T/u/rootfs"
    start_sleeper "$T/u" "$user" || diag "$error"
    is "$(tr -s ' ' <"/proc/$pid/uid_map")" $' 0 100000 1000\n 5000 200000 1' "uid maps as configured"
    is "$(tr -s ' ' <"/proc/$pid/gid_map")" ' 0 300000 1000' "gid maps as configured"
    is "$(stat -c %u:%g "/proc/$pid")" 100000:300000 "root of the container is another user of the host"
    is "$(barrer exec "$id" sh -c 'id -u; id -g' | tr '\n' ' ')" "0 0 " "and root in it; exec joins"
    is "$(barrer exec "$id" readlink /proc/self/ns/user)" "$(readlink "/proc/$pid/ns/user")" "exec: the same user namespace"
    is "$(barrer exec "$id" sh -c 'echo x >/dev/null && cat /proc/sys/kernel/ostype')" Linux "devices work in it"
    is "$(barrer exec --user 5000 "$id" id -u)" 5000 "an id of the second range"
    not_ok "an id outside the ranges" barrer exec --user 4000 "$id" true
    is "$(cat "/proc/$pid/setgroups")" allow "setgroups stays allowed for a privileged caller"
    barrer delete --force "$id"
    make_bundle "$T/u" '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]'
    new_id
    refuses "maps without a user namespace" '(uidMappings|user)' barrer run --bundle "$T/u" "$id"
    make_bundle "$T/u" "$user | .linux.uidMappings = []"
    new_id
    not_ok "a user namespace without maps of users, but of groups" barrer run --bundle "$T/u" "$id"
    run_sh "$T/u" 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; id -u' \
        '.linux.namespaces += [{type: "user"}] | del(.linux.uidMappings, .linux.gidMappings)
        | .mounts |= map(select(.type != "devpts"))'
    is "$status $(tr -d '\n' <<<"$output")" "0  0 0 1 0 0 10" "one without any maps has the caller as its root" || show
    run_sh "$T/u" 'cat /proc/sys/kernel/domainname' '.domainname = "same" | .linux.sysctl = {"kernel.domainname": "same"}'
    is "$status$output" 0same "a domain name may be given twice, when it is the same"
else
    skip "user namespaces with several ranges" "needs real root"
fi

# --- time ---
if [ -e /proc/self/ns/time ]; then
    run_sh "$b" 'cut -d" " -f1 /proc/uptime; cat /proc/self/timens_offsets | tr -s " "' \
        '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 86400, nanosecs: 5}, boottime: {secs: 604800}}'
    like "$output" 'monotonic 86400 5' "the offset of the monotonic clock"
    like "$output" 'boottime 604800 0' "the offset of the boot time clock"
    up=${output%%.*}
    ok "which the container sees" [ "${up:-0}" -ge 604800 ]
    make_bundle "$b" '.linux.timeOffsets = {monotonic: {secs: 1}}'
    new_id
    refuses "time offsets without a time namespace" 'time' barrer run --bundle "$b" "$id"
    start_sleeper "$b" '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 604800}}'
    is "$(barrer exec "$id" readlink /proc/self/ns/time)" "$(readlink "/proc/$pid/ns/time")" "exec joins the time namespace"
    barrer delete --force "$id"
else
    skip "time namespaces" "this kernel has none"
fi

# --- sysctl ---
with_network='.linux.namespaces |= (map(select(.type != "network")) + [{type: "network"}])'
run_sh "$b" 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax' \
    "$with_network | .linux.sysctl = {\"net.ipv4.ip_forward\": \"1\", \"kernel.msgmax\": \"4711\"}"
is "$output" $'1\n4711' "sysctl of new namespaces"
isnt "$(cat /proc/sys/kernel/msgmax)" 4711 "the host's stays"
for key in kernel.core_pattern vm.swappiness kernel.hostname ../kernel.core_pattern 'kernel/../vm/swappiness' kernel.shmmax.x; do
    make_bundle "$b" ".linux.sysctl = {\"$key\": \"1\"}"
    new_id
    refuses "sysctl $key is refused" 'sysctl' barrer run --bundle "$b" "$id"
done
make_bundle "$b" '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))'
new_id
refuses "sysctl of a namespace that is the host's is refused" 'net.ipv4.ip_forward' barrer run --bundle "$b" "$id"
make_bundle "$b" 'del(.linux.namespaces[] | select(.type == "uts")) | .hostname = "x"'
new_id
refuses "a hostname without a uts namespace" 'hostname' barrer run --bundle "$b" "$id"

# --- the network ---
run_sh "$b" 'ip link show lo 2>/dev/null | grep -o "UP" | head -n 1; ls /sys/class/net'
like "$output" 'lo' "a new network namespace has a loopback device"

done_testing
