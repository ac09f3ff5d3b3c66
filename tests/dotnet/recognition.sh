#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Which payloads are taken for .NET, by command, by content and by annotation; and which are not.
. "$(dirname "$0")/lib.sh"
publish hello probe probe-aot probe-self-contained
make_root busybox debian
hello() { # DESCRIPTION WORD...: it says hello
    local what=$1
    shift
    inside busybox "${app:-hello}" "${filter:-.}" "$@"
    is "$status $output" "0 Hello, World!" "$what" || show
}

# --- by command ---
hello "App.dll" Hello.dll
hello "./App.dll" ./Hello.dll
hello "/app/App.dll" /app/Hello.dll
hello "dotnet App.dll" dotnet Hello.dll
hello "dotnet exec App.dll" dotnet exec Hello.dll
hello "dotnet with options of the host" dotnet --roll-forward LatestMinor Hello.dll
hello "dotnet exec with options of the host" dotnet exec --depsfile Hello.deps.json --runtimeconfig Hello.runtimeconfig.json Hello.dll
hello "the app's own host" ./Hello
hello "the same by its absolute path" /app/Hello
mode=$(stat -c %a "$APPS/hello/Hello.dll")
unlike "$mode" '[1357]' "(the assembly has no execute bit)"
filter='.process.cwd = "/"' hello "a relative name is resolved against the working directory" app/Hello.dll
cp -r "$APPS/hello" "$T/renamed"
mv "$T/renamed/Hello.dll" "$T/renamed/program"
for file in deps runtimeconfig; do mv "$T/renamed/Hello.$file.json" "$T/renamed/program.$file.json"; done
app=$T/renamed hello "an assembly by its content alone" /app/program
# The app in the root itself, not in a mount
mkdir "$T/roots/busybox/application"
cp "$APPS/hello"/* "$T/roots/busybox/application"
hello "an app in the root" /application/Hello.dll
hello "an app host in the root" /application/Hello
ln -s /application/Hello.dll "$T/roots/busybox/application/link.dll"
hello "a link within the root" dotnet /application/link.dll
ln -s "$APPS/hello/Hello.dll" "$T/roots/busybox/application/outside.dll"
inside busybox probe . dotnet /application/outside.dll
isnt "$status" 0 "a link that leads out of the root leads nowhere"
cp "$APPS/hello/Hello.dll" "$T/roots/busybox/application/-odd name.dll"
cp "$APPS/hello/Hello.runtimeconfig.json" "$T/roots/busybox/application/-odd name.runtimeconfig.json"
hello "a name with a dash and a blank" "/application/-odd name.dll"

# --- wrappers ---
hello "sh -c" sh -c 'dotnet Hello.dll'
hello "sh -c exec" sh -c 'exec dotnet /app/Hello.dll'
hello "env" env A=b dotnet Hello.dll
printf '#!/bin/sh\nexec dotnet "$@"\n' >"$T/roots/busybox/bin/entrypoint"
chmod +x "$T/roots/busybox/bin/entrypoint"
hello "an entry point that is a script, with an assembly among its words" /bin/entrypoint Hello.dll
filter='.annotations["org.barrer.runtime"] = "clrhost"' hello "any other, by the annotation" entrypoint Hello.dll

# --- by annotation ---
filter='.annotations["org.barrer.runtime"] = "clrhost"' hello "an annotation that names the host" Hello.dll
inside busybox hello '.annotations["org.barrer.runtime"] = "native"' Hello.dll
isnt "$status" 0 "an annotation that names another one"

# --- what is not .NET ---
plan() { # FILTER WORD...: $output, the plan's runtime lines
    app_bundle busybox hello "$@"
    capture barrer plan --bundle "$bundle"
}
plan . true
like "$output" 'runtime +native' "plan: a native program goes to native" || show
plan . dotnet Hello.dll
like "$output" 'runtime +clrhost' "plan: an assembly goes to clrhost" || show
like "$output" 'hostfxr' "plan names the mode" || show
app_bundle busybox hello . true
capture strace -f -qq -e trace=openat,open -o "$T/trace" "$BARRER_RUN" $BARRER_FLAGS --root "$STATE" run --bundle "$bundle" "$id-native"
is "$status $(grep -c 'clrhost\.so' "$T/trace")" "0 0" "a native program runs without clrhost being loaded"
inside busybox hello . sh -c 'test -e /run/barrer; echo $?; cat /proc/1/comm; :'
is "$output" $'1\nsh' "and has neither the runtime nor another process 1 in its container" || show
invariant='.process.env += ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1"]' # there is no ICU
inside debian probe-aot "$invariant" ./Probe exit 5
is "$status" 5 "a NativeAOT program is a native program" || show
inside debian probe-self-contained "$invariant" ./Probe exit 6
is "$status" 6 "so is a self-contained app in a root that can run it" || show

# --- a root with a dotnet of its own ---
printf '#!/bin/sh\necho "own dotnet: $*"\n' >"$T/roots/busybox/bin/dotnet"
chmod +x "$T/roots/busybox/bin/dotnet"
inside busybox hello . dotnet Hello.dll
is "$output" "own dotnet: Hello.dll" "a root that has its own .NET uses it" || show
rm "$T/roots/busybox/bin/dotnet"
done_testing
