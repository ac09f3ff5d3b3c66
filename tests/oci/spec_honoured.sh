#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A property that no chosen backend honours is refused before anything happens, by name and kind of
# backend; what has no effect is not; `features` says what is honoured.
. "$(dirname "$0")/../lib.sh"
need jq

is_real_root || spec_rootless=--rootless
make_bundle "$T/b" '.process.args = ["true"]'
cp "$T/b/config.json" "$T/good.json"

unhonoured() { # PROPERTY KIND FILTER
    jq "$3" "$T/good.json" >"$T/b/config.json"
    new_id
    refuses "$1" "config\.json: $1: .*$2" barrer run --bundle "$T/b" "$id"
    not_ok "and leaves nothing" test -e "$STATE/$id"
}
unhonoured vm isolation '.vm = {kernel: {path: "/boot/vmlinuz"}}'
unhonoured linux.personality.flags=SOME process '.linux.personality = {domain: "LINUX", flags: ["SOME"]}'
unhonoured linux.seccomp.actions=SCMP_ACT_MAYBE process '.linux.seccomp = {defaultAction: "SCMP_ACT_MAYBE"}'
unhonoured linux.seccomp.operators=SCMP_CMP_LIKE process '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{names: ["read"], action: "SCMP_ACT_LOG", args: [{index: 0, value: 1, op: "SCMP_CMP_LIKE"}]}]}'

if [ "$(stat -fc %t /sys/fs/resctrl 2>/dev/null)" != 7655821 ]; then
    jq '.linux.intelRdt = {closID: "a"}' "$T/good.json" >"$T/b/config.json"
    new_id
    refuses "linux.intelRdt without a resctrl file system" 'linux\.intelRdt: .*no resctrl file system is mounted' \
        barrer run --bundle "$T/b" "$id"
    not_ok "and leaves nothing" test -e "$STATE/$id"
fi

passed() { # DESCRIPTION FILTER
    jq "$2" "$T/good.json" >"$T/b/config.json"
    new_id
    ok "$1" barrer run --bundle "$T/b" "$id"
    is "$output$error" "" "without a word"
}
passed "empty properties have no effect" '.linux.intelRdt = {} | .linux.netDevices = {} | .vm = null |
    .process.apparmorProfile = "" | .linux.memoryPolicy = null'
passed "blocks of other platforms are ignored" '.windows = {layerFolders: ["a"]} | .solaris = {a: 1} |
    .freebsd = {jail: {}} | .zos = {}'
passed "a terminal's size beside no terminal is ignored" '.process.consoleSize = {width: 80, height: 24}'

jq '.process.frobnicate = 1 | .linux.resources.cpu = {share: 5}' "$T/good.json" >"$T/b/config.json"
new_id
ok "unknown properties are ignored" "$BARRER_RUN" $BARRER_FLAGS --log "$T/log" --log-level warning \
    --root "$STATE" run --bundle "$T/b" "$id"
like "$(cat "$T/log")" 'process\.frobnicate' "but named in the log"
like "$(cat "$T/log")" 'linux\.resources\.cpu\.share' "each of them"

ok "features" barrer features
is "$error" "" "says nothing beside"
is "$(json '.ociVersionMin + " " + .ociVersionMax')" "1.0.0 1.3.0" "the versions"
is "$(json '.linux.namespaces | sort | join(" ")')" "cgroup ipc mount network pid time user uts" \
    "all namespaces"
is "$(json '[.mountOptions[] | select(. == "rro" or . == "ro" or . == "rbind")] | length')" 3 \
    "mount options, recursive ones included"
is "$(json '.mountOptions - (.mountOptions | unique) | length')" 0 "each of them once"
is "$(json '.linux.cgroup.v1 and .linux.cgroup.v2')" true "both cgroup hierarchies"
is "$(json '.linux.mountExtensions.idmap.enabled and .linux.seccomp.enabled')" true \
    "id-mapped mounts and seccomp"
is "$(json '.linux.netDevices.enabled')" true "network devices"
is "$(json '[.linux.memoryPolicy.modes, .linux.memoryPolicy.flags | length] | join(" ")')" "7 3" "memory policies"
is "$(json '.linux.intelRdt.enabled and .linux.intelRdt.schemata and .linux.intelRdt.monitoring')" true \
    "classes of service"
is "$(json '.hooks | length')" 6 "six kinds of hooks"
done_testing
