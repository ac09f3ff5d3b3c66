#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# barrer-run run: exit codes, the process as config.json describes it, standard streams, options.
. "$(dirname "$0")/../lib.sh"
need jq

b=$T/b

# --- exit codes ---
run_sh "$b" 'exit 0'
is "$status $output$error" "0 " "a command that succeeds: status 0, and not a word"
run_sh "$b" 'exit 7'
is "$status" 7 "the exit status is the command's"
run_sh "$b" 'exit 255'
is "$status" 255 "the exit status 255 is passed on"
run_sh "$b" 'sh -c "kill -KILL \$\$"; exit $?'
is "$status" 137 "a child killed by SIGKILL inside"
make_bundle "$b" '.process.args = ["sleep", "1000"]'
new_id
barrer run --bundle "$b" "$id" </dev/null >"$T/out" 2>&1 &
runner=$!
wait_until 20 is_status "$id" running
barrer kill "$id" KILL
wait $runner
is $? 137 "a container that a signal kills: 128 + the signal"
like "$(ls "$STATE" 2>/dev/null)" '^$' "run leaves no state behind"

# --- the process ---
make_bundle "$b" '.process.args = ["printf", "[%s]", "a b", "", "c\"d", "ü"]'
new_id
capture barrer run --bundle "$b" "$id"
is "$output" '[a b][][c"d][ü]' "arguments arrive as they are"
run_sh "$b" 'env | sort' '.process.env = ["PATH=/bin", "FOO=bar baz", "EMPTY="]'
is "$(grep -Ev '^(SHLVL|PWD|HOME)=' <<<"$output")" $'EMPTY=\nFOO=bar baz\nPATH=/bin' "the environment is the configured one"
like "$output" 'HOME=/' "HOME is set from the user database where the configuration has none"
run_sh "$b" 'env | grep -v -e SHLVL -e PWD | sort' '.process.env = ["PATH=/bin", "A=1", "AB=2", "HOME=/there", "A=3", "HOME="]'
is "$output" $'A=3\nAB=2\nHOME=/root\nPATH=/bin' "of several of one name the last counts, and an empty HOME is none"
run_sh "$b" 'env | grep -c ^N' '.process.env = [range(5000) | "N\(. % 2500)=\(.)"]'
is "$output" 2500 "thousands of them"
export BARRER_LEAK=1
run_sh "$b" 'env'
unlike "$output" BARRER "nothing of the caller's environment leaks"
unset BARRER_LEAK
run_sh "$b" 'pwd' '.process.cwd = "/tmp"'
is "$output" /tmp "the working directory"
run_sh "$b" 'pwd' '.process.cwd = "/not/there/yet"'
is "$output" /not/there/yet "a working directory that is missing is made"
run_sh "$b" 'hostname' '.hostname = "a-name.example"'
is "$output" a-name.example "the host name"
run_sh "$b" 'cat /proc/sys/kernel/domainname' '.domainname = "nis.example"'
is "$output" nis.example "the NIS domain name"
run_sh "$b" 'echo $$; ls /proc | grep -c "^[0-9]"'
like "$output" '^1
[123]$' "it is process 1 and sees no other"
if is_real_root; then
    run_sh "$b" 'id -u; id -g; id -G' '.process.user = {uid: 1000, gid: 1001, additionalGids: [5, 2000]}'
    is "$output" $'1000\n1001\n1001 5 2000' "user, group and additional groups"
    run_sh "$b" 'umask; touch /tmp/f; stat -c %a /tmp/f' '.process.user.umask = 23 | .root.readonly = false'
    is "$output" $'0027\n640' "the umask (23 is 027)"
else
    skip "user, group and additional groups" "needs real root"
    skip "the umask (23 is 027)" "needs real root"
fi
make_bundle "$b" '.process.args = ["cat"]'
new_id
is "$(printf 'x\0y' | barrer run --bundle "$b" "$id" | od -An -c | tr -d ' ')" 'x\0y' "stdin and stdout are the caller's"
run_sh "$b" 'echo to-out; echo to-err >&2'
is "$output/$error" to-out/to-err "stdout and stderr stay apart"
run_sh "$b" 'ls /proc/self/fd | tr "\n" " "'
is "$output" "0 1 2 3 " "no descriptor leaks (3 is ls's own)"
make_bundle "$b" '.process.args = ["sh", "-c", "cat <&3; ls /proc/$$/fd | tr \"\\n\" \" \""]'
new_id
echo through >"$T/three"
capture barrer run --preserve-fds 1 --bundle "$b" "$id" 3<"$T/three"
like "$output" '^through
0 1 2 3 ' "--preserve-fds 1 passes descriptor 3"

