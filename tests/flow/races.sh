#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Races that a container, or one that shares a volume with it, can run against its creation: each path
# is exchanged a hundred thousand times a second while it is used a few thousand times.
# BARRER_RACE_ROUNDS=N runs each N times (5).
. "$(dirname "$0")/../lib.sh"
need jq
is_real_root || skip_all "needs real root"
swap=$abs_top_builddir/tests/tools/swap
[ -x "$swap" ] || skip_all "tests/tools/swap is not built"
rounds=${BARRER_RACE_ROUNDS:-5}

b=$T/b
canary=$T/canary
mkdir -p "$canary/sub" "$canary/sys"
echo untouched >"$canary/file"
echo untouched >"$canary/null"
tree() { (cd "$canary" && find . -printf '%p %y %m %U %s\n' | sort && cat file null); }
before=$(tree)
leaked=0
host_mounts=$(wc -l </proc/self/mountinfo)

# A B COMMAND...: run the command while A and B are exchanged all the time
while_swapping() {
    local swapper
    rm -f "$T/swapping" && mkfifo "$T/swapping"
    "$swap" "$1" "$2" >"$T/swapping" 8>&- &
    swapper=$!
    read -r _ <"$T/swapping"
    shift 2
    "$@"
    kill -0 $swapper 2>/dev/null || fail "the swapper was at work to the end"
    kill $swapper 2>/dev/null
    wait $swapper 2>/dev/null
}
# Containers that use a path many times each; what they say themselves does not matter.
many() {
    ran=0
    for ((i = 0; i < rounds; i++)); do
        new_id
        # shellcheck disable=SC2086
        timeout 60 "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$b" "$id" >"$T/said" 2>&1 8>&- && ran=$((ran + 1))
        ! grep -q untouched "$T/said" || leaked=$((leaked + 1))
        [ ! -e "$STATE/$id" ] || barrer delete --force "$id"
    done
}
unharmed() { # DESCRIPTION
    is "$(tree)" "$before" "$1: the host's files are what they were ($ran containers ran)"
    is "$(mounts_below "$canary")" "" "$1: nothing is mounted on them"
    is "$(wc -l </proc/self/mountinfo)" "$host_mounts" "$1: and no mount is left"
}

# --- E10: a volume in which a folder and a link to the host take turns ---
mkdir -p "$T/shared/sub"
ln -s "$canary" "$T/shared/link"
make_bundle "$b" '.process.args = ["true"] | .root.readonly = false
    | .mounts += [{destination: "/v", source: $shared, options: ["rbind"]}]
    + [range(50) | ({destination: "/v/sub/d\(.)", type: "tmpfs", source: "tmpfs"}, {destination: "/v/sub/sub", source: $shared, options: ["bind"]},
        {destination: "/v/sub/file", source: "/etc/passwd", options: ["bind"]})]' --arg shared "$T/shared"
while_swapping "$T/shared/sub" "$T/shared/link" many
unharmed "E10: $((rounds * 150)) mounts through a folder that a link takes the place of"

# --- E5, E8: masked and read-only paths of a root whose parts take turns ---
rm -rf "$b"
make_bundle "$b" '.process.args = ["true"] | .root.readonly = false
    | .linux.maskedPaths += [range(50) | ("/t" + "/." * .) | . + "/sub", . + "/file", . + "/null"] | .linux.readonlyPaths += [range(50) | "/t/sub"]'
mkdir -p "$b/rootfs/t/sub"
: >"$b/rootfs/t/file"
ln -s "$canary" "$b/rootfs/away"
while_swapping "$b/rootfs/t" "$b/rootfs/away" many
unharmed "E8: $((rounds * 200)) masks below a folder that a link takes the place of"

# --- E5, E7: /dev/null of a root without a mount on /dev ---
rm -rf "$b"
make_bundle "$b" '.process.args = ["cat", "/secret"] | .root.readonly = false | .mounts |= map(select(.destination | startswith("/dev") | not))
    | .linux.maskedPaths += [range(50) | "/." * . + "/secret"]'
mkdir -p "$b/rootfs/dev"
echo hidden >"$b/rootfs/secret"
ln -s "$canary/null" "$b/rootfs/dev/null"
mknod -m 666 "$b/rootfs/dev/other" c 1 3
leaked=0
while_swapping "$b/rootfs/dev/null" "$b/rootfs/dev/other" many
unharmed "E5: $((rounds * 50)) masked files beside a /dev/null that a link takes the place of"
is "$leaked" 0 "E5: and none shows the file that the link names"

# --- E9: /proc that is a folder and a link in turn ---
rm -rf "$b"
make_bundle "$b" '.process.args = ["true"] | .root.readonly = false | .process.oomScoreAdj = 100
    | .mounts += [range(50) | {destination: "/proc", type: "proc", source: "proc"}]'
ln -s "$canary" "$b/rootfs/away"
while_swapping "$b/rootfs/proc" "$b/rootfs/away" many
unharmed "E9: $((rounds * 50)) mounts of /proc that a link takes the place of"

# --- E6: the console ---
rm -rf "$b"
make_bundle "$b" '.process.args = ["true"] | .process.terminal = true | .root.readonly = false
    | .mounts |= map(select(.destination == "/dev" | not))'
mkdir -p "$b/rootfs/dev/pts"
: >"$b/rootfs/dev/console"
ln -s "$canary/file" "$b/rootfs/dev/away"
# Takes terminals, and hangs them up, as long as there are any to come.
cat >"$T/taker.py" <<'END'
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(8)
print("listening", flush=True)
while True:
    client, _ = server.accept()
    _, ancillary, _, _ = client.recvmsg(4096, socket.CMSG_SPACE(16))
    for _, _, payload in ancillary:
        for fd in array.array("i", payload[: len(payload) // 4 * 4]):
            os.close(fd)
    client.close()
END
with_terminal() {
    ran=0
    for ((i = 0; i < rounds * 50; i++)); do
        barrer create --console-socket "$T/taker" --bundle "$b" console >/dev/null 2>&1 && ran=$((ran + 1))
        [ ! -e "$STATE/console" ] || barrer delete --force console
    done
}
if command -v python3 >/dev/null; then
    mkfifo "$T/taking"
    python3 "$T/taker.py" "$T/taker" >"$T/taking" 8>&- &
    taker=$!
    read -r _ <"$T/taking"
    while_swapping "$b/rootfs/dev/console" "$b/rootfs/dev/away" with_terminal
    kill $taker
    unharmed "E6: $((rounds * 50)) consoles that a link takes the place of"
    ok "E6: some of them were made" test "$ran" -gt 0
else
    skip "E6: consoles that a link takes the place of" "no python3 here"
fi
done_testing
