#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# containerd with this runtime, by its own client ctr: Debian's containerd, an image made here.
needs="containerd ctr jq"
. "$(dirname "$0")/lib.sh"

ctr() { timeout 120 ctr "$@" 8>&- 9>&-; }
mkdir -p /etc/containerd
printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >/etc/containerd/config.toml
start_daemon "$T/containerd.log" containerd
wait_until 60 ctr version || {
    fail "containerd starts" "$(tail -n 20 "$T/containerd.log")"
    done_testing
}
make_image "$T/image"
make_oci_image "$T/image" "$T/image.tar" localhost/busybox:test '{"Env": ["PATH=/bin"]}'
ok "ctr images import" ctr images import "$T/image.tar"
image=localhost/busybox:test
# The documented line, with what each test adds to it.
line=$(documented "ctr run")
is "$(head -n 1 <<<"$line" | cut -d ' ' -f 1-4)" "ctr run --runc-binary /usr/bin/barrer-run" "the documented line"
read -ra words <<<"${line%% localhost*}"
run() { "${words[@]}" "$@"; }
new_name() { name=$MACHINE-c$((count = ${count:-0} + 1)); }

# --- run ---------------------------------------------------------------------------------------------
new_name
capture run --rm $image $name sh -c 'cat /etc/image; echo to stderr >&2; exit 7'
is "$status $output" "7 barrer-test" "ctr run: streams, exit status" || show
like "$error" 'to stderr' "stderr"
new_name
not_ok "a program that is not there" run --rm $image $name no-such-program
like "$error" 'executable file .*no-such-program.* not found in \$PATH' "and why" || show
new_name
capture run --rm --env A=b --cwd /tmp --read-only --mount type=tmpfs,dst=/scratch,options=size=64k $image $name \
    sh -c 'echo $A; pwd; touch /x; touch /scratch/y && echo wrote'
is "$output" $'b\n/tmp\nwrote' "environment, folder, a read-only root, a mount" || show
new_name
capture run --rm --seccomp --cap-drop CAP_CHOWN $image $name sed -n 's/\t/ /; /NoNewPrivs\|Seccomp:/p' /proc/self/status
is "$output" $'NoNewPrivs: 1\nSeccomp: 2' "no_new_privs, containerd's seccomp profile" || show
new_name
capture run --rm --uidmap 0:100000:1000 --gidmap 0:100000:1000 $image $name sh -c 'id -u; cut -c 1-32 /proc/self/uid_map | tr -s " "'
is "$output" $'0\n 0 100000 1000' "ctr run --uidmap" || show
new_name
capture python3 "$top_srcdir/tests/terminal.py" 80x24 ctr run --runc-binary /usr/bin/barrer-run --rm --tty "$image" "$name" sh -c 'tty; exit 5'
like "$status $(tr -d '\r' <<<"$output")" '^5 .*/dev/(console|pts/[0-9]+)' "ctr run --tty" || show

# --- a task that stays -------------------------------------------------------------------------------
new_name
limits=()
! has_controller memory || limits=(--memory-limit 67108864)
ok "ctr run --detach" run --detach --cgroup "$cgroup_parent/$name" "${limits[@]}" $image $name sleep 1000
state() { ctr tasks ls | awk -v n="$1" '$1 == n { print $3 }'; }
is "$(state $name)" RUNNING "ctr tasks ls"
pid=$(ctr tasks ls | awk -v n="$name" '$1 == n { print $2 }')
like "$(cgroup_of "$pid")" "$cgroup_parent/$name\$" "it is in the group that was asked for"
capture ctr tasks exec --exec-id e1 $name sh -c 'echo in exec; exit 3'
is "$status $output" "3 in exec" "ctr tasks exec" || show
not_ok "ctr tasks exec of a program that is not there" ctr tasks exec --exec-id e2 $name no-such-program
capture python3 "$top_srcdir/tests/terminal.py" 80x24 ctr tasks exec --exec-id e3 --tty "$name" tty
like "$output" '/dev/pts/[0-9]+' "ctr tasks exec --tty" || show
ok "ctr tasks pause" ctr tasks pause $name
is "$(state $name)" PAUSED "ctr tasks ls says so"
ok "ctr tasks resume" ctr tasks resume $name
capture ctr tasks metrics --format json $name
if [ ${#limits[@]} -gt 0 ]; then
    is "$(json '.memory.usage.limit // .memory.usage_limit')" 67108864 "ctr tasks metrics" || show
fi
capture ctr tasks ps $name
like "$output" "(^|
)$pid " "ctr tasks ps"
ok "ctr tasks kill" ctr tasks kill --signal KILL $name
has_stopped() { [ "$(state $name)" = STOPPED ]; }
ok "the task stops" wait_until 30 has_stopped
capture ctr tasks delete $name
like "$error" 'exit code 137' "ctr tasks delete tells the exit status" || show
ok "ctr containers rm" ctr containers rm $name
not_ok "a task that is gone is not signalled" ctr tasks kill $name

# Killed from outside, with exec'ed processes and without a pid namespace of its own.
new_name
ok "a task in the host's pid namespace" run --detach --with-ns "pid:/proc/1/ns/pid" --cgroup "$cgroup_parent/$name" $image $name sh -c 'sleep 998 & exec sleep 999'
ok "ctr tasks kill --all" ctr tasks kill --all --signal KILL $name
ok "it stops" wait_until 30 has_stopped
no_sleeps() { ! pgrep -x sleep -a | grep -q 'sleep 99[89]'; }
ok "with all its processes" wait_until 10 no_sleeps
ctr tasks delete $name >/dev/null 2>&1
ok "and is removed" ctr containers rm $name

is "$(ctr tasks ls -q)$(ctr containers ls -q)" '' "nothing is left"
ok "nothing is left in the runtime's state" has_left_nothing /run/containerd/runc/default
kill "$daemon"
ok "containerd ends" wait_until 30 is_gone "$daemon"
find /sys/fs/cgroup -depth -type d -path "*$cgroup_parent/*" -exec rmdir {} + 2>/dev/null
done_testing
