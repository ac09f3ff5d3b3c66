#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every kind of app in every kind of root gives the output, the messages and the exit status that it
# gives outside.
. "$(dirname "$0")/lib.sh"
need ip
publish probe probe-self-contained probe-trimmed probe-aot web worker database fsharp visualbasic
read -ra roots <<<"${BARRER_ROOTS:-debian busybox musl empty}"
make_root "${roots[@]}" busybox musl empty

# --- a network between the container ($T/net, 10.99.0.1) and a client ($T/client, 10.99.0.2) ---
touch "$T/net" "$T/client"
unshare --net="$T/net" true && unshare --net="$T/client" true || skip_all "no network namespaces here"
in_client() { nsenter --net="$T/client" "$@"; }
nsenter --net="$T/net" sh -c 'echo in; exec sleep 100000' >"$T/holder" &
holder=$!
wait_until 10 grep -q in "$T/holder"
in_client ip link add eth0 type veth peer name eth0 netns $holder
kill $holder
in_client ip address add 10.99.0.2/24 dev eth0
in_client ip link set eth0 up
nsenter --net="$T/net" ip address add 10.99.0.1/24 dev eth0
nsenter --net="$T/net" ip link set eth0 up
cat >"$T/get.py" <<'END'
import sys, urllib.request
for words in sys.argv[2:]:
    path, _, data = words.partition(" ")
    with urllib.request.urlopen(sys.argv[1] + path, data.encode() or None, 20) as answer:
        print(answer.read().decode())
END
get() { in_client python3 "$T/get.py" http://10.99.0.1:8080 "$@" 2>&1; } # "PATH [DATA]"...
own_network=".linux.namespaces |= map(if .type == \"network\" then .path = \"$T/net\" else . end)"

serves() { # ROOT
    local root=$1
    start_inside "$root" web "$own_network" dotnet Web.dll --urls http://10.99.0.1:8080
    wait_for_line started || return
    is "$(get / /add/40/2 '/length 12345')" $'Hello from ASP.NET Core\n{"sum":42}\n5' "$root: ASP.NET Core answers on the container's address"
    barrer kill "$id" TERM
    wait_for_end
    is "$status $output" $'0 started\nstopped' "$root: and stops in order when it is told to" || show
}
works() { # ROOT
    local root=$1
    start_inside "$root" worker . dotnet Worker.dll
    wait_for_line ready || return
    barrer kill "$id" TERM
    wait_for_end
    is "$status $output" $'0 ready\nthe work is done\nthe host has stopped' "$root: a worker ends its work when it is told to" || show
}
# ROOT APP WORD...: a program of its own, run outside as it is
same_program() { # DESCRIPTION ROOT APP PROGRAM WORD...
    local what=$1 root=$2 app=$3 wanted
    shift 3
    capture env -C "$APPS/$app" -i "${app_env[@]}" "./$1" "${@:2}"
    wanted=$(outcome)
    inside "$root" "$app" . "./$1" "${@:2}"
    is "$(outcome)" "$wanted" "$what"
}

for root in "${roots[@]}"; do
    same "$root: a console app: output, messages, exit status" "$root" probe dotnet Probe.dll exit 3
    same "$root: its arguments" "$root" probe dotnet Probe.dll arguments 'a b' '' 'c"d' ü
    same "$root: its names" "$root" probe dotnet Probe.dll names
    same "$root: an exception that nothing catches" "$root" probe dotnet Probe.dll throw words
    same "$root: a package with native assets" "$root" database dotnet Database.dll
    same "$root: F#" "$root" fsharp dotnet FSharpApp.dll one two
    same "$root: Visual Basic" "$root" visualbasic dotnet BasicApp.dll one two three
    same_program "$root: a self-contained app" "$root" probe-self-contained Probe arguments one two
    same_program "$root: a trimmed app" "$root" probe-trimmed Probe json '{"name": "trimmed"}'
    # A program of the kernel's, which is linked with glibc
    [ "$root" != debian ] || same_program "$root: a NativeAOT program" "$root" probe-aot Probe arguments one two
    works "$root"
    serves "$root"
done
filter='.root.readonly = true' same "a read-only root" busybox probe dotnet Probe.dll exit 3
filter='.root.readonly = true' same "a read-only empty root" empty probe dotnet Probe.dll exit 4
filter='.process.user = {uid: 1000, gid: 1000}' same "a user who is not root" busybox probe dotnet Probe.dll names
inside musl probe . dotnet Probe.dll child /bin/greet
is "$status $output" $'0 greetings from musl\nexit code 0' "a musl program as a child" || show
for root in "${roots[@]}"; do
    [ "$root" = debian ] || is "$(find "$T/roots/$root" -printf '%P\n' | grep barrer)" "" "$root: nothing of the runtime is left in the root"
done
done_testing
