#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The configuration that `spec` writes: the usual one, a file that nothing replaces, and one that
# runs.
. "$(dirname "$0")/../lib.sh"
need jq

mkdir "$T/root" "$T/rootless"
ok "spec" barrer spec --bundle "$T/root"
is "$output$error" "" "says nothing"
ok "writes JSON" jq -e . "$T/root/config.json"
spec() { jq -c "$1" "$T/root/config.json"; }
is "$(spec .ociVersion)" '"1.3.0"' "of the newest version"
is "$(spec .process.args)" '["sh"]' "for a shell"
is "$(spec .process.terminal)" true "on a terminal"
is "$(spec .root)" '{"path":"rootfs","readonly":true}' "in a read-only rootfs"
namespaces='["ipc","mount","network","pid","uts"]'
[ "$(cgroup_kind)" != v2 ] || namespaces='["cgroup","ipc","mount","network","pid","uts"]'
is "$(spec '[.linux.namespaces[].type] | sort')" "$namespaces" \
    "with all namespaces but user and time, and that of cgroups where they are v2"
is "$(spec '[.mounts[].destination]')" \
    '["/proc","/dev","/dev/pts","/dev/shm","/dev/mqueue","/sys","/sys/fs/cgroup"]' "and the usual mounts"
is "$(spec .linux.resources.devices)" '[{"allow":false,"access":"rwm"}]' "and no devices"

cp "$T/root/config.json" "$T/before"
refuses "an existing file is not replaced" 'config.json' barrer spec --bundle "$T/root"
ok "it is as before" cmp "$T/before" "$T/root/config.json"
refuses "a bundle that is not there" '/no/bundle' barrer spec --bundle /no/bundle

# What another runtime writes is the measure, but for what differs on purpose.
if command -v runc >/dev/null; then
    mkdir "$T/runc" "$T/runc-rootless"
    runc spec --bundle "$T/runc"
    same='del(.ociVersion, .hostname, .process.capabilities.ambient, .process.capabilities.inheritable)
        | .linux.namespaces |= (map(select(.type != "cgroup")) | sort_by(.type))'
    is "$(jq -S "$same" "$T/root/config.json")" "$(jq -S "$same" "$T/runc/config.json")" \
        "the same as runc's"
    runc spec --rootless --bundle "$T/runc-rootless"
    barrer spec --rootless --bundle "$T/rootless"
    is "$(jq -S "$same" "$T/rootless/config.json")" "$(jq -S "$same" "$T/runc-rootless/config.json")" \
        "the same as runc's for --rootless"
else
    skip "the same as runc's" "no runc here"
    barrer spec --rootless --bundle "$T/rootless"
fi
is "$(jq -c '.linux.uidMappings' "$T/rootless/config.json")" \
    "[{\"containerID\":0,\"hostID\":$(id -u),\"size\":1}]" "--rootless maps the caller"

is_real_root || spec_rootless=--rootless
make_bundle "$T/b" '.process.args = ["true"]'
new_id
ok "it runs" barrer run --bundle "$T/b" "$id"
done_testing
