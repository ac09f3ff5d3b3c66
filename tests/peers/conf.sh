# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For crun.sh, runc.sh and podman.sh: what an operator has to configure for what the suites ask of a
# runtime, in the box's own copy of the installed configuration.
configure_runtime() { # RUNTIME
    local conf
    conf=$(dirname "$1")/../etc/barrer
    mkdir -p "$conf/barrer.conf.d"
    # An annotation that tests use, and groups in each hierarchy of cgroup v1 from the start.
    printf '%s\n' '[plugin process]' 'allow-annotations = run.oci.keep_original_groups' \
        '[plugin cgroup1]' 'controllers = all' >"$conf/barrer.conf.d/50-peers.conf"
}

# Tests that need CRIU are left out, whether the machine has it or not.
hide_criu() { rm -f "$(command -v criu)"; }
