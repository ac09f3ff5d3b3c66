#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# mounts add and remove: in a container that runs, with sources of the host and never outside of it.
. "$(dirname "$0")/../lib.sh"
need jq
is_real_root || skip_all "needs real root"

mkdir -p "$T/vol" && echo volume >"$T/vol/file"
inside() { # COMMAND...: its output in the container
    capture barrer exec "$id" "$@"
}
change() { # add|remove JSON
    echo "$2" >"$T/mounts.json"
    capture barrer mounts "$1" "$id" "$T/mounts.json"
}
for kind in "a container" "a container with a user namespace"; do
    filter='.root.readonly = false'
    [ "$kind" = "a container" ] || filter+=' | .linux.namespaces += [{type: "user"}]
        | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1000}] | .linux.gidMappings = .linux.uidMappings
        | .mounts |= map(select(.type != "cgroup"))'
    start_sleeper "$T/b" "$filter" || diag "$error"
    host_mounts=$(wc -l </proc/self/mountinfo)
    change add "[{\"destination\": \"/new/volume\", \"type\": \"bind\", \"source\": \"$T/vol\", \"options\": [\"rbind\", \"ro\"]},
        {\"destination\": \"/new/tmp\", \"type\": \"tmpfs\", \"source\": \"tmpfs\", \"options\": [\"size=1m\", \"nosuid\"]}]"
    is "$status$output$error" 0 "$kind: add says nothing"
    inside cat /new/volume/file
    is "$output" volume "a bind mount"
    inside touch /new/volume/x
    like "$error" 'Read-only' "with its options"
    inside grep -c ' /new/tmp tmpfs .*nosuid.*size=1024k' /proc/mounts
    is "$output" 1 "a new file system"
    is "$(wc -l </proc/self/mountinfo)" "$host_mounts" "nothing of it on the host"
    change remove '[{"destination": "/new/volume"}, {"destination": "/new/tmp"}]'
    is "$status$output$error" 0 "remove says nothing"
    inside grep -c /new /proc/mounts
    is "$output" 0 "and they are gone"
    change remove '[{"destination": "/new/volume"}]'
    like "$error" 'unmount "/new/volume" \(nothing is mounted there\)' "once more is an error"
    # E8: links of the container lead to places of the container.
    inside sh -c "mkdir -p /links && ln -s /../../..$T/vol /links/up && ln -s $T/vol /links/host"
    change add '[{"destination": "/links/host/a", "type": "tmpfs", "source": "tmpfs"}, {"destination": "/links/up/b", "type": "tmpfs", "source": "tmpfs"}]'
    is "$status$error" 0 "E8: a destination behind links"
    is "$(ls "$T/vol")" file "does not reach the host"
    inside ls "$T/vol"
    is "$output" $'a\nb' "but the same path of the container"
    # E16: a source is the host's, also where the container has the path.
    inside sh -c "echo forged >$T/vol/file"
    change add "[{\"destination\": \"/seen\", \"type\": \"bind\", \"source\": \"$T/vol/file\", \"options\": [\"bind\"]}]"
    inside cat /seen
    is "$output" volume "E16: a source is the host's"
    barrer delete --force "$id"
    rm -rf "$T/b/rootfs/links" "$T/b/rootfs/new" "$T/b/rootfs$T" "$T/b/rootfs/seen"
done
start_sleeper "$T/b" || diag "$error"
bad() { # DESCRIPTION REGEX JSON
    echo "$3" >"$T/mounts.json"
    refuses "$1" "$2" barrer mounts add "$id" "$T/mounts.json"
}
bad "no array" 'expected an array of mounts' '{"destination": "/x"}'
bad "no destination" 'mounts\[0\]\.destination: missing' '[{}]'
bad "a source that is not there" 'mount "/no/such" on "/tmp".*No such file' '[{"destination": "/tmp", "type": "bind", "source": "/no/such"}]'
bad "a cgroup file system" 'type "cgroup"' '[{"destination": "/tmp", "type": "cgroup", "source": "cgroup"}]'
refuses "an unknown word" 'expected add or remove, got "change"' barrer mounts change "$id" "$T/mounts.json"
refuses "too few words" 'expected add or remove, an id and a file' barrer mounts add "$id"
refuses "no such container" 'does not exist' barrer mounts add nosuch "$T/mounts.json"
echo '[{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]' >"$T/mounts.json"
ok "- is standard input" barrer mounts add "$id" - <"$T/mounts.json"
barrer kill "$id" KILL
wait_until 10 is_status "$id" stopped
echo '[{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]' >"$T/mounts.json"
refuses "a stopped container" 'container not running' barrer mounts add "$id" "$T/mounts.json"
done_testing
