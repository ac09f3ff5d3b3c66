#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kernels without the newer system calls: each is taken away by a seccomp filter, and the same flow
# has to give the same container (Linux 5.10 is the oldest that is supported).
. "$(dirname "$0")/../lib.sh"
need jq
deny=$abs_top_builddir/tests/tools/deny
[ -x "$deny" ] || skip_all "tests/tools/deny is not built"
"$deny" openat2 true || skip_all "seccomp filters do not work here"

b=$T/b
mkdir -p "$T/vol" && echo volume >"$T/vol/file"
script='hostname; cat /mnt/file; touch /mnt/x 2>&1; touch /x 2>&1; wc -c </proc/timer_list; echo x >/dev/null; df -k /tmpfs | tail -n 1 | tr -s " " | cut -d" " -f2
grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status; ls /proc/self/fd | tr "\n" " "; readlink /dev/fd; pwd; id -u; wc -l </proc/self/mountinfo'
make_bundle "$b" '.process.args = ["sh", "-c", $script] | .hostname = "fallback" | .process.cwd = "/tmp" | .process.oomScoreAdj = 500
    | .mounts += [{destination: "/mnt", source: $vol, options: ["rbind", "ro", "nosuid"]},
        {destination: "/tmpfs", type: "tmpfs", source: "tmpfs", options: ["size=64k", "nodev"]}]
    | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}' \
    --arg script "$script" --arg vol "$T/vol"
run_denied() { # CALLS VERB...
    local calls=$1
    shift
    # shellcheck disable=SC2086
    capture "$deny" "$calls" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" "$@"
}
new_id
capture barrer run --bundle "$b" "$id"
is "$status" 0 "the flow with all system calls" || show run
wanted=$output
like "$wanted" '^fallback
volume' "and its output"

# One by one: what came after Linux 5.10, and what outer containers and old filters often lack.
for calls in openat2 mount_setattr open_tree fsopen fsconfig fsmount clone3 pidfd_open pidfd_send_signal \
    close_range faccessat2 statx renameat2 \
    fsopen,fsmount,fsconfig,open_tree,mount_setattr \
    openat2,mount_setattr,clone3,pidfd_open,pidfd_send_signal,close_range,faccessat2; do
    new_id
    run_denied "$calls" run --bundle "$b" "$id"
    if [ "$status" = 0 ]; then
        is "$output" "$wanted" "without $calls the container is the same"
    else
        fail "without $calls the container is the same" "status $status: $error"
    fi
done

# The whole life without any of them.
all=openat2,fsopen,fsmount,fsconfig,open_tree,mount_setattr,clone3,close_range,faccessat2
edit_bundle "$b" '.process.args = ["sleep", "1000"]'
new_id
run_denied $all create --bundle "$b" --pid-file "$T/pid" "$id"
is "$status$error" 0 "create without all of them"
run_denied $all start "$id"
is "$status$error" 0 "start"
run_denied $all exec "$id" hostname
is "$status $output" "0 fallback" "exec"
run_denied $all state "$id"
is "$(json .status)" running "state"
run_denied $all kill "$id" KILL
is "$status$error" 0 "kill"
wait_until 10 is_gone "$(cat "$T/pid")"
run_denied $all delete "$id"
is "$status$error" 0 "delete"
is "$(ls -A "$STATE")" "" "nothing is left"

# What has no substitute is refused by its name, and not dropped: recursive flags (5.12).
edit_bundle "$b" '.process.args = ["true"] | .mounts |= map(if .destination == "/mnt" then .options = ["rbind", "rro"] else . end)'
new_id
run_denied mount_setattr run --bundle "$b" "$id"
if [ "$status" = 0 ]; then
    pass "rro without mount_setattr is done in another way"
else
    like "$error" '(/mnt|rro|mount_setattr)' "rro without mount_setattr is refused by its name"
fi
done_testing
