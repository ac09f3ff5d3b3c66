#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What can be broken, one row after the other: the exit status, and one sentence that says what was
# looked for, where, and what to do. 127: not found; 126: cannot be run; 125: the runtime cannot
# start; 134 and the runtime's own words where the app fails after it started.
. "$(dirname "$0")/lib.sh"
publish hello probe library worker
make_root busybox

# DESCRIPTION: what capture ran wrote nothing to standard output, and ended with the status and the
# messages that failures.golden has for this row, letter by letter: "DESCRIPTION<tab>STATUS<tab>MESSAGE",
# TEST for the folder of the test and VERSION for that of the runtime. With BARRER_GOLDEN=FILE what
# there is, is written there instead.
failed() {
    local wanted got
    got=$status$'\t'$(sed -E "s|$T|TEST|g; s/${version//./\\.}(, [0-9.]+)*/VERSION/g" <<<"$error" | paste -sd '|')
    if [ -n "${BARRER_GOLDEN:-}" ]; then printf '%s\t%s\n' "$1" "$got" >>"$BARRER_GOLDEN"; fi
    wanted=$(awk -F '\t' -v row="$1" '$1 == row { print $2 "\t" $3 }' "${BARRER_GOLDEN:-$here/failures.golden}")
    is "$got$output" "$wanted" "$1"
}
version=$(basename "$(ls -d "$DOTNET_FOLDER"/shared/Microsoft.NETCore.App/10.* | sort -V | tail -n 1)")
# NAME APP: a copy of a published app to break
copy_app() { rm -rf "${T:?}/$1" && cp -r "$APPS/$2" "$T/$1"; }
# DESCRIPTION COMMAND: hello, broken by the shell command that runs in its folder
broken_app() {
    copy_app broken hello
    (cd "$T/broken" && eval "$2")
    inside busybox "$T/broken" "${filter:-.}" dotnet Hello.dll
    failed "$1"
}
# The same for the runtime: the command runs in DOTNET_ROOT
broken_runtime() {
    make_overlay "$DOTNET_FOLDER" "$T/dotnet"
    (cd "$T/dotnet" && eval "$2")
    configure "dotnet-root = $T/dotnet"
    inside busybox hello . dotnet Hello.dll
    configure
    failed "$1"
    umount "$T/dotnet" "$T/.over-dotnet"
}
framework='shared/Microsoft.NETCore.App/*'
arm64() { printf '\xb7' | dd of="$1" bs=1 seek=18 conv=notrunc status=none; } # ELF FILE

# --- the runtime ---
broken_runtime "no .NET at all" 'rm -rf *'
broken_runtime "no host/fxr" 'rm -rf host'
broken_runtime "no libhostfxr.so" 'rm host/fxr/*/libhostfxr.so'
broken_runtime "no framework" 'rm -r shared/Microsoft.NETCore.App'
for file in libcoreclr.so libhostpolicy.so libclrjit.so libSystem.Native.so System.Private.CoreLib.dll; do
    broken_runtime "no $file" "rm $framework/$file"
done
broken_runtime "libcoreclr.so is cut off" "truncate -s 100000 $framework/libcoreclr.so"
broken_runtime "libcoreclr.so of another architecture" "arm64 $framework/libcoreclr.so"
for end in abort raise; do
    cat >"$T/crash.c" <<END
#include <signal.h>
#include <stdlib.h>
int coreclr_initialize(void) { $([ $end = abort ] && echo 'abort()' || echo 'raise(SIGSEGV)'); return -1; }
int coreclr_execute_assembly(void) { return -1; }
int coreclr_create_delegate(void) { return -1; }
int coreclr_shutdown_2(void) { return -1; }
END
    broken_runtime "the runtime crashes inside coreclr_initialize: $end" "gcc -shared -fPIC -o \$(echo $framework)/libcoreclr.so $T/crash.c"
done
broken_runtime "System.Private.CoreLib.dll is cut off" "truncate -s 100000 $framework/System.Private.CoreLib.dll"

# --- versions ---
other() { jq "$1" Hello.runtimeconfig.json >new && mv new Hello.runtimeconfig.json; }
broken_app "a version that is not installed" 'other ".runtimeOptions.framework.version = \"99.0.0\""'
broken_app "an older version, which minor roll-forward does not reach" 'other ".runtimeOptions.framework.version = \"6.0.0\""'
broken_app "a framework that is not installed" 'other ".runtimeOptions.framework.name = \"Microsoft.WindowsDesktop.App\""'
copy_app rolled hello
(cd "$T/rolled" && other '.runtimeOptions.framework.version = "6.0.0" | .runtimeOptions.rollForward = "Major"')
same "rollForward in runtimeconfig.json is honoured" busybox "$T/rolled" dotnet Hello.dll
(cd "$T/rolled" && other 'del(.runtimeOptions.rollForward)')
inside busybox "$T/rolled" . dotnet --roll-forward Major Hello.dll
is "$status $output" "0 Hello, World!" "so is --roll-forward" || show
inside busybox "$T/rolled" '.process.env += ["DOTNET_ROLL_FORWARD=Major"]' dotnet Hello.dll
is "$status $output" "0 Hello, World!" "so is DOTNET_ROLL_FORWARD" || show

