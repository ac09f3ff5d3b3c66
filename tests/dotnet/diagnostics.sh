#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Diagnostics: off by default, on by one option; and crash dumps, when an app asks for them.
. "$(dirname "$0")/lib.sh"
publish probe
make_root busybox debian

start_inside busybox probe . dotnet Probe.dll plain
wait_for_line ready
capture barrer exec "$id" sh -c 'ls -A /tmp'
is "$output" "" "no socket and no pipe of a debugger in /tmp"
barrer kill "$id" KILL
wait_for_end
ls "$T/roots/busybox/tmp" | grep . && rm -f "$T/roots/busybox/tmp"/*

# What dotnet-counters and the like do first: ask for the process's own description.
cat >"$T/ask.py" <<'END'
import glob, socket, struct, sys
path = glob.glob(sys.argv[1] + "/dotnet-diagnostic-*-socket")[0]
client = socket.socket(socket.AF_UNIX)
client.settimeout(30)
client.connect(path)
client.sendall(b"DOTNET_IPC_V1\0" + struct.pack("<HBBH", 20, 4, 0, 0))
answer = b""
while data := client.recv(4096):
    answer += data
size, group, code, _ = struct.unpack_from("<HBBH", answer, 14)
length = struct.unpack_from("<I", answer, 20 + 8 + 16)[0]
print(answer[48:48 + 2 * length].decode("utf-16-le").rstrip("\0"))
END
configure 'diagnostics = yes'
start_inside busybox probe . dotnet Probe.dll plain
wait_for_line ready
capture timeout 60 python3 "$T/ask.py" "/proc/$(pid_of "$id")/root/tmp"
like "$output" 'Probe\.dll plain' "diagnostics = yes: a tool gets answers from the app" || show
barrer kill "$id" KILL
wait_for_end
rm -f "$T/roots/busybox/tmp"/*

configure 'allow-annotations = org.barrer.clrhost.diagnostics'
start_inside busybox probe '.annotations["org.barrer.clrhost.diagnostics"] = "yes"' dotnet Probe.dll plain
wait_for_line ready
capture barrer exec "$id" sh -c 'ls -A /tmp'
like "$output" 'dotnet-diagnostic' "so does the annotation, where the configuration allows it" || show
barrer kill "$id" KILL
wait_for_end
configure
start_inside busybox probe '.process.env += ["DOTNET_EnableDiagnostics=1"]' dotnet Probe.dll plain
wait_for_line ready
capture barrer exec "$id" sh -c 'ls -A /tmp'
like "$output" 'dotnet-diagnostic' "so does the container's own DOTNET_EnableDiagnostics" || show
barrer kill "$id" KILL
wait_for_end

# createdump is a program of glibc's, which a root may not have.
make_root musl empty
for root in debian busybox musl empty; do
    mkdir -p "$T/roots/$root/tmp"
    inside $root probe '.process.env += ["DOTNET_DbgEnableMiniDump=1", "DOTNET_DbgMiniDumpName=/tmp/dump", "DOTNET_DbgMiniDumpType=1"]' \
        dotnet Probe.dll throw message
    is "$status" 134 "$root: an app that crashes and asks for a dump" || show
    is "$(head -c 4 "$T/roots/$root/tmp/dump" 2>/dev/null | tail -c 3)" ELF "$root: leaves one" || show
done
done_testing
