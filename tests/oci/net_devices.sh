#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices: devices of the host move in, with name, addresses and state, or not at all. The
# host's network is one of the test's own.
[ -n "${BARRER_TEST_NET:-}" ] || ! unshare -n true 2>/dev/null ||
    BARRER_TEST_NET=private exec unshare -n "$BASH" "$0" "$@"
. "$(dirname "$0")/../lib.sh"
need jq ip
is_real_root || skip_all "needs real root"

has_device() { ip link show "$1" >/dev/null 2>&1; }
add_device() { # NAME: a pair of devices
    ip link add "$1" mtu 1400 type veth peer name "peer-$1"
}
moves() { # FILTER: a container that runs until it is deleted; $inside enters its network
    start_sleeper "$T/b" "$1" || diag "$error"
    inside="nsenter --net=/proc/$pid/ns/net"
}

add_device one
ip link set one address 02:00:00:00:00:11
ip addr add 10.11.12.13/24 broadcast 10.11.12.255 dev one
ip addr add 10.99.0.1/32 scope link dev one
ip -6 addr add fd00:11::13/64 dev one nodad
ip link set one up
moves '.linux.netDevices = {one: {name: "inside"}}'
not_ok "the device is gone from the host" has_device one
is "$($inside ip -j link show inside | jq -r '.[0] | "\(.mtu) \(.address) \(.flags | index("UP") != null)"')" \
    "1400 02:00:00:00:00:11 true" "it is up inside, under its new name, with its attributes"
is "$($inside ip -j addr show inside | jq -rc '[.[0].addr_info[] | select(.scope == "global")
    | "\(.local)/\(.prefixlen) \(.broadcast // "")"]')" '["10.11.12.13/24 10.11.12.255","fd00:11::13/64 "]' \
    "with its global addresses"
not_ok "and not with others" grep -q 10.99.0.1 <($inside ip addr show inside)
ok "delete" barrer delete --force "$id"

add_device two
moves '.linux.netDevices = {two: {}}'
ok "without a name it keeps its own" $inside ip link show two
barrer delete --force "$id"
add_device three
add_device four
moves '.linux.netDevices = {three: {name: "eth%d"}, four: {name: "eth%d"}}'
is "$($inside ip -j link show | jq -rc '[.[].ifname] | sort')" '["eth0","eth1","lo"]' "eth%d lets the kernel choose"
barrer delete --force "$id"

ip netns add "barrer-$$" 2>/dev/null && netns=/run/netns/barrer-$$
if [ -n "${netns:-}" ]; then
    add_device five
    moves ".linux.netDevices = {five: {}} | .linux.namespaces |= map(if .type == \"network\" then .path = \"$netns\" else . end)"
    ok "into a network namespace that is joined" nsenter --net="$netns" ip link show five
    barrer delete --force "$id"
    ok "which keeps it" nsenter --net="$netns" ip link show five
    add_device six
    ip link add taken netns "barrer-$$" type veth peer name taken-peer netns "barrer-$$"
    make_bundle "$T/b" ".linux.netDevices = {six: {name: \"taken\"}} | .linux.namespaces |= map(if .type == \"network\" then .path = \"$netns\" else . end)"
    new_id
    refuses "a name that is taken inside" 'six.*taken.*File exists' barrer run --bundle "$T/b" "$id"
    ok "leaves the device on the host" has_device six
    ip netns delete "barrer-$$"
else
    skip "a network namespace that is joined" "this kernel has no place for a named network namespace"
    add_device six
fi

refused() { # DESCRIPTION REGEX FILTER
    make_bundle "$T/b" "$3"
    new_id
    refuses "$1" "$2" barrer run --bundle "$T/b" "$id"
    not_ok "and leaves nothing" test -e "$STATE/$id"
    ok "nor takes a device" has_device six
}
refused "a device that is not there" 'linux\.netDevices.*eth77.*No such device' '.linux.netDevices = {eth77: {}}'
refused "two of one name" 'would both be called' '.linux.netDevices = {six: {name: "a"}, "peer-six": {name: "a"}}'
refused "a name that is too long" 'linux\.netDevices: six: name' '.linux.netDevices = {six: {name: "abcdefghijklmnop"}}'
refused "a name with a slash" 'linux\.netDevices: six: name' '.linux.netDevices = {six: {name: "a/b"}}'
refused "a template of another kind" 'linux\.netDevices: six: name' '.linux.netDevices = {six: {name: "a%s"}}'
refused "a name that the container has" 'six.*lo.*File exists' '.linux.netDevices = {six: {name: "lo"}}'
refused "without a network namespace" 'linux\.netDevices: the container shares the network namespace' \
    '.linux.netDevices = {six: {}} | .linux.namespaces |= map(select(.type != "network"))'
refused "a name of a wrong type" 'netDevices\.six\.name: expected a string' '.linux.netDevices = {six: {name: 5}}'
done_testing
