#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Roots and processes that mean harm: what escaped from other runtimes must not escape from this one.
. "$(dirname "$0")/../lib.sh"
need jq
is_real_root || skip_all "needs real root"

b=$T/b
canary=$T/canary
mkdir -p "$canary/sub"
echo untouched >"$canary/file"
tree() { (cd "$canary" && find . -printf '%p %y %m %U %s\n' | sort && cat file); }
before=$(tree)
unharmed() { is "$(tree)" "$before" "$1"; }
# What is attacked is a copy: an attack that succeeds must not harm the build.
mkdir -p "$T/copy/bin" "$T/copy/libexec/barrer" "$T/copy/plugins"
cp "$abs_top_builddir/bin/barrer-run" "$T/copy/bin/"
cp "$abs_top_builddir"/libexec/barrer/barrer-run* "$T/copy/libexec/barrer/"
if has_dynamic_plugins; then
    cp "$abs_top_builddir"/tests/stage/plugins/*.so "$T/copy/plugins/"
    BARRER_FLAGS="--plugin-dir $T/copy/plugins"
fi
BARRER_RUN=$T/copy/bin/barrer-run
binaries() { (cd "$T/copy" && find . -type f -exec sha256sum {} + | sort); }
sums=$(binaries)

# --- E1: the runtime's files are never writable from a container ---
# Who executes a file keeps it from being written: what was opened is tried until after the last one.
# Each try waits for a line, of which each look at the processes writes as many as there are tries.
attack='mkfifo /looks
exec 4<>/looks
again() { i=0; while [ $i -lt $n ] && [ $i -lt 31 ]; do echo >&4; i=$((i + 1)); done; }
try() {
    while :; do
        over=
        [ ! -e /over ] || over=1
        (echo pwned >/proc/self/fd/3) 2>/dev/null && echo exe >>/wrote
        [ -z "$over" ] || break
        read -r _ <&4
    done
    echo tried >>/tried
}
n=0
while [ ! -e /over ]; do
    for p in /proc/[0-9]*; do
        case $(readlink $p/exe 2>/dev/null) in
        # "/" is how a mount of nothing but that file looks from inside.
        *barrer* | /)
            echo exe >>/seen
            n=$((n + 1))
            [ $n -gt 30 ] || (exec 3<$p/exe && try) 2>/dev/null &
            (echo pwned >$p/exe && echo exe >>/wrote) 2>/dev/null
            ;;
        esac
        for m in $p/map_files/*; do
            case $(readlink $m 2>/dev/null) in
            *barrer* | *.so | /) echo map >>/seen; (echo pwned >$m && echo "map $(readlink $m)" >>/wrote) 2>/dev/null ;;
            esac
        done
    done
    again
done
again'
# CAPABILITIES SEEN: exec into a container that has them and attacks whatever enters. strace holds
# each execve for a while, so that what enters is really met; SEEN is what has to be met then.
# shellcheck disable=SC2086
attacked_with() {
    rm -rf "$b"
    start_sleeper "$b" ".root.readonly = false | (.process.capabilities | (.bounding, .permitted, .effective)) += $1" || diag "$error"
    barrer exec --detach "$id" sh -c "$attack" </dev/null >/dev/null 2>&1
    for i in {1..12}; do
        strace -f -qq -o /dev/null -e trace=execve,execveat -e inject=execve,execveat:delay_enter=150000 \
            "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" exec "$id" true 2>/dev/null 8>&-
    done
    touch "$b/rootfs/over"
    [[ $2 != exe* ]] || wait_until 20 test -s "$b/rootfs/tried" || diag "nothing was kept open"
    barrer delete --force "$id"
    like "$(sort -u "$b/rootfs/seen" 2>/dev/null | tr '\n' ' ')" "$2" "E1: one with $1 meets what enters"
    is "$(sort -u "$b/rootfs/wrote" 2>/dev/null)" "" "E1: exec: nothing can be written by one with $1"
    is "$(binaries)" "$sums" "E1: binary and plugins are what they were"
    cp "$abs_top_builddir"/libexec/barrer/barrer-run* "$T/copy/libexec/barrer/"
    has_dynamic_plugins && cp "$abs_top_builddir"/tests/stage/plugins/*.so "$T/copy/plugins/"
}
if command -v strace >/dev/null && strace -qq -o /dev/null true; then
    attacked_with '[]' '^$'
    attacked_with '["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]' 'exe'
    attacked_with '["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_CHECKPOINT_RESTORE"]' 'exe'
    if has_dynamic_plugins && [ -e "$T/copy/libexec/barrer/barrer-run-static" ]; then
        # Nothing is loaded by the program that has the plugins linked in.
        rm "$T/copy/libexec/barrer/barrer-run-static"
        sums=$(binaries)
        attacked_with '["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_CHECKPOINT_RESTORE"]' 'exe map'
        sums=$(binaries)
    fi
else
    skip "E1: exec: nothing can be written" "strace does not work here"
fi
rm -rf "$b"
make_bundle "$b" '.process.args = ["/evil"] | .root.readonly = false'
printf '#!/proc/self/exe\n' >"$b/rootfs/evil" && chmod 755 "$b/rootfs/evil"
new_id
capture timeout 20 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id"
isnt "$status" 0 "E1: an entry point of #!/proc/self/exe gets nowhere"
is "$(binaries)" "$sums" "E1: binary and plugins are what they were"

# --- E2: descriptors ---
make_bundle "$b" '.process.args = ["sleep", "1000"]'
new_id
(
    exec 30</etc/passwd 31<"$canary"
    barrer create --bundle "$b" --pid-file "$T/pid" "$id"
) </dev/null >/dev/null 2>&1
pid=$(cat "$T/pid")
allowed=$(for fd in /proc/"$pid"/fd/*; do
    case ${fd##*/} in
    0 | 1 | 2) ;;
    *) readlink "$fd" ;;
    esac
