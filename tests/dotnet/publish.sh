#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/dotnet/publish.sh FOLDER APP...: publish apps of the tests with the .NET SDK, each to
# FOLDER/APP, unless what is there was made from the same sources by the same SDK. "--list" prints
# the apps. What the SDK lacks (runtime packs, packages) its NuGet client gets.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)

self_contained=(--runtime linux-x64 --self-contained)
# APP -> project, assembly, options of "dotnet publish"
describe() {
    case $1 in
    hello) project=Hello options=() ;;
    hello-aot) project=Hello options=(--runtime linux-x64 -p:PublishAot=true -p:CppCompilerAndLinker=gcc) ;;
    probe) project=Probe options=() ;;
    probe-self-contained) project=Probe options=("${self_contained[@]}") ;;
    probe-trimmed) project=Probe options=("${self_contained[@]}" -p:PublishTrimmed=true) ;;
    probe-aot) project=Probe options=(--runtime linux-x64 -p:PublishAot=true -p:CppCompilerAndLinker=gcc) ;;
    web) project=Web options=() ;;
    worker) project=Worker options=() ;;
    database) project=Database options=() ;;
    fsharp) project=FSharp options=() ;;
    visualbasic) project=VisualBasic options=() ;;
    library) project=Library options=() ;;
    native) project=Native options=(--runtime linux-x64 -p:NativeLib=Shared -p:CppCompilerAndLinker=gcc) ;;
    *) echo "publish.sh: no app \"$1\" (see --list)" >&2; return 1 ;;
    esac
}
apps=(hello hello-aot probe probe-self-contained probe-trimmed probe-aot web worker database fsharp
    visualbasic library native)

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=1
export DOTNET_GENERATE_ASPNET_CERTIFICATE=false DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# Nothing that the SDK starts may outlive the script.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
export HOME=${HOME:-/root}

case ${1:-} in
--list) printf '%s\n' "${apps[@]}"; exit ;;
'' | -*) sed -n 's/^# \{0,1\}//; 4,6p' "$0" >&2; exit 2 ;;
esac
mkdir -p "$1"
folder=$(realpath "$1")
shift

content_of() { # PROJECT OPTION...: what the result depends on
    (cd "$here/apps" && dotnet --version && printf '%s\n' "$@" &&
        find Directory.Build.props "$1" -type f -not -path '*/obj/*' -not -path '*/bin/*' -print0 | sort -z | xargs -0 sha256sum)
}
for app; do
    describe "$app"
    stamp=$(content_of "$project" "${options[@]}" | sha256sum)
    [ "$(cat "$folder/$app.stamp" 2>/dev/null)" != "$stamp" ] || continue
    # Built from a copy: the sources may be read-only, and no app finds another one's obj folder.
    work=$folder/.$app
    rm -rf "$work" "${folder:?}/$app" "$folder/$app.stamp"
    mkdir -p "$work"
    cp "$here/apps/Directory.Build.props" "$work/"
    cp -r "$here/apps/$project" "$work/"
    dotnet publish "$work/$project" --configuration Release --output "$work/out" --verbosity quiet \
        -p:UseSharedCompilation=false "${options[@]}" >"$folder/$app.log" 2>&1 || {
        echo "publish.sh: dotnet publish of $app failed, the end of $folder/$app.log:" >&2
        tail -n 15 "$folder/$app.log" >&2
        exit 1
    }
    mv "$work/out" "$folder/$app"
    rm -rf "$work"
    echo "$stamp" >"$folder/$app.stamp"
done
