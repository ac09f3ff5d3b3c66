#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Annotations of crun: each is honoured where the configuration allows it, and else named in the log.
. "$(dirname "$0")/../lib.sh"

# KEY VALUE [FILTER]: run a container with an annotation; the log is $log
annotated() {
    make_bundle "$T/b" ".process.args = [\"true\"] | .annotations = {(\$key): \$value} | ${3:-.}" --arg key "$1" --arg value "$2" --arg t "$T"
    new_id
    rm -f "$T/log"
    capture barrer --log "$T/log" "${allow[@]}" run --bundle "$T/b" "$id"
    log=$(cat "$T/log" 2>/dev/null)
}
allow=()
for key in run.oci.hooks.stdout run.oci.hooks.stderr run.oci.pidfd_receiver run.oci.seccomp.receiver \
    run.oci.keep_original_groups run.oci.seccomp_fail_unknown_syscall run.oci.mount_context_type; do
    filter=.
    [[ $key != *seccomp* ]] || filter='.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW"}'
    annotated "$key" "$T/never" "$filter"
    is "$status$output$error" 0 "$key does nothing by itself"
    like "$log" "annotation \"$key\" is passed over: allow-annotations" "and the log says so"
done
is "$(ls "$T/never" 2>&1 | grep -c 'No such')" 1 "no file is made"
# With groups that systemd makes, run.oci.systemd.subgroup counts: tests/engines/systemd.sh.
for reason in "run.oci.systemd.subgroup|not made by systemd" "run.oci.systemd.force_cgroup_v1|cgroup v1 are not made" \
    "run.oci.delegate-cgroup|is not moved on"; do
    annotated "${reason%|*}" x
    is "$status$output$error" 0 "${reason%|*} does nothing"
    like "$log" "annotation \"${reason%|*}\" is passed over: .*${reason#*|}" "and the log says why"
done
for key in run.oci.seccomp.plugins run.oci.seccomp_bpf_data krun.cpus module.wasm.image/variant run.oci.nonsuch; do
    annotated "$key" x
    is "$status$output$error" 0 "$key does nothing"
    like "$log" "annotation \"$key\" is passed over: nothing here honours it" "and the log says so"
done
annotated org.example.key x
is "$log" "" "annotations of others are nobody's business"
make_bundle "$T/b" '.annotations = {"run.oci.handler": "krun"}'
new_id
refuses "run.oci.handler is refused" 'run.oci.handler.*krun' barrer run --bundle "$T/b" "$id"

# --- honoured ---------------------------------------------------------------------------------------
allow=(--set 'core.allow-annotations=run.oci.hooks.stdout run.oci.hooks.stderr run.oci.pidfd_receiver run.oci.seccomp.receiver')
hooks='.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "echo to out; echo to err >&2"]}]
    | .hooks.poststop = [{"path": "/bin/sh", "args": ["sh", "-c", "echo later"]}]'
echo before >"$T/out"
annotated run.oci.hooks.stdout "$T/out" "$hooks"
is "$status" 0 "run.oci.hooks.stdout"
is "$(tr '\n' ' ' <"$T/out")" "before to out later " "hooks' output is appended"
is "$output" "" "and does not go to the caller"
like "$error" 'to err' "what they write to standard error does"
annotated run.oci.hooks.stderr "$T/err" "$hooks"
is "$(cat "$T/err")" "to err" "run.oci.hooks.stderr"
make_bundle "$T/b" "$hooks | .process.args = [\"true\"] | .annotations = {\"run.oci.hooks.stdout\": \$f}" --arg f "$T/created"
new_id
barrer "${allow[@]}" create --bundle "$T/b" "$id" 2>/dev/null && barrer delete --force "$id"
is "$(tr '\n' ' ' <"$T/created")" "to out later " "also of hooks that a later verb runs"
annotated run.oci.hooks.stdout out "$hooks"
like "$status$error" '^1.*run.oci.hooks.stdout.*absolute path' "a relative path is refused"
annotated run.oci.hooks.stdout "$T/none/out" "$hooks"
is "$status" 1 "a path that cannot be opened fails the hook"

if command -v python3 >/dev/null; then
    cat >"$T/receive.py" <<'END'
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
connection, _ = server.accept()
_, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(16))
fd = array.array("i", control[0][2][:4])[0]
print(os.readlink("/proc/self/fd/%d" % fd))
END
    receive() { # NAME
        python3 "$T/receive.py" "$T/$1" >"$T/$1.got" 2>&1 &
        receiver=$!
        wait_until 10 test -S "$T/$1"
    }
    receive pidfd
    annotated run.oci.pidfd_receiver "$T/pidfd"
    wait $receiver
    like "$status$(cat "$T/pidfd.got")" '^0.*pidfd' "run.oci.pidfd_receiver gets a pidfd"
    receive seccomp
    annotated run.oci.seccomp.receiver "$T/seccomp" '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mknodat"], "action": "SCMP_ACT_NOTIFY"}]}'
    wait $receiver
    like "$status$(cat "$T/seccomp.got")" '^0.*seccomp notify' "run.oci.seccomp.receiver gets the filter's descriptor"
else
    skip "run.oci.pidfd_receiver, run.oci.seccomp.receiver" "no python3 here"
fi
allow=(--set 'plugin seccomp.allow-annotations=run.oci.seccomp_fail_unknown_syscall')
annotated run.oci.seccomp_fail_unknown_syscall 1 '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["nonesuch_call"], "action": "SCMP_ACT_ERRNO"}]}'
like "$status$error" '^1.*nonesuch_call' "run.oci.seccomp_fail_unknown_syscall"
allow=(--set 'plugin overlayfs.allow-annotations=run.oci.mount_context_type')
annotated run.oci.mount_context_type uid
like "$status$error" '^1.*run.oci.mount_context_type.*rootcontext' "run.oci.mount_context_type takes SELinux's options only"
refuses "an annotation that the core does not know" 'allow-annotations: expected' \
    barrer --set core.allow-annotations=run.oci.handler run --bundle "$T/b" x
done_testing
