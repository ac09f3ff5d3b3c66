#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The three modes, in containers and by the launcher on the host: hostfxr, direct, aot.
. "$(dirname "$0")/lib.sh"
publish hello probe probe-aot web library native probe-trimmed
make_root busybox debian
launcher=$HELPERS/system/dotnet
use() { configure "mode = $1" 'allow-annotations = org.barrer.clrhost.mode org.barrer.clrhost.entry'; }

for mode in hostfxr direct; do
    use $mode
    same "$mode: arguments" busybox probe dotnet Probe.dll arguments 'a b' '' ü
    same "$mode: exit status" busybox probe dotnet Probe.dll exit 3
    same "$mode: Environment.Exit" busybox probe dotnet Probe.dll exit-environment 4
    same "$mode: ProcessExit handlers" busybox probe dotnet Probe.dll exit-property 5
    same "$mode: foreground threads" busybox probe dotnet Probe.dll exit-foreground 6
    same "$mode: names" busybox probe dotnet Probe.dll names
    same "$mode: an exception" busybox probe dotnet Probe.dll throw message
    start_inside busybox web . dotnet Web.dll --urls http://127.0.0.1:8080
    wait_for_line started && barrer kill "$id" TERM
    wait_for_end
    is "$status $output" $'0 started\nstopped' "$mode: ASP.NET Core" || show
    app_bundle busybox hello . dotnet Hello.dll
    capture barrer plan --bundle "$bundle"
    like "$output" "$mode" "plan says $mode" || show
done

# --- by annotation, where the configuration allows it ---
use auto
inside busybox probe '.annotations["org.barrer.clrhost.mode"] = "direct"' dotnet Probe.dll exit 7
is "$status" 7 "the mode by annotation" || show
inside busybox library '.annotations["org.barrer.clrhost.mode"] = "direct"
    | .annotations["org.barrer.clrhost.entry"] = "Library.Entry:Main"' dotnet Library.dll one 'two words'
is "$status $output" $'2 [one]\n[two words]' "direct with an entry: a method of a class library" || show
inside busybox library '.annotations["org.barrer.clrhost.mode"] = "direct"
    | .annotations["org.barrer.clrhost.entry"] = "Library.Entry:Missing"' dotnet Library.dll
is "$status" 126 "a method that is not there: 126" || show
is "$error" 'barrer: run "Library.dll": it has no method "Missing" of type "Library.Entry" that can be called from C (mark it with UnmanagedCallersOnly, static, as int (int, byte**), and keep trimming from removing it)' "in a sentence"
inside busybox library '.annotations["org.barrer.clrhost.mode"] = "direct"
    | .annotations["org.barrer.clrhost.entry"] = "Library.Nothing:Main"' dotnet Library.dll
is "$status" 126 "a type that is not there: 126" || show
is "$error" 'barrer: run "Library.dll": it has no method "Main" of type "Library.Nothing" that can be called from C (mark it with UnmanagedCallersOnly, static, as int (int, byte**), and keep trimming from removing it)' "in a sentence"

# --- aot ---
same_aot() { # DESCRIPTION ROOT
    inside "$2" probe-aot '.process.env += ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1"]' ./Probe arguments one two
    is "$status $output" $'0 [one]\n[two]\nProbe' "$1" || show
}
same_aot "aot: a NativeAOT program in a root with a C library" debian
use aot
inside busybox native '.annotations["org.barrer.runtime"] = "clrhost"' ./Native.so one 'two words'
is "$status $output" $'2 [one]\n[two words]' "aot: a NativeAOT shared library" || show

# --- the launcher on the host, as services of the boot flow use it ---
on_host() { capture env -i "${app_env[@]}" "$launcher" "$@"; }
on_host "$APPS/probe/Probe.dll" exit 3
is "$status" 3 "the launcher on the host: hostfxr" || show
on_host --mode=direct "$APPS/probe/Probe.dll" exit 4
is "$status" 4 "direct" || show
on_host --mode=direct --entry=Library.Entry:Main "$APPS/library/Library.dll" one
is "$status $output" "1 [one]" "direct with an entry" || show
on_host --mode=direct --property=System.GC.Concurrent=true "$APPS/probe/Probe.dll" exit 5
is "$status" 5 "a property that is a default, set otherwise" || show
on_host --mode=direct "--framework=$APPS/probe-trimmed" "$APPS/probe-trimmed/Probe.dll" json '{"name": "own framework"}'
is "$status $output" "0 own framework" "a framework of its own" || show
on_host --mode=aot "$APPS/native/Native.so" one
is "$status $output" "1 [one]" "aot" || show
on_host --mode=nonsense "$APPS/hello/Hello.dll"
is "$status" 125 "a mode that does not exist: 125" || show
on_host "$T/Missing.dll"
is "$status" 127 "an assembly that is not there: 127" || show
done_testing
