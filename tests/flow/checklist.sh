#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What docs/SECURITY.md promises beside security.sh (roots that mean harm) and races.sh: descriptors,
# capabilities, users, labels, numbers, and where code comes from.
. "$(dirname "$0")/../lib.sh"
need jq
is_real_root || skip_all "needs real root"
b=$T/b

# --- E2: descriptors of hooks and of exec ---
make_bundle "$b" '.process.args = ["sleep", "1000"] | .hooks = ([ "prestart", "createRuntime", "poststart", "poststop"] | map({(.): [{path: "/bin/sh", args: ["sh", "-c", "echo \(.) >>\($t)/hook.ran; ls -l /proc/self/fd >>\($t)/hook.fds"]}]}) | add)' --arg t "$T"
new_id
(
    exec 30</etc/passwd 31<"$T"
    barrer run --detach --bundle "$b" --pid-file "$T/pid" "$id" </dev/null >/dev/null 2>"$T/error"
)
(
    exec 30</etc/passwd 31<"$T"
    barrer exec "$id" sh -c 'ls -l /proc/self/fd' >"$T/exec.fds" 2>/dev/null </dev/null
)
unlike "$(grep -v "exec.fds" "$T/exec.fds")" "passwd|$T" "E2: exec hands over no descriptor of the caller's"
# ls has a descriptor of its own; the test's own shell may have more than it knows.
is "$(awk 'NF > 8 { print $9 }' "$T/exec.fds" | tr '\n' ' ')" "0 1 2 3 " "E2: it has its streams alone"
(
    exec 30</etc/passwd 31<"$T"
    barrer delete --force "$id"
)
is "$(tr '\n' ' ' <"$T/hook.ran")" "prestart createRuntime poststart poststop " "the hooks have run"
is "$(awk '/->/ && $9 > 3' "$T/hook.fds")" "" "E2: hooks get no descriptor but their streams"
is "$(grep -c -- ' 3 -> /proc/' "$T/hook.fds")" 4 "E2: and the fourth is that of ls"

