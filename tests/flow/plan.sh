#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What plan prints is what happens: its table against the log of the calls that were really made.
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b
compare() { # DESCRIPTION FILTER [GLOBAL-OPTION...]
    local what=$1 filter=$2
    shift 2
    make_bundle "$b" ".process.args = [\"true\"] | ($filter)"
    capture barrer "$@" plan --bundle "$b" --format json
    is "$status$error" 0 "$what: plan succeeds and is silent on stderr"
    # In order. Probes are left out: an alternative that is not usable is asked, and not used.
    jq -r '.[] | select(.kind != "core" and .stage != "probe") | .stage + " " + .kind + " " + .instance' "$T/.out" >"$T/planned"
    rm -f "$T/log"
    new_id
    capture barrer --log "$T/log" --log-format json --log-level debug "$@" run --bundle "$b" "$id"
    is "$status" 0 "$what: run succeeds" || diag "$error"
    jq -r 'select(.msg | startswith("stage ")) | .msg | ltrimstr("stage ")' "$T/log" |
        grep -vE '^(probe|release) | core$' >"$T/called"
    is "$(cat "$T/called")" "$(cat "$T/planned")" "$what: the calls are the plan's, in its order"
    isnt "$(wc -l <"$T/planned")" 0 "$what: and there are some"
}
compare "the default bundle" .
compare "with a filter" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
compare "without namespaces but the mount namespace" '.linux.namespaces |= map(select(.type == "mount" or .type == "user" or .type == "pid")) | del(.hostname) | .linux.sysctl = {}
    | .mounts |= map(select(.type != "sysfs" and .type != "mqueue"))'

make_bundle "$b"
capture barrer plan --bundle "$b"
is "$status" 0 "plan prints a table"
for word in STAGE SIDE PLUGIN namespace overlayfs process native prepare enter; do
    like "$output" "$word" "which has $word"
done
capture barrer plan --bundle "$b" --format json
is "$(jq -r '[.[].stage] | index("prepare") < index("enter") and index("enter") < index("confine")' "$T/.out")" true \
    "the stages are in the order of their time"
is "$(jq -r '.[] | select(.stage == "enter" or .stage == "confine") | .side' "$T/.out" | sort -u)" container "enter and confine are the container's side"
printf '[flow container]\nisolation = namespace\n\n[plugin namespace]\nloopback = no\n' >"$T/barrer.conf"
capture barrer --config "$T/barrer.conf" plan --bundle "$b" --format json
is "$(jq -r '.[] | select(.instance == "namespace") | .origin' "$T/.out" | sort -u)" "$T/barrer.conf:2" "each row tells the file and line behind it"
capture barrer --set 'flow container.isolation=namespace' plan --bundle "$b" --format json
like "$(jq -r '.[] | select(.instance == "namespace") | .origin' "$T/.out" | sort -u)" 'set' "or that --set said so"
is "$(ls -A "$STATE" 2>/dev/null)" "" "plan leaves nothing behind"
new_id
barrer plan --bundle "$b" "$id" >/dev/null
is "$(find /sys/fs/cgroup -type d \( -name plan -o -name "*$id*" \) 2>/dev/null)" "" "and makes no cgroup"
printf '[flow container]\nisolation = nonesuch\n' >"$T/barrer.conf"
refuses "plan of a plugin that is not there" 'nonesuch' barrer --config "$T/barrer.conf" plan --bundle "$b"
printf '[flow container]\nisolaton = namespace\n' >"$T/barrer.conf"
refuses "plan with a typo tells file, line and the nearest name" "barrer.conf:2: .*isolaton.*isolation" barrer --config "$T/barrer.conf" plan --bundle "$b"
printf '[flow container]\nruntime = wasm\n' >"$T/barrer.conf"
refuses "a runtime host that is not there" 'wasm' barrer --config "$T/barrer.conf" plan --bundle "$b"
done_testing