done | grep -vE '(exec|start)\.fifo|^(pipe|socket|anon_inode):|barrer')
is "$allowed" "" "E2: a created container holds no file of the host"
barrer start "$id"
wait_until 10 grep -q sleep "/proc/$pid/cmdline"
is "$(ls "/proc/$pid/fd" | tr '\n' ' ')" "0 1 2 " "E2: a running one has its three streams and no more"
like "$(readlink "/proc/$pid/cwd")" '^/' "E3: its working directory is in its root"
is "$(nsenter -t "$pid" -m readlink /proc/1/root 2>/dev/null || echo /)" / "its root is its own"
barrer delete --force "$id"

# --- E3: a working directory that is a descriptor ---
climb="../../../../../../../../../../../../../../..$canary/file"
bad=
for n in {3..20}; do
    run_sh "$b" "cat $climb" ".process.cwd = \"/proc/self/fd/$n\""
    [[ $output != *untouched* ]] || bad="$bad run:$n"
done
is "$bad" "" "E3: run with the cwd /proc/self/fd/N never gets out"
start_sleeper "$b"
bad=
for n in {3..20}; do
    capture barrer exec --cwd "/proc/self/fd/$n" "$id" cat "$climb"
    [[ $output != *untouched* ]] || bad="$bad exec:$n"
done
is "$bad" "" "E3: exec neither"
barrer delete --force "$id"
ln -s /proc/self/fd/7 "$b/rootfs/link" 2>/dev/null
run_sh "$b" "cat $climb" '.process.cwd = "/link"'
unlike "$output" untouched "E3: nor a link to it"