# --- what does not run ---
# These texts decide what engines tell their users (126 or 127).
make_bundle "$b" '.process.args = ["no-such-program"]'
new_id
refuses "a program that is not there" 'executable file .?no-such-program.? not found in \$PATH' barrer run --bundle "$b" "$id"
make_bundle "$b" '.process.args = ["/no/such/program"]'
new_id
refuses "a path that is not there" '/no/such/program.*[Nn]o such file or directory' barrer run --bundle "$b" "$id"
make_bundle "$b" '.process.args = ["/etc/passwd"]'
new_id
refuses "a file that is not executable" '[Pp]ermission denied' barrer run --bundle "$b" "$id"
make_bundle "$b" '.process.args = ["/etc"]'
new_id
refuses "a folder as the program" '([Pp]ermission denied|[Oo]peration not permitted)' barrer run --bundle "$b" "$id"
make_bundle "$b" '.process.args = []'
new_id
refuses "no arguments at all" 'args' barrer run --bundle "$b" "$id"
is "$(ls -A "$STATE" 2>/dev/null)" "" "failures leave no state behind"

# --- options ---
if is_root && can_mount; then
    start_sleeper "$b"
    is "$(od -An -c "$T/$id.pid" | tr -d ' ')" "$(printf %s "$pid" | od -An -c | tr -d ' ')" "--pid-file: digits, no newline"
    is "$(status_of "$id")" running "run --detach returns while the container runs"
    is "$(pid_of "$id")" "$pid" "the pid file and the state name the same process"
    is "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 1000 " "that process is the container's"
    not_ok "the same id is refused while it is used" barrer run --bundle "$b" "$id"
    is "$(status_of "$id")" running "and the container lives on"
    barrer delete --force "$id"
    ok "the process is gone after delete --force" wait_until 10 is_gone "$pid"
else
    start_sleeper "$b"
    is "$(status_of "$id")" running "run --detach returns while the container runs"
    barrer delete --force "$id"
fi
make_bundle "$b" '.process.args = ["true"]'
new_id
barrer run --keep --bundle "$b" "$id"
is "$(status_of "$id")" stopped "run --keep leaves a stopped container"
ok "which delete removes" barrer delete "$id"
mv "$b/config.json" "$b/other.json"
new_id
ok "--config names another configuration file" barrer run --bundle "$b" --config "$b/other.json" "$id"
mv "$b/other.json" "$b/config.json"
new_id
(cd "$b" && barrer run "$id")
is $? 0 "without --bundle the working directory is the bundle"
new_id
ok "--no-pivot" barrer run --no-pivot --bundle "$b" "$id"
if is_real_root; then
    # With a whole proc of the host beneath the root the kernel would allow another whole one.
    make_bundle "$T/bare" '.process.args = ["unshare", "-mrpf", "sh", "-c", "mount -t proc none /proc && echo revealed"]
        | .process.capabilities.bounding += ["CAP_SETFCAP"] | .process.capabilities.permitted += ["CAP_SETFCAP"]'
    for option in --no-pivot --keep; do
        new_id
        capture barrer run $option --bundle "$T/bare" "$id"
        like "$status $error" '^1 .*mount: permission denied' "no whole proc can be mounted in the container (${option/keep/"pivot_root"})" || show
        barrer delete --force "$id"
    done
else
    skip "no whole proc can be mounted in the container" "needs real root"
fi
new_id
ok "--no-new-keyring" barrer run --no-new-keyring --bundle "$b" "$id"
make_bundle "$b" '.process.terminal = true | .process.args = ["true"]'
new_id
refuses "run --detach with a terminal needs a console socket" 'console-socket' barrer run --detach --bundle "$b" "$id"

# --- signals to run are the container's ---
make_bundle "$b" '.process.args = ["sh", "-c", "trap \"echo got-term; exit 9\" TERM; echo ready; sleep 1000 & wait"]'
new_id
barrer run --bundle "$b" "$id" </dev/null >"$T/out" 2>&1 &
runner=$!
wait_until 20 grep -q ready "$T/out"
# $runner is the subshell of the function call: its child is the program.
kill -TERM "$(pgrep -P $runner || echo $runner)"
wait $runner
rc=$?
like "$(cat "$T/out")" got-term "SIGTERM to run reaches the container"
[ $rc = 143 ] || is $rc 9 "and its exit status comes back"

done_testing