# --- the app's own files ---
broken_app "no runtimeconfig.json" 'rm Hello.runtimeconfig.json'
broken_app "runtimeconfig.json is no JSON" 'echo "{" >Hello.runtimeconfig.json'
broken_app "runtimeconfig.json is empty" ': >Hello.runtimeconfig.json'
broken_app "deps.json is no JSON" 'echo "{" >Hello.deps.json'
broken_app "no assembly" 'rm Hello.dll'
broken_app "the assembly is a folder" 'rm Hello.dll; mkdir Hello.dll'
broken_app "the assembly is empty" ': >Hello.dll'
broken_app "the assembly is text" 'echo text >Hello.dll'
broken_app "the assembly is a shell script" 'echo "#!/bin/sh" >Hello.dll'
broken_app "the assembly is an ELF program" 'cp Hello Hello.dll'
broken_app "the assembly is cut off in its headers" 'truncate -s 200 Hello.dll'
broken_app "the assembly is cut off" 'truncate -s 1000 Hello.dll'
cat >"$T/pe.py" <<'END'
import struct, sys
name, what = sys.argv[1:]
data = bytearray(open(name, "rb").read())
pe = struct.unpack_from("<I", data, 60)[0]
optional = pe + 24
directories = optional + (112 if struct.unpack_from("<H", data, optional)[0] == 0x20B else 96)
if what == "machine":  # of ARM64
    struct.pack_into("<H", data, pe + 4, 0xAA64)
elif what == "native":  # no CLI header
    struct.pack_into("<II", data, directories + 14 * 8, 0, 0)
open(name, "wb").write(data)
END
broken_app "the assembly is for another architecture" "python3 $T/pe.py Hello.dll machine"
broken_app "the assembly is native code" "python3 $T/pe.py Hello.dll native"
filter='.process.user = {uid: 1000, gid: 1000} | del(.process.capabilities)' \
    broken_app "the assembly may not be read" 'chmod 600 Hello.dll'
inside busybox library . dotnet Library.dll
failed "an assembly without an entry point"
copy_app reference hello
cp "$DOTNET_FOLDER"/packs/Microsoft.NETCore.App.Ref/*/ref/net*/System.Text.Json.dll "$T/reference/Hello.dll"
inside busybox "$T/reference" . dotnet Hello.dll
failed "a reference assembly"
copy_app dependency worker
rm "$T/dependency/Microsoft.Extensions.Hosting.dll"
same "a dependency is missing: as outside" busybox "$T/dependency" dotnet Worker.dll
rm "$T/dependency/Worker.deps.json"
same "the same without deps.json" busybox "$T/dependency" dotnet Worker.dll
inside busybox hello '.process.env += ["DOTNET_STARTUP_HOOKS=/no/such/hook.dll"]' dotnet Hello.dll
failed "a startup hook that is missing"

# --- commands ---
inside busybox hello . dotnet
[ "$status" != 0 ] && like "$error" 'assembly|App\.dll|usage' "dotnet without words" || show
inside busybox hello . dotnet build
failed "a command of the SDK"
inside busybox hello . dotnet --info
is "$([ "$status" = 0 ] || [ -n "$error" ]; echo $?)" 0 "dotnet --info: an answer or a sentence"
inside busybox hello . sh -c 'dotnet Hello.dll'
is "$status $output" "0 Hello, World!" "a shell inside that calls dotnet" || show

# --- too little of something ---
broken_app "a heap limit that is too small" 'other ".runtimeOptions.configProperties[\"System.GC.HeapHardLimit\"] = 65536"'
inside busybox hello '.mounts |= map(select(.destination != "/proc"))' dotnet Hello.dll
failed "no /proc"
inside busybox hello '.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 10, soft: 10}]' dotnet Hello.dll
failed "too few open files"
inside busybox hello '.process.rlimits += [{type: "RLIMIT_AS", hard: 200000000, soft: 200000000}]' dotnet Hello.dll
failed "too little address space"
if has_controller pids; then
    inside busybox hello '.linux.resources.pids.limit = 3' dotnet Hello.dll
    failed "too few processes"
fi
for call in sysinfo sched_setaffinity; do
    export call
    inside busybox hello '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
        syscalls: [{names: [$ENV.call], action: "SCMP_ACT_ERRNO"}]}' dotnet Hello.dll
    failed "a seccomp filter that denies $call"
done

# --- choices that do not exist ---
inside busybox hello '.annotations["org.barrer.runtime"] = "nonsense"' dotnet Hello.dll
failed "an annotation that names a host which is not listed"
inside busybox hello '.annotations["org.barrer.clrhost.mode"] = "nonsense"' dotnet Hello.dll
is "$status $output" "0 Hello, World!" "an annotation that the configuration does not allow changes nothing" || show
new_id
capture barrer --log "$T/log" --log-level warning run --bundle "$bundle" "$id"
like "$(cat "$T/log")" 'annotation org\.barrer\.clrhost\.mode is ignored: \[plugin clrhost\] allow-annotations does not name it' \
    "but the log names it, and what would allow it" || diag "$(cat "$T/log")"
configure 'allow-annotations = org.barrer.clrhost.mode'
inside busybox hello '.annotations["org.barrer.clrhost.mode"] = "nonsense"' dotnet Hello.dll
failed "one that it allows, with a value that there is not"
configure 'mode = nonsense'
inside busybox hello . dotnet Hello.dll
failed "a mode that does not exist"
is "$(ls -A "$STATE" 2>/dev/null)" "" "failures leave no state behind"
done_testing
