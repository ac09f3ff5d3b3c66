#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# linux.memoryPolicy, as the kernel shows it in numa_maps, and linux.personality: of the container
# and of what exec adds.
. "$(dirname "$0")/../lib.sh"
need jq

is_real_root || spec_rootless=--rootless
cat >"$T/policy.sh" <<'EOS'
sed -n 's/^[0-9a-f]* \([^ ]*\) .*stack.*/\1/p' /proc/self/numa_maps
EOS
if [ -e /proc/self/numa_maps ]; then
    policy() { # WANTED DESCRIPTION POLICY
        run_sh "$T/b" "$(cat "$T/policy.sh")" ".linux.memoryPolicy = $3"
        is "$output$error" "$1" "$2"
    }
    policy default "MPOL_DEFAULT" '{mode: "MPOL_DEFAULT"}'
    policy bind:0 "MPOL_BIND to a node" '{mode: "MPOL_BIND", nodes: "0"}'
    policy bind=static:0 "MPOL_F_STATIC_NODES" '{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
    policy interleave=relative:0 "MPOL_INTERLEAVE, MPOL_F_RELATIVE_NODES" \
        '{mode: "MPOL_INTERLEAVE", nodes: "0-0", flags: ["MPOL_F_RELATIVE_NODES"]}'
    policy prefer:0 "MPOL_PREFERRED" '{mode: "MPOL_PREFERRED", nodes: "0"}'
    policy local "MPOL_LOCAL" '{mode: "MPOL_LOCAL"}'
    start_sleeper "$T/b" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
    ok "exec" barrer exec "$id" sh -c "$(cat "$T/policy.sh")"
    is "$output" bind:0 "has the container's policy"
    barrer delete --force "$id"
else
    skip "memory policies" "this kernel has no NUMA"
fi

refused() { # DESCRIPTION REGEX POLICY
    make_bundle "$T/b" ".linux.memoryPolicy = $3"
    new_id
    refuses "$1" "$2" barrer run --bundle "$T/b" "$id"
    not_ok "and leaves nothing" test -e "$STATE/$id"
}
refused "an unknown mode" 'linux\.memoryPolicy\.mode=MPOL_NEAR' '{mode: "MPOL_NEAR"}'
refused "an unknown flag" 'linux\.memoryPolicy\.flags=MPOL_F_X' '{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_X"]}'
refused "no mode" 'linux\.memoryPolicy\.mode: invalid memory policy mode: missing' '{nodes: "0"}'
refused "nodes that are none" 'linux\.memoryPolicy\.nodes: invalid memory policy node: expected a list' '{mode: "MPOL_BIND", nodes: "a"}'
refused "a node that cannot be" 'linux\.memoryPolicy\.nodes: invalid memory policy node: expected a list' '{mode: "MPOL_BIND", nodes: "0-1024"}'
refused "MPOL_BIND without nodes" 'linux\.memoryPolicy: set MPOL_BIND' '{mode: "MPOL_BIND"}'
refused "MPOL_LOCAL with nodes" 'linux\.memoryPolicy: set MPOL_LOCAL: the mode requires 0 nodes but got 1' '{mode: "MPOL_LOCAL", nodes: "0"}'

# x86-64 says i686 to a process of the other personality.
start_sleeper "$T/b" '.linux.personality = {domain: "LINUX32"}'
ok "exec in a container of personality LINUX32" barrer exec "$id" cat /proc/self/personality
is "$output" 00000008 "has it"
done_testing
