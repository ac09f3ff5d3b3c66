#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Apps with little: memory, processes, open files, capabilities, system calls, /tmp.
. "$(dirname "$0")/lib.sh"
publish probe hello
make_root busybox
hello() { # DESCRIPTION FILTER
    inside busybox hello "$2" dotnet Hello.dll
    is "$status $output" "0 Hello, World!" "$1" || show
}
hello "no capabilities" 'del(.process.capabilities) | .process.noNewPrivileges = true'
hello "not root" '.process.user = {uid: 1000, gid: 1000}'
hello "not root, no capabilities, a read-only root" '.process.user = {uid: 1000, gid: 1000} | del(.process.capabilities) | .root.readonly = true'
rm -rf "$T/roots/busybox/tmp"
hello "no /tmp" .
mkdir -m 1777 "$T/roots/busybox/tmp"
hello "no HOME" '.process.env = ["PATH=/bin"]'
hello "no environment at all" '.process.env = [] | .process.args = ["/app/Hello.dll"]'
hello "no /sys" '.mounts |= map(select(.destination | startswith("/sys") | not))'
hello "no /dev" '.mounts |= map(select(.destination | startswith("/dev") | not))'
hello "the app on a mount that is noexec" '.mounts |= map(if .destination == "/app" then .options += ["noexec"] else . end)'
hello "a mount of the engine on /run" '.mounts += [{destination: "/run", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "noexec", "mode=755"]}]'
inside busybox probe '.mounts += [{destination: "/run/secret", type: "bind", source: "/etc/hostname", options: ["bind", "ro"]}]' dotnet Probe.dll read /run/secret
is "$status $output" "0 $(cat /etc/hostname)" "a mount of the engine below /run is there" || show
hello "64 open files" '.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 64, soft: 64}]'
hello "a user namespace" '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]
    | .linux.gidMappings = [{containerID: 0, hostID: 0, size: 65536}]'
# The profile that podman shares with Docker, resolved as they do for x86-64 and no capabilities
profile=/usr/share/containers/seccomp.json
if [ -e $profile ]; then
    jq '{defaultAction, defaultErrnoRet, architectures: ["SCMP_ARCH_X86_64"], syscalls: [.syscalls[]
        | select((.includes.caps // []) == [] and ((.includes.arches // ["amd64"]) | index("amd64")))
        | select((.excludes.arches // []) | index("amd64") | not)
        | {names, action, args: (.args // []), errnoRet} | del(.errnoRet | nulls)]}' $profile >"$T/seccomp.json"
    hello "Docker's seccomp profile, no capabilities, not root" "del(.process.capabilities) | .process.noNewPrivileges = true
        | .process.user = {uid: 1000, gid: 1000} | .linux.seccomp = $(cat "$T/seccomp.json")"
    inside busybox probe ".linux.seccomp = $(cat "$T/seccomp.json")" dotnet Probe.dll pool
    is "$status $output" "0 499500" "threads under that profile" || show
else
    skip "Docker's seccomp profile" "no $profile here"
fi

# --- processes ---
if has_controller pids; then
    hello "10 tasks are enough for a console app" '.linux.resources.pids.limit = 10'
else
    skip "a limit of tasks" "no pids controller"
fi

# --- memory ---
if has_controller memory; then
    limit='.linux.resources.memory.limit = 67108864'
    hello "a memory limit of 16 MB" '.linux.resources.memory.limit = 16777216'
    inside busybox probe "$limit" dotnet Probe.dll allocate 1000
    is "$status $output" "0 OutOfMemoryException" "a memory limit is the collector's: an exception, not a kill" || show
    no_mount='.mounts |= map(select(.destination != "/sys/fs/cgroup"))'
    inside busybox probe "$limit | $no_mount" dotnet Probe.dll allocate 1000
    is "$status $output" "0 OutOfMemoryException" "also where the container does not see its cgroup" || show
    inside busybox probe "$limit | $no_mount" dotnet Probe.dll limits
    like "$(head -n 1 <<<"$output")" '^[45][0-9]{7}$' "what the collector has is three quarters of it" || show
else
    skip "memory limits" "no memory controller"
fi

# --- what the collector takes by default ---
inside busybox probe . dotnet Probe.dll churn
ok "1.2 GB of garbage leave at most 6 MB of anonymous memory ($output kB)" [ "${output:-999999}" -le 6144 ]
configure 'gen0-budget = 0'
inside busybox probe . dotnet Probe.dll churn
ok "gen0-budget = 0 leaves the budget to the runtime ($output kB)" [ "${output:-0}" -gt 8000 ]
done_testing