# --- E4: a /proc that is none ---
mkdir -p "$T/proc/self/attr" "$T/proc/thread-self/attr" "$T/proc/sys/net/ipv4" "$T/proc/sys/kernel" "$T/proc/1"
for destination in /proc /proc/sys /proc/self; do
    for f in self/oom_score_adj self/attr/exec thread-self/attr/exec self/setgroups sys/net/ipv4/ip_forward sys/kernel/msgmax self/uid_map; do
        echo fake >"$T/proc/$f"
    done
    # Without paths that are read-only or masked, which would hide the write that is looked for.
    run_sh "$b" 'cat /proc/1/oom_score_adj' ".process.oomScoreAdj = 777 | .linux.readonlyPaths = [] | .linux.maskedPaths = [] | .linux.sysctl = {\"net.ipv4.ip_forward\": \"1\"}
        | .mounts |= (if \"$destination\" == \"/proc\" then map(select(.type != \"proc\")) else . end + [{destination: \"$destination\", source: \"$T/proc${destination#/proc}\", options: [\"bind\"]}])" 2>/dev/null
    is "$(cat "$T/proc/self/oom_score_adj" "$T/proc/sys/net/ipv4/ip_forward")" $'fake\nfake' "E4: a bind mount on $destination catches no write (status $status)"
done

# --- E5, E6, E7, E8, E9: roots full of links to the host ---
hostile() { # NAME: a root whose NAME is a link to the canary
    rm -rf "$b"
    make_bundle "$b"
    rm -rf "$b/rootfs/${1:?}"
    mkdir -p "$(dirname "$b/rootfs/$1")"
    ln -s "$2" "$b/rootfs/$1"
}
for name in proc sys dev etc tmp mnt; do
    for target in "$canary" "../../../../../../../../../../../..$canary" /; do
        hostile $name "$target"
        edit_bundle "$b" '.process.args = ["true"] | .root.readonly = false
            | .mounts += [{destination: "/mnt/x", type: "tmpfs", source: "tmpfs"}, {destination: "/etc/resolv.conf", source: "/etc/passwd", options: ["bind", "ro"]}]
            | .linux.maskedPaths += ["/tmp/secret", "/etc/passwd"] | .linux.readonlyPaths += ["/etc"]'
        new_id
        capture timeout 30 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id"
        unharmed "E8: /$name -> ${target/$T/T}: the host is unharmed (status $status)"
        is "$(mounts_below "$canary")" "" "E8: /$name -> ${target/$T/T}: nothing is mounted there"
    done
done
hostile proc /tmp
edit_bundle "$b" '.process.args = ["true"] | .root.readonly = false'
new_id
capture barrer run --bundle "$b" "$id"
isnt "$status" 0 "E9: /proc that is a link is an error"
no_dev='.mounts |= map(select(.destination | startswith("/dev") | not)) | .root.readonly = false'
for name in null console ptmx pts/0 zero fd stdin; do
    rm -rf "$b"
    make_bundle "$b" "$no_dev | .process.args = [\"true\"]"
    mkdir -p "$(dirname "$b/rootfs/dev/$name")"
    ln -s "$canary/file" "$b/rootfs/dev/$name"
    new_id
    capture timeout 30 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id"
    unharmed "E5, E7: /dev/$name is a link and nothing is mounted on /dev (status $status)"
    edit_bundle "$b" '.process.terminal = true'
    new_id
    capture timeout 30 script -qec "$BARRER_RUN $BARRER_FLAGS --root $STATE run --bundle $b $id" /dev/null
    unharmed "E6: /dev/$name is a link and the process has a terminal (status $status)"
done
rm -rf "$b"
make_bundle "$b" "$no_dev | .process.args = [\"cat\", \"/proc/timer_list\", \"/secret\"] | .linux.maskedPaths += [\"/secret\"]"
echo hidden >"$b/rootfs/secret"
ln -s /secret2 "$b/rootfs/dev/null" && echo leaked >"$b/rootfs/secret2"
new_id
capture barrer run --bundle "$b" "$id"
unlike "$output" 'leaked|hidden' "E5: masked files never show what the root calls /dev/null"
for destination in /a/../../../../../../../..$canary/sub/x /link/x; do
    rm -rf "$b"
    make_bundle "$b" ".process.args = [\"true\"] | .root.readonly = false | .mounts += [{destination: \"$destination\", type: \"tmpfs\", source: \"tmpfs\"}]"
    ln -s "$canary/sub" "$b/rootfs/link"
    new_id
    capture barrer run --bundle "$b" "$id"
    unharmed "E8: the mount destination ${destination/$T/T} stays inside (status $status)"
done
is "$(mounts_below "$canary")" "" "nothing is mounted on the host"

# --- E10: a volume that swaps a folder for a link while others are created ---
mkdir -p "$T/shared/sub"
rm -rf "$b"
start_sleeper "$b" ".mounts += [{destination: \"/shared\", source: \"$T/shared\", options: [\"rbind\"]}] | .root.readonly = false"
swapper=$id
barrer exec --detach "$id" sh -c "cd /shared; ln -s $canary link; mkdir real; while [ ! -e stop ]; do mv real sub 2>/dev/null; rm -rf sub; mv link sub; mv sub link; mkdir -p real; done" </dev/null >/dev/null 2>&1
rm -rf "$T/c"
make_bundle "$T/c" ".process.args = [\"true\"] | .root.readonly = false | .mounts += [{destination: \"/v\", source: \"$T/shared\", options: [\"rbind\"]},
    {destination: \"/v/sub/deeper\", type: \"tmpfs\", source: \"tmpfs\"}, {destination: \"/v/sub/file\", source: \"/etc/passwd\", options: [\"bind\"]}]"
for i in {1..60}; do
    new_id
    timeout 30 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$T/c" "$id" >/dev/null 2>&1
done
touch "$T/shared/stop"
barrer delete --force "$swapper"
unharmed "E10: 60 containers beside a volume that swaps folders and links"
is "$(mounts_below "$canary")" "" "E10: nothing is mounted there"

# --- E11: cgroups ---
start_sleeper "$T/d"
for path in ../../.. ../../../x /../x; do
    capture barrer exec --cgroup "$path" "$id" true
    isnt "$status" 0 "E11: exec --cgroup $path is refused"
done
capture barrer exec "$id" sh -c 'for i in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $i/escape 2>/dev/null && echo made; done; echo $$ >/sys/fs/cgroup/cgroup.procs'
unlike "$output" made "E11: the cgroup mount is not writable"
barrer delete --force "$id"

# --- E13: who enters cannot be traced or read ---
start_sleeper "$T/d" '(.process.capabilities | (.bounding, .permitted, .effective)) += ["CAP_KILL"]'
barrer exec --detach "$id" sh -c 'while :; do for p in /proc/[0-9]*; do case $(readlink $p/exe 2>/dev/null) in *barrer*) ls $p/fd >/dev/null 2>&1 && ls -l $p/fd && echo READ;; esac; done; done' </dev/null >"$T/read" 2>&1
for i in {1..40}; do barrer exec "$id" true; done
barrer delete --force "$id"
unlike "$(cat "$T/read")" READ "E13: a process of the container cannot look into one that enters"

# Nor trace it: in a user namespace whose root may trace, who enters is still of the host's. (Removing
# the prctl(PR_SET_DUMPABLE) of core/flow/child.c lets it.)
trace=$abs_top_builddir/tests/tools/trace
if [ -x "$trace" ]; then
    rm -rf "$T/d"
    make_bundle "$T/d"
    cp "$trace" "$T/d/rootfs/bin/trace"
    mkdir -p "$T/d/rootfs/lib" "$T/d/rootfs/lib64" "$T/d/rootfs/usr/lib"
    start_sleeper "$T/d" '(.process.capabilities | (.bounding, .permitted, .effective)) += ["CAP_SYS_PTRACE"]
        | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings
        | .mounts += [("/lib", "/lib64", "/usr/lib") | {destination: ., source: ., options: ["rbind", "ro"]}]' || diag "$error"
    barrer exec "$id" trace </dev/null >"$T/traced" 2>&1 &
    tracer=$!
    ok "E13: the tracer is at work" wait_until 20 grep -q tracing "$T/traced"
    for i in {1..200}; do barrer exec "$id" true; done
    barrer delete --force "$id"
    wait $tracer 2>/dev/null
    is "$(grep -c TRACED "$T/traced")" 0 "E13: 200 processes enter a container that tries to trace them" || diag "$(sort -u "$T/traced")"
else
    skip "E13: a container that tries to trace who enters" "tests/tools/trace is not built"
fi

# --- E16: the host's / as a mount source is the host's ---
if can_mount; then
    rm -rf "$b"
    mkdir "$T/marker-$$"
    run_sh "$b" "ls -d /host$T/marker-$$" '.mounts += [{destination: "/host", source: "/", options: ["rbind", "ro"]}]'
    is "$output" "/host$T/marker-$$" "E16: binding / shows the host's root and not the container's"
fi
is "$(binaries)" "$sums" "binary and plugins are what they were"
unharmed "and the canary is alive"
# A file that is standard input stays its owner's: a payload that owned it could open it for writing.
echo canary >"$T/input"
make_bundle "$b" '.process.user = {uid: 1000, gid: 1000} | .process.args = ["sh", "-c", "cat; echo x >/proc/self/fd/0"]'
new_id
barrer run --bundle "$b" "$id" <"$T/input" >"$T/output" 2>/dev/null
is "$(stat -c %u "$T/input" "$T/output" | tr '\n' ' ')" "0 0 " "E7: files that are standard streams keep their owner"
is "$(cat "$T/input" "$T/output")" $'canary\ncanary' "E7: and are not written by who may read them"
# A node of our own, so that nothing happens to the host's where it fails.
mknod -m 666 "$T/null" c 1 3
new_id
barrer run --bundle "$b" "$id" <"$T/null" >"$T/null" 2>&1
is "$(stat -c %u "$T/null")" 0 "E7: nor is a device given away that is everybody's"

done_testing
