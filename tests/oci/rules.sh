#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The texts that engines translate into exit codes (rule 9), and what they look a runtime up by
# (rule 17). The other rules that callers depend on are in flow/lifecycle.sh, exec.sh, hooks.sh.
. "$(dirname "$0")/../lib.sh"
need jq

is_real_root || spec_rootless=--rootless
# What podman and Docker make of an error's text.
podman_code() {
    if grep -qiE 'permission denied|operation not permitted' <<<"$1"; then
        echo 126
    elif grep -qiE 'executable file not found in|no such file or directory|open executable' <<<"$1"; then
        echo 127
    else
        echo 125
    fi
}
docker_code() {
    if grep -qiE 'permission denied|is a directory' <<<"$1"; then
        echo 126
    elif grep -qiE 'not a directory|executable file not found|no such file or directory|system cannot find the file specified' <<<"$1"; then
        echo 127
    else
        echo 128
    fi
}
codes() { # DESCRIPTION PODMAN DOCKER
    is "$(podman_code "$error") $(docker_code "$error")" "$2 $3" "rule 9: $1 is $2 for podman and $3 for Docker" ||
        diag "$error"
}
payload() { # ARGS-JSON [FILTER]: run, and exec of the same in another container
    make_bundle "$T/b" ".process.args = $1 | (${2:-.})"
    new_id
    capture barrer run --bundle "$T/b" "$id"
}
payload '["nosuchprogram"]'
codes "a program that no folder of PATH has" 127 127
like "$error" 'executable file `nosuchprogram` not found in \$PATH: [Nn]o such file or directory' "rule 9: in crun's words"
payload '["/no/such/program"]'
codes "a path that is not there" 127 127
payload '["/etc/passwd"]'
codes "a file that cannot be executed" 126 126
payload '["/etc"]'
codes "a folder" 126 126
start_sleeper "$T/b" || diag "$error"
for one in 'nosuchprogram 127 127' '/no/such/program 127 127' '/etc/passwd 126 126' '/etc 126 126'; do
    read -r program podman docker <<<"$one"
    capture barrer exec "$id" "$program"
    codes "exec of $program" "$podman" "$docker"
    is "$status" 255 "rule 8: with status 255"
done
barrer delete --force "$id"

# podman#8174: a file of a cgroup that is not there is no program that is not there.
elsewhere() { # DESCRIPTION FILTER
    payload '["true"]' "$2"
    [ "$status" != 0 ] || { skip "rule 9: $1" "this kernel has it"; return; }
    unlike "$error" '[Nn]o such file or directory|executable file not found|open executable' "rule 9: $1 does not read as a missing program"
}
if is_real_root; then
    elsewhere "a limit for huge pages of a size that there is not" '.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 1}]'
    elsewhere "a file of unified that there is not" '.linux.resources.unified = {"memory.nosuch": "1"}'
    elsewhere "a block device that there is not" '.linux.resources.blockIO = {throttleReadBpsDevice: [{major: 250, minor: 99, rate: 1}]}'
    elsewhere "a cpuset that cannot be" '.linux.resources.cpu = {cpus: "4000"}'
    elsewhere "a kernel parameter that there is not" '.linux.sysctl = {"net.nosuch": "1"}'
else
    skip "rule 9: files of cgroups" "needs real root"
fi

# Rule 17: podman finds what a runtime can do by its name, which the documents have to give.
page=$(cat "$top_srcdir/docs/engines.md")
for key in runtime_supports_json runtime_supports_nocgroup runtimes.barrer-run; do
    like "$page" "$key.*" "rule 17: engines.md has $key of containers.conf"
done
like "$page" '--runc-binary|BinaryName' "rule 17: and containerd's option"
done_testing