# --- E4: what was asked of /proc is what happened ---
for destination in /proc/sys/net /proc/sys /tmp; do
    mkdir -p "$T/fake/ipv4"
    echo fake >"$T/fake/ipv4/ip_forward"
    run_sh "$b" 'cat /proc/self/oom_score_adj; cat /proc/sys/net/ipv4/ip_forward' ".process.oomScoreAdj = 777 | .linux.sysctl = {\"net.ipv4.ip_forward\": \"1\"}
        | .mounts += [{destination: \"$destination\", source: \"$T/fake\", options: [\"bind\"]}]"
    if [ "$status" = 0 ]; then
        like "$output" '^777' "E4: beside a mount on $destination the score is really set"
    else
        like "$error" "$destination|oom|sysctl|/proc" "E4: or a mount on $destination is an error that names it"
    fi
    is "$(cat "$T/fake/ipv4/ip_forward")" fake "E4: and nothing is written into what is mounted there"
done
if [ ! -d /sys/kernel/security/apparmor ] && ! grep -q Y /sys/module/apparmor/parameters/enabled 2>/dev/null; then
    run_sh "$b" 'echo ran' '.process.apparmorProfile = "nonesuch"'
    unlike "$status $output" '^0 ran' "E4: a profile that cannot be applied is an error"
    like "$error" 'AppArmor|apparmor' "E4: that names it"
fi

# --- E12: capability sets are those that were asked for ---
caps='.process.capabilities |= (.bounding = ["CAP_KILL", "CAP_CHOWN"] | .permitted = ["CAP_KILL"] | .effective = ["CAP_KILL"] | del(.inheritable) | del(.ambient))'
sets() { tr -d '\t' <"$T/.out" | grep '^Cap' | tr '\n' ' '; }
wanted="CapInh:0000000000000000 CapPrm:0000000000000020 CapEff:0000000000000020 CapBnd:0000000000000021 CapAmb:0000000000000000 "
# Without no_new_privs execve gives root all of the bounding set.
run_sh "$b" 'cat /proc/self/status' "$caps | .process.noNewPrivileges = true | .process.user = {uid: 0, gid: 0}"
is "$(sets)" "$wanted" "E12: init's sets, nothing of it inheritable or ambient"
run_sh "$b" 'cat /proc/self/status' "$caps | .process.user = {uid: 1000, gid: 1000}"
is "$(sets)" "CapInh:0000000000000000 CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000021 CapAmb:0000000000000000 " "E12: a user's: none but the bound"
run_sh "$b" 'cat /proc/self/status' "$caps | .process.user = {uid: 1000, gid: 1000} | .process.capabilities |= (.ambient = [\"CAP_KILL\"] | .inheritable = [\"CAP_KILL\"])"
is "$(sets)" "$(sed 's/\(Inh\|Amb\):0*/\1:0000000000000020/g' <<<"$wanted")" "E12: inheritable and ambient when both are asked for"
start_sleeper "$b" "$caps | .process.user = {uid: 1000, gid: 1000}"
capture barrer exec "$id" cat /proc/self/status
is "$(sets)" "CapInh:0000000000000000 CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000021 CapAmb:0000000000000000 " "E12: exec's sets are the container's"
capture barrer exec --user 0 "$id" cat /proc/self/status
is "$(sets)" "$wanted" "E12: exec of root as well"

# --- E13: users are numbers, and all of them ---
bad=
for user in 1000x -1 4294967295 4294967296 18446744073709551616 99999999999999999999 ' 1000' 1000: :1000 0x10 1e3 1000:x 1000:-1 '' 1000:1000:1000; do
    capture barrer exec --user "$user" "$id" id -u
    { [ "$status" != 0 ] && [ -z "$output" ]; } || bad="$bad \"$user\" gives $output;"
done
is "$bad" "" "E13: exec --user takes nothing but ids"
barrer delete --force "$id"

# --- E14: numbers that fit nowhere ---
start_sleeper "$b"
bad=
for option in memory cpu-quota cpu-period cpu-share pids-limit memory-swap blkio-weight; do
    for number in 99999999999999999999 9223372036854775808 -9223372036854775809 1x 0x 1e9 ' 1' '' 18446744073709551615 8589934592g; do
        capture barrer update "--$option" "$number" "$id"
        { [ "$status" != 0 ] && ! is_signal_status && [ "$(grep -c . "$T/.err")" = 1 ]; } || bad="$bad --$option \"$number\": $status $error;"
    done
done
is "$bad" "" "E14: update takes no number that does not fit"
barrer delete --force "$id"

# --- E16: the host's / with a mount in it that cannot be cloned ---
: >"$T/namespace"
mount --bind /proc/self/ns/net "$T/namespace"
run_sh "$b" "stat -c %d /host; ls /host$T/namespace" '.mounts += [{destination: "/host", source: "/", options: ["rbind", "ro"]}]'
if [ "$status" = 0 ]; then
    is "$output" "$(stat -c %d /)"$'\n'"/host$T/namespace" "E16: / with a namespace's file mounted below is the host's"
else
    like "$error" '/host' "E16: / with a namespace's file mounted below is refused by its name"
fi
umount "$T/namespace"

# --- E17: where code comes from ---
if command -v strace >/dev/null && strace -qq -o /dev/null true; then
    make_bundle "$b" '.process.args = ["true"] | .root.readonly = false | .process.env += ["LD_PRELOAD=/evil.so", "LD_LIBRARY_PATH=/", "LTDL_LIBRARY_PATH=/", "BARRER_PLUGIN_DIR=/"]
        | .annotations = {"barrer.plugin-dir": "/", "plugin-dir": "/"}'
    for name in evil barrer-evil namespace cgroup cgroup1 overlayfs process native libc libseccomp; do
        echo evil >"$b/rootfs/$name.so"
        echo evil >"$b/rootfs/$name.so.2"
    done
    mkdir -p "$b/rootfs/etc/barrer" "$b/rootfs/usr/lib/barrer/plugins"
    echo '[core]' >"$b/rootfs/etc/barrer/barrer.conf"
    cp "$b"/rootfs/*.so "$b/rootfs/usr/lib/barrer/plugins/"
    mkdir -p "$T/own/bin" "$T/own/libexec/barrer"
    cp "$abs_top_builddir/bin/barrer-run" "$T/own/bin/"
    cp "$abs_top_builddir"/libexec/barrer/barrer-run* "$T/own/libexec/barrer/"
    for program in static loading; do
        [ -e "$T/own/libexec/barrer/barrer-run-static" ] || [ $program = loading ] || continue
        new_id
        # shellcheck disable=SC2086
        (without_leak_check; cd "$b/rootfs" && strace -f -qq -o "$T/trace" -e trace=openat,open,openat2,execve,execveat,clone3 "$T/own/bin/barrer-run" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id") </dev/null >"$T/said" 2>&1 8>&-
        is "$?" 0 "E17: $program: a root full of plugins and libraries runs ($(head -c 200 "$T/said"))"
        child=$(sed -n 's/.*clone3(.*= \([0-9]\+\).*/\1/p; s/.*clone3 resumed.*= \([0-9]\+\).*/\1/p' "$T/trace" | head -n 1)
        # All that the container's process opens until it executes the payload.
        opened=$(awk -v c="$child" '$1 == c { if (/execve\(/) exit; print }' "$T/trace" | grep -E '\.so|\.conf|ld\.so|barrer' || :)
        isnt "$child" "" "E17: $program: the container's process is known"
        is "$opened" "" "E17: $program: in the container nothing is loaded or configured"
        unlike "$(grep -E 'evil' "$T/trace")" 'rootfs|open' "E17: $program: and nothing of its root is, before"
        rm -f "$T/own/libexec/barrer/barrer-run-static"
    done
else
    skip "E17: where code comes from" "strace does not work here"
fi
done_testing
