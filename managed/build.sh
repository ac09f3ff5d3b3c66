#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# managed/build.sh [--netpeer] FOLDER: build the C# programs there, with the .NET SDK (and, the first time, the
# packages that it gets by NuGet):
#   FOLDER/aot/barrerd      init and the services, one native static executable (see Programs/barrerd)
#   FOLDER/trimmed/         Init.dll with the part of .NET that it uses, precompiled
#   FOLDER/one/             the same for barrerd.dll
#   FOLDER/framework/       Init.dll and barrerd.dll alone, for a whole framework
set -euo pipefail
is_netpeer=
[ "${1:-}" != --netpeer ] || {
    is_netpeer=1
    shift
}
[ $# = 1 ] || {
    echo "usage: managed/build.sh [--netpeer] FOLDER" >&2
    exit 2
}
source=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1

publish() { # FLAVOUR PROJECT FOLDER
    dotnet publish "$source/$2" -c Release -v quiet -p:BarrerFlavour="$1" -p:BarrerObjects="$out/objects" \
        -o "$out/$3" -p:UseSharedCompilation=false >"$out/log" 2>&1 || {
        cat "$out/log" >&2
        exit 1
    }
}
if [ -n "$is_netpeer" ]; then # the program of tests/image alone
    publish aot tests/netpeer/netpeer.csproj netpeer
    exit
fi
rm -rf "$out"/{aot,trimmed,one,framework}
publish aot Programs/barrerd/barrerd.csproj aot
publish trimmed Programs/Init/Init.csproj trimmed
publish trimmed Programs/barrerd/barrerd.csproj one
publish framework Programs/Init/Init.csproj framework
publish framework Programs/barrerd/barrerd.csproj framework
rm -f "$out/log" "$out"/aot/*.dbg
