#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Limits of cgroup v2 as apps see them. Where the host has v1 hierarchies stage dotnet runs it in a
# virtual machine.
. "$(dirname "$0")/lib.sh"
[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || skip_all "the control groups here are not those of v2"
has_controller memory || skip_all "no memory controller of cgroup v2 here"
publish probe
make_root busybox

limit='.linux.resources.memory.limit = 67108864'
no_mount='.mounts |= map(select(.destination != "/sys/fs/cgroup"))'
for see in . "$no_mount"; do
    inside busybox probe "$limit | $see" dotnet Probe.dll allocate 1000
    is "$status $output" "0 OutOfMemoryException" "a memory limit is the collector's$([ "$see" = . ] || echo ', where the container does not see its cgroup')" || show
done
inside busybox probe "$limit | .linux.resources.cpu = {quota: 50000, period: 100000}" dotnet Probe.dll limits
like "$(head -n 1 <<<"$output")" '^(4|5)[0-9]{7}$' "three quarters of it" || show
is "$(sed -n 2p <<<"$output")" 1 "half a processor is one for the runtime" || show
inside busybox probe '.linux.resources.pids.limit = 3' dotnet Probe.dll exit 3
is "$status $error" '125 barrer: start .NET for "Probe.dll": no thread can be made (raise the limit of processes to 16 or more)' "3 are not" || show
start_inside busybox probe "$limit" dotnet Probe.dll handlers
wait_for_line ready
capture barrer events --stats "$id"
like "$output" '"limit": ?67108864' "events --stats has it" || show
barrer kill "$id" TERM
wait_for_end
is "$output" $'ready\nSIGTERM' "its end" || show
done_testing
